#pragma once
// Scheduler: one thread that keeps the keys' appointments (due rotations, ended deletion windows), and what else has to
// happen from time to time: witnessed time, the summary of refused strangers, events left in the outbox. It catches up
// at start.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "keyfold/kms/audit/refusals.h"
#include "keyfold/kms/policy/permit.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

class Scheduler {
 public:
  // Everything given outlives it. Nothing happens before start().
  Scheduler(Services services, const policy::Maintenance& maintenance, audit::RefusalCounter& refusals);
  ~Scheduler();  // Stops.
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void start();
  void stop();  // Writes witnessed time down. May be called more than once.
  void wake();  // The clock was moved.

  // Everything that is due by now; what the thread does each second. Not from two threads at once.
  void run_due();

 private:
  void loop();
  OutboxRecord event_of(const KeyArn& key, std::string_view name);
  std::size_t rotate();
  std::size_t destroy();
  void keep_time(bool now);
  void write_last_used(bool now);

  Services services_;
  const policy::Maintenance& maintenance_;
  audit::RefusalCounter& refusals_;
  Duration kept_{};          // When witnessed time was written down.
  Duration uses_written_{};  // When last uses of access keys were.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool woken_ = false;
  std::thread thread_;
};

}  // namespace keyfold::server
