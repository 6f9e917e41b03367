// The AWS Encryption SDK's messages under a static branch key (see keyfold/testing/vectors.h): the branch-key keyring
// over a store that has just this one key unwraps their data keys.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>
#include <sstream>

#include "keyfold/envelope/keyrings/branch_key.h"
#include "keyfold/envelope/keyrings/fake_branch_keys_test.h"
#include "keyfold/envelope/materials/context_codec.h"
#include "keyfold/envelope/seal/message_info.h"
#include "keyfold/testing/vectors.h"

namespace keyfold::seal {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string text_at(simdjson::dom::element element, const char* key) {
  std::string_view text;
  EXPECT_EQ(element[key].get(text), simdjson::SUCCESS) << key;
  return std::string(text);
}

std::shared_ptr<const keyrings::Keyring> keyring_of(simdjson::dom::element key) {
  auto store = std::make_shared<keyrings::testing::FakeBranchKeys>();
  store->put(text_at(key, "key-id"), *keyrings::parse_branch_key_version(text_at(key, "branchKeyVersion")),
             *from_base64(text_at(key, "branchKey")));
  return *keyrings::branch_key_keyring(store, *keyrings::fixed_branch_key(text_at(key, "key-id")),
                                       {.time_to_live = std::chrono::seconds(60)});
}

Result<SecretBytes> unwrap(const keyrings::Keyring& keyring, const MessageInfo& info) {
  std::vector<ContextPair> pairs;
  const auto context = info.encryption_context.view(pairs);
  Bytes serialized;
  EXPECT_TRUE(materials::append_serialized_context(serialized, context));
  std::vector<materials::EncryptedDataKeyView> keys;
  keys.reserve(info.encrypted_data_keys.size());
  for (const auto& key : info.encrypted_data_keys) keys.push_back(key.view());
  return keyring.on_decrypt(
      {.suite = *info.suite, .encryption_context = context, .serialized_context = serialized, .keys = keys});
}

TEST(BranchKeyVectors, TheDataKeyOfEveryMessageUnderTheStaticBranchKeyIsUnwrapped) {
  VECTORS_OR_SKIP(manifest_file, "esdk/decrypt-manifest.json");
  simdjson::dom::parser manifest_parser, keys_parser;
  simdjson::dom::element manifest, keys;
  ASSERT_EQ(manifest_parser.load(manifest_file->string()).get(manifest), simdjson::SUCCESS);
  ASSERT_EQ(keys_parser.load((manifest_file->parent_path() / "keys.json").string()).get(keys), simdjson::SUCCESS);
  simdjson::dom::object tests;
  ASSERT_EQ(manifest["tests"].get(tests), simdjson::SUCCESS);
  int count = 0;
  int unwrapped = 0;
  for (const auto& [name, test] : tests) {
    simdjson::dom::element scenario, description, key;
    ASSERT_EQ(test["decryption-scenario"].get(scenario), simdjson::SUCCESS);
    ASSERT_EQ(scenario["decryptKeyDescription"].get(description), simdjson::SUCCESS);
    if (text_at(description, "type") != "aws-kms-hierarchy") continue;
    ASSERT_EQ(keys["keys"][text_at(description, "key")].get(key), simdjson::SUCCESS);
    ++count;
    const auto message =
        contents(manifest_file->parent_path() / text_at(scenario, "ciphertext").substr(std::strlen("file://")));
    const auto info = inspect(as_bytes(message));
    // Headers of version 1.0 are refused by name; as soon as they are read, these count too.
    if (!info && !message.empty() && message[0] == '\x01') continue;
    ASSERT_TRUE(info) << name << ": " << info.error().message;
    // AES-GCM vouches for it: no other key verifies.
    const auto data_key = unwrap(*keyring_of(key), *info);
    ASSERT_TRUE(data_key) << name << ": " << data_key.error().message;
    EXPECT_EQ(data_key->size(), info->suite->data_key_size);
    ++unwrapped;
  }
  EXPECT_EQ(count, 11);
  EXPECT_GE(unwrapped, 2);  // Of the two suites of version 2.0, at the least.
}

}  // namespace
}  // namespace keyfold::seal
