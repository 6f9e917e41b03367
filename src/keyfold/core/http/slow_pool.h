#pragma once
// The slow lane: a bounded pool of threads on which serving may block. Key generation has a queue of its own and at
// most a share of the threads. Jobs are links of a list and belong to whoever submits them; submitting allocates
// nothing.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "keyfold/core/http/server.h"

namespace keyfold::http {

class SlowJob {
 public:
  SlowJob* next = nullptr;  // The pool's, from submit() to run() or abandon(); then the owner's.

  virtual void run(std::size_t thread) = 0;  // On a thread of the pool. May destroy the job.
  virtual void abandon() = 0;                // Instead of run(), from drop_queued().

 protected:
  ~SlowJob() = default;
};

// First in, first out.
class JobList {
 public:
  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }
  void push(SlowJob& job) {
    job.next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = &job;
    last_ = &job;
    ++size_;
  }
  SlowJob& pop() {
    SlowJob& job = *first_;
    first_ = job.next;
    --size_;
    return job;
  }

 private:
  SlowJob* first_ = nullptr;
  SlowJob* last_ = nullptr;
  std::size_t size_ = 0;
};

class SlowPool {
 public:
  enum class Submitted : std::uint8_t { yes, full };

  // Its threads number themselves from `first_thread` on.
  SlowPool(const SlowLane& options, std::size_t first_thread) : options_(options), first_thread_(first_thread) {}
  SlowPool(const SlowPool&) = delete;
  SlowPool& operator=(const SlowPool&) = delete;
  ~SlowPool() { stop(); }

  void start();
  Submitted submit(SlowJob& job, Lane lane);  // Lane::slow or Lane::key_generation.
  void drop_queued();                         // Abandons what no thread has taken yet.
  void stop();                                // Runs what is queued, then ends the threads.

 private:
  void work(std::size_t thread);

  const SlowLane options_;
  const std::size_t first_thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  JobList slow_;  // Guarded by mutex_, as all below.
  JobList key_generation_;
  std::size_t generating_ = 0;  // Threads that are generating keys.
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace keyfold::http
