#include "keyfold/kms/audit/log.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

#include "keyfold/kms/audit/audit_testing.h"

namespace keyfold::audit {
namespace {

TEST_F(AuditLogTest, WhatIsReleasedIsInTheLogInOrder) {
  for (const Sync sync : {Sync::always, Sync::interval}) {
    TemporaryDirectory directory;
    Options chosen = options();
    chosen.directory = directory.log();
    chosen.sync = sync;
    auto log = open_or_die(chosen);
    EXPECT_TRUE(log->opening().created);
    for (Sequence i = 1; i <= 100; ++i) {
      const auto sequence = log->append("leaf " + std::to_string(i));
      ASSERT_TRUE(sequence);
      EXPECT_EQ(*sequence, i);
      ASSERT_TRUE(log->wait(i));
      EXPECT_GE(log->released(), i);
    }
    std::uint64_t expected = 0;
    const auto summary = read_log(directory.log(), [&](std::uint64_t index, BytesView leaf) {
      EXPECT_EQ(index, expected++);
      EXPECT_EQ(as_text(leaf), "leaf " + std::to_string(expected));
      return Next::go_on;
    });
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->size, 100U);
    EXPECT_EQ(summary->root, log->tree().root);
    EXPECT_EQ(summary->log_id, log->id());
  }
}

TEST_F(AuditLogTest, EightThreadsOfTenThousandAppendsAreAllThereOnceAndInTheirOrder) {
  static constexpr int threads = 8;
  static constexpr int each = 10'000;
  static constexpr Sequence all = Sequence{threads} * each;
  Options chosen = options();
  chosen.fill_ahead = 1 << 20;
  auto log = open_or_die(chosen);
  Witness witness;
  log->set_listener(&witness);
  std::vector<std::vector<Sequence>> sequences(threads);
  {
    std::vector<std::jthread> writers;
    writers.reserve(threads);
    for (int t = 0; t < threads; ++t) {
      writers.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          auto sequence = log->append(std::to_string(t) + " " + std::to_string(i));
          KEYFOLD_CHECK(sequence.has_value());
          sequences[static_cast<std::size_t>(t)].push_back(*sequence);
        }
      });
    }
  }
  ASSERT_TRUE(log->wait(all));
  ASSERT_TRUE(witness.released(all));
  const auto found = leaves();
  ASSERT_EQ(found.size(), all);
  for (int t = 0; t < threads; ++t) {
    const auto& mine = sequences[static_cast<std::size_t>(t)];
    EXPECT_TRUE(std::ranges::is_sorted(mine));
    for (int i = 0; i < each; ++i)
      ASSERT_EQ(found[mine[static_cast<std::size_t>(i)] - 1], std::to_string(t) + " " + std::to_string(i));
  }
  EXPECT_EQ(log->counters().records, all);
  EXPECT_LT(log->counters().commits, log->counters().records / 10) << "commits are grouped under load";
  log->set_listener(nullptr);
}

TEST_F(AuditLogTest, GoesOnWhereItStoppedOverManySegments) {
  Options chosen = options();
  chosen.segment_size = 1000;
  std::vector<std::string> written;
  LogId id{};
  for (int session = 0; session < 5; ++session) {
    auto log = open_or_die(chosen);
    EXPECT_EQ(log->opening().created, session == 0);
    EXPECT_EQ(log->opening().closed, session != 0);
    EXPECT_EQ(log->opening().torn, 0U);
    if (session == 0) id = log->id();
    EXPECT_EQ(log->id(), id);
    EXPECT_EQ(log->tree().size, written.size());
    for (int i = 0; i < 40; ++i) {
      written.push_back("session " + std::to_string(session) + " leaf " + std::to_string(i) +
                        std::string(static_cast<std::size_t>(i), '.'));
      ASSERT_TRUE(log->wait(*log->append(written.back())));
    }
    ASSERT_TRUE(log->stop());
    ASSERT_TRUE(log->stop()) << "stopping twice is stopping";
    EXPECT_FALSE(log->append("late"));
  }
  EXPECT_EQ(leaves(), written);
  const auto segments = list_segments(directory_.log());
  ASSERT_TRUE(segments);
  EXPECT_GT(segments->size(), 8U);
  Frontier tree;
  for (const auto& leaf : written) tree.add(leaf_hash(as_bytes(leaf)));
  const auto summary = read_log(directory_.log(), [](std::uint64_t, BytesView) { return Next::go_on; });
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->root, tree.root());
  EXPECT_TRUE(summary->closed);
}

TEST_F(AuditLogTest, WhatIsAppendedBeforeACommitBeginsGoesIntoThatCommit) {
  auto log = open_or_die(options());
  Witness witness;
  log->set_listener(&witness);
  log->begin_commit();  // Of nothing.
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(log->append("leaf"));
  log->begin_commit();
  ASSERT_TRUE(witness.released(100));
  EXPECT_EQ(log->counters().commits, 1U);
  log->set_listener(nullptr);
}

TEST_F(AuditLogTest, AFullBatchIsCommittedThoughNobodyBeginsIt) {
  auto log = open_or_die(options());
  Witness witness;
  log->set_listener(&witness);
  const auto many = options().batch_max;
  for (std::size_t i = 0; i < many; ++i) ASSERT_TRUE(log->append("leaf"));
  ASSERT_TRUE(witness.released(many));
  ASSERT_TRUE(log->append(std::string(leaf_size_max, 'x')));
  ASSERT_TRUE(witness.released(many + 1));
  log->set_listener(nullptr);
}

