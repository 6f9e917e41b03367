// The fast lane's share of the audit log allocates nothing: encoding an event, appending it, and the committer behind
// it.

#include <atomic>
#include <cstdlib>
#include <new>

#include "keyfold/kms/audit/audit_testing.h"

// The sanitizers bring an operator new of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KEYFOLD_ALLOCATOR_TAKEN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEYFOLD_ALLOCATOR_TAKEN
#endif
#ifndef KEYFOLD_ALLOCATOR_TAKEN

namespace {
std::atomic<std::uint64_t> allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace keyfold::audit {
namespace {

// One event after another, as a connection's thread does; returns the sequence of the last.
Sequence append_events(AuditLog& log, const Clock& clock, Random& random, std::string& leaf, int count) {
  Sequence last = 0;
  for (int i = 0; i < count; ++i) {
    ContextPair pairs[] = {{"tenant", "42"}, {"purpose", "ledger \xC3\xA4"}};
    const EventField response[] = {{"keyId", "1234abcd-12ab-34cd-56ef-1234567890ab"},
                                   EventField::number("numberOfBytes", 32)};
    const auto request_id = random_uuid(random);
    const auto event_id = random_uuid(random);
    AuditEvent event;
    event.time = clock.now();
    event.user = {.type = "IAMUser",
                  .principal_id = "AIDAEXAMPLE",
                  .arn = "arn:aws:iam::123456789012:user/ledger-writer",
                  .account_id = "123456789012",
                  .access_key_id = "AKIAEXAMPLE",
                  .user_name = "ledger-writer"};
    event.name = "GenerateDataKey";
    event.region = "eu-central-1";
    event.source_ip = "127.0.0.1";
    event.user_agent = "Boto3/1.26.27";
    event.request = {.key_id = "alias/payments",
                     .encryption_context = *ContextView::over(pairs),
                     .encryption_algorithm = "SYMMETRIC_DEFAULT",
                     .others = {}};
    event.response = response;
    event.details.decision = "allow";
    event.request_id = request_id.view();
    event.event_id = event_id.view();
    event.resource_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    encode(event, leaf);
    const auto sequence = log.append(leaf);
    KEYFOLD_CHECK(sequence.has_value());
    last = *sequence;
    if (i % 100 == 99) KEYFOLD_CHECK(log.wait(last).has_value());
  }
  return last;
}

TEST_F(AuditLogTest, EncodingAndAppendingAllocateNothingInSteadyState) {
  for (const Sync sync : {Sync::always, Sync::interval}) {
    TemporaryDirectory directory;
    Options chosen = options();
    chosen.directory = directory.log();
    chosen.sync = sync;
    auto log = open_or_die(chosen);
    std::string leaf;
    KEYFOLD_CHECK(
        log->wait(append_events(*log, clock_, random_, leaf, 2000)).has_value());  // Buffers grow to their size.
    const auto before = allocations.load();
    KEYFOLD_CHECK(log->wait(append_events(*log, clock_, random_, leaf, 10'000)).has_value());
    EXPECT_LT(allocations.load() - before, 10U);
  }
}

}  // namespace
}  // namespace keyfold::audit

#endif
