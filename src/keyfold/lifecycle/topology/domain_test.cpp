// A domain of a topology, for those who seal and open in it: key, context, suite and cache; and that what is of another
// domain or environment is refused before anybody is asked for a key.

#include "keyfold/lifecycle/topology/domain.h"

#include <gtest/gtest.h>

#include "keyfold/envelope/keyrings/fake_kms_test.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/seal/envelope.h"
#include "keyfold/lifecycle/topology/shop_test.h"

namespace keyfold::topology {
namespace {

using keyrings::testing::FakeKms;
using seal::Envelope;

std::string alias_arn_of(std::string_view environment, std::string_view domain) {
  return "arn:aws:kms:eu-central-1:123456789012:alias/shop/" + std::string(environment) + "/" + std::string(domain);
}
std::string key_arn_of(std::string_view environment, std::string_view domain) {
  // Some key id that is told by the names.
  const auto number = std::hash<std::string>()(std::string(environment) + std::string(domain)) & 0xffff;
  char id[37];
  std::snprintf(id, sizeof id, "1234abcd-12ab-34cd-56ef-12345678%04x", static_cast<unsigned>(number));
  return "arn:aws:kms:eu-central-1:123456789012:key/" + std::string(id);
}

class Domains : public ::testing::Test {
 protected:
  Topology topology = testing::shop();
  std::shared_ptr<FakeKms> kms = std::make_shared<FakeKms>("unused");

  Domains() {
    for (const auto& domain : topology.domains)
      kms->names[alias_arn_of(domain.environment, domain.name)] = key_arn_of(domain.environment, domain.name);
  }
  int calls() const { return kms->generated + kms->encrypted + kms->decrypted; }
  Envelope envelope(std::string environment, std::string domain) {
    auto manager = open_domain(
        topology, {.environment = std::move(environment), .domain = std::move(domain), .region = "eu-central-1"},
        {.kms = kms});
    if (!manager) ADD_FAILURE() << manager.error().message;
    KEYFOLD_CHECK(manager.has_value());
    return Envelope(*manager);
  }
};

TEST_F(Domains, SealingTakesTheDomainsKeyContextAndSuite) {
  for (const auto& [domain, suite] : {std::pair("payments/cards", 0x0578), std::pair("customers", 0x0478)}) {
    const auto in = envelope("production", domain);
    const auto sealed = in.seal("text", {.encryption_context = {{"tenant", "4711"}}});
    ASSERT_TRUE(sealed) << sealed.error().message;
    const auto opened = in.open(*sealed);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->text(), "text");
    const auto& info = opened->info;
    EXPECT_EQ(*info.encryption_context.find("domain"), domain);
    EXPECT_EQ(*info.encryption_context.find("environment"), "production");
    EXPECT_EQ(*info.encryption_context.find("tenant"), "4711");
    EXPECT_EQ(static_cast<int>(info.suite->id), suite);
    EXPECT_EQ(as_text(info.encrypted_data_keys.at(0).provider_info), key_arn_of("production", domain));
  }
}

TEST_F(Domains, AMessageOfAnotherEnvironmentOrDomainIsRefusedBeforeAnyCall) {
  const auto sealed = *envelope("production", "customers").seal("text");
  const auto elsewhere = *Envelope(keyrings::default_materials_manager(keyrings::kms_keyring(
                                       kms, *keyrings::KmsKeyName::parse(alias_arn_of("staging", "customers")))))
                              .seal("text", {.encryption_context = {{"environment", "staging"}}});
  const auto before = calls();
  for (const auto& [environment, domain] : {std::pair("staging", "customers"), std::pair("development", "customers"),
                                            std::pair("production", "payments/cards")}) {
    const auto in = envelope(environment, domain);
    const auto opened = in.open(sealed);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::wrong_domain) << opened.error().message;
    // However it is opened.
    seal::BytesSource source(sealed);
    Bytes plaintext;
    seal::BytesSink sink(plaintext);
    EXPECT_EQ(in.open(source, sink).error().code, ErrorCode::wrong_domain);
    EXPECT_EQ(in.range_reader(std::make_shared<seal::BytesAccess>(sealed)).error().code, ErrorCode::wrong_domain);
    Bytes out(sealed.size());
    EXPECT_EQ(in.open_into(sealed, out).error().code, ErrorCode::wrong_domain);
    const BytesView messages[] = {sealed};
    EXPECT_EQ(in.open_batch(messages).at(0).error().code, ErrorCode::wrong_domain);
  }
  EXPECT_EQ(envelope("staging", "customers").open(elsewhere).error().code, ErrorCode::wrong_domain)
      << "it names no domain";
  EXPECT_EQ(calls(), before);
}

