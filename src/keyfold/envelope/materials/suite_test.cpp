#include "keyfold/envelope/materials/suite.h"

#include <gtest/gtest.h>

#include <set>

#include "keyfold/envelope/materials/commitment_policy.h"

namespace keyfold::materials {
namespace {

TEST(Suites, AreTheElevenOfTheSpecification) {
  std::set<SuiteId> ids;
  for (const auto& suite : all_suites()) {
    ids.insert(suite.id);
    EXPECT_EQ(find_suite(static_cast<std::uint16_t>(suite.id)), &suite);
    // The last byte of an id is the size of the data key in bits, as the specification's table has it.
    const unsigned last = static_cast<std::uint16_t>(suite.id) & 0xFFU;
    EXPECT_EQ(suite.data_key_size, last == 0x14 ? 16 : last == 0x46 ? 24 : 32) << to_string(suite.id);
    EXPECT_EQ(suite.message_version, suite.commits() ? 2 : 1);
    EXPECT_EQ(suite.name.find("ECDSA") != std::string_view::npos, suite.signs());
  }
  EXPECT_EQ(ids.size(), 11U);
}

TEST(Suites, AnyOtherNumberIsUnknown) {
  int known = 0;
  for (unsigned id = 0; id <= 0xFFFF; ++id) known += find_suite(static_cast<std::uint16_t>(id)) != nullptr;
  EXPECT_EQ(known, 11);
  const auto unknown = usable_suite(std::uint16_t{0x0678});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::invalid_input);
}

TEST(Suites, OnlyTheCommittingOnesAreUsableAndTheOthersAreNamed) {
  for (const auto& suite : all_suites()) {
    const auto usable = usable_suite(suite.id);
    EXPECT_EQ(usable.has_value(), suite.commits()) << to_string(suite.id);
    if (!usable) {
      EXPECT_NE(usable.error().message.find(to_string(suite.id)), std::string::npos) << usable.error().message;
    }
  }
  EXPECT_EQ(usable_suite(SuiteId::aes_256_gcm_hkdf_sha256).error().message,
            "not supported: suite 0x0178 (AES_256_GCM_IV12_TAG16_HKDF_SHA256)");
}

TEST(Suites, AreReadByNumberAndByName) {
  for (const auto& suite : all_suites()) {
    const auto number = to_string(suite.id);
    for (const std::string& text : {number, number.substr(2), std::string(suite.name)}) {
      const auto read = parse_suite(text);
      ASSERT_TRUE(read) << text;
      EXPECT_EQ(*read, suite.id);
    }
  }
  for (const char* text : {"", "0x", "478", "0x0678", "AES"}) EXPECT_FALSE(parse_suite(text)) << text;
}

TEST(CommitmentPolicy, RequireRequireTakesOnlySuitesThatCommit) {
  for (const auto& suite : all_suites()) {
    const auto policy = CommitmentPolicy::require_encrypt_require_decrypt;
    EXPECT_EQ(check_may_encrypt(policy, suite).has_value(), suite.commits());
    EXPECT_EQ(check_may_decrypt(policy, suite).has_value(), suite.commits());
  }
}

}  // namespace
}  // namespace keyfold::materials
