#include "keyfold/core/http/slow_pool.h"

namespace keyfold::http {

void SlowPool::start() {
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, i] { work(first_thread_ + i); });
  }
}

SlowPool::Submitted SlowPool::submit(SlowJob& job, Lane lane) {
  {
    const std::lock_guard lock(mutex_);
    JobList& queue = lane == Lane::key_generation ? key_generation_ : slow_;
    const std::size_t room = lane == Lane::key_generation ? options_.key_generation_queue_max : options_.queue_max;
    if (stopping_ || options_.threads == 0 || queue.size() >= room) return Submitted::full;
    queue.push(job);
  }
  changed_.notify_one();
  return Submitted::yes;
}

void SlowPool::work(std::size_t thread) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto may_generate = [&] { return !key_generation_.empty() && generating_ < options_.key_generation_threads; };
    changed_.wait(lock, [&] { return !slow_.empty() || may_generate() || stopping_; });
    // The ordinary first: it is short, and key generation has its threads' worth of waiting anyway.
    if (!slow_.empty()) {
      SlowJob& job = slow_.pop();
      lock.unlock();
      job.run(thread);
      lock.lock();
    } else if (may_generate()) {
      SlowJob& job = key_generation_.pop();
      ++generating_;
      lock.unlock();
      job.run(thread);
      lock.lock();
      --generating_;
      changed_.notify_one();  // Another may generate now.
    } else {
      return;  // Stopping. Keys still to be generated are those at it's to generate.
    }
  }
}

void SlowPool::drop_queued() {
  JobList dropped;
  {
    const std::lock_guard lock(mutex_);
    while (!slow_.empty()) dropped.push(slow_.pop());
    while (!key_generation_.empty()) dropped.push(key_generation_.pop());
  }
  while (!dropped.empty()) dropped.pop().abandon();
}

void SlowPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace keyfold::http
