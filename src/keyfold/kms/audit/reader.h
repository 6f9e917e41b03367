#pragma once
// Reads a log from its directory: every leaf in order, every frame checked, the tree recomputed. Needs no lock: while a
// server is writing it sees a prefix that ends at a whole record.

#include <filesystem>
#include <functional>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/audit/merkle.h"
#include "keyfold/kms/audit/segment.h"

namespace keyfold::audit {

struct LogSummary {
  LogId log_id{};
  std::uint64_t first_leaf = 0;  // Above 0 when older segments have been moved away.
  std::uint64_t size = 0;        // Leaves from the log's first on; `size - first_leaf` were read.
  TreeHash root{};               // Of all `size` leaves.
  std::size_t segments = 0;
  bool closed = false;   // The last segment ends with a mark.
  std::size_t torn = 0;  // Bytes after the last whole record.
};

enum class Next : std::uint8_t { go_on, stop };
// Gets each leaf (a view that lives during the call) and its index.
using OnLeaf = std::function<Next(std::uint64_t index, BytesView leaf)>;

// Fails with `corrupt`, naming segment, offset and leaf index, when a frame is damaged, a segment is missing, or the
// tree does not go on from one segment to the next; `io` when a file cannot be read; `not_found` when there is no log.
// Stopped by `on_leaf`, it returns the summary of what has been read so far.
Result<LogSummary> read_log(const std::filesystem::path& directory, const OnLeaf& on_leaf);

}  // namespace keyfold::audit
