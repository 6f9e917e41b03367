// The cache of branch keys: who fetches, who waits, how long a key is used, and what becomes of it when a renewal
// fails.

#include "keyfold/envelope/keyrings/branch_key_cache.h"

#include <gtest/gtest.h>

#include <barrier>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace keyfold::keyrings {
namespace {

using namespace std::chrono_literals;
using Key = BranchKeyCache::Key;

Key key_of(std::string id) {
  auto made = std::make_shared<BranchKey>();
  made->id = std::move(id);
  return made;
}

class Cache : public ::testing::Test {
 protected:
  // Asks for `id`; a fetch is counted and answers with `answer_`.
  Result<Key> get(std::string_view id = "4711", Duration time_to_live = 60s) {
    return cache_.get({.partition = "p", .store = "s", .id = id}, time_to_live, [&] {
      ++fetched_;
      return answer_;
    });
  }
  // Whether the next get() is answered without a fetch. It changes what was used most recently.
  bool is_kept(std::string_view id = "4711", Duration time_to_live = 60s) {
    const int before = fetched_;
    (void)get(id, time_to_live);
    return fetched_ == before;
  }
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  BranchKeyCache cache_{3, clock_};
  Result<Key> answer_ = key_of("4711");
  int fetched_ = 0;
};

TEST_F(Cache, HandsOutNothingAtOrBeyondItsTimeToLive) {
  const Error silence{ErrorCode::unavailable, "nobody there"};
  ASSERT_TRUE(get());
  answer_ = silence;  // A renewal that gets no answer: what is there is used to its end.
  clock_->advance(60s - Duration(1));
  EXPECT_TRUE(get());
  clock_->advance(Duration(1));
  EXPECT_FALSE(get());
}

TEST_F(Cache, CountsTheTimeFromBeforeTheFetch) {
  ASSERT_TRUE(cache_.get({.partition = "p", .store = "s", .id = "4711"}, 60s, [&] {
    clock_->advance(20s);  // The KMS takes its time: what it says may be as old as the question.
    return answer_;
  }));
  answer_ = Error{ErrorCode::unavailable, "nobody there"};
  clock_->advance(40s - Duration(1));
  EXPECT_TRUE(get());
  clock_->advance(Duration(1));
  EXPECT_FALSE(get());
}

TEST_F(Cache, GoesByTheSteadyClockWhateverTheWallClockDoes) {
  ASSERT_TRUE(get());
  clock_->jump_wall(std::chrono::hours(-1000));
  clock_->advance(59s);
  answer_ = Error{ErrorCode::unavailable, "nobody there"};
  EXPECT_TRUE(get());
  clock_->advance(1s);
  EXPECT_FALSE(get());
}

TEST_F(Cache, RenewsInTheLastQuarterAndNotBefore) {
  ASSERT_TRUE(get());
  clock_->advance(45s - Duration(1));
  EXPECT_TRUE(is_kept());
  clock_->advance(Duration(1));
  EXPECT_FALSE(is_kept());
  EXPECT_EQ(fetched_, 2);
  clock_->advance(45s - Duration(1));
  EXPECT_TRUE(is_kept());  // Its time began anew.
  EXPECT_EQ(cache_.counters().renewals, 1U);
}

TEST_F(Cache, ForgetsAKeyAtOnceWhenItsRenewalIsRefused) {
  for (const auto refusal :
       {ErrorCode::access_denied, ErrorCode::disabled, ErrorCode::not_found, ErrorCode::invalid_state,
        ErrorCode::invalid_ciphertext, ErrorCode::corrupt, ErrorCode::incorrect_key}) {
    answer_ = key_of("4711");
    ASSERT_TRUE(get());
    clock_->advance(45s);
    answer_ = Error{refusal, "no"};
    const auto refused = get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, refusal);
    EXPECT_EQ(cache_.size(), 0U);
    answer_ = Error{ErrorCode::unavailable, "nobody there"};
    EXPECT_FALSE(get());
  }
}

TEST_F(Cache, KeepsAKeyToTheEndOfItsTimeWhenNobodyAnswersAndAsksNowAndThen) {
  for (const auto silence :
       {ErrorCode::unavailable, ErrorCode::throttling, ErrorCode::dependency_timeout, ErrorCode::key_unavailable,
        ErrorCode::io, ErrorCode::internal}) {  // `io`: the database's disk, say.
    answer_ = key_of("4711");
    ASSERT_TRUE(get());
    clock_->advance(45s);
    answer_ = Error{silence, "nobody there"};
    fetched_ = 0;
    for (int i = 0; i < 15; ++i) {
      EXPECT_TRUE(get());
      clock_->advance(1s);
    }
    EXPECT_EQ(fetched_, 4);  // Every sixteenth of 60 s.
    EXPECT_FALSE(get());
  }
}

TEST_F(Cache, TakesALaterRenewalAfterOneThatNobodyAnswered) {
  ASSERT_TRUE(get());
  clock_->advance(45s);
  answer_ = Error{ErrorCode::unavailable, "nobody there"};
  ASSERT_TRUE(get());
  clock_->advance(4s);
  const auto renewed = key_of("4711");
  answer_ = renewed;
  EXPECT_EQ(*get(), renewed);
  clock_->advance(44s);
  EXPECT_TRUE(is_kept());
}

TEST_F(Cache, LetsGoWhatWasUsedLeastRecently) {
  for (const auto* id : {"a", "b", "c"}) ASSERT_TRUE(get(id));
  EXPECT_TRUE(is_kept("a"));
  ASSERT_TRUE(get("d"));
  EXPECT_EQ(cache_.size(), 3U);
  EXPECT_TRUE(is_kept("a"));
  EXPECT_TRUE(is_kept("c"));
  EXPECT_FALSE(is_kept("b"));
}

