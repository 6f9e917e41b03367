// The committer thread: takes what is pending, writes it as one group, and says what became of it.

#include <cstring>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/audit/committing_log.h"

namespace keyfold::audit {

void CommittingLog::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const Work work = next_work(lock);
    if (work == Work::commit) {
      batch_.frames.clear();
      batch_.frames.swap(pending_);
      batch_.count = std::exchange(pending_count_, 0);
      commit_wanted_ = false;
      batch_.last = next_ - 1;
    }
    lock.unlock();
    switch (work) {
      case Work::commit:
        commit();
        break;
      case Work::sync:
        sync_pending();
        break;
      case Work::retry:
        retry();
        break;
      case Work::mark: {
        const std::lock_guard file(file_mutex_);
        marked_ = true;
        // Not being able to is no failure yet: the next commit will show.
        (void)segment_.write_mark();
        break;
      }
      case Work::end:
        finish();
        return;
    }
    lock.lock();
  }
}

// What to do next; blocks until there is something.
CommittingLog::Work CommittingLog::next_work(std::unique_lock<std::mutex>& lock) {
  const auto sleep = [&](std::optional<SteadyClock::time_point> until, std::size_t wake_at) {
    wake_at_ = wake_at;
    const auto woken = [&] { return wake_at_ == 0; };
    if (until) {
      work_.wait_until(lock, *until, woken);
    } else {
      work_.wait(lock, woken);
    }
    wake_at_ = 0;
  };
  for (;;) {
    const auto now = SteadyClock::now();
    if (failure_) {
      const auto again = last_commit_ + options_.retry_after;
      if (stopping_) return Work::end;
      if (!for_good_ && now >= again) return Work::retry;
      sleep(for_good_ ? std::nullopt : std::optional(again), SIZE_MAX);
      continue;
    }
    if (pending_count_ > 0 && (commit_wanted_ || stopping_ || flush_wanted_ || batch_is_full())) {
      // Under load, wait for as many again as the last time: a commit costs the same for one record and for hundreds.
      const auto spaced = last_commit_ + options_.commit_spacing;
      const bool wait = last_batch_ >= options_.batch_from && pending_count_ < last_batch_ && now < spaced;
      if (!wait || stopping_ || flush_wanted_) return Work::commit;
      sleep(spaced, last_batch_);
      continue;
    }
    const auto due = unsynced_since_ ? std::optional(*unsynced_since_ + options_.sync_interval) : std::nullopt;
    if (due && (flush_wanted_ || stopping_ || now >= *due)) return Work::sync;
    flush_wanted_ = false;
    if (stopping_) return Work::end;
    if (pending_count_ == 0 && !unsynced_since_ && !marked_) return Work::mark;
    idle_ = true;
    sleep(due, options_.batch_max);
    idle_ = false;
  }
}

void CommittingLog::commit() {
  const auto began = SteadyClock::now();
  Frontier frontier;
  Outcome written = ok();
  {
    const std::lock_guard file(file_mutex_);
    frontier = written_;
    written = write_batch(frontier);
    if (written) {
      segment_.accept();
      written_ = frontier;
    } else if (!for_good_) {
      // What was refused is taken back. If that fails too, retry() does it before anything else is written.
      (void)segment_.roll_back();
      // What was answered before must not wait for the trouble to end.
      if (unsynced_since_) (void)sync_segment();
    }
  }
  last_commit_ = began;
  last_batch_ = batch_.count;
  marked_ = false;
  if (!written) {
    fail(std::move(written).error());
    return;
  }
  release(frontier, began);
  // Under constant load no pause comes in which the interval could be kept.
  if (unsynced_since_ && SteadyClock::now() >= *unsynced_since_ + options_.sync_interval) sync_pending();
}

Outcome CommittingLog::write_batch(Frontier& frontier) {
  TRY(roll_over_if_full());
  TRY(segment_.make_room(batch_.frames.size()));
  seal_batch(frontier);
  TRY(segment_.write(batch_.frames));
  if (options_.sync == Sync::always) TRY(sync_segment());
  return segment_.verify();
}

// Completes the frames and grows the tree.
void CommittingLog::seal_batch(Frontier& frontier) {
  std::span<std::byte> rest(batch_.frames);
  std::size_t offset = segment_.end();
  while (!rest.empty()) {
    std::uint32_t length = 0;
    std::memcpy(&length, rest.data(), sizeof length);
    const auto frame = rest.first(frame_overhead + length);
    seal_frame(frame, segment_.place(offset), segment_.synced());
    frontier.add(leaf_hash(frame.subspan(8, length)));
    offset += frame.size();
    rest = rest.subspan(frame.size());
  }
}

