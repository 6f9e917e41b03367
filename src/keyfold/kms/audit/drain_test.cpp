// The outbox: each event gets into the log exactly once, whatever happens between the steps.

#include <atomic>
#include <set>
#include <thread>

#include "keyfold/kms/audit/audit_testing.h"
#include "keyfold/kms/storage/outbox.h"

namespace keyfold::audit {
namespace {

std::string leaf_of(const std::string& event_id) {
  AuditEvent event;
  event.name = "CreateKey";
  event.event_id = event_id;
  std::string leaf;
  encode(event, leaf);
  return leaf;
}

// Keeps its records through the "crashes" of a test, as the store would.
class TestOutbox final : public storage::Outbox {
 public:
  void add(const std::string& event_id) {
    const std::lock_guard lock(mutex_);
    records_.push_back({.event_id = event_id, .body = to_bytes(leaf_of(event_id))});
  }
  Result<std::vector<storage::OutboxRecord>> pending(std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    return std::vector(records_.begin(),
                       records_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, records_.size())));
  }
  Outcome forget(std::span<const std::string> event_ids) override {
    const std::lock_guard lock(mutex_);
    if (broken) return Error{ErrorCode::io, "the store is broken"};
    std::erase_if(records_, [&](const auto& r) { return std::ranges::find(event_ids, r.event_id) != event_ids.end(); });
    return ok();
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return records_.size();
  }
  std::atomic<bool> broken = false;
  std::vector<storage::OutboxRecord> records_;

 private:
  std::mutex mutex_;
};

class AuditOutbox : public AuditLogTest {
 protected:
  void expect_once(const std::vector<std::string>& event_ids) {
    std::vector<std::string> expected;
    expected.reserve(event_ids.size());
    for (const auto& id : event_ids) expected.push_back(leaf_of(id));
    EXPECT_EQ(leaves(), expected);
  }
  TestOutbox outbox_;
};

TEST_F(AuditOutbox, IsEmptiedIntoTheLogInItsOrder) {
  auto log = open_or_die(options());
  ASSERT_TRUE(log->drain(outbox_)) << "of nothing";
  std::vector<std::string> ids;
  for (int i = 0; i < 600; ++i) outbox_.add(ids.emplace_back("event-" + std::to_string(i)));
  ASSERT_TRUE(log->drain(outbox_));
  EXPECT_EQ(outbox_.size(), 0U);
  ASSERT_TRUE(log->drain(outbox_));
  expect_once(ids);
}

TEST_F(AuditOutbox, IsDrainedOnceByManyThreads) {
  auto log = open_or_die(options());
  {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 20; ++i) {
          outbox_.add(std::to_string(t) + "-" + std::to_string(i));
          EXPECT_TRUE(log->drain(outbox_));
        }
      });
    }
  }
  EXPECT_EQ(outbox_.size(), 0U);
  const auto found = leaves();
  EXPECT_EQ(found.size(), 160U);
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), 160U);
}

TEST_F(AuditOutbox, ACrashBeforeForgettingWritesNothingTwice) {
  for (const Sync sync : {Sync::always, Sync::interval}) {
    TemporaryDirectory directory;
    Options chosen = options();
    chosen.directory = directory.log();
    chosen.sync = sync;
    TestOutbox outbox;
    std::vector<std::string> ids;
    for (int crash = 0; crash < 10; ++crash) {
      auto log = open_or_die(chosen);
      outbox.broken = true;
      outbox.add(ids.emplace_back("crash-" + std::to_string(crash)));
      EXPECT_FALSE(log->drain(outbox));
      EXPECT_FALSE(log->drain(outbox)) << "nor when it is tried again";
    }
    EXPECT_EQ(outbox.size(), 10U);
    outbox.broken = false;
    ASSERT_TRUE(open_or_die(chosen)->drain(outbox));
    EXPECT_EQ(outbox.size(), 0U);
    std::vector<std::string> found;
    ASSERT_TRUE(read_log(directory.log(), [&](std::uint64_t, BytesView leaf) {
      found.emplace_back(event_id_of(as_text(leaf)));
      return Next::go_on;
    }));
    EXPECT_EQ(found, ids);
  }
}

TEST_F(AuditOutbox, ACrashBeforeAppendingLosesNothing) {
  outbox_.add("committed");
  ASSERT_TRUE(open_or_die(options())->drain(outbox_));
  EXPECT_EQ(outbox_.size(), 0U);
  expect_once({"committed"});
}

TEST_F(AuditOutbox, AnEventInTheSegmentBeforeTheLastIsFound) {
  Options chosen = options();
  chosen.segment_size = 3000;
  outbox_.broken = true;
  outbox_.add("early");
  {
    auto log = open_or_die(chosen);
    EXPECT_FALSE(log->drain(outbox_));
    while (list_segments(directory_.log())->size() < 2) ASSERT_TRUE(log->wait(*log->append("{}")));
  }
  outbox_.broken = false;
  ASSERT_TRUE(open_or_die(chosen)->drain(outbox_));
  const auto found = leaves();
  EXPECT_EQ(std::ranges::count(found, leaf_of("early")), 1);
}

TEST_F(AuditOutbox, AnEventThatCouldNotBeWrittenStaysAndIsWrittenOnce) {
  auto log = open_or_die(options());
  outbox_.add("first");
  ASSERT_TRUE(log->drain(outbox_));
  const auto aside = directory_.path() / "aside";
  for (int i = 0; i < 3; ++i) {
    std::filesystem::rename(segment(), aside);
    outbox_.add("later-" + std::to_string(i));
    EXPECT_FALSE(log->drain(outbox_));
    EXPECT_EQ(outbox_.size(), 1U);
    std::filesystem::rename(aside, segment());
    while (!log->drain(outbox_)) std::this_thread::yield();
    EXPECT_EQ(outbox_.size(), 0U);
  }
  expect_once({"first", "later-0", "later-1", "later-2"});
}

TEST_F(AuditOutbox, AnEventUnderAnotherIdIsRefusedAndWhatWasBeforeItIsNotWrittenTwice) {
  auto log = open_or_die(options());
  outbox_.add("good");
  outbox_.records_.push_back({.event_id = "one", .body = to_bytes(leaf_of("another"))});
  for (int i = 0; i < 2; ++i) {
    const auto drained = log->drain(outbox_);
    ASSERT_FALSE(drained);
    EXPECT_EQ(drained.error().code, ErrorCode::corrupt);
  }
  expect_once({"good"});
}

}  // namespace
}  // namespace keyfold::audit
