// The AWS Encryption SDK's own messages (see keyfold/testing/vectors.h): every one whose keys are local opens, and of
// all of them the headers, bodies and signatures are read.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "keyfold/core/crypto/ecdsa.h"
#include "keyfold/envelope/keyrings/branch_key.h"
#include "keyfold/envelope/keyrings/fake_branch_keys_test.h"
#include "keyfold/envelope/keyrings/raw_rsa.h"
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

using KeyringPointer = std::shared_ptr<const keyrings::Keyring>;

simdjson::dom::element at(simdjson::dom::element element, std::string_view key) {
  simdjson::dom::element found;
  EXPECT_EQ(element[key].get(found), simdjson::SUCCESS) << key;
  return found;
}

EncryptionContext context_at(simdjson::dom::element element, std::string_view key) {
  EncryptionContext context;
  simdjson::dom::object pairs;
  EXPECT_EQ(element[key].get(pairs), simdjson::SUCCESS) << key;
  for (const auto& [name, value] : pairs) context.set(std::string(name), std::string(std::string_view(value)));
  return context;
}

KeyringPointer raw_aes(simdjson::dom::element description, simdjson::dom::element key) {
  const auto material = from_base64(text_at(key, "material"));
  return *keyrings::raw_aes_keyring(
      {text_at(description, "provider-id"), text_at(key, "key-id"), *SecretBytes::copy_of(*material)});
}

KeyringPointer raw_rsa(simdjson::dom::element description, simdjson::dom::element key) {
  using enum keyrings::RsaPadding;
  static const std::map<std::string, keyrings::RsaPadding> paddings{
      {"pkcs1", pkcs1}, {"sha1", oaep_sha1}, {"sha256", oaep_sha256}, {"sha384", oaep_sha384}, {"sha512", oaep_sha512}};
  auto padding = text_at(description, "padding-algorithm");
  if (padding == "oaep-mgf1") padding = text_at(description, "padding-hash");
  const auto pem = text_at(key, "material");
  return *keyrings::raw_rsa_keyring({.key_namespace = text_at(description, "provider-id"),
                                     .key_name = text_at(key, "key-id"),
                                     .padding = paddings.at(padding),
                                     .public_key_pem = {},
                                     .private_key_pem = *SecretBytes::copy_of(as_bytes(pem))});
}

KeyringPointer branch_key(simdjson::dom::element key) {
  auto store = std::make_shared<keyrings::testing::FakeBranchKeys>();
  store->put(text_at(key, "key-id"), *keyrings::parse_branch_key_version(text_at(key, "branchKeyVersion")),
             *from_base64(text_at(key, "branchKey")));
  return *keyrings::branch_key_keyring(store, *keyrings::fixed_branch_key(text_at(key, "key-id")),
                                       {.time_to_live = std::chrono::seconds(60)});
}

// Null for a kind of keyring that is not for local keys.
KeyringPointer keyring_of(simdjson::dom::element description, simdjson::dom::element keys);

KeyringPointer multi(simdjson::dom::element description, simdjson::dom::element keys) {
  KeyringPointer generator;
  simdjson::dom::element found;
  if (description["generator"].get(found) == simdjson::SUCCESS) generator = keyring_of(found, keys);
  std::vector<KeyringPointer> children;
  for (const simdjson::dom::element child : simdjson::dom::array(description["childKeyrings"]))
    children.push_back(keyring_of(child, keys));
  return *keyrings::multi_keyring(generator, children);
}

KeyringPointer keyring_of(simdjson::dom::element description, simdjson::dom::element keys) {
  const auto type = text_at(description, "type");
  if (type == "multi-keyring") return multi(description, keys);
  if (type != "raw" && type != "aws-kms-hierarchy") return nullptr;
  const auto key = at(at(keys, "keys"), text_at(description, "key"));
  if (type == "aws-kms-hierarchy") return branch_key(key);
  return text_at(description, "encryption-algorithm") == "aes" ? raw_aes(description, key) : raw_rsa(description, key);
}

std::shared_ptr<keyrings::MaterialsManager> manager_of(simdjson::dom::element description,
                                                       simdjson::dom::element keys) {
  if (text_at(description, "type") == "required-encryption-context-cmm") {
    materials::ContextKeys required;
    for (const std::string_view key : simdjson::dom::array(description["requiredEncryptionContextKeys"]))
      required.emplace(key);
    return keyrings::required_context_materials_manager(manager_of(at(description, "underlying"), keys), required);
  }
  auto keyring = keyring_of(description, keys);
  return keyring == nullptr ? nullptr : keyrings::default_materials_manager(std::move(keyring));
}