TEST_F(Cache, DropsTheDeadBeforeTheLiving) {
  ASSERT_TRUE(get("short", 1s));
  ASSERT_TRUE(get("long", 60s));
  ASSERT_TRUE(get("other", 60s));
  EXPECT_TRUE(is_kept("short", 1s));  // Used last.
  clock_->advance(1s);
  ASSERT_TRUE(get("new"));
  EXPECT_EQ(cache_.size(), 3U);
  EXPECT_TRUE(is_kept("long"));
  EXPECT_TRUE(is_kept("other"));
}

TEST_F(Cache, TellsApartWhateverDiffersInAnyPartOfTheName) {
  const BranchKeyVersion zero{};
  BranchKeyVersion one{};
  one[15] = std::byte{1};
  const std::vector<BranchKeyCache::Name> names = {
      {.partition = "p", .store = "s", .id = "i"},
      {.partition = "ps", .store = "", .id = "i"},
      {.partition = "", .store = "ps", .id = "i"},
      {.partition = "p", .store = "si", .id = ""},
      {.partition = "p", .store = "s", .id = "i2"},
      {.partition = "p", .store = "s", .id = "i", .version = &zero},
      {.partition = "p", .store = "s", .id = "i", .version = &one},
      {.partition = "p", .store = "s", .id = std::string_view("i\0", 2)},
  };
  BranchKeyCache roomy(100, clock_);
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto got = roomy.get(names[i], 60s, [&]() -> Result<Key> { return key_of(std::to_string(i)); });
      EXPECT_EQ((*got)->id, std::to_string(i));
    }
  EXPECT_EQ(roomy.counters().fetches, names.size());
}

// A fetch that goes on until it is told to end.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    entered_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void wait_until_entered() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return entered_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool entered_ = false, open_ = false;
};

// `count` threads ask for one key at once; the fetch answers with `answer` when all others wait for it.
int fetches_of(BranchKeyCache& cache, int count, const Result<Key>& answer, std::vector<Result<Key>>& results) {
  std::atomic<int> fetches = 0;
  results.assign(static_cast<std::size_t>(count), Error{ErrorCode::internal, "not asked"});
  std::barrier start(count);
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      results[static_cast<std::size_t>(i)] =
          cache.get({.partition = "p", .store = "s", .id = "4711"}, 60s, [&]() -> Result<Key> {
            ++fetches;
            while (cache.counters().waits < static_cast<std::uint64_t>(count - 1)) std::this_thread::yield();
            return answer;
          });
    });
  for (auto& thread : threads) thread.join();
  return fetches;
}

TEST(CacheThreads, AThousandMissesFetchOnce) {
  BranchKeyCache cache(3, std::make_shared<ManualClock>());
  std::vector<Result<Key>> results;
  const auto key = key_of("4711");
  EXPECT_EQ(fetches_of(cache, 1000, key, results), 1);
  for (const auto& result : results) EXPECT_EQ(*result, key);
}

TEST(CacheThreads, AThousandMissesShareOneFailure) {
  BranchKeyCache cache(3, std::make_shared<ManualClock>());
  std::vector<Result<Key>> results;
  EXPECT_EQ(fetches_of(cache, 1000, Error{ErrorCode::access_denied, "no"}, results), 1);
  for (const auto& result : results) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::access_denied);
  }
  EXPECT_EQ(cache.size(), 0U);
}

TEST(CacheThreads, WhileOneRenewsAllOthersGoOnWithWhatIsThere) {
  const auto clock = std::make_shared<ManualClock>();
  BranchKeyCache cache(3, clock);
  const BranchKeyCache::Name name{.partition = "p", .store = "s", .id = "4711"};
  const auto old = key_of("old");
  ASSERT_TRUE(cache.get(name, 60s, [&]() -> Result<Key> { return old; }));
  clock->advance(50s);
  Gate gate;
  std::thread renewer([&] {
    EXPECT_EQ((*cache.get(name, 60s,
                          [&]() -> Result<Key> {
                            gate.wait();
                            return key_of("new");
                          }))
                  ->id,
              "new");
  });
  gate.wait_until_entered();
  const auto nobody = []() -> Result<Key> { return Error{ErrorCode::internal, "fetched twice"}; };
  for (int i = 0; i < 10; ++i) {
    const auto got = cache.get(name, 60s, nobody);
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, old);
  }
  // Another key is not held up either.
  EXPECT_TRUE(cache.get({.partition = "p", .store = "s", .id = "other"}, 60s,
                        [&]() -> Result<Key> { return key_of("other"); }));
  gate.open();
  renewer.join();
  EXPECT_EQ((*cache.get(name, 60s, nobody))->id, "new");
}

TEST(CacheThreads, AWaiterTakesNothingThatIsOlderThanItAllows) {
  const auto clock = std::make_shared<ManualClock>();
  BranchKeyCache cache(3, clock);
  const BranchKeyCache::Name name{.partition = "p", .store = "s", .id = "4711"};
  Gate gate;
  std::thread first([&] {
    EXPECT_TRUE(cache.get(name, 60s, [&]() -> Result<Key> {
      gate.wait();
      clock->advance(10s);
      return key_of("first");
    }));
  });
  gate.wait_until_entered();
  std::thread second(
      [&] { EXPECT_EQ((*cache.get(name, 10s, [&]() -> Result<Key> { return key_of("second"); }))->id, "second"); });
  while (cache.counters().waits == 0) std::this_thread::yield();
  gate.open();
  first.join();
  second.join();
}

}  // namespace
}  // namespace keyfold::keyrings
