#pragma once
// CommittingLog: the AuditLog that there is. Three locks, taken in this order: file_mutex_ (the segment on disk; the
// committer holds it through a commit), mutex_ (what is pending and what became of it; held for as long as a copy of
// one leaf takes), listener_mutex_ (while the listener is told).

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "keyfold/kms/audit/log.h"
#include "keyfold/kms/audit/segment_file.h"

namespace keyfold::storage {
struct OutboxRecord;
}

namespace keyfold::audit {

// So much is committed though nobody has begun it.
inline constexpr std::size_t batch_bytes_max = std::size_t{1} << 20;

// Room for some records more: without it the log does not call itself healthy.
inline constexpr std::size_t room_wanted = 65536;  // Bytes.

class CommittingLog final : public AuditLog {
 public:
  struct Start {
    Descriptor lock;
    SegmentFile segment;
    SegmentHeader header;
    Frontier frontier;
    Opening opening;
  };
  CommittingLog(Options options, Start start, const Clock& clock, Log& log);
  ~CommittingLog() override;

  void set_listener(Listener* listener) override;
  Result<Sequence> append(BytesView leaf) override;
  void begin_commit() override;
  Sequence released() const override { return released_.load(std::memory_order_acquire); }
  Outcome wait(Sequence sequence) override;
  Outcome flush() override;
  Outcome healthy() override;
  Outcome drain(storage::Outbox& outbox) override;
  Outcome stop() override;
  Counters counters() const override;
  Opening opening() const override { return opening_; }
  LogId id() const override { return log_id_; }
  Tree tree() const override;

 private:
  using SteadyClock = std::chrono::steady_clock;
  enum class Work : std::uint8_t { commit, sync, mark, retry, end };
  struct Batch {
    Bytes frames;
    std::size_t count = 0;
    Sequence last = 0;
  };
  struct Refused {
    Sequence above, up_to;  // (above, up_to]
  };

  // The committer thread (committer.cpp).
  void run();
  Work next_work(std::unique_lock<std::mutex>& lock);
  void commit();
  Outcome write_batch(Frontier& frontier);
  void seal_batch(Frontier& frontier);
  Outcome roll_over_if_full();
  Outcome sync_segment();
  void sync_pending();
  void release(const Frontier& frontier, SteadyClock::time_point began);
  void fail(Error error);
  void retry();
  Outcome recover();
  void finish();

  // Under mutex_.
  bool batch_is_full() const;
  bool refused(Sequence sequence) const;
  void add_refused(Refused range);
  Error refusal() const;

  // drain.cpp
  Outcome append_events(std::span<const storage::OutboxRecord> events);
  Outcome skip_those_in_the_log(const std::vector<std::string>& event_ids);

  const Options options_;
  const Clock& clock_;
  Log& log_;
  const Descriptor lock_;  // Held on the directory.
  const LogId log_id_;
  const Opening opening_;

  std::mutex file_mutex_;
  SegmentFile segment_;
  Frontier written_;  // Of the leaves in the segment, released or about to be. The committer's.

  mutable std::mutex mutex_;
  std::condition_variable work_;      // The committer waits.
  std::condition_variable progress_;  // Everybody else does.
  Bytes pending_;                     // Frames with their length and leaf; the committer fills in the rest.
  std::size_t pending_count_ = 0;
  bool commit_wanted_ = false;  // Somebody waits for what is pending.
  std::size_t wake_at_ = 1;     // The committer wants to be woken when so many are pending; 0: it is at work.
  bool idle_ = false;           // It sleeps until a commit is wanted, too.
  Sequence next_ = 1;
  std::optional<Error> failure_;
  bool for_good_ = false;  // The failure is an fsync's: only a restart, which reads the disk anew, goes on.
  bool stopping_ = false;
  bool ended_ = false;
  bool flush_wanted_ = false;
  Sequence on_disk_ = 0;
  std::vector<Refused> refused_;  // Ascending.
  std::size_t waiting_ = 0;       // On progress_.
  Counters counters_{};
  Frontier frontier_;  // Of the released leaves.
  std::atomic<Sequence> released_ = 0;

  // The committer's alone.
  Batch batch_;
  std::size_t last_batch_ = 0;
  SteadyClock::time_point last_commit_{};
  std::optional<SteadyClock::time_point> unsynced_since_;  // Mode `interval`: something is released and not on disk.
  bool marked_ = false;

  std::mutex listener_mutex_;
  Listener* listener_ = nullptr;

  std::mutex drain_mutex_;
  bool searched_ = false;
  std::set<std::string> in_log_;  // Event ids that are in the log and that the outbox may still hold.

  std::mutex stop_mutex_;
  std::thread committer_;  // Last: it uses all of the above.
};

}  // namespace keyfold::audit
