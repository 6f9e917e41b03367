#include "keyfold/envelope/keyrings/background_worker.h"

#include "keyfold/core/base/start_thread.h"

namespace keyfold::keyrings {
namespace {

void stop(std::mutex& mutex, std::condition_variable& changed, bool& stopped, std::vector<std::thread>& threads) {
  {
    const std::lock_guard lock(mutex);
    stopped = true;
  }
  changed.notify_all();
  for (auto& thread : threads) thread.join();
}

}  // namespace

BackgroundWorker::~BackgroundWorker() { stop(mutex_, changed_, stopped_, thread_); }

bool BackgroundWorker::start() {
  return start_thread(thread_, [this] { run(); });
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
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || !jobs_.empty(); });
    if (stopped_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

Ticker::~Ticker() { stop(mutex_, changed_, stopped_, thread_); }

bool Ticker::start() {
  return start_thread(thread_, [this] { run(); });
}

void Ticker::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, interval_, [this] { return stopped_; })) {
    lock.unlock();
    work_();
    lock.lock();
  }
}

}  // namespace keyfold::keyrings
