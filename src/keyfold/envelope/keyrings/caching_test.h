#pragma once
// What the tests of the caching materials manager share: it, over a KMS that counts, under a clock that is set.

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "keyfold/envelope/keyrings/caching_materials_manager.h"
#include "keyfold/envelope/keyrings/fake_kms_test.h"
#include "keyfold/envelope/keyrings/kms.h"

namespace keyfold::keyrings::testing {

using namespace std::chrono_literals;
using materials::CommitmentPolicy;
using materials::DecryptionMaterials;
using materials::EncryptionMaterials;
using materials::SuiteId;

inline const std::string key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
inline constexpr auto unsigned_suite = SuiteId::aes_256_gcm_hkdf_sha512_commit_key;
inline constexpr auto signed_suite = SuiteId::aes_256_gcm_hkdf_sha512_commit_key_ecdsa_p384;

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
  // Of those held up, the first `number` that were ever made go on.
  void let_pass(int number) {
    {
      const std::lock_guard lock(mutex_);
      passed_ = number;
    }
    changed_.notify_all();
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
    const int number = ++calls;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !held_ || number <= passed_; });
    return make();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int passed_ = 0;
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

}  // namespace keyfold::keyrings::testing
