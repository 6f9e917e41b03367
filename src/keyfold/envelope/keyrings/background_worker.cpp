#include "keyfold/envelope/keyrings/background_worker.h"

namespace keyfold::keyrings {

BackgroundWorker::BackgroundWorker(Job now_and_then, std::chrono::milliseconds interval)
    : now_and_then_(std::move(now_and_then)), interval_(interval), thread_([this] { run(); }) {}

BackgroundWorker::~BackgroundWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundWorker::add(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void BackgroundWorker::run() {
  std::unique_lock lock(mutex_);
  auto next = std::chrono::steady_clock::now() + interval_;
  while (!stopped_) {
    changed_.wait_until(lock, next, [this] { return stopped_ || !jobs_.empty(); });
    if (stopped_) return;
    Job job;
    if (!jobs_.empty()) {
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    lock.unlock();
    if (job) job();
    if (std::chrono::steady_clock::now() >= next) {
      now_and_then_();
      next = std::chrono::steady_clock::now() + interval_;
    }
    lock.lock();
  }
}

}  // namespace keyfold::keyrings
