// The caching materials manager against a KMS that counts: as many calls as can be computed, no data key one message,
// byte or microsecond beyond its limits, and none for what it was not made for.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "keyfold/envelope/keyrings/caching_test.h"

namespace keyfold::keyrings {
namespace {

using namespace keyfold::keyrings::testing;
using namespace std::chrono_literals;

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

TEST_F(Caching, ABatchBeyondTheLimitsOfOneDataKeyIsRefused) {
  manager = with({.messages_max = 10, .bytes_max = 100});
  EXPECT_TRUE(seal({.size = 100, .messages = 10}));
  for (const auto& batch : {Sealing{.messages = 11}, {.size = 101, .messages = 2}}) {
    const auto refused = seal(batch);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_input);
  }
  EXPECT_EQ(kms->calls, 1);
}

TEST_F(Caching, HowOftenADataKeyOpensIsNotLimited) {
  manager = with({.messages_max = 1, .bytes_max = 1});
  const auto message = message_of(**seal());
  const auto opened = *open(message);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(*open(message), opened);
  EXPECT_EQ(manager->uses().back().messages, 11U);
}

// Answers with another suite than it was asked for.
class OtherSuite final : public MaterialsManager {
 public:
  OtherSuite(std::shared_ptr<MaterialsManager> manager, SuiteId suite) : manager_(std::move(manager)), suite_(suite) {}
  Result<std::shared_ptr<const EncryptionMaterials>> for_encryption(const EncryptionRequest& request) override {
    auto other = request;
    other.suite = suite_;
    other.commitment_policy = CommitmentPolicy::forbid_encrypt_allow_decrypt;
    return manager_->for_encryption(other);
  }
  Result<std::shared_ptr<const DecryptionMaterials>> for_decryption(const DecryptionRequest&) override {
    auto made = std::make_shared<DecryptionMaterials>();
    made->suite = &materials::suite_of(suite_);
    return std::shared_ptr<const DecryptionMaterials>(std::move(made));
  }

 private:
  const std::shared_ptr<MaterialsManager> manager_;
  const SuiteId suite_;
};

TEST_F(Caching, WhatTheManagerBehindItAnswersWithIsCheckedWhereverItComesFrom) {
  const auto message = message_of(**seal());
  for (const auto suite : {SuiteId::aes_256_gcm_hkdf_sha256, SuiteId::aes_256_gcm_no_kdf}) {
    manager = *caching_materials_manager(std::make_shared<OtherSuite>(inner, suite), {}, clock);
    for (int i = 0; i < 2; ++i) {                                // Asked for, then found.
      EXPECT_EQ(seal().error().code, ErrorCode::invalid_input);  // The policy wants commitment.
      EXPECT_EQ(open(message).error().code, ErrorCode::internal);
    }
    EXPECT_EQ(manager->counters().hits, 2U);
  }
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(
        seal({.suite = SuiteId::aes_256_gcm_hkdf_sha256, .policy = CommitmentPolicy::forbid_encrypt_allow_decrypt})
            .error()
            .code,
        ErrorCode::internal);
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
  for (const auto& sealing : {Sealing{.size = std::nullopt}, {.size = 101}, identity}) {
    const auto one = *seal(sealing), two = *seal(sealing);
    EXPECT_NE(one, two);
  }
  EXPECT_EQ(manager->counters().bypasses, 6U);
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

TEST_F(Caching, AFullCacheTakesRoomFromThoseWhoHaveMore) {
  manager = with({.entries_max = 4, .tenant_key = "tenant", .entries_per_tenant_max = 3});
  const auto of = [](std::string_view tenant, int n = 0) {
    return Sealing{.context = {{"tenant", std::string(tenant)}, {"n", std::to_string(n)}}};
  };
  const auto quiet = *seal(of("quiet"));
  std::vector<std::shared_ptr<const EncryptionMaterials>> loud;
  for (int n = 0; n < 3; ++n) loud.push_back(*seal(of("loud", n)));
  const auto second = *seal(of("second")), third = *seal(of("third"));
  EXPECT_EQ(*seal(of("quiet")), quiet);
  EXPECT_EQ(*seal(of("second")), second);
  EXPECT_EQ(*seal(of("third")), third);
  EXPECT_EQ(*seal(of("loud", 2)), loud[2]);
  // Now each has one: whoever comes is served, and pushes nobody out.
  const auto calls = kms->calls.load();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(seal(of("fourth")));
  EXPECT_EQ(kms->calls, calls + 10);
  EXPECT_EQ(*seal(of("quiet")), quiet);
  EXPECT_EQ(manager->uses().size(), 4U);
  // But of one's own, the one used least recently makes room.
  const auto another = *seal(of("loud", 7));
  EXPECT_EQ(*seal(of("loud", 7)), another);
  EXPECT_EQ(manager->uses().size(), 4U);
}

TEST_F(Caching, WhatIsRefusedTakesNoRoom) {
  manager = with({.entries_max = 2, .tenant_key = "tenant", .entries_per_tenant_max = 2});
  const auto message = message_of(**seal({.context = {{"tenant", "a"}}}));
  const auto sealing = *seal({.context = {{"tenant", "a"}}});
  const auto opening = *open(message);
  kms->fail(Error{ErrorCode::access_denied, "no"});
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(seal({.context = {{"tenant", "b"}, {"n", std::to_string(i)}}}));
  for (int i = 0; i < 4; ++i) {
    auto forged = message;
    forged.keys.back() ^= static_cast<std::byte>(0x80 + i);
    EXPECT_FALSE(open(forged));
  }
  EXPECT_EQ(*seal({.context = {{"tenant", "a"}}}), sealing);
  EXPECT_EQ(*open(message), opening);
  EXPECT_EQ(manager->counters().evictions, 0U);
}

TEST_F(Caching, ATenantWhoseEntriesAreGoneHasAllItsRoomAgain) {
  manager = with({.age_max = 1000ms, .tenant_key = "tenant", .entries_per_tenant_max = 2});
  const auto sealing = [](int n) { return Sealing{.context = {{"tenant", "a"}, {"n", std::to_string(n)}}}; };
  for (int n = 0; n < 5; ++n) ASSERT_TRUE(seal(sealing(n)));
  clock->advance(1000ms);
  ASSERT_TRUE(soon([&] { return manager->uses().empty(); }));
  const auto one = *seal(sealing(7)), two = *seal(sealing(8));
  EXPECT_EQ(*seal(sealing(7)), one);
  EXPECT_EQ(*seal(sealing(8)), two);
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
  EXPECT_FALSE(refused({.entries_max = cache_entries_max}));
  EXPECT_TRUE(refused({.entries_max = cache_entries_max + 1}));
  EXPECT_TRUE(refused({.entries_per_tenant_max = 0}));
}

// Many threads, few limits: under the thread sanitizer this is the proof.

}  // namespace
}  // namespace keyfold::keyrings
