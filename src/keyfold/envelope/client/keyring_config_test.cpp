#include "keyfold/envelope/client/keyring_config.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace keyfold::client {
namespace {

class KeyringConfig : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "keyfold-keyring-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    for (const auto& [name, size] :
         {std::pair("key16", 16), std::pair("key32", 32), std::pair("key31", 31), std::pair("key33", 33)})
      std::ofstream(folder_ / name) << std::string(static_cast<std::size_t>(size), 'k');
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<ConfiguredKeyring> read(std::string_view json) {
    return keyring_from_json(json,
                             {.kms = [this](std::string_view key) -> Result<std::shared_ptr<keyrings::KmsClient>> {
                                asked_.emplace_back(key);
                                return Error{ErrorCode::unavailable, "no KMS in this test"};
                              },
                              .folder = folder_});
  }
  std::filesystem::path folder_;
  std::vector<std::string> asked_;
};

constexpr std::string_view raw = R"({"type":"raw-aes","namespace":"archive","name":"2026","key_file":"key32"})";

TEST_F(KeyringConfig, ReadsEveryType) {
  auto keyring = read(raw);
  ASSERT_TRUE(keyring) << keyring.error().message;
  EXPECT_FALSE(keyring->has_kms);
  EXPECT_TRUE(read(R"({"type":"multi","generator":)" + std::string(raw) +
                   R"(,"children":[{"type":"raw-aes","namespace":"a","name":"b","key_file":"key16"}]})"));
  EXPECT_TRUE(read(R"({"type":"multi","children":[)" + std::string(raw) + "]}"));
  EXPECT_FALSE(read(R"({"type":"kms","key":"alias/ledger"})"));
  EXPECT_EQ(asked_, std::vector<std::string>{"alias/ledger"});
}

TEST_F(KeyringConfig, RefusesWhatItDoesNotKnow) {
  for (const std::string_view wrong :
       {"", "[]", "{}", "null", R"({"type":"rsa"})", R"({"type":7})", R"({"type":"kms"})", R"({"type":"kms","key":""})",
        R"({"type":"kms","key":"alias/a","region":"x"})", R"({"type":"kms","type":"kms","key":"alias/a"})",
        R"({"type":"raw-aes","namespace":"a","name":"b"})",
        R"({"type":"raw-aes","namespace":"a","name":"b","key_file":"absent"})",
        R"({"type":"raw-aes","namespace":"a","name":"b","key_file":"key31"})",
        R"({"type":"raw-aes","namespace":"a","name":"b","key_file":"key33"})",
        R"({"type":"raw-aes","namespace":"aws-kms","name":"b","key_file":"key32"})",
        R"({"type":"raw-aes","namespace":"a","name":"b","key":"kkkkkkkkkkkkkkkk","key_file":"key16"})",
        R"({"type":"multi"})", R"({"type":"multi","children":{}})", R"({"type":"multi","children":[7]})"}) {
    const auto keyring = read(wrong);
    ASSERT_FALSE(keyring) << wrong;
    EXPECT_EQ(keyring.error().code, ErrorCode::invalid_input) << wrong;
  }
  EXPECT_TRUE(asked_.empty());
}

TEST_F(KeyringConfig, LimitsDepthAndNumber) {
  const auto nested = [](std::size_t depth) {
    std::string json(raw);
    for (std::size_t i = 1; i < depth; ++i) json = R"({"type":"multi","children":[)" + json + "]}";
    return json;
  };
  EXPECT_TRUE(read(nested(keyring_depth_max)));
  EXPECT_FALSE(read(nested(keyring_depth_max + 1)));
  const auto wide = [](std::size_t count) {
    std::string json = R"({"type":"multi","children":[)" + std::string(raw);
    for (std::size_t i = 1; i < count; ++i) json += "," + std::string(raw);
    return json + "]}";
  };
  EXPECT_TRUE(read(wide(keyring_count_max - 1)));
  EXPECT_FALSE(read(wide(keyring_count_max)));
}

}  // namespace
}  // namespace keyfold::client
