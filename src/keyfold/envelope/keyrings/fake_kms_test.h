#pragma once
// A KMS in memory, for the tests of keyrings, materials managers and key stores.

#include <map>
#include <optional>

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/kms_client.h"

namespace keyfold::keyrings::testing {

// Wraps by remembering: a ciphertext is the name of its key, and a number.
class FakeKms final : public KeyStoreKmsClient {
 public:
  std::map<std::string, std::string, std::less<>> names;  // What may stand for a key ARN.
  std::optional<Error> failure;
  std::string answers_with;         // Instead of the true key ARN.
  std::size_t size_of_answers = 0;  // Instead of the true size.
  int generated = 0, encrypted = 0, decrypted = 0, generated_without_plaintext = 0, re_encrypted = 0;

  explicit FakeKms(std::string arn) : names{{arn, arn}} {}

  Result<GeneratedDataKey> generate_data_key(std::string_view key_id, std::size_t size,
                                             const ContextView& context) override {
    ++generated;
    auto plaintext = random_.secret(size_of_answers == 0 ? size : size_of_answers);
    auto wrapped = wrap(key_id, *plaintext, context);
    if (!wrapped) return std::move(wrapped).error();
    return GeneratedDataKey{std::move(*plaintext), wrapped->ciphertext, wrapped->key_arn};
  }
  Result<WrappedDataKey> encrypt(std::string_view key_id, const SecretBytes& plaintext,
                                 const ContextView& context) override {
    ++encrypted;
    return wrap(key_id, plaintext, context);
  }
  Result<UnwrappedDataKey> decrypt(std::string_view key_id, BytesView ciphertext, const ContextView& context) override {
    ++decrypted;
    if (failure) return *failure;
    const auto arn = names.find(key_id);
    if (arn == names.end()) return Error{ErrorCode::not_found, "no such key"};
    const auto kept = kept_.find(to_hex(ciphertext));
    if (kept == kept_.end() || kept->second.context != EncryptionContext(context))
      return Error{ErrorCode::invalid_ciphertext, "InvalidCiphertextException"};
    if (kept->second.arn != arn->second) return Error{ErrorCode::incorrect_key, "IncorrectKeyException"};
    const BytesView plaintext(kept->second.plaintext);
    return UnwrappedDataKey{*SecretBytes::copy_of(size_of_answers == 0 ? plaintext : plaintext.first(size_of_answers)),
                            answers_with.empty() ? kept->second.arn : answers_with};
  }
  Result<WrappedDataKey> generate_data_key_without_plaintext(std::string_view key_id, std::size_t size,
                                                             const ContextView& context) override {
    ++generated_without_plaintext;
    return wrap(key_id, *random_.secret(size), context);
  }
  Result<WrappedDataKey> re_encrypt(BytesView ciphertext, const ReEncryptSide& source,
                                    const ReEncryptSide& destination) override {
    ++re_encrypted;
    auto opened = decrypt(source.key_id, ciphertext, source.context);
    --decrypted;
    if (!opened) return std::move(opened).error();
    return wrap(destination.key_id, opened->plaintext, destination.context);
  }

 private:
  struct Kept {
    std::string arn;
    Bytes plaintext;
    EncryptionContext context;
  };
  Result<WrappedDataKey> wrap(std::string_view key_id, const SecretBytes& plaintext, const ContextView& context) {
    if (failure) return *failure;
    const auto arn = names.find(key_id);
    if (arn == names.end()) return Error{ErrorCode::not_found, "no such key"};
    auto ciphertext = to_bytes(arn->second + "#" + std::to_string(kept_.size()));
    const auto bytes = plaintext.reveal();
    kept_[to_hex(ciphertext)] = {arn->second, Bytes(bytes.begin(), bytes.end()), EncryptionContext(context)};
    return WrappedDataKey{ciphertext, answers_with.empty() ? arn->second : answers_with};
  }
  SeededRandom random_{7};
  std::map<std::string, Kept> kept_;
};

}  // namespace keyfold::keyrings::testing
