#include "keyfold/envelope/keyrings/kms_mrk.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/failures.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/keyrings/kms_calls.h"
#include "keyfold/envelope/keyrings/multi.h"

namespace keyfold::keyrings {
namespace {

class KmsMrkKeyring final : public Keyring {
 public:
  KmsMrkKeyring(std::shared_ptr<KmsClient> client, KmsKeyArn key) : client_(std::move(client)), key_(std::move(key)) {}

  std::string describe() const override { return "KMS key " + key_.text(); }

  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    auto done = generate_or_wrap(*client_, key_.text(), materials);
    if (!done) return Error{done.error().code, describe() + ": " + done.error().message};
    return done;
  }

  Result<SecretBytes> on_decrypt(const WrappedKeys& wrapped) const override {
    TRY_ASSIGN(const auto keys, kms_wrapped_keys(wrapped));
    Failures failures;
    for (const auto& [arn, ciphertext] : keys) {
      if (!key_.matches_for_decrypt(arn)) continue;
      auto data_key = unwrap_one(*client_, key_.text(), key_.text(), wrapped, ciphertext);
      if (data_key) return data_key;
      failures.add(describe(), std::move(data_key).error());
    }
    return failures.none_or_summary(describe());
  }

 private:
  const std::shared_ptr<KmsClient> client_;
  const KmsKeyArn key_;
};

// A keyring for one key, given the client of its Region.
using MakeKeyring = std::shared_ptr<const Keyring> (*)(std::shared_ptr<KmsClient> client, const KmsKeyArn& key);

std::shared_ptr<const Keyring> strict(std::shared_ptr<KmsClient> client, const KmsKeyArn& key) {
  return kms_keyring(std::move(client), *KmsKeyName::parse(key.text()));
}

Result<std::shared_ptr<const Keyring>> several(KmsClients& clients, MakeKeyring make,
                                               const std::optional<KmsKeyArn>& generator,
                                               const std::vector<KmsKeyArn>& children) {
  std::shared_ptr<const Keyring> first;
  if (generator) {
    TRY_ASSIGN(auto client, clients.in_region(generator->region()));
    first = make(std::move(client), *generator);
  }
  std::vector<std::shared_ptr<const Keyring>> others;
  for (const auto& key : children) {
    TRY_ASSIGN(auto client, clients.in_region(key.region()));
    others.push_back(make(std::move(client), key));
  }
  return multi_keyring(std::move(first), std::move(others));
}

}  // namespace

std::shared_ptr<const Keyring> kms_mrk_keyring(std::shared_ptr<KmsClient> client, const KmsKeyArn& key) {
  KEYFOLD_CHECK(client != nullptr);
  return std::make_shared<KmsMrkKeyring>(std::move(client), key);
}

Result<std::shared_ptr<const Keyring>> kms_multi_keyring(KmsClients& clients, const std::optional<KmsKeyArn>& generator,
                                                         const std::vector<KmsKeyArn>& children) {
  return several(clients, &strict, generator, children);
}

Result<std::shared_ptr<const Keyring>> kms_mrk_multi_keyring(KmsClients& clients,
                                                             const std::optional<KmsKeyArn>& generator,
                                                             const std::vector<KmsKeyArn>& children) {
  auto all = children;
  if (generator) all.push_back(*generator);
  TRY(check_multi_region_keys_are_unique(all));
  return several(clients, &kms_mrk_keyring, generator, children);
}

}  // namespace keyfold::keyrings
