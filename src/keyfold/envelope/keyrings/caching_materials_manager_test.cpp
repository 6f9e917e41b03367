// The caching materials manager against a KMS that counts: as many calls as can be computed, and no data key one
// message, byte or microsecond beyond its limits.

#include "keyfold/envelope/keyrings/caching_materials_manager.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "keyfold/envelope/keyrings/fake_kms_test.h"
#include "keyfold/envelope/keyrings/kms.h"

namespace keyfold::keyrings {
namespace {

using namespace keyfold::keyrings::testing;
using namespace std::chrono_literals;
using materials::CommitmentPolicy;
using materials::DecryptionMaterials;
using materials::EncryptionMaterials;
using materials::SuiteId;

const std::string key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
constexpr auto unsigned_suite = SuiteId::aes_256_gcm_hkdf_sha512_commit_key;
constexpr auto signed_suite = SuiteId::aes_256_gcm_hkdf_sha512_commit_key_ecdsa_p384;

// FakeKms for several threads; it can be held up, and be away.
class CountingKms final : public KmsClient {
 public:
  Result<GeneratedDataKey> generate_data_key(std::string_view key_id, std::size_t size,
                                             const ContextView& context) override {
    return call([&] { return kms_.generate_data_key(key_id, size, context); });
  }
  Result<WrappedDataKey> encrypt(std::string_view key_id, const SecretBytes& plaintext,
                                 const ContextView& context) override {
    return call([&] { return kms_.encrypt(key_id, plaintext, context); });
  }
  Result<UnwrappedDataKey> decrypt(std::string_view key_id, BytesView ciphertext, const ContextView& context) override {
    return call([&] { return kms_.decrypt(key_id, ciphertext, context); });
  }
  void fail(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    kms_.failure = std::move(error);
  }
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
    }
    changed_.notify_all();
  }
  std::atomic<int> calls = 0;

 private:
  template <class Call>
  std::invoke_result_t<Call> call(const Call& make) {
    ++calls;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !held_; });
    return make();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  FakeKms kms_{key_arn};
};