TEST_F(Domains, AMessageThatOnlySaysThatItIsOfThisDomainDoesNotOpen) {
  auto sealed = *envelope("production", "customers").seal("text");
  const std::string from = "production", to = "staging---";  // As long.
  const auto at = std::ranges::search(sealed, as_bytes(from)).begin();
  std::ranges::copy(as_bytes(to), at);
  topology.environments.push_back(to);
  auto domain = **topology.domain("staging", "customers");
  domain.environment = to;
  topology.domains.push_back(domain);
  kms->names[alias_arn_of(to, "customers")] = key_arn_of("production", "customers");  // Even under the same key.
  const auto opened = envelope(to, "customers").open(sealed);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_ciphertext) << opened.error().message;
}

TEST_F(Domains, SealingUnderAnotherDomainsNameIsRefused) {
  const auto in = envelope("production", "customers");
  EXPECT_EQ(in.seal("text", {.encryption_context = {{"environment", "staging"}}}).error().code,
            ErrorCode::wrong_domain);
  EXPECT_EQ(in.seal("text", {.encryption_context = {{"domain", "mail"}}}).error().code, ErrorCode::wrong_domain);
  EXPECT_EQ(calls(), 0);
  EXPECT_TRUE(in.seal("text", {.encryption_context = {{"environment", "production"}, {"domain", "customers"}}}));
}

TEST_F(Domains, WhereReadersAreNotWritersNothingIsSealedUnsigned) {
  const auto in = envelope("production", "payments/cards");
  const auto sealed = in.seal("text", {.suite = materials::SuiteId::aes_256_gcm_hkdf_sha512_commit_key});
  ASSERT_TRUE(sealed);
  EXPECT_TRUE(in.open(*sealed)->info.suite->signs());
  const auto older = in.seal("text", {.suite = materials::SuiteId::aes_256_gcm_hkdf_sha384_ecdsa_p384,
                                      .commitment_policy = materials::CommitmentPolicy::forbid_encrypt_allow_decrypt});
  EXPECT_EQ(older.error().code, ErrorCode::invalid_input);
}

TEST_F(Domains, WhereReadersAreNotWritersNothingUnsignedOpens) {
  const auto name = *keyrings::KmsKeyName::parse(alias_arn_of("production", "payments/cards"));
  const Envelope by_hand(keyrings::default_materials_manager(keyrings::kms_keyring(kms, name)));
  const seal::SealOptions bound{.encryption_context = {{"domain", "payments/cards"}, {"environment", "production"}},
                                .suite = materials::SuiteId::aes_256_gcm_hkdf_sha512_commit_key};
  const auto sealed = by_hand.seal("forged?", bound);
  ASSERT_TRUE(sealed);
  const auto before = calls();
  const auto opened = envelope("production", "payments/cards").open(*sealed);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::authentication) << opened.error().message;
  EXPECT_EQ(calls(), before) << "nobody is asked";
  // But where the file says so, for what was sealed before the lists were parted.
  for (auto& domain : topology.domains) domain.opens_unsigned = true;
  EXPECT_TRUE(envelope("production", "payments/cards").open(*sealed));
}

TEST_F(Domains, TheCacheHasTheFilesLimits) {
  auto cached = envelope("production", "payments/cards");
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(cached.seal("x"));
  EXPECT_EQ(kms->generated, 1);
  ASSERT_TRUE(cached.seal("x"));
  EXPECT_EQ(kms->generated, 2) << "1,000 messages are what the file allows to a data key";
  const auto uncached = envelope("development", "payments/cards");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(uncached.seal("x"));
  EXPECT_EQ(kms->generated, 5);
}

