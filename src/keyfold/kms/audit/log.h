#pragma once
// AuditLog: the append-only Merkle log over a directory of segments. One committer thread writes what several threads
// append, in groups: whoever has no more to append for now says so with begin_commit(). No record, no answer: whoever
// appends holds the answer back until the listener hears that its sequence number is released, and answers with an
// error when it hears that it is refused. All functions are safe to call from several threads.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/log.h"
#include "keyfold/core/base/random.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/audit/merkle.h"
#include "keyfold/kms/audit/segment.h"

namespace keyfold::storage {
class Outbox;
}

namespace keyfold::audit {

// Counts the appends of this process: 1, 2, 3, … A number is never used twice, even when its leaf was refused.
// (The leaf's index in the tree is another number.) 0: nothing to wait for.
using Sequence = std::uint64_t;

enum class Sync : std::uint8_t {
  always,    // Released when the record is on disk.
  interval,  // Released when it is written; on disk within `Options::sync_interval`. A power cut may lose that much.
};
enum class Missing : std::uint8_t { create, refuse };

struct Options {
  std::filesystem::path directory;  // Made (0700) when it is not there and `missing` is `create`.
  // The log's: a new log gets it, and one that has another is refused (`corrupt`). None: whichever, or a random one.
  std::optional<LogId> id;
  Sync sync = Sync::always;
  // What to do when there is no segment at all. `refuse` (`corrupt`) when the store says that there has been a log.
  Missing missing = Missing::create;
  std::size_t segment_size = std::size_t{64}
                             << 20;  // Bytes; a segment that has grown past it is followed by a new one.
  std::size_t fill_ahead = std::size_t{1}
                           << 20;  // Bytes of zeros kept written ahead, so that a commit changes no metadata.
  std::size_t pending_max = std::size_t{32} << 20;  // Bytes appended and not yet written; above it append() refuses.
  std::chrono::microseconds sync_interval{10'000};
  // Under load (a commit of `batch_from` records or more) the next one waits for as many again, at most this long.
  std::chrono::microseconds commit_spacing{1'000};
  std::size_t batch_from = 16;
  // So many pending records, or 1 MiB of them, are committed though nobody has begun it.
  std::size_t batch_max = 256;
  std::chrono::milliseconds retry_after{1'000};  // How often a log that cannot be written is tried again.
};

// Hears about appended leaves, from the committer thread. Must not block, and must not call the log's wait functions.
class Listener {
 public:
  virtual ~Listener() = default;
  // Every sequence up to this one, and not refused before, may be answered.
  virtual void released_up_to(Sequence sequence) = 0;
  // Every sequence up to this one, and not released before, has no record and never will. Answer them with `error`.
  virtual void refused_up_to(Sequence sequence, const Error& error) = 0;
};

struct Counters {
  std::uint64_t records, bytes, commits, syncs,
      failures;           // Since the start; bytes of leaves; failures = times it stopped serving.
  std::uint64_t refused;  // Appends that got no record.
  std::uint64_t commit_us_total, commit_us_max;  // From taking a batch to releasing it.
  std::uint64_t commit_us_last;
  std::int64_t last_sync_us;  // Wall clock, microseconds since 1970; 0: none yet.
};

// What open() found.
struct Opening {
  bool created = false;  // There was no log.
  bool closed = false;   // It had been stopped in an orderly way.
  std::size_t torn = 0;  // Bytes cut off: records that were never answered for.
};

class AuditLog {
 public:
  // Opens or creates the log and starts the committer. Reads only the last segment. A torn end is cut off and logged.
  // Fails with `corrupt` (naming segment, offset and leaf index) when anything else is wrong, `io` when a file cannot
  // be read or written, `invalid_input` for options that make no sense, `unavailable` when another process holds the
  // log. `random`, `clock` and `log` outlive it.
  static Result<std::unique_ptr<AuditLog>> open(Options options, Random& random, const Clock& clock, Log& log);
  virtual ~AuditLog() = default;  // Stops.
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Who hears; null: nobody. Returns when the former listener is not being called any more. Not from a listener.
  virtual void set_listener(Listener* listener) = 0;

  // Takes a copy of the leaf. It is committed when begin_commit(), wait(), flush() or drain() is called, or so many are
  // pending that it is time; a caller with more to come appends that first. Allocates nothing in steady state. Fails
  // with `internal` when the log cannot be written or is stopped, or has too much pending; `invalid_input` for an empty
  // leaf, one above leaf_size_max, or with a newline inside.
  virtual Result<Sequence> append(BytesView leaf) = 0;
  Result<Sequence> append(std::string_view leaf) { return append(as_bytes(leaf)); }

  // Whatever is pending is to be committed now. Does not wait for that; costs next to nothing when nothing is pending.
  virtual void begin_commit() = 0;

  // The last sequence released so far.
  virtual Sequence released() const = 0;
  // Blocks until `sequence` is released; fails with `internal` when it is refused. Not for the fast lane.
  virtual Outcome wait(Sequence sequence) = 0;
  // Blocks until everything appended before the call is on disk, in either mode, or refused.
  virtual Outcome flush() = 0;

  // Whether a record appended now could be written: looks at the file itself. Fails with `internal` and the reason.
  // A control-plane change asks before it commits.
  virtual Outcome healthy() = 0;

  // Appends every event that waits in the outbox, waits until it is released, then makes the outbox forget it. Each
  // event id gets into the log exactly once, also when a crash came between: the first drain() that finds events
  // pending looks for their ids in the last two segments (docs/formats/audit-log.md, "Outbox"). Fails with `internal`
  // when the log cannot be written (the events stay in the outbox), or with what the outbox failed with. One drain at a
  // time; others wait their turn.
  virtual Outcome drain(storage::Outbox& outbox) = 0;

  // Syncs everything appended, marks the segment as closed, and ends the committer. Then append() refuses. Idempotent.
  virtual Outcome stop() = 0;

  virtual Counters counters() const = 0;
  virtual Opening opening() const = 0;
  virtual LogId id() const = 0;
  // Leaves that are released, and their root: a checkpoint's contents.
  struct Tree {
    std::uint64_t size;
    TreeHash root;
  };
  virtual Tree tree() const = 0;

 protected:
  AuditLog() = default;
};

}  // namespace keyfold::audit
