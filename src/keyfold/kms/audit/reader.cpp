#include "keyfold/kms/audit/reader.h"

#include <optional>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/audit/segment_file.h"

namespace keyfold::audit {
namespace {

constexpr int attempts_max = 20;

// The last segment may be written to while it is read: bytes of a record may be seen before those of an earlier one,
// and look like damage. What was bad once and is still bad in a second reading, begun after the first had ended, is
// damage.
Result<Bytes> read_last_segment(const std::filesystem::path& path) {
  std::optional<std::string> complaint;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    TRY_ASSIGN(auto bytes, read_segment(path));
    auto scan = scan_segment(bytes, [](std::uint64_t, BytesView) { return true; });
    if (scan || complaint == scan.error().message) return bytes;
    complaint = scan.error().message;
  }
  return Error{ErrorCode::unavailable, path.string() + ": is being written to too fast to be read"};
}

Outcome check_joint(const LogSummary& so_far, const Frontier& frontier, const SegmentHeader& header,
                    std::uint64_t named) {
  const std::string name = "audit segment " + segment_name(named) + ": ";
  if (header.first_leaf() != named) return Error{ErrorCode::corrupt, name + "not the segment that its name says"};
  if (so_far.segments == 0) return ok();
  if (header.log_id != so_far.log_id) return Error{ErrorCode::corrupt, name + "of another log"};
  if (header.first_leaf() != frontier.size())
    return Error{ErrorCode::corrupt,
                 name + "does not follow leaf " + std::to_string(frontier.size()) + ": a segment is missing or cut"};
  if (header.frontier != frontier)
    return Error{ErrorCode::corrupt, name + "its tree is not that of the segments before"};
  return ok();
}

}  // namespace

Result<LogSummary> read_log(const std::filesystem::path& directory, const OnLeaf& on_leaf) {
  TRY_ASSIGN(const auto segments, list_segments(directory));
  if (segments.empty()) return Error{ErrorCode::not_found, "no audit log in " + directory.string()};
  LogSummary summary;
  Frontier frontier;
  for (const std::uint64_t first_leaf : segments) {
    const bool last = first_leaf == segments.back();
    const auto path = directory / segment_name(first_leaf);
    TRY_ASSIGN(const auto bytes, last ? read_last_segment(path) : read_segment(path));
    TRY_ASSIGN(const auto header, header_of(path, bytes));
    TRY(check_joint(summary, frontier, header, first_leaf));
    bool stopped = false;
    TRY_ASSIGN(const auto scan, scan_segment(bytes, [&](std::uint64_t index, BytesView leaf) {
                 stopped = on_leaf(index, leaf) == Next::stop;
                 return !stopped;
               }));
    if (summary.segments == 0) summary.first_leaf = first_leaf;
    ++summary.segments;
    summary.log_id = header.log_id;
    summary.size = scan.frontier.size();
    summary.closed = scan.closed;
    summary.torn = scan.torn;
    frontier = scan.frontier;
    if (stopped) break;
    if (!last && !scan.closed) return frame_error(scan, "cut short: a segment follows, and this one does not end");
    if (!last && scan.torn != 0) return frame_error(scan, "bytes behind the end of a closed segment");
  }
  summary.root = frontier.root();
  return summary;
}

}  // namespace keyfold::audit
