// What the callers' threads do: append, wait, ask.

#include "keyfold/kms/audit/committing_log.h"

#include <cstring>

#include "keyfold/core/base/try.h"

namespace keyfold::audit {
namespace {

// More ranges of refused numbers than a process ever sees; beyond it the oldest grow together, and a waiter that comes
// that late is refused although its record may be there.
constexpr std::size_t refused_ranges_max = 1024;

Outcome check_leaf(BytesView leaf) {
  if (leaf.empty() || leaf.size() > leaf_size_max)
    return Error{ErrorCode::invalid_input, "an audit record has 1 byte to 1 MiB"};
  if (std::memchr(leaf.data(), '\n', leaf.size()) != nullptr)
    return Error{ErrorCode::invalid_input, "an audit record is one line"};
  return ok();
}

}  // namespace

CommittingLog::CommittingLog(Options options, Start start, const Clock& clock, Log& log)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      lock_(std::move(start.lock)),
      log_id_(start.header.log_id),
      opening_(start.opening),
      segment_(std::move(start.segment)),
      written_(start.frontier),
      frontier_(start.frontier) {
  committer_ = std::thread([this] { run(); });
}

CommittingLog::~CommittingLog() {
  if (auto stopped = stop(); !stopped)
    log_.error("audit log: stopped without writing everything", {{"reason", stopped.error().message}});
}

void CommittingLog::set_listener(Listener* listener) {
  const std::lock_guard lock(listener_mutex_);
  listener_ = listener;
}

Result<Sequence> CommittingLog::append(BytesView leaf) {
  TRY(check_leaf(leaf));
  Sequence sequence = 0;
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (failure_ || stopping_) return refusal();
    const std::size_t start = pending_.size();
    const std::size_t size = frame_overhead + leaf.size();
    if (start + size > options_.pending_max)
      return Error{ErrorCode::internal, "the audit log does not keep up: too many records wait to be written"};
    pending_.resize(start + size);
    std::byte* const frame = pending_.data() + start;
    const auto length = static_cast<std::uint32_t>(leaf.size());
    std::memcpy(frame, &length,
                sizeof length);  // As this machine has it: seal_batch() reads it and writes the frame's own.
    std::memcpy(frame + 8, leaf.data(), leaf.size());
    sequence = next_++;
    ++pending_count_;
    if (wake_at_ != 0 && (pending_count_ >= wake_at_ || batch_is_full())) {
      wake_at_ = 0;
      wake = true;
    }
  }
  if (wake) work_.notify_one();
  return sequence;
}

bool CommittingLog::batch_is_full() const {
  return pending_count_ >= options_.batch_max || pending_.size() >= batch_bytes_max;
}

void CommittingLog::begin_commit() {
  {
    const std::lock_guard lock(mutex_);
    if (pending_count_ == 0) return;
    commit_wanted_ = true;
    if (!idle_ || wake_at_ == 0) return;  // It is at work, or waits for as many again.
    wake_at_ = 0;
  }
  work_.notify_one();
}

bool CommittingLog::refused(Sequence sequence) const {
  for (const Refused& range : refused_)
    if (sequence > range.above && sequence <= range.up_to) return true;
  return false;
}

void CommittingLog::add_refused(Refused range) {
  if (range.above >= range.up_to) return;
  counters_.refused += range.up_to - range.above;
  refused_.push_back(range);
  if (refused_.size() <= refused_ranges_max) return;
  refused_[1].above = refused_[0].above;
  refused_.erase(refused_.begin());
}

Error CommittingLog::refusal() const {
  if (failure_) return *failure_;
  return {ErrorCode::internal, "the audit log is stopped"};
}

Outcome CommittingLog::wait(Sequence sequence) {
  begin_commit();
  std::unique_lock lock(mutex_);
  KEYFOLD_CHECK(sequence < next_);
  ++waiting_;
  progress_.wait(lock, [&] { return refused(sequence) || released() >= sequence || ended_; });
  --waiting_;
  if (refused(sequence)) return failure_ ? *failure_ : Error{ErrorCode::internal, "the audit log could not be written"};
  if (released() < sequence) return refusal();
  return ok();
}

Outcome CommittingLog::flush() {
  std::unique_lock lock(mutex_);
  const Sequence target = next_ - 1;
  ++waiting_;
  while (on_disk_ < target && !failure_ && !ended_) {
    flush_wanted_ = true;
    wake_at_ = 0;
    work_.notify_one();
    progress_.wait(lock);
  }
  --waiting_;
  if (failure_) return *failure_;
  if (on_disk_ < target) return refusal();
  return ok();
}

Outcome CommittingLog::healthy() {
  {
    const std::lock_guard lock(mutex_);
    if (failure_ || stopping_) return refusal();
  }
  const std::lock_guard file(file_mutex_);
  const auto look = [this]() -> Outcome {
    TRY(segment_.verify());
    return segment_.make_room(room_wanted);
  };
  if (auto looked = look(); !looked) return Error{ErrorCode::internal, std::move(looked).error().message};
  return ok();
}

Outcome CommittingLog::stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_at_ = 0;
  }
  work_.notify_one();
  if (committer_.joinable()) committer_.join();
  const std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  return ok();
}

Counters CommittingLog::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

AuditLog::Tree CommittingLog::tree() const {
  Frontier frontier;
  {
    const std::lock_guard lock(mutex_);
    frontier = frontier_;
  }
  return {.size = frontier.size(), .root = frontier.root()};
}

}  // namespace keyfold::audit