TEST_F(AuditLogTest, ALogHasTheIdThatItIsGivenAndNoOther) {
  Options chosen = options();
  chosen.id.emplace().fill(std::byte{7});
  ASSERT_EQ(open_or_die(chosen)->id(), *chosen.id);
  ASSERT_EQ(open_or_die(options())->id(), *chosen.id);
  chosen.id->fill(std::byte{8});
  const auto other = AuditLog::open(chosen, random_, clock_, log_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::corrupt);
}

TEST_F(AuditLogTest, StoppingWritesWhatIsPending) {
  for (const Sync sync : {Sync::always, Sync::interval}) {
    TemporaryDirectory directory;
    Options chosen = options();
    chosen.directory = directory.log();
    chosen.sync = sync;
    auto log = open_or_die(chosen);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(log->append("leaf"));
    ASSERT_TRUE(log->stop());
    EXPECT_EQ(log->released(), 1000U);
    const auto summary = read_log(directory.log(), [](std::uint64_t, BytesView) { return Next::go_on; });
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->size, 1000U);
    EXPECT_TRUE(summary->closed);
  }
}

TEST_F(AuditLogTest, FlushingPutsEverythingOnTheDiskInEitherMode) {
  for (const Sync sync : {Sync::always, Sync::interval}) {
    TemporaryDirectory directory;
    Options chosen = options();
    chosen.directory = directory.log();
    chosen.sync = sync;
    chosen.sync_interval = std::chrono::hours(1);
    auto log = open_or_die(chosen);
    ASSERT_TRUE(log->flush()) << "with nothing to do";
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(log->append("leaf"));
    const auto syncs = log->counters().syncs;
    ASSERT_TRUE(log->flush());
    EXPECT_GT(log->counters().syncs, syncs);
    EXPECT_EQ(log->released(), 10U);
  }
}

TEST_F(AuditLogTest, AReleasedRecordIsSyncedWithinTheInterval) {
  Options chosen = options();
  chosen.sync = Sync::interval;
  chosen.sync_interval = std::chrono::milliseconds(1);
  auto log = open_or_die(chosen);
  ASSERT_TRUE(log->wait(*log->append("leaf")));
  while (log->counters().syncs == 0) std::this_thread::yield();  // Ends, or the test runs into its time limit.
  EXPECT_NE(log->counters().last_sync_us, 0);
}

TEST_F(AuditLogTest, RefusesWhatIsNoLeaf) {
  auto log = open_or_die(options());
  for (const auto& leaf :
       {std::string(), std::string("two\nlines"), std::string("\n"), std::string(leaf_size_max + 1, 'x')}) {
    const auto refused = log->append(leaf);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_input);
  }
  ASSERT_TRUE(log->wait(*log->append(std::string(leaf_size_max, 'x'))));
  ASSERT_TRUE(log->wait(*log->append("x")));
  EXPECT_EQ(leaves().size(), 2U);
}

TEST_F(AuditLogTest, TwoProcessesCannotHoldOneLog) {
  auto log = open_or_die(options());
  const auto second = open(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
}

TEST_F(AuditLogTest, ALogThatShouldBeThereAndIsNotIsRefused) {
  Options chosen = options();
  open_or_die(chosen).reset();
  chosen.missing = Missing::refuse;
  open_or_die(chosen).reset();
  std::filesystem::remove(segment());
  const auto gone = open(chosen);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::corrupt);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.log())) << "nothing is made in its place";
  std::filesystem::remove(directory_.log());
  EXPECT_FALSE(open(chosen));
  EXPECT_FALSE(std::filesystem::exists(directory_.log()));
}

TEST_F(AuditLogTest, OptionsThatMakeNoSenseAreRefused) {
  const auto refused = [&](auto change) {
    Options chosen = options();
    change(chosen);
    const auto log = open(chosen);
    return !log && log.error().code == ErrorCode::invalid_input;
  };
  EXPECT_TRUE(refused([](Options& o) { o.segment_size = 0; }));
  EXPECT_TRUE(refused([](Options& o) { o.segment_size = segment_size_limit; }));
  EXPECT_TRUE(refused([](Options& o) { o.pending_max = leaf_size_max; }));
  EXPECT_TRUE(refused([](Options& o) { o.retry_after = std::chrono::milliseconds(0); }));
  EXPECT_FALSE(refused([](Options&) {}));
}

TEST_F(AuditLogTest, IsReadWhileItIsWritten) {
  Options chosen = options();
  chosen.segment_size = 20'000;
  auto log = open_or_die(chosen);
  std::atomic<bool> enough = false;
  std::jthread writer([&] {
    for (int i = 0; !enough && i < 200'000; ++i) {  // Else a slow reader never reaches the end.
      const auto sequence = log->append("leaf " + std::to_string(i));
      KEYFOLD_CHECK(sequence.has_value());
      if (i % 16 == 0) (void)log->wait(*sequence);
    }
  });
  std::uint64_t before = 0;
  for (int round = 0; round < 50 || before < 1000; ++round) {
    std::uint64_t next = 0;
    const auto summary = read_log(chosen.directory, [&](std::uint64_t index, BytesView leaf) {
      EXPECT_EQ(index, next);
      EXPECT_EQ(as_text(leaf), "leaf " + std::to_string(next++));
      return Next::go_on;
    });
    if (!summary) {
      EXPECT_EQ(summary.error().code, ErrorCode::unavailable) << summary.error().message;
      continue;
    }
    EXPECT_GE(summary->size, before) << "a prefix only grows";
    before = summary->size;
  }
  enough = true;
  writer.join();
}

}  // namespace
}  // namespace keyfold::audit
