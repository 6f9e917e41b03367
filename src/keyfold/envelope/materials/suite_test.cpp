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
  const auto unknown = suite_of(std::uint16_t{0x0678});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::invalid_input);
  EXPECT_EQ(unknown.error().message, "unknown algorithm suite 0x0678");
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

TEST(CommitmentPolicy, AllowsWhatTheSpecificationsTableSays) {
  using enum CommitmentPolicy;
  for (const auto& suite : all_suites()) {
    const bool commits = suite.commits();
    EXPECT_EQ(check_may_encrypt(forbid_encrypt_allow_decrypt, suite).has_value(), !commits) << suite.name;
    EXPECT_EQ(check_may_encrypt(require_encrypt_allow_decrypt, suite).has_value(), commits) << suite.name;
    EXPECT_EQ(check_may_encrypt(require_encrypt_require_decrypt, suite).has_value(), commits) << suite.name;
    EXPECT_TRUE(check_may_decrypt(forbid_encrypt_allow_decrypt, suite)) << suite.name;
    EXPECT_TRUE(check_may_decrypt(require_encrypt_allow_decrypt, suite)) << suite.name;
    EXPECT_EQ(check_may_decrypt(require_encrypt_require_decrypt, suite).has_value(), commits) << suite.name;
  }
}

TEST(CommitmentPolicy, ItsRefusalNamesSuiteAndPolicy) {
  const auto refused =
      check_may_decrypt(CommitmentPolicy::require_encrypt_require_decrypt, suite_of(SuiteId::aes_256_gcm_hkdf_sha256));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_input);
  EXPECT_EQ(refused.error().message,
            "suite 0x0178 does not commit to its data key, as require_encrypt_require_decrypt asks");
}

TEST(CommitmentPolicy, ItsDefaultSuiteIsOneThatItAllows) {
  using enum CommitmentPolicy;
  for (const auto policy :
       {forbid_encrypt_allow_decrypt, require_encrypt_allow_decrypt, require_encrypt_require_decrypt}) {
    EXPECT_TRUE(check_may_encrypt(policy, suite_of(default_suite(policy))));
    EXPECT_FALSE(suite_of(default_suite(policy)).signs());
    EXPECT_TRUE(suite_of(default_suite(policy)).derives_keys());
    EXPECT_EQ(*parse_commitment_policy(to_string(policy)), policy);
  }
  EXPECT_FALSE(parse_commitment_policy("require"));
}

}  // namespace
}  // namespace keyfold::materials
