// The AWS Encryption SDK's own messages (see keyfold/testing/vectors.h): the raw AES cases of the suites that we read.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "keyfold/envelope/seal/messages_test.h"
#include "keyfold/testing/vectors.h"

namespace keyfold::seal {
namespace {

using namespace keyfold::seal::testing;
namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// "file://ciphertexts/…" is relative to the manifest.
std::string contents_of(const fs::path& folder, std::string_view url) {
  return contents(folder / url.substr(std::string_view("file://").size()));
}

std::string text_at(simdjson::dom::element element, const char* key) {
  std::string_view text;
  EXPECT_EQ(element[key].get(text), simdjson::SUCCESS) << key;
  return std::string(text);
}

std::shared_ptr<const keyrings::Keyring> keyring_of(simdjson::dom::element description, simdjson::dom::element keys) {
  simdjson::dom::element key;
  EXPECT_EQ(keys["keys"][text_at(description, "key")].get(key), simdjson::SUCCESS);
  const auto material = from_base64(text_at(key, "material"));
  return *keyrings::raw_aes_keyring(
      {text_at(description, "provider-id"), text_at(key, "key-id"), *SecretBytes::copy_of(*material)});
}

bool is_raw_aes(simdjson::dom::element description) {
  if (text_at(description, "type") != "raw") return false;
  return text_at(description, "encryption-algorithm") == "aes";
}

class Vectors : public ::testing::Test {
 protected:
  void SetUp() override {
    VECTORS_OR_SKIP(manifest, "esdk/decrypt-manifest.json");
    folder_ = manifest->parent_path();
    ASSERT_EQ(manifest_parser_.load(manifest->string()).get(manifest_), simdjson::SUCCESS);
    ASSERT_EQ(keys_parser_.load((folder_ / "keys.json").string()).get(keys_), simdjson::SUCCESS);
  }
  // Calls `check(name, scenario, ciphertext)` for every message of a suite that we read.
  template <class Check>
  void each_of_our_suites(Check check) {
    simdjson::dom::object tests;
    ASSERT_EQ(manifest_["tests"].get(tests), simdjson::SUCCESS);
    for (const auto& [name, test] : tests) {
      simdjson::dom::element scenario;
      ASSERT_EQ(test["decryption-scenario"].get(scenario), simdjson::SUCCESS);
      const auto suite = text_at(scenario, "algorithmSuiteId");
      if (suite == "0478" || suite == "0578")
        check(std::string(name), scenario, contents_of(folder_, text_at(scenario, "ciphertext")));
    }
  }
  fs::path folder_;
  simdjson::dom::parser manifest_parser_, keys_parser_;
  simdjson::dom::element manifest_, keys_;
};

TEST_F(Vectors, EveryRawAesMessageOfBothSuitesOpens) {
  int opened_count = 0;
  each_of_our_suites([&](const std::string& name, simdjson::dom::element scenario, const std::string& ciphertext) {
    simdjson::dom::element description;
    ASSERT_EQ(scenario["decryptKeyDescription"].get(description), simdjson::SUCCESS);
    if (!is_raw_aes(description)) return;
    const Envelope envelope(keyring_of(description, keys_));
    const auto expected = contents_of(folder_, text_at(scenario, "result"));
    const auto opened = envelope.open(ciphertext);
    ASSERT_TRUE(opened) << name << ": " << opened.error().message;
    EXPECT_EQ(opened->text(), expected) << name;
    Bytes released;
    ASSERT_TRUE(open_in_steps(envelope, as_bytes(ciphertext), 1000, released)) << name;
    EXPECT_EQ(as_text(released), expected) << name;
    ++opened_count;
  });
  EXPECT_EQ(opened_count, 6);
}

TEST_F(Vectors, EveryMessageOfBothSuitesCanBeInspectedAndHasTheShapeOfOne) {
  int count = 0;
  each_of_our_suites([&](const std::string& name, simdjson::dom::element scenario, const std::string& ciphertext) {
    const auto info = inspect(as_bytes(ciphertext));
    ASSERT_TRUE(info) << name << ": " << info.error().message;
    EXPECT_EQ(materials::to_string(info->suite->id).substr(2), text_at(scenario, "algorithmSuiteId"));
    const auto shape =
        message::read_body_shape(as_bytes(ciphertext).subspan(info->header_size), *info->suite, info->frame_length);
    EXPECT_TRUE(shape) << name << ": " << shape.error().message;
    ++count;
  });
  EXPECT_GE(count, 80);
}

}  // namespace
}  // namespace keyfold::seal
