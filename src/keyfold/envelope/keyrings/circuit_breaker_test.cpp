#include "keyfold/envelope/keyrings/circuit_breaker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace keyfold::keyrings {
namespace {

using Admission = CircuitBreaker::Admission;
using std::chrono::milliseconds;

class Breaker : public ::testing::Test {
 protected:
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<Random> random = std::make_shared<SeededRandom>(7);
  CircuitBreaker breaker{{.losses_max = 3, .pause = milliseconds(1000)}, clock, random};

  void lose(CircuitBreaker& which, int times) {
    for (int i = 0; i < times; ++i) which.lost(which.admit(), "gone");
  }
};

TEST_F(Breaker, OpensAfterThatManyLossesInARowAndNotBefore) {
  for (int round = 0; round < 5; ++round) {
    lose(breaker, 2);
    ASSERT_EQ(breaker.admit(), Admission::ordinary);
    breaker.answered(Admission::ordinary);
  }
  lose(breaker, 3);
  EXPECT_EQ(breaker.admit(), Admission::refused);
  EXPECT_NE(breaker.reason().find("3 failures in a row; the last one: gone"), std::string::npos);
}

TEST_F(Breaker, LetsOneProbeThroughWhenThePauseIsOver) {
  lose(breaker, 3);
  clock->advance(milliseconds(499));
  EXPECT_EQ(breaker.admit(), Admission::refused) << "before the shortest pause";
  clock->advance(milliseconds(1001));
  EXPECT_EQ(breaker.admit(), Admission::probe) << "after the longest";
  for (int i = 0; i < 10; ++i) EXPECT_EQ(breaker.admit(), Admission::refused) << "while the probe is on its way";
  clock->advance(milliseconds(100'000));
  EXPECT_EQ(breaker.admit(), Admission::refused) << "however long it takes";
}

TEST_F(Breaker, ClosesWhenTheProbeIsAnsweredAndOpensAgainWhenItIsLost) {
  lose(breaker, 3);
  for (int i = 0; i < 4; ++i) {
    clock->advance(milliseconds(1500));
    ASSERT_EQ(breaker.admit(), Admission::probe);
    breaker.lost(Admission::probe, "still gone");
    EXPECT_EQ(breaker.admit(), Admission::refused);
  }
  EXPECT_NE(breaker.reason().find("still gone"), std::string::npos);
  clock->advance(milliseconds(1500));
  ASSERT_EQ(breaker.admit(), Admission::probe);
  breaker.answered(Admission::probe);
  EXPECT_EQ(breaker.admit(), Admission::ordinary);
  lose(breaker, 2);
  EXPECT_EQ(breaker.admit(), Admission::ordinary) << "it counts from the beginning";
}

TEST_F(Breaker, AProbeThatWasNotMadeLeavesItsTurnToTheNext) {
  lose(breaker, 3);
  clock->advance(milliseconds(1500));
  breaker.not_made(breaker.admit());
  EXPECT_EQ(breaker.admit(), Admission::probe);
}

TEST_F(Breaker, CallsThatBeganBeforeItOpenedChangeNothing) {
  lose(breaker, 3);
  breaker.answered(Admission::ordinary);
  EXPECT_EQ(breaker.admit(), Admission::refused);
  clock->advance(milliseconds(1500));
  breaker.lost(Admission::ordinary, "late");
  EXPECT_EQ(breaker.admit(), Admission::probe) << "the pause is not longer for it";
  breaker.answered(Admission::ordinary);
  EXPECT_EQ(breaker.admit(), Admission::refused);
}

TEST_F(Breaker, PausesAtRandomBetweenHalfAndOneAndAHalf) {
  std::int64_t shortest = 10'000, longest = 0;
  for (int i = 0; i < 300; ++i) {
    CircuitBreaker one({.losses_max = 1, .pause = milliseconds(1000)}, clock, random);
    lose(one, 1);
    std::int64_t waited = 0;
    for (; one.admit() == Admission::refused; ++waited) clock->advance(milliseconds(1));
    shortest = std::min(shortest, waited);
    longest = std::max(longest, waited);
  }
  EXPECT_GE(shortest, 500);
  EXPECT_LT(shortest, 550);
  EXPECT_LE(longest, 1501);
  EXPECT_GT(longest, 1450);
}

TEST_F(Breaker, OfManyThreadsOneGetsTheProbe) {
  for (int round = 0; round < 50; ++round) {
    CircuitBreaker one({.losses_max = 1, .pause = milliseconds(0)}, clock, random);
    lose(one, 1);
    std::atomic<int> probes = 0, refused = 0;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        const auto admission = one.admit();
        probes += admission == Admission::probe ? 1 : 0;
        refused += admission == Admission::refused ? 1 : 0;
      });
    threads.clear();
    EXPECT_EQ(probes, 1);
    EXPECT_EQ(refused, 3);
  }
}

}  // namespace
}  // namespace keyfold::keyrings