// Real time is waited for only where the background works.
template <class Condition>
bool soon(const Condition& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

class Caching : public ::testing::Test {
 protected:
  std::shared_ptr<CountingKms> kms = std::make_shared<CountingKms>();
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<MaterialsManager> inner = default_materials_manager(kms_keyring(kms, *KmsKeyName::parse(key_arn)));
  std::shared_ptr<CachingMaterialsManager> manager = with({});

  std::shared_ptr<CachingMaterialsManager> with(const CacheLimits& limits) {
    auto made = caching_materials_manager(inner, limits, clock, std::make_shared<SeededRandom>(1));
    EXPECT_TRUE(made);
    return *made;
  }

  struct Sealing {
    EncryptionContext context = {{"tenant", "4711"}};
    SuiteId suite = unsigned_suite;
    CommitmentPolicy policy = CommitmentPolicy::require_encrypt_require_decrypt;
    materials::ContextKeys required = {};
    std::optional<std::uint64_t> size = 1;
    std::uint64_t messages = 1;
  };
  Result<std::shared_ptr<const EncryptionMaterials>> seal(const Sealing& sealing) {
    return manager->for_encryption({.encryption_context = sealing.context,
                                    .suite = sealing.suite,
                                    .commitment_policy = sealing.policy,
                                    .required_context_keys = sealing.required.empty() ? nullptr : &sealing.required,
                                    .plaintext_size = sealing.size,
                                    .messages = sealing.messages});
  }
  Result<std::shared_ptr<const EncryptionMaterials>> seal() { return seal(Sealing{}); }

  // What a header holds of materials.
  struct Message {
    SuiteId suite;
    Bytes context, keys;
    std::uint16_t key_count;
  };
  static Message message_of(const EncryptionMaterials& made) {
    Message message{.suite = made.suite->id,
                    .context = {},
                    .keys = {},
                    .key_count = static_cast<std::uint16_t>(made.encrypted_data_keys.size())};
    std::vector<ContextPair> pairs;
    EXPECT_TRUE(materials::append_serialized_context(message.context, made.encryption_context.view(pairs)));
    for (const auto& key : made.encrypted_data_keys) materials::append_encrypted_data_key(message.keys, key.view());
    return message;
  }
  Result<std::shared_ptr<const DecryptionMaterials>> open(
      const Message& message, const EncryptionContext& reproduced = {},
      CommitmentPolicy policy = CommitmentPolicy::require_encrypt_require_decrypt) {
    std::vector<ContextPair> pairs;
    const auto context = materials::read_serialized_context(message.context, pairs);
    EXPECT_TRUE(context);
    return manager->for_decryption({.suite = materials::suite_of(message.suite),
                                    .commitment_policy = policy,
                                    .encryption_context = *context,
                                    .serialized_context = message.context,
                                    .encrypted_data_keys = {message.keys, message.key_count},
                                    .reproduced_context = reproduced});
  }
};

TEST_F(Caching, AHundredThousandSealsMakeExactlyTenCalls) {
  std::map<const EncryptionMaterials*, int> used;
  std::vector<std::shared_ptr<const EncryptionMaterials>> kept;  // So that no address comes twice.
  for (int i = 0; i < 100'000; ++i) {
    const auto made = seal();
    ASSERT_TRUE(made);
    if (used[made->get()]++ == 0) kept.push_back(*made);
  }
  EXPECT_EQ(kms->calls, 10);
  EXPECT_EQ(used.size(), 10U);
  for (const auto& [made, count] : used) EXPECT_EQ(count, 10'000);
  RecordProperty("calls_cached", kms->calls.load());
  std::printf("100,000 messages sealed with %d calls; one a message would be 100,000\n", kms->calls.load());
  EXPECT_EQ(manager->counters().hits, 99'990U);
  EXPECT_EQ(manager->counters().misses, 10U);
}

TEST_F(Caching, NoDataKeySealsOneMessageOrOneByteTooMany) {
  for (const std::uint64_t limit : {1U, 2U, 7U}) {
    manager = with({.messages_max = limit});
    const auto first = *seal();
    for (std::uint64_t i = 1; i < limit; ++i) EXPECT_EQ(*seal(), first);
    EXPECT_NE(*seal(), first);
  }
  manager = with({.bytes_max = 100});
  const auto first = *seal({.size = 60});
  EXPECT_EQ(*seal({.size = 40}), first) << "exactly the limit";
  const auto second = *seal({.size = 1});
  EXPECT_NE(second, first);
  EXPECT_EQ(*seal({.size = 0}), second);
  EXPECT_NE(*seal({.size = 100}), second);
}

TEST_F(Caching, AMessageTooLargeForTheRestLeavesTheRestToSmallerOnesOfItsOwnTime) {
  manager = with({.bytes_max = 100});
  const auto first = *seal({.size = 50});
  kms->fail(Error{ErrorCode::unavailable, "away"});
  EXPECT_FALSE(seal({.size = 60}));
  EXPECT_EQ(*seal({.size = 50}), first);
  EXPECT_FALSE(seal({.size = 1}));
}

TEST_F(Caching, ABatchIsChargedAsAWhole) {
  manager = with({.messages_max = 10});
  const auto first = *seal({.messages = 6});
  const auto second = *seal({.messages = 5});
  EXPECT_NE(second, first);
  EXPECT_EQ(*seal({.messages = 5}), second);
  EXPECT_NE(*seal({.messages = 1}), second);
  const auto uses = manager->uses();
  ASSERT_EQ(uses.size(), 1U);
  EXPECT_EQ(uses[0].messages, 1U);
}

TEST_F(Caching, NoDataKeyIsHandedOutAtItsAgeCountedFromBeforeTheCall) {
  manager = with({.age_max = 1000ms});
  const auto first = *seal();
  clock->advance(999'999us);
  EXPECT_EQ(*seal(), first);
  const auto message = message_of(*first);
  const auto opened = *open(message);
  ASSERT_TRUE(soon([&] { return manager->counters().refreshes == 1; }));  // The seal was near the end.
  clock->advance(1us);
  EXPECT_NE(*seal(), first);
  clock->advance(999'998us);
  EXPECT_EQ(*open(message), opened);
  manager->clear();
  const auto again = *open(message);
  EXPECT_NE(again, opened);
  clock->advance(1000ms);
  EXPECT_NE(*open(message), again);
}

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

TEST_F(Caching, AnEntryIsBoundToAllThatItWasMadeFor) {
  std::set<std::shared_ptr<const EncryptionMaterials>> different;
  const std::vector<Sealing> sealings{
      {},
      {.context = {}},
      {.context = {{"tenant", "4712"}}},
      {.context = {{"tenant", "4711"}, {"b", ""}}},
      {.context = {{"tenant4711", ""}}},
      {.suite = signed_suite},
      {.policy = CommitmentPolicy::require_encrypt_allow_decrypt},
      {.suite = SuiteId::aes_256_gcm_hkdf_sha256, .policy = CommitmentPolicy::forbid_encrypt_allow_decrypt},
      {.suite = SuiteId::aes_128_gcm_hkdf_sha256, .policy = CommitmentPolicy::forbid_encrypt_allow_decrypt},
      {.required = {"tenant"}},
  };
  for (int round = 0; round < 2; ++round)
    for (const auto& sealing : sealings) {
      const auto made = seal(sealing);
      ASSERT_TRUE(made) << made.error().message;
      different.insert(*made);
    }
  EXPECT_EQ(different.size(), sealings.size());
  EXPECT_EQ(kms->calls, static_cast<int>(sealings.size()));
}

TEST_F(Caching, WhatOpensIsBoundToTheMessageTheReaderAndThePolicy) {
  const auto one = message_of(**seal());
  manager->clear();
  const auto two = message_of(**seal());
  ASSERT_NE(one.keys, two.keys);
  const int before = kms->calls;
  std::set<std::shared_ptr<const DecryptionMaterials>> different;
  for (int round = 0; round < 2; ++round) {
    different.insert(*open(one));
    different.insert(*open(two));
    different.insert(*open(one, {{"tenant", "4711"}}));
    different.insert(*open(one, {}, CommitmentPolicy::require_encrypt_allow_decrypt));
  }
  EXPECT_EQ(different.size(), 4U);
  EXPECT_EQ(kms->calls - before, 4);
  // With another context, or keys that are not its own, the KMS has to say.
  auto moved = one;
  moved.context = two.context;
  moved.keys.back() ^= std::byte{0x80};
  EXPECT_FALSE(open(moved));
  EXPECT_EQ(open(one, {{"tenant", "4712"}}).error().code, ErrorCode::authentication);
}

TEST_F(Caching, APolicyRefusesWhatIsThereForAnother) {
  const Sealing without{.suite = SuiteId::aes_256_gcm_hkdf_sha256,
                        .policy = CommitmentPolicy::forbid_encrypt_allow_decrypt};
  const auto message = message_of(**seal(without));
  ASSERT_TRUE(open(message, {}, CommitmentPolicy::require_encrypt_allow_decrypt));
  const int before = kms->calls;
  EXPECT_EQ(open(message).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(seal({.suite = SuiteId::aes_256_gcm_hkdf_sha256}).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(kms->calls, before);
}

TEST_F(Caching, WhatMustNotBeCachedGetsADataKeyOfItsOwn) {
  manager = with({.messages_max = 10, .bytes_max = 100});
  const Sealing identity{.suite = SuiteId::aes_256_gcm_no_kdf,
                         .policy = CommitmentPolicy::forbid_encrypt_allow_decrypt};
  for (const auto& sealing : {Sealing{.size = std::nullopt}, {.size = 101}, {.messages = 11}, identity}) {
    const auto one = *seal(sealing), two = *seal(sealing);
    EXPECT_NE(one, two);
  }
  EXPECT_EQ(manager->counters().bypasses, 8U);
  EXPECT_EQ(manager->counters().misses, 0U);
  EXPECT_TRUE(manager->uses().empty());
}

TEST_F(Caching, NoTwoTenantsShareAndNoneWithoutATenantIsCached) {
  manager = with({.tenant_key = "tenant"});
  const auto one = *seal({.context = {{"tenant", "1"}}});
  EXPECT_EQ(*seal({.context = {{"tenant", "1"}}}), one);
  EXPECT_NE(*seal({.context = {{"tenant", "2"}}}), one);
  EXPECT_NE(*seal({.context = {{"a", "b"}}}), *seal({.context = {{"a", "b"}}}));
  EXPECT_EQ(manager->counters().bypasses, 2U);
}

TEST_F(Caching, ATenantPushesOutOnlyItsOwn) {
  manager = with({.entries_max = 100, .tenant_key = "tenant", .entries_per_tenant_max = 3});
  const auto quiet = *seal({.context = {{"tenant", "quiet"}}});
  std::vector<std::shared_ptr<const EncryptionMaterials>> loud;
  for (int i = 0; i < 50; ++i) loud.push_back(*seal({.context = {{"tenant", "loud"}, {"n", std::to_string(i)}}}));
  EXPECT_EQ(manager->uses().size(), 4U);
  EXPECT_EQ(*seal({.context = {{"tenant", "quiet"}}}), quiet);
  EXPECT_EQ(*seal({.context = {{"tenant", "loud"}, {"n", "49"}}}), loud[49]);
  EXPECT_NE(*seal({.context = {{"tenant", "loud"}, {"n", "46"}}}), loud[46]);
  EXPECT_GE(manager->counters().evictions, 47U);
}

TEST_F(Caching, BeyondItsEntriesTheOneUsedLeastRecentlyGoes) {
  manager = with({.entries_max = 3});
  const auto sealing = [](int i) { return Sealing{.context = {{"n", std::to_string(i)}}}; };
  std::vector<std::shared_ptr<const EncryptionMaterials>> made;
  for (int i = 0; i < 3; ++i) made.push_back(*seal(sealing(i)));
  EXPECT_EQ(*seal(sealing(0)), made[0]);
  EXPECT_TRUE(seal(sealing(3)));  // 1 goes.
  EXPECT_EQ(*seal(sealing(0)), made[0]);
  EXPECT_EQ(*seal(sealing(2)), made[2]);
  EXPECT_NE(*seal(sealing(1)), made[1]);
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

TEST_F(Caching, TellsHowMuchEachDataKeyHasBeenUsed) {
  ASSERT_TRUE(seal({.size = 10}));
  ASSERT_TRUE(seal({.size = 20, .messages = 3}));
  ASSERT_TRUE(open(message_of(**seal())));
  clock->advance(5s);
  const auto uses = manager->uses();
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_TRUE(uses[0].seals);
  EXPECT_EQ(uses[0].wrapped_by, "aws-kms " + key_arn);
  EXPECT_EQ(uses[0].messages, 5U);
  EXPECT_EQ(uses[0].bytes, 31U);
  EXPECT_EQ(uses[0].age, 5s);
  EXPECT_FALSE(uses[1].seals);
  EXPECT_EQ(uses[1].messages, 1U);
}

TEST_F(Caching, LimitsOutOfBoundsAreRefused) {
  const auto refused = [&](const CacheLimits& limits) {
    const auto made = caching_materials_manager(inner, limits);
    return !made && made.error().code == ErrorCode::invalid_input;
  };
  EXPECT_TRUE(refused({.messages_max = 0}));
  EXPECT_FALSE(refused({.messages_max = std::uint64_t{1} << 32}));
  EXPECT_TRUE(refused({.messages_max = (std::uint64_t{1} << 32) + 1}));
  EXPECT_TRUE(refused({.bytes_max = 0}));
  EXPECT_FALSE(refused({.bytes_max = (std::uint64_t{1} << 63) - 1}));
  EXPECT_TRUE(refused({.bytes_max = std::uint64_t{1} << 63}));
  EXPECT_TRUE(refused({.age_max = 0ms}));
  EXPECT_FALSE(refused({.age_max = 24h}));
  EXPECT_TRUE(refused({.age_max = 24h + 1ms}));
  EXPECT_TRUE(refused({.entries_max = 0}));
  EXPECT_TRUE(refused({.entries_per_tenant_max = 0}));
}

// Many threads, few limits: under the thread sanitizer this is the proof.
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
