#include "keyfold/kms/audit/refusals.h"

#include <thread>

#include "keyfold/kms/audit/audit_testing.h"

namespace keyfold::audit {
namespace {

class Refusals : public AuditLogTest {
 protected:
  // The sum of "refusals" over all summaries.
  std::uint64_t recorded() {
    std::uint64_t sum = 0;
    for (const auto& leaf : leaves()) {
      EXPECT_NE(leaf.find("\"eventName\":\"RefusedBeforeAuthentication\""), std::string::npos);
      const std::string label = "\"refusals\":";
      sum += std::stoull(leaf.substr(leaf.rfind(label) + label.size()));
    }
    return sum;
  }
  ManualClock time_;
  RefusalCounter counter_{random_};
};

TEST_F(Refusals, AreCountedPerSourceAndReason) {
  auto log = open_or_die(options());
  ASSERT_TRUE(counter_.record(*log, time_));
  EXPECT_EQ(log->counters().records, 0U) << "nothing to tell";
  for (int i = 0; i < 5; ++i) counter_.count("192.0.2.1", "InvalidSignatureException");
  counter_.count("192.0.2.1", "IncompleteSignature");
  counter_.count("2001:db8::1", "InvalidSignatureException");
  ASSERT_TRUE(counter_.record(*log, time_));
  ASSERT_TRUE(log->flush());
  const auto found = leaves();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find(R"("192.0.2.1 InvalidSignatureException":5,"192.0.2.1 IncompleteSignature":1,)"
                          R"("2001:db8::1 InvalidSignatureException":1,"otherSources":0,"refusals":7})"),
            std::string::npos)
      << found[0];
}

TEST_F(Refusals, AreRecordedOnceASecond) {
  auto log = open_or_die(options());
  for (int i = 0; i < 1000; ++i) {
    counter_.count("192.0.2.1", "InvalidSignatureException");
    ASSERT_TRUE(counter_.record(*log, time_));
    time_.advance(std::chrono::milliseconds(10));
  }
  ASSERT_TRUE(counter_.record(*log, time_, RefusalCounter::When::last));
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(recorded(), 1000U) << "none is lost";
  EXPECT_LE(leaves().size(), 11U);
}

TEST_F(Refusals, FillNeitherMemoryNorDisk) {
  Options chosen = options();
  chosen.sync = Sync::interval;
  auto log = open_or_die(chosen);
  std::uint64_t counted = 0;
  static constexpr int seconds = 4 * 3600;
  for (int second = 0; second < seconds; ++second) {
    for (int i = 0; i < 200; ++i, ++counted)
      counter_.count("2001:db8::" + std::to_string(counted % 5000), std::string(100, 'r') + std::to_string(i));
    ASSERT_TRUE(counter_.record(*log, time_));
    time_.advance(std::chrono::seconds(1));
  }
  ASSERT_TRUE(log->flush());
  EXPECT_LE(log->counters().bytes,
            static_cast<std::uint64_t>(RefusalCounter::quota_burst + seconds * RefusalCounter::quota_per_second));
  EXPECT_GT(log->counters().records, 10U) << "and go on being told";
  time_.advance(std::chrono::hours(1));
  ASSERT_TRUE(counter_.record(*log, time_));
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(recorded(), counted) << "every one is counted, if only in a total";
}

TEST_F(Refusals, AreKeptWhileTheLogCannotBeWritten) {
  auto log = open_or_die(options());
  ASSERT_TRUE(log->stop());
  counter_.count("192.0.2.1", "InvalidSignatureException");
  EXPECT_FALSE(counter_.record(*log, time_));
  log.reset();
  log = open_or_die(options());
  ASSERT_TRUE(counter_.record(*log, time_));
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(recorded(), 1U);
}

TEST_F(Refusals, AreCountedByManyThreads) {
  auto log = open_or_die(options());
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 1000; ++i) {
          counter_.count("192.0.2." + std::to_string(t), "InvalidSignatureException");
          if (i % 100 == 0) KEYFOLD_CHECK(counter_.record(*log, time_, RefusalCounter::When::last).has_value());
        }
      });
    }
  }
  ASSERT_TRUE(counter_.record(*log, time_, RefusalCounter::When::last));
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(recorded(), 4000U);
}

}  // namespace
}  // namespace keyfold::audit