class Vectors : public ::testing::Test {
 protected:
  void SetUp() override {
    VECTORS_OR_SKIP(manifest, "esdk/decrypt-manifest.json");
    folder_ = manifest->parent_path();
    ASSERT_EQ(manifest_parser_.load(manifest->string()).get(manifest_), simdjson::SUCCESS);
    ASSERT_EQ(keys_parser_.load((folder_ / "keys.json").string()).get(keys_), simdjson::SUCCESS);
  }
  // Calls `check(name, scenario, ciphertext)` for every message.
  template <class Check>
  void each(Check check) {
    simdjson::dom::object tests;
    ASSERT_EQ(manifest_["tests"].get(tests), simdjson::SUCCESS);
    for (const auto& [name, test] : tests) {
      const auto scenario = at(test, "decryption-scenario");
      check(std::string(name), scenario, contents_of(folder_, text_at(scenario, "ciphertext")));
    }
  }
  fs::path folder_;
  simdjson::dom::parser manifest_parser_, keys_parser_;
  simdjson::dom::element manifest_, keys_;
};

TEST_F(Vectors, EveryMessageWhoseKeysAreLocalOpensWholeAndInPieces) {
  std::map<std::string, int> opened_count;
  std::set<std::string> suites;
  each([&](const std::string& name, simdjson::dom::element scenario, const std::string& ciphertext) {
    const auto description = at(scenario, "decryptKeyDescription");
    const auto manager = manager_of(description, keys_);
    if (manager == nullptr) return;
    const Envelope envelope(manager);
    const OpenOptions options{.reproduced_context = context_at(scenario, "reproduced-encryption-context"),
                              .commitment_policy = materials::CommitmentPolicy::require_encrypt_allow_decrypt};
    const auto expected = contents_of(folder_, text_at(scenario, "result"));
    const auto opened = envelope.open(ciphertext, options);
    ASSERT_TRUE(opened) << name << " (" << text_at(scenario, "description") << "): " << opened.error().message;
    EXPECT_EQ(opened->text(), expected) << name;
    Bytes released;
    ASSERT_TRUE(open_in_steps(envelope, as_bytes(ciphertext), 1000, released, options)) << name;
    EXPECT_EQ(as_text(released), expected) << name;
    ++opened_count[text_at(description, "type")];
    suites.insert(text_at(scenario, "algorithmSuiteId"));
  });
  EXPECT_EQ(opened_count["multi-keyring"], 44);
  EXPECT_EQ(opened_count["required-encryption-context-cmm"], 55);
  EXPECT_EQ(opened_count["raw"], 33 + 55) << "AES and RSA";
  EXPECT_EQ(opened_count["aws-kms-hierarchy"], 11);
  EXPECT_EQ(suites.size(), 11U);
}

// The signature takes no data key: the public key stands in the header.
TEST_F(Vectors, EveryMessageCanBeInspectedHasTheShapeOfOneAndIsSignedByItsOwnKey) {
  int count = 0, signed_count = 0;
  each([&](const std::string& name, simdjson::dom::element scenario, const std::string& ciphertext) {
    const auto bytes = as_bytes(ciphertext);
    const auto read = message::read_header(bytes, {});
    ASSERT_TRUE(read) << name << ": " << read.error().message;
    const auto& header = std::get<message::Header>(*read);
    const auto& suite = *header.body.suite;
    EXPECT_EQ(materials::to_string(suite.id).substr(2), text_at(scenario, "algorithmSuiteId"));
    const auto info = inspect(bytes);
    ASSERT_TRUE(info) << name << ": " << info.error().message;
    const auto shape = message::read_body_shape(bytes.subspan(header.size), header.body, {});
    ASSERT_TRUE(shape) << name << ": " << shape.error().message;
    ++count;
    if (!suite.signs()) return;
    const auto curve =
        suite.signature == materials::SignatureAlgorithm::ecdsa_p256_sha256 ? crypto::Curve::p256 : crypto::Curve::p384;
    const auto point = from_base64(*info->encryption_context.find("aws-crypto-public-key"));
    const auto key = crypto::EcdsaPublicKey::from_compressed(curve, *point);
    ASSERT_TRUE(key) << name;
    crypto::Digest digest(curve == crypto::Curve::p256 ? crypto::Hash::sha256 : crypto::Hash::sha384);
    digest.update(bytes.first(header.size + shape->body_size));
    Bytes digested(digest.size());
    digest.finish(digested);
    EXPECT_TRUE(key->verify(digested, shape->footer.signature)) << name;
    ++signed_count;
  });
  EXPECT_EQ(count, 487);
  EXPECT_GT(signed_count, 100);
}

}  // namespace
}  // namespace keyfold::seal