// The old segment is closed, whole and on disk before the new one is there: only a last segment may have a torn end.
Outcome CommittingLog::roll_over_if_full() {
  if (segment_.end() < options_.segment_size) return ok();
  TRY(sync_segment());
  TRY(segment_.write_mark());
  TRY(sync_segment());
  TRY(segment_.verify());
  const SegmentHeader header{.log_id = log_id_, .frontier = written_};
  TRY_ASSIGN(auto next, SegmentFile::create(options_.directory, header, options_.fill_ahead));
  segment_ = std::move(next);
  return ok();
}

Outcome CommittingLog::sync_segment() {
  auto synced = segment_.sync();
  const std::lock_guard lock(mutex_);
  if (!synced) {
    // The kernel may have thrown away what it could not write, and says so only once.
    for_good_ = true;
    return synced;
  }
  unsynced_since_.reset();
  ++counters_.syncs;
  counters_.last_sync_us = clock_.now().time_since_epoch().count();
  return ok();
}

// Mode `interval`: what has been released gets onto the disk.
void CommittingLog::sync_pending() {
  Outcome synced = ok();
  {
    const std::lock_guard file(file_mutex_);
    synced = sync_segment();
    if (synced) synced = segment_.verify();
  }
  if (!synced) {
    fail(std::move(synced).error());
    return;
  }
  const std::lock_guard lock(mutex_);
  on_disk_ = std::max(on_disk_, released());
  if (waiting_ > 0) progress_.notify_all();
}

void CommittingLog::release(const Frontier& frontier, SteadyClock::time_point began) {
  const auto now = SteadyClock::now();
  const auto took =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - began).count());
  {
    const std::lock_guard lock(mutex_);
    released_.store(batch_.last, std::memory_order_release);
    frontier_ = frontier;
    if (options_.sync == Sync::always) {
      on_disk_ = batch_.last;
    } else if (!unsynced_since_) {
      unsynced_since_ = now;
    }
    counters_.records += batch_.count;
    counters_.bytes += batch_.frames.size() - batch_.count * frame_overhead;
    ++counters_.commits;
    counters_.commit_us_total += took;
    counters_.commit_us_last = took;
    counters_.commit_us_max = std::max(counters_.commit_us_max, took);
    if (waiting_ > 0) progress_.notify_all();
  }
  const std::lock_guard lock(listener_mutex_);
  if (listener_ != nullptr) listener_->released_up_to(batch_.last);
}

// Refuses everything that is not released, what came in meanwhile included.
void CommittingLog::fail(Error error) {
  error.code = ErrorCode::internal;
  log_.error("audit log: cannot be written; nothing is answered until it can", {{"reason", error.message}});
  Sequence up_to = 0;
  {
    const std::lock_guard lock(mutex_);
    failure_ = error;
    up_to = next_ - 1;
    add_refused({.above = released(), .up_to = up_to});
    pending_.clear();
    pending_count_ = 0;
    flush_wanted_ = false;
    ++counters_.failures;
    progress_.notify_all();
  }
  last_commit_ = SteadyClock::now();
  last_batch_ = 0;
  const std::lock_guard lock(listener_mutex_);
  if (listener_ != nullptr) listener_->refused_up_to(up_to, error);
}

void CommittingLog::retry() {
  auto recovered = recover();
  last_commit_ = SteadyClock::now();
  const std::lock_guard lock(mutex_);
  if (!recovered) {
    failure_->message = std::move(recovered).error().message;
    return;
  }
  failure_.reset();
  on_disk_ = next_ - 1;  // Nothing is pending: all before is on disk or refused.
  marked_ = false;
  log_.info("audit log: can be written again");
}

// Proves by doing it that the log can be written again.
Outcome CommittingLog::recover() {
  const std::lock_guard file(file_mutex_);
  TRY(segment_.roll_back());
  TRY(segment_.verify());
  TRY(segment_.make_room(room_wanted));
  TRY(roll_over_if_full());
  TRY(sync_segment());
  return segment_.verify();
}

// In order: everything is on disk, and the segment says so.
void CommittingLog::finish() {
  Outcome closed = ok();
  const auto close = [this]() -> Outcome {
    const std::lock_guard file(file_mutex_);
    TRY(sync_segment());
    TRY(segment_.write_mark());
    return sync_segment();
  };
  const bool failed = [&] {
    const std::lock_guard lock(mutex_);
    return failure_.has_value();
  }();
  if (!failed) closed = close();
  const std::lock_guard lock(mutex_);
  if (!closed) failure_ = Error{ErrorCode::internal, std::move(closed).error().message};
  ended_ = true;
  progress_.notify_all();
}

}  // namespace keyfold::audit
