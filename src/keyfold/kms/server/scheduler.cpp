#include "keyfold/kms/server/scheduler.h"

namespace keyfold::server {
namespace {

constexpr std::chrono::seconds period{1};
constexpr std::chrono::hours witness_period{1};
constexpr std::chrono::minutes last_used_period{10};
constexpr std::size_t batch = 64;         // Keys taken up at a time.
constexpr std::size_t rounds_max = 1000;  // In one go: a key that fails must not keep the thread from its other work.

}  // namespace

Scheduler::Scheduler(Services services, const policy::Maintenance& maintenance, audit::RefusalCounter& refusals)
    : services_(services), maintenance_(maintenance), refusals_(refusals) {}

Scheduler::~Scheduler() { stop(); }

void Scheduler::start() {
  kept_ = uses_written_ = services_.clock.steady_now();
  thread_ = std::thread([this] { loop(); });
}

void Scheduler::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  keep_time(true);
  write_last_used(true);
  if (auto recorded = refusals_.record(services_.audit, services_.clock, audit::RefusalCounter::When::last); !recorded)
    services_.log.warning("refused requests could not be recorded", {{"error", recorded.error().message}});
}

void Scheduler::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void Scheduler::loop() {
  while (true) {
    run_due();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, period, [this] { return stopping_ || woken_; });
    woken_ = false;
    if (stopping_) return;
  }
}

void Scheduler::run_due() {
  std::size_t changes = 0;
  for (std::size_t round = 0; round < rounds_max; ++round) {
    const std::size_t done = rotate() + destroy();
    if (done == 0) break;
    changes += done;
  }
  // Also what an earlier drain left behind: the log may have been full.
  if (auto drained = services_.audit.drain(services_.outbox); !drained)
    services_.log.error("audit events wait in the outbox", {{"error", drained.error().message}});
  if (auto recorded = refusals_.record(services_.audit, services_.clock); !recorded)
    services_.log.warning("refused requests could not be recorded", {{"error", recorded.error().message}});
  if (changes > 0) services_.log.info("kept appointments of keys", {{"count", changes}});
  keep_time(false);
  write_last_used(false);
}

std::size_t Scheduler::rotate() {
  std::size_t done = 0;
  for (const KeyArn& key : services_.keys.due_rotations(batch)) {
    const auto rotated = services_.keys.rotate_due(maintenance_.permit(key, policy::MaintenanceTask::rotate),
                                                   event_of(key, audit::event_name::rotate_key));
    if (rotated) {
      ++done;
    } else {
      services_.log.error("a key could not be rotated", {{"key", key.text()}, {"error", rotated.error().message}});
    }
  }
  return done;
}

std::size_t Scheduler::destroy() {
  std::size_t done = 0;
  for (const KeyArn& key : services_.keys.due_deletions(batch)) {
    const auto destroyed = services_.keys.destroy_due(maintenance_.permit(key, policy::MaintenanceTask::destroy),
                                                      event_of(key, audit::event_name::delete_key));
    if (destroyed) {
      ++done;
    } else {
      services_.log.error("a key could not be destroyed", {{"key", key.text()}, {"error", destroyed.error().message}});
    }
  }
  return done;
}

void Scheduler::keep_time(bool now) {
  const Duration steady = services_.clock.steady_now();
  if (!now && steady - kept_ < witness_period) return;
  if (auto kept = services_.keys.keep_witnessed_time(); !kept)
    services_.log.warning("witnessed time could not be written", {{"error", kept.error().message}});
  kept_ = steady;
}

// In bundles, so that no request waits for it: a process that is killed loses this much of when keys were used.
void Scheduler::write_last_used(bool now) {
  const Duration steady = services_.clock.steady_now();
  if (!now && steady - uses_written_ < last_used_period) return;
  if (auto written = services_.entities.write_last_used(); !written)
    services_.log.warning("last uses of access keys could not be written", {{"error", written.error().message}});
  uses_written_ = steady;
}

OutboxRecord Scheduler::event_of(const KeyArn& key, std::string_view name) {
  const auto id = random_uuid(services_.random);
  const AccountId account = account_of(key);
  const Region region = region_of(key);
  const audit::AuditEvent event{
      .time = services_.clock.now(),
      .user =
          {.type = "AWSService", .principal_id = {}, .arn = {}, .account_id = {}, .access_key_id = {}, .user_name = {}},
      .name = name,
      .region = region.text(),
      .source_ip = "kms.amazonaws.com",
      .user_agent = "kms.amazonaws.com",
      .error_code = {},
      .error_message = {},
      .request = {},
      .response = {},
      .details = {},
      .request_id = {},
      .event_id = id.view(),
      .access = audit::Access::write,
      .type = audit::EventType::aws_service_event,
      .resource_arn = key.text(),
      .resource_account = account.text(),
      .recipient_account = account.text()};
  std::string leaf;
  audit::encode(event, leaf);
  return {.event_id = std::string(id.view()), .body = to_bytes(leaf)};
}

}  // namespace keyfold::server
