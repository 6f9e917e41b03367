// What the caching materials manager does in the course of time: many at once, renewals in the background, keys that
// are disabled, a KMS that is away.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "keyfold/envelope/keyrings/caching_test.h"

namespace keyfold::keyrings {
namespace {

using namespace keyfold::keyrings::testing;
using namespace std::chrono_literals;

TEST_F(Caching, ThousandConcurrentMissesMakeOneCall) {
  constexpr int count = 1000;
  kms->hold();
  std::vector<std::thread> threads;
  threads.reserve(count);
  std::mutex mutex;
  std::set<std::shared_ptr<const EncryptionMaterials>> answers;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&] {
      auto made = seal();
      const std::lock_guard lock(mutex);
      EXPECT_TRUE(made);
      answers.insert(*made);
    });
  EXPECT_TRUE(soon([&] { return manager->counters().waits == count - 1; }));
  kms->release();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(kms->calls, 1);
  EXPECT_EQ(answers.size(), 1U);
}

TEST_F(Caching, WaitersAreChargedLikeAnyOther) {
  constexpr int count = 50;
  manager = with({.messages_max = 10});
  kms->hold();
  std::vector<std::thread> threads;
  threads.reserve(count);
  std::mutex mutex;
  std::map<std::shared_ptr<const EncryptionMaterials>, int> used;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&] {
      auto made = seal();
      const std::lock_guard lock(mutex);
      EXPECT_TRUE(made);
      ++used[*made];
    });
  EXPECT_TRUE(soon([&] { return manager->counters().waits >= count - 1; }));
  kms->release();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(used.size(), 5U);
  for (const auto& [made, times] : used) EXPECT_EQ(times, 10);
}

TEST_F(Caching, AFailureIsTheAnswerToAllWhoWaitedAndIsNotRemembered) {
  kms->hold();
  kms->fail(Error{ErrorCode::access_denied, "no"});
  std::vector<std::thread> threads;
  std::atomic<int> denied = 0;
  threads.reserve(20);
  for (int i = 0; i < 20; ++i)
    threads.emplace_back([&] {
      const auto made = seal();
      denied += !made && made.error().code == ErrorCode::access_denied ? 1 : 0;
    });
  EXPECT_TRUE(soon([&] { return manager->counters().waits == 19; }));
  kms->release();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(denied, 20);
  EXPECT_EQ(kms->calls, 1);
  kms->fail(std::nullopt);
  EXPECT_TRUE(seal());
}

TEST_F(Caching, IsRenewedInTheBackgroundBeforeTheEnd) {
  manager = with({.age_max = 1000ms});
  const auto first = *seal();
  clock->advance(699ms);
  EXPECT_EQ(*seal(), first);
  EXPECT_EQ(kms->calls, 1);
  clock->advance(151ms);
  EXPECT_EQ(*seal(), first) << "what is there is used meanwhile";
  ASSERT_TRUE(soon([&] { return manager->counters().refreshes == 1; }));
  EXPECT_EQ(kms->calls, 2);
  const auto second = *seal();
  EXPECT_NE(second, first);
  clock->advance(800ms);  // Beyond the first one's life.
  EXPECT_EQ(*seal(), second);
}

TEST_F(Caching, NoTwoProcessesRenewAtTheSameMoment) {
  std::set<int> moments;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    manager = *caching_materials_manager(inner, {.age_max = 1000ms}, clock, std::make_shared<SeededRandom>(seed));
    ASSERT_TRUE(seal());
    int moment = 0;
    for (const int calls = kms->calls; kms->calls == calls && moment < 1000; ++moment) {
      clock->advance(1ms);
      ASSERT_TRUE(seal());
      if (moment >= 690) std::this_thread::sleep_for(2ms);
    }
    EXPECT_GE(moment, 699);
    moments.insert(moment / 10);
  }
  EXPECT_GE(moments.size(), 3U);
}

TEST_F(Caching, ARefusedRenewalDropsWhatIsThereAtOnce) {
  for (const auto code :
       {ErrorCode::access_denied, ErrorCode::disabled, ErrorCode::not_found, ErrorCode::invalid_state}) {
    manager = with({.age_max = 1000ms});
    kms->fail(std::nullopt);
    const auto first = *seal();
    const auto message = message_of(*first);
    ASSERT_TRUE(open(message));
    kms->fail(Error{code, "no"});
    clock->advance(850ms);
    EXPECT_EQ(*seal(), first);
    EXPECT_TRUE(open(message));
    ASSERT_TRUE(soon([&] { return manager->counters().refusals == 2; }));
    EXPECT_EQ(seal().error().code, code);
    EXPECT_EQ(open(message).error().code, code);
    EXPECT_TRUE(manager->uses().empty());
  }
}

