#pragma once
// Threads that work beside those of the caller's: one that does jobs, one that does the same from time to time.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace keyfold::keyrings {

// Does jobs, one after another. Safe to use from several threads at once.
class BackgroundWorker {
 public:
  using Job = std::function<void()>;
  BackgroundWorker() = default;
  ~BackgroundWorker();  // Waits for the job under way; the others are dropped.
  BackgroundWorker(const BackgroundWorker&) = delete;
  BackgroundWorker& operator=(const BackgroundWorker&) = delete;

  bool start();  // Once. False when the system has no thread left.
  void add(Job job);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopped_ = false;
  std::vector<std::thread> thread_;  // None before start().
};

// Does the same about once every `interval`, by real time.
class Ticker {
 public:
  Ticker(std::function<void()> work, std::chrono::milliseconds interval)
      : work_(std::move(work)), interval_(interval) {}
  ~Ticker();  // Waits for the work under way.
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  bool start();  // Likewise.

 private:
  void run();

  const std::function<void()> work_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::vector<std::thread> thread_;
};

}  // namespace keyfold::keyrings
