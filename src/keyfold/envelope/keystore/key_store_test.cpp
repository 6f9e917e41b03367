// The key store: what it makes, what it takes, and what it asks of the KMS.

#include "keyfold/envelope/keystore/key_store.h"

#include "keyfold/core/crypto/digest.h"
#include "keyfold/envelope/keystore/key_store_test.h"

namespace keyfold::keystore {
namespace {

using namespace keyfold::keystore::testing;

const std::string mrk_here = "arn:aws:kms:eu-central-1:123456789012:key/mrk-1234567890abcdef1234567890abcdef";
const std::string mrk_there = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234567890abcdef1234567890abcdef";
const keyrings::DiscoveryFilter our_account{.accounts = {"123456789012"}};
const std::string other_key = "arn:aws:kms:eu-central-1:123456789012:key/abcdabcd-12ab-34cd-56ef-1234567890ab";

TEST_F(Store, MakesABranchKeyOfThreeRecordsWithoutSeeingIt) {
  const auto id = store().create({.id = "acme", .context = {{"department", "admin"}}});
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_EQ(*id, "acme");
  EXPECT_EQ(count(), 3U);
  const auto active = record("acme", active_type);
  const auto version = record("acme", active.version);
  const auto beacon = record("acme", beacon_type);
  for (const auto& made : {active, version, beacon}) {
    EXPECT_TRUE(check_record(made));
    EXPECT_EQ(made.create_time, "2025-06-15T15:06:40.000000Z");
    EXPECT_EQ(made.kms_arn, key_arn);
    EXPECT_EQ(made.hierarchy_version, "1");
    EXPECT_EQ(made.attributes, (EncryptionContext{{"aws-crypto-ec:department", "admin"}}));
  }
  // A version 4 UUID.
  EXPECT_EQ(active.version[version_type_prefix.size() + 14], '4');
  EXPECT_EQ(kms_->generated_without_plaintext, 2);
  EXPECT_EQ(kms_->re_encrypted, 1);
  EXPECT_EQ(kms_->generated + kms_->encrypted + kms_->decrypted, 0);
}

TEST_F(Store, GivesTheSameKeyAsActiveAndByItsVersionAndAnotherAsBeacon) {
  auto one = store();
  ASSERT_TRUE(one.create({.id = "acme", .context = {{"department", "admin"}}}));
  const auto active = one.active("acme");
  ASSERT_TRUE(active) << active.error().message;
  const auto version = one.version("acme", (*active)->version);
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_EQ((*active)->id, "acme");
  EXPECT_EQ((*active)->key.size(), 32U);
  EXPECT_TRUE((*active)->key == (*version)->key);
  EXPECT_EQ((*active)->encryption_context, (EncryptionContext{{"department", "admin"}}));
  const auto beacon = one.beacon("acme");
  ASSERT_TRUE(beacon);
  EXPECT_EQ(beacon->size(), 32U);
  EXPECT_FALSE(*beacon == (*active)->key);
}

TEST_F(Store, MakesUpAnIdWhenNoneIsGiven) {
  auto one = store();
  const auto first = one.create({});
  const auto second = one.create({});
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(keyrings::parse_branch_key_version(*first));
  EXPECT_NE(*first, *second);
}

TEST_F(Store, MakesNothingOfWhatItCannotTake) {
  auto one = store();
  ASSERT_TRUE(one.create({.id = "acme", .context = {{"department", "admin"}}}));
  EXPECT_EQ(code(one.create({.id = "acme", .context = {{"department", "other"}}})), ErrorCode::already_exists);
  const int asked = kms_->generated_without_plaintext;
  EXPECT_EQ(code(one.create({.id = "bare", .context = {}})), ErrorCode::invalid_input);
  EXPECT_EQ(code(one.create({.id = "", .context = {{"a", "b"}}})), ErrorCode::invalid_input);
  EXPECT_EQ(code(one.create({.id = "a\nb", .context = {{"a", "b"}}})), ErrorCode::invalid_input);
  for (const auto& [key, value] : {std::pair<std::string, std::string>{"", "b"},
                                   {"a", ""},
                                   {"\xff", "b"},
                                   {"a", "\xff"},
                                   {"a", std::string(65535, 'b')}})
    EXPECT_EQ(code(one.create({.id = {}, .context = {{key, value}}})), ErrorCode::invalid_input);
  EXPECT_EQ(code(store(*KmsKeyChoice::discovery(our_account)).create({})), ErrorCode::unsupported_operation);
  EXPECT_EQ(kms_->generated_without_plaintext, asked);  // Not even asked for.
  EXPECT_EQ(count(), 3U);
}

TEST_F(Store, LeavesNothingBehindWhenTheKmsRefuses) {
  kms_->failure = Error{ErrorCode::access_denied, "no"};
  EXPECT_EQ(code(store().create({})), ErrorCode::access_denied);
  EXPECT_EQ(count(), 0U);
}

TEST_F(Store, RotatesToANewVersionAndKeepsTheOld) {
  auto one = store();
  ASSERT_TRUE(one.create({.id = "acme", .context = {{"department", "admin"}}}));
  const auto old = *one.active("acme");
  clock_->advance(std::chrono::hours(24));
  kms_->decrypted = 0;
  const auto version = one.rotate("acme");
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_EQ(kms_->decrypted, 0);
  const auto active = *one.active("acme");
  EXPECT_EQ(active->version, *version);
  EXPECT_NE(active->version, old->version);
  EXPECT_FALSE(active->key == old->key);
  EXPECT_EQ(active->encryption_context, old->encryption_context);
  EXPECT_TRUE((*one.version("acme", old->version))->key == old->key);
  EXPECT_TRUE((*one.version("acme", *version))->key == active->key);
  EXPECT_EQ(record("acme", active_type).create_time, "2025-06-16T15:06:40.000000Z");
  EXPECT_EQ(count(), 4U);
  EXPECT_EQ(code(one.rotate("nobody")), ErrorCode::not_found);
  EXPECT_EQ(code(store(*KmsKeyChoice::discovery(our_account)).rotate("acme")), ErrorCode::unsupported_operation);
}

TEST_F(Store, OfTwoRotationsAtOnceOneIsRefusedAndChangesNothing) {
  auto one = store();
  ASSERT_TRUE(one.create({.id = "acme", .context = {{"department", "admin"}}}));
  keyrings::BranchKeyVersion between{};
  records_->before_write = [&] {
    records_->before_write = [] {};
    between = *store().rotate("acme");
  };
  EXPECT_EQ(code(one.rotate("acme")), ErrorCode::conflict);
  EXPECT_EQ((*one.active("acme"))->version, between);
  EXPECT_EQ(count(), 4U);
}

TEST_F(Store, NoticesWhateverIsEditedInARecord) {
  auto one = store();
  ASSERT_TRUE(one.create({.id = "acme", .context = {{"department", "admin"}}}));
  ASSERT_TRUE(one.create({.id = "umbra", .context = {{"department", "admin"}}}));
  const auto good = record("acme", active_type);
  const auto edited = [&](auto change) {
    auto bad = good;
    change(bad);
    records_->put(bad);
    EXPECT_EQ(code(one.active("acme")), ErrorCode::invalid_ciphertext);
    EXPECT_EQ(code(one.rotate("acme")), ErrorCode::invalid_ciphertext);
    EXPECT_EQ(count(), 6U);
    records_->put(good);
  };
  edited([](Record& r) { r.version.back() = r.version.back() == '0' ? '1' : '0'; });
  edited([](Record& r) { r.create_time.back() = 'z'; });
  edited([](Record& r) { r.attributes.set("aws-crypto-ec:department", "sales"); });
  edited([](Record& r) { r.attributes.set("aws-crypto-ec:more", "x"); });
  edited([](Record& r) { r.attributes = {}; });
  edited([](Record& r) { r.wrapped_key.back() ^= std::byte{1}; });
  edited([&](Record& r) { r.wrapped_key = record("umbra", active_type).wrapped_key; });
  edited([&](Record& r) { r.wrapped_key = record("acme", good.version).wrapped_key; });
  edited([&](Record& r) { r.wrapped_key = record("acme", beacon_type).wrapped_key; });
  EXPECT_TRUE(one.active("acme"));
  // Under another key than the configured one the KMS is not even asked.
  auto moved = good;
  moved.kms_arn = other_key;
  records_->put(moved);
  const int asked = kms_->decrypted;
  EXPECT_EQ(code(one.active("acme")), ErrorCode::incorrect_key);
  EXPECT_EQ(kms_->decrypted, asked);
}

TEST_F(Store, IsBoundToItsLogicalName) {
  ASSERT_TRUE(store().create({.id = "acme", .context = {{"department", "admin"}}}));
  const RecordWrapping another(kms_, *KmsKeyChoice::only(key_arn), "others");
  EXPECT_EQ(code(another.unwrap(record("acme", active_type))), ErrorCode::invalid_ciphertext);
  EXPECT_TRUE(wrapping().unwrap(record("acme", active_type)));
}

TEST_F(Store, RefusesAKmsThatAnswersForAnotherKey) {
  auto one = store();
  ASSERT_TRUE(one.create({.id = "acme", .context = {{"department", "admin"}}}));
  kms_->answers_with = other_key;
  EXPECT_EQ(code(one.active("acme")), ErrorCode::incorrect_key);
  EXPECT_EQ(code(one.create({})), ErrorCode::incorrect_key);
  EXPECT_EQ(code(one.rotate("acme")), ErrorCode::incorrect_key);
  kms_->answers_with.clear();
  kms_->size_of_answers = 16;
  EXPECT_EQ(code(one.active("acme")), ErrorCode::corrupt);
}

TEST_F(Store, TakesRelatedKeysOfOtherRegionsWhenToldSo) {
  // Both names stand for one key, as a multi-Region key and its replica do.
  kms_->names = {{mrk_here, mrk_here}};
  ASSERT_TRUE(store(*KmsKeyChoice::only(mrk_here)).create({.id = "acme", .context = {{"a", "b"}}}));
  EXPECT_EQ(code(store(*KmsKeyChoice::only(mrk_there)).active("acme")), ErrorCode::incorrect_key);
  EXPECT_EQ(code(store(*KmsKeyChoice::multi_region(other_key)).active("acme")), ErrorCode::incorrect_key);
  EXPECT_TRUE(store(*KmsKeyChoice::multi_region(mrk_here)).active("acme"));
  EXPECT_EQ(*KmsKeyChoice::multi_region(mrk_there)->key_for(mrk_here), mrk_there);
  for (const auto* bad :
       {"", "alias/a", "arn:aws:kms:eu-west-1:123456789012:alias/a", "1234abcd-12ab-34cd-56ef-1234567890ab"}) {
    EXPECT_EQ(code(KmsKeyChoice::only(bad)), ErrorCode::invalid_input);
    EXPECT_EQ(code(KmsKeyChoice::multi_region(bad)), ErrorCode::invalid_input);
  }
}

TEST_F(Store, ReadsUnderWhicheverKeyOfOurAccountsARecordNamesWhenToldSo) {
  auto one = store();
  ASSERT_TRUE(one.create({.id = "acme", .context = {{"department", "admin"}}}));
  const auto active = *one.active("acme");
  const auto got = store(*KmsKeyChoice::discovery(our_account)).version("acme", active->version);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_TRUE((*got)->key == active->key);
  const auto any = *KmsKeyChoice::discovery(our_account);
  const auto any_in_dublin = *KmsKeyChoice::multi_region_discovery("eu-west-1", our_account);
  EXPECT_EQ(*any.key_for(mrk_here), mrk_here);
  EXPECT_EQ(*any_in_dublin.key_for(mrk_here), mrk_there);
  EXPECT_EQ(*any_in_dublin.key_for(key_arn), key_arn);
  for (const auto* not_ours :
       {"arn:aws:kms:eu-west-1:123456789012:alias/a", "arn:aws-cn:kms:eu-west-1:123456789012:key/mrk-1",
        "arn:aws:kms:eu-west-1:123456789013:key/mrk-1", "arn:aws:kms:eu-west-1:12345678901:key/mrk-1", ""}) {
    EXPECT_EQ(code(any.key_for(not_ours)), ErrorCode::incorrect_key) << not_ours;
    EXPECT_EQ(code(any_in_dublin.key_for(not_ours)), ErrorCode::incorrect_key) << not_ours;
  }
  for (const auto& bad : {keyrings::DiscoveryFilter{},
                          {.partition = "", .accounts = {"123456789012"}},
                          {.accounts = {"123456789012", "1"}}}) {
    EXPECT_EQ(code(KmsKeyChoice::discovery(bad)), ErrorCode::invalid_input);
    EXPECT_EQ(code(KmsKeyChoice::multi_region_discovery("eu-west-1", bad)), ErrorCode::invalid_input);
  }
  EXPECT_EQ(code(KmsKeyChoice::multi_region_discovery("", our_account)), ErrorCode::invalid_input);
}

// Somebody with the database in hand, and a KMS key of his own that lets us use it.
TEST_F(Store, HandsOutNoBranchKeyThatAStrangerPlanted) {
  const std::string strangers = "arn:aws:kms:eu-central-1:666666666666:key/abcdabcd-12ab-34cd-56ef-1234567890ab";
  kms_->names.emplace(strangers, strangers);
  ASSERT_TRUE(store().create({.id = "acme", .context = {{"department", "admin"}}}));
  const auto known = *SecretBytes::copy_of(Bytes(32, std::byte{7}));
  const auto plant = [&](Record planted, const std::string& key) {
    planted.kms_arn = key;
    std::vector<ContextPair> pairs;
    const auto context = context_of(planted, "tenants");
    planted.wrapped_key = kms_->encrypt(key, known, context.view(pairs))->ciphertext;
    records_->put(planted);
  };
  const auto version = version_of(record("acme", active_type));
  plant(record("acme", active_type), strangers);
  plant(record("acme", version_type(version)), strangers);
  EXPECT_EQ(code(store().active("acme")), ErrorCode::incorrect_key);
  for (const auto& choice :
       {*KmsKeyChoice::discovery(our_account), *KmsKeyChoice::multi_region_discovery("eu-central-1", our_account)}) {
    EXPECT_EQ(code(store(choice).active("acme")), ErrorCode::unsupported_operation);
    EXPECT_EQ(code(store(choice).version("acme", version)), ErrorCode::incorrect_key);
  }
  EXPECT_EQ(kms_->decrypted, 0);  // Not even asked.
  // Of an account of ours, by somebody who may encrypt under it: nothing is sealed under that either.
  plant(record("acme", active_type), key_arn);
  EXPECT_EQ(code(store(*KmsKeyChoice::discovery(our_account)).active("acme")), ErrorCode::unsupported_operation);
}

TEST_F(Store, KeepsTheKmsKeyThatRecordsNameWhenItRotatesFromAnotherRegion) {
  kms_->names = {{mrk_here, mrk_here}};
  ASSERT_TRUE(store(*KmsKeyChoice::only(mrk_here)).create({.id = "acme", .context = {{"a", "b"}}}));
  // The replica in the other Region: the same key, called by its own ARN, which it answers with.
  kms_->names = {{mrk_there, mrk_here}};
  kms_->answers_with = mrk_there;
  auto there = store(*KmsKeyChoice::multi_region(mrk_there));
  const auto version = there.rotate("acme");
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_EQ(record("acme", active_type).kms_arn, mrk_here);
  EXPECT_EQ(record("acme", version_type(*version)).kms_arn, mrk_here);
  // Who knows only the first Region's reads the new version as before.
  kms_->names = {{mrk_here, mrk_here}};
  kms_->answers_with.clear();
  EXPECT_EQ((*store(*KmsKeyChoice::only(mrk_here)).active("acme"))->version, *version);
}

TEST_F(Store, GivesEveryRecordOfOneBranchKeyAndNoOthers) {
  auto one = store();
  for (const auto* id : {"b", "a", "ab"}) ASSERT_TRUE(one.create({.id = id, .context = {{"x", "y"}}}));
  for (int i = 0; i < 120; ++i) ASSERT_TRUE(one.rotate("a"));
  EXPECT_EQ(records_of(*records_, "a")->size(), 123U);
  EXPECT_EQ(records_of(*records_, "ab")->size(), 3U);
  EXPECT_EQ(records_of(*records_, "b")->size(), 3U);
  auto bad = record("ab", active_type);
  bad.kms_arn = "alias/a";
  records_->put(bad);
  const auto found = records_of(*records_, "ab");
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ((*found)[1].position.type, active_type);
  EXPECT_EQ(code((*found)[1].record), ErrorCode::corrupt);
  EXPECT_TRUE((*found)[0].record && (*found)[2].record);
  EXPECT_EQ(code(records_of(*records_, "c")), ErrorCode::not_found);
  EXPECT_EQ(code(records_of(*records_, "")), ErrorCode::invalid_input);
}

// Hierarchy version 2, as the material providers library writes it: see record_wrapping.cpp.
TEST_F(Store, ReadsAndOnlyReadsRecordsOfHierarchyVersion2WhenToldSo) {
  auto made = version_record("acme");
  made.hierarchy_version = "2";
  Bytes plaintext;
  Writer(plaintext)
      .bytes(crypto::sha384(*write_attributes(context_of(made, "tenants"))))
      .bytes(Bytes(32, std::byte{7}));
  std::vector<ContextPair> pairs;
  const EncryptionContext kms_context{{"department", "admin"}};
  made.wrapped_key = kms_->encrypt(key_arn, *SecretBytes::copy_of(plaintext), kms_context.view(pairs))->ciphertext;
  records_->put(made);
  EXPECT_EQ(code(store().version("acme", version_of(made))), ErrorCode::unsupported_operation);
  EXPECT_EQ(code(wrapping().unwrap(made)), ErrorCode::unsupported_operation);
  EXPECT_EQ(kms_->decrypted, 0);  // Not even asked.
  auto one = store(*KmsKeyChoice::only(key_arn), HierarchyVersion::two);
  const auto got = one.version("acme", version_of(made));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_TRUE((*got)->key == *SecretBytes::copy_of(Bytes(32, std::byte{7})));
  // The KMS does not bind the other fields here; the digest does.
  auto edited = made;
  edited.create_time.back() = 'z';
  records_->put(edited);
  EXPECT_EQ(code(one.version("acme", version_of(made))), ErrorCode::authentication);
  records_->put(made);
  EXPECT_EQ(code(wrapping().re_encrypt(made, made)), ErrorCode::unsupported_operation);
  auto active = made;
  active.version = made.type;
  active.type = active_type;
  records_->put(active);
  EXPECT_EQ(code(one.rotate("acme")), ErrorCode::unsupported_operation);
  EXPECT_EQ(count(), 2U);
}

}  // namespace
}  // namespace keyfold::keystore