TEST_F(Caching, ADisabledKeyStopsWithinTheAgeWhateverHappens) {
  manager = with({.age_max = 1000ms});
  const auto first = *seal();
  kms->fail(Error{ErrorCode::disabled, "no"});
  clock->advance(600ms);
  EXPECT_EQ(*seal(), first);
  clock->advance(400ms);
  EXPECT_EQ(seal().error().code, ErrorCode::disabled);
}

TEST_F(Caching, AKmsThatIsAwayFailsNothingThatIsThereAndIsWaitedForNoLongerThanTheAge) {
  manager = with({.age_max = 1000ms});
  const auto first = *seal();
  const auto message = message_of(*first);
  const auto opened = *open(message);
  for (const auto code : {ErrorCode::unavailable, ErrorCode::throttling, ErrorCode::internal}) {
    kms->fail(Error{code, "away"});
    for (int i = 0; i < 3; ++i) {
      clock->advance(100ms);
      EXPECT_EQ(*seal(), first);
      EXPECT_EQ(*open(message), opened);
    }
  }
  clock->advance(99'999us);
  EXPECT_TRUE(soon([&] { return manager->counters().refresh_failures >= 2; }));
  EXPECT_EQ(*seal(), first);
  EXPECT_EQ(*open(message), opened);
  clock->advance(1us);
  EXPECT_EQ(seal().error().code, ErrorCode::internal);
  EXPECT_EQ(open(message).error().code, ErrorCode::internal);
  kms->fail(std::nullopt);
  EXPECT_NE(*seal(), first);
  EXPECT_TRUE(open(message));
}

TEST_F(Caching, DataKeysAreGoneSoonAfterTheirEndThoughNobodyAsks) {
  manager = with({.age_max = 200ms});
  std::weak_ptr<const EncryptionMaterials> sealing = *seal();
  std::weak_ptr<const DecryptionMaterials> opening = *open(message_of(*sealing.lock()));
  EXPECT_FALSE(sealing.expired());
  clock->advance(200ms);
  EXPECT_TRUE(soon([&] { return sealing.expired() && opening.expired(); }));
}

TEST_F(Caching, ClearsWhileACallIsUnderWay) {
  kms->hold();
  std::shared_ptr<const EncryptionMaterials> answer;
  std::thread asking([&] { answer = *seal(); });
  ASSERT_TRUE(soon([&] { return kms->calls == 1; }));
  manager->clear();
  kms->release();
  asking.join();
  EXPECT_NE(answer, nullptr);
  EXPECT_NE(*seal(), answer);
}

TEST_F(Caching, ACallFromBeforeAClearDoesNotAnswerForALaterOne) {
  kms->hold();
  std::shared_ptr<const EncryptionMaterials> first, second;
  std::thread asking([&] { first = *seal(); });
  ASSERT_TRUE(soon([&] { return kms->calls == 1; }));
  manager->clear();
  std::thread asking_again([&] { second = *seal(); });
  ASSERT_TRUE(soon([&] { return kms->calls == 2; }));
  kms->release();
  asking.join();
  asking_again.join();
  EXPECT_NE(first, second);
  EXPECT_EQ(*seal(), second);
  EXPECT_EQ(kms->calls, 2);
}

TEST_F(Caching, ARefusalDropsWhatStillHadSomethingLeft) {
  manager = with({.bytes_max = 100});
  const auto made = *seal({.size = 60});
  kms->fail(Error{ErrorCode::unavailable, "away"});
  EXPECT_FALSE(seal({.size = 60}));
  EXPECT_EQ(*seal({.size = 10}), made);  // Nobody said no.
  kms->fail(Error{ErrorCode::disabled, "disabled"});
  EXPECT_FALSE(seal({.size = 60}));
  EXPECT_FALSE(seal({.size = 10}));
  EXPECT_EQ(manager->counters().refusals, 1U);
}

TEST_F(Caching, WhereThereIsNoRoomNobodyWaitsForAnother) {
  manager = with({.entries_max = 1, .tenant_key = "tenant"});
  ASSERT_TRUE(seal({.context = {{"tenant", "a"}}}));
  kms->hold();
  std::vector<std::thread> asking;
  for (int i = 0; i < 3; ++i) asking.emplace_back([&] { EXPECT_TRUE(seal({.context = {{"tenant", "b"}}})); });
  ASSERT_TRUE(soon([&] { return kms->calls == 2 && manager->counters().waits == 2; }));
  kms->let_pass(2);
  EXPECT_TRUE(soon([&] { return kms->calls == 4; }));
  kms->release();
  for (auto& thread : asking) thread.join();
}

TEST_F(Caching, WhatACallIsUnderWayForIsNotPushedOut) {
  manager = with({.bytes_max = 100, .entries_max = 1});
  ASSERT_TRUE(seal({.size = 60}));
  kms->hold();
  std::thread other([&] { EXPECT_TRUE(seal({.context = {{"tenant", "b"}}})); });
  ASSERT_TRUE(soon([&] { return kms->calls == 2; }));
  std::thread asking([&] { EXPECT_TRUE(seal({.size = 60})); });  // Not enough left.
  ASSERT_TRUE(soon([&] { return kms->calls == 3; }));
  kms->let_pass(2);
  other.join();
  kms->release();
  asking.join();
  EXPECT_TRUE(seal({.size = 40}));
  EXPECT_EQ(kms->calls, 3);
}

TEST_F(Caching, ARenewalThatGaveWayToACallIsTriedAgain) {
  manager = with({.bytes_max = 100, .age_max = 1000ms});
  const Sealing before{.context = {{"tenant", "before"}}}, after{.context = {{"tenant", "after"}}};
  for (const auto& sealing : {Sealing{.size = 60}, before, after}) ASSERT_TRUE(seal(sealing));
  clock->advance(900ms);
  kms->hold();
  ASSERT_TRUE(seal(before));  // Its renewal, call 4, takes the one thread for that, so the next two wait.
  ASSERT_TRUE(soon([&] { return kms->calls == 4; }));
  ASSERT_TRUE(seal({.size = 10}));
  ASSERT_TRUE(seal(after));
  std::thread asking([&] { EXPECT_FALSE(seal({.size = 60})); });  // Not enough left: call 5.
  ASSERT_TRUE(soon([&] { return kms->calls == 5; }));
  kms->let_pass(4);
  ASSERT_TRUE(soon([&] { return kms->calls == 6; }));  // The renewal behind the one that found a call under way.
  kms->fail(Error{ErrorCode::unavailable, "away"});
  kms->release();
  asking.join();
  ASSERT_TRUE(soon([&] { return manager->counters().refresh_failures == 1; }));
  kms->fail(std::nullopt);
  ASSERT_TRUE(seal({.size = 1}));
  EXPECT_TRUE(soon([&] { return manager->counters().refreshes == 2; }));  // The one before, and this.
  EXPECT_EQ(kms->calls, 7);
}

TEST_F(Caching, DataKeysAreGoneSoonAlsoWhileARenewalHangs) {
  manager = with({.age_max = 1000ms});
  const std::weak_ptr<const EncryptionMaterials> idle = *seal({.context = {{"tenant", "idle"}}});
  ASSERT_TRUE(seal());
  clock->advance(900ms);
  kms->hold();
  ASSERT_TRUE(seal());  // Renewed in the background, which hangs.
  clock->advance(1000ms);
  EXPECT_TRUE(soon([&] { return idle.expired(); }));
  kms->release();
}

class Throwing final : public MaterialsManager {
 public:
  Result<std::shared_ptr<const EncryptionMaterials>> for_encryption(const EncryptionRequest&) override {
    throw std::runtime_error("of somebody's own");
  }
  Result<std::shared_ptr<const DecryptionMaterials>> for_decryption(const DecryptionRequest&) override {
    throw std::runtime_error("of somebody's own");
  }
};

TEST_F(Caching, AManagerThatThrowsLeavesNobodyWaiting) {
  manager = *caching_materials_manager(std::make_shared<Throwing>(), {}, clock);
  for (int i = 0; i < 2; ++i) {
    const auto failed = seal();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::internal);
  }
}

TEST_F(Caching, KeepsItsLimitsWhenManyAskAtOnce) {
  manager = with({.messages_max = 50, .age_max = 1000ms, .entries_max = 4});
  std::mutex mutex;
  std::map<std::shared_ptr<const EncryptionMaterials>, int> used;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const auto made = seal({.context = {{"n", std::to_string((i + t) % 6)}}});
        ASSERT_TRUE(made);
        if (i % 100 == 99) clock->advance(150ms);
        const std::lock_guard lock(mutex);
        ++used[*made];
      }
    });
  for (auto& thread : threads) thread.join();
  int sum = 0;
  for (const auto& [made, times] : used) {
    EXPECT_LE(times, 50);
    sum += times;
  }
  EXPECT_EQ(sum, 4000);
}

}  // namespace
}  // namespace keyfold::keyrings