TEST_F(Domains, WhatTheTopologyDoesNotHaveIsRefused) {
  const auto refused = [&](DomainChoice choice, const DomainSources& sources) {
    const auto manager = open_domain(topology, choice, sources);
    return !manager && manager.error().code == ErrorCode::invalid_input;
  };
  EXPECT_TRUE(refused({.environment = "", .domain = "customers", .region = "eu-central-1"}, {.kms = kms}));
  EXPECT_TRUE(refused({.environment = "production", .domain = "customer", .region = "eu-central-1"}, {.kms = kms}));
  EXPECT_TRUE(refused({.environment = "production", .domain = "customers", .region = "us-east-1"}, {.kms = kms}));
  EXPECT_TRUE(
      refused({.environment = "production", .domain = "customers", .region = "eu-central-1"}, {.kms = nullptr}));
  EXPECT_TRUE(refused({.environment = "production", .domain = "mail", .region = "eu-central-1"}, {.kms = kms}));
}

// One branch key, for whoever asks for it.
class OneBranchKey final : public keyrings::BranchKeyStore {
 public:
  int asked = 0;
  Result<std::shared_ptr<const keyrings::BranchKey>> active(std::string_view id) override { return key(id); }
  Result<std::shared_ptr<const keyrings::BranchKey>> version(std::string_view id,
                                                             const keyrings::BranchKeyVersion&) override {
    return key(id);
  }
  const std::string& logical_name() const override { return name_; }

 private:
  Result<std::shared_ptr<const keyrings::BranchKey>> key(std::string_view id) {
    ++asked;
    if (id != "4711") return Error{ErrorCode::not_found, "no such tenant"};
    auto made = std::make_shared<keyrings::BranchKey>();
    made->id = id;
    made->version[0] = std::byte{1};
    made->key = *SecretBytes::copy_of(Bytes(keyrings::branch_key_size, std::byte{7}));
    return std::shared_ptr<const keyrings::BranchKey>(std::move(made));
  }
  const std::string name_ = "store";
};

TEST_F(Domains, WithTenantsTheBranchKeyIsTheTenantsAndTheStoreIsOpenedWhenItIsNeeded) {
  auto store = std::make_shared<OneBranchKey>();
  std::vector<client::BranchKeyStoreWanted> opened;
  bool fails = true;
  const DomainSources sources{
      .kms = nullptr,
      .branch_keys =
          [&](const client::BranchKeyStoreWanted& wanted) -> Result<std::shared_ptr<keyrings::BranchKeyStore>> {
        opened.push_back(wanted);
        if (fails) return Error{ErrorCode::unavailable, "not yet"};
        return std::shared_ptr<keyrings::BranchKeyStore>(store);
      }};
  const auto manager =
      open_domain(topology, {.environment = "staging", .domain = "mail", .region = "eu-west-1"}, sources);
  ASSERT_TRUE(manager);
  const Envelope in(*manager);
  EXPECT_EQ(in.open(*envelope("staging", "customers").seal("text")).error().code, ErrorCode::wrong_domain);
  EXPECT_TRUE(opened.empty());
  EXPECT_EQ(in.seal("text", {.encryption_context = {{"tenant", "4711"}}}).error().code, ErrorCode::unavailable);
  fails = false;
  const auto sealed = in.seal("text", {.encryption_context = {{"tenant", "4711"}}});
  ASSERT_TRUE(sealed) << sealed.error().message;
  EXPECT_EQ(in.open(*sealed)->text(), "text");
  EXPECT_FALSE(in.seal("text", {.encryption_context = {{"tenant", "4712"}}}));
  EXPECT_FALSE(in.seal("text"));
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(opened[1].store, "mail-staging-eu-west-1.sqlite");
  EXPECT_EQ(opened[1].logical_name, "shop/staging/mail");
  EXPECT_EQ(opened[1].key, "arn:aws:kms:eu-west-1:123456789012:alias/shop/staging/mail");
}

}  // namespace
}  // namespace keyfold::topology
