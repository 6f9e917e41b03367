#pragma once
// BackgroundWorker: one thread that does short jobs, and something else from time to time.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace keyfold::keyrings {

// Safe to use from several threads at once.
class BackgroundWorker {
 public:
  using Job = std::function<void()>;
  // Runs `now_and_then` about once every `interval`, by real time.
  BackgroundWorker(Job now_and_then, std::chrono::milliseconds interval);
  ~BackgroundWorker();  // Waits for the job under way; the others are dropped.
  BackgroundWorker(const BackgroundWorker&) = delete;
  BackgroundWorker& operator=(const BackgroundWorker&) = delete;

  void add(Job job);

 private:
  void run();

  const Job now_and_then_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopped_ = false;
  std::thread thread_;  // Last: it uses all of these.
};

}  // namespace keyfold::keyrings
