// Keys, using: encrypt, decrypt and their relatives.

#include <algorithm>
#include <string>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/core/crypto/kdf.h"
#include "keyfold/kms/keys/keys_state.h"

namespace keyfold::keys {
namespace {

Error invalid_ciphertext() { return Error{ErrorCode::invalid_ciphertext, {}}; }

// The validation framework's words; blobs are shown without their value.
Error size_error(const char* member, std::size_t size, std::size_t max) {
  const bool above = size > max;
  return {ErrorCode::validation,
          std::string("1 validation error detected: Value at '") + member +
              "' failed to satisfy constraint: Member must have length " +
              (above ? "less than or equal to " + std::to_string(max) : "greater than or equal to 1")};
}

Error number_error(std::size_t number) {
  const bool above = number > data_key_size_max;
  return {ErrorCode::validation,
          "1 validation error detected: Value '" + std::to_string(number) +
              "' at 'numberOfBytes' failed to satisfy constraint: Member must have value " +
              (above ? "less than or equal to " + std::to_string(data_key_size_max) : "greater than or equal to 1")};
}

Outcome check_data_key_size(std::size_t size) {
  if (size == 0 || size > data_key_size_max) return number_error(size);
  return ok();
}

// Of the calling thread: not secret, bounded by context_size_max.
Bytes& scratch() {
  thread_local Bytes bytes;
  bytes.clear();
  return bytes;
}

}  // namespace

Result<policy::ContextDigest> digest_of(const ContextView& context) {
  Bytes& canonical = scratch();
  TRY(blob::append_aad(canonical, {}, context));
  return crypto::sha256(canonical);
}

// docs/formats/ciphertext-blob.md, "Sealing".
Result<MaterialId> Keys::State::seal(const KeyRecord& key, BytesView plaintext, const ContextView& context,
                                     Bytes& blob) {
  const Material& material = key.current();
  const blob::Header header{.key = key.id, .material = material.id, .nonce = random.bytes<16>()};
  blob.clear();
  blob::append_header(blob, header);
  Bytes& aad = scratch();
  TRY(blob::append_aad(aad, blob, context));
  blob.resize(blob::header_size + plaintext.size() + blob::tag_size);
  auto sealed = materials.with(key, material, [&](BytesView raw) {
    return crypto::seal_derived(raw, blob::derivation_label, blob::derivation_context(header), aad, plaintext,
                                std::span(blob).subspan(blob::header_size));
  });
  if (!sealed) {
    blob.clear();
    return std::move(sealed).error();
  }
  return material.id;
}

// docs/formats/ciphertext-blob.md, "Opening".
Result<Decrypted> Keys::State::open_blob(const KeyRecord& key, BytesView blob, const ContextView& context) {
  const auto parts = blob::read(blob);
  if (!parts || parts->header.key != key.id || parts->sealed.size() > plaintext_size_max + blob::tag_size)
    return invalid_ciphertext();
  const Material* material = key.find(parts->header.material);
  if (material == nullptr) return invalid_ciphertext();
  Bytes& aad = scratch();
  TRY(blob::append_aad(aad, parts->header_bytes, context));
  TRY_ASSIGN(auto plaintext, SecretBytes::zeroed(parts->sealed.size() - blob::tag_size));
  auto opened = materials.with(key, *material, [&](BytesView raw) -> Outcome {
    auto outcome = crypto::open_derived(raw, blob::derivation_label, blob::derivation_context(parts->header), aad,
                                        parts->sealed, plaintext.fill());
    // Here, where it can only be the blob's: a material that does not unwrap is not the caller's doing.
    if (!outcome && outcome.error().code == ErrorCode::authentication) return invalid_ciphertext();
    return outcome;
  });
  if (!opened) return std::move(opened).error();
  return Decrypted{.plaintext = std::move(plaintext), .material = material->id};
}

Result<MaterialId> Keys::encrypt(Permit<op::Encrypt> permit, BytesView plaintext, const ContextView& context,
                                 Bytes& blob) {
  if (plaintext.empty() || plaintext.size() > plaintext_size_max)
    return size_error("plaintext", plaintext.size(), plaintext_size_max);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::use, context));
  return state_->seal(*key, plaintext, context, blob);
}

Result<Decrypted> Keys::decrypt(Permit<op::Decrypt> permit, BytesView blob, const ContextView& context) {
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::use, context));
  return state_->open_blob(*key, blob, context);
}

Result<DataKey> Keys::generate_data_key(Permit<op::GenerateDataKey> permit, std::size_t size,
                                        const ContextView& context, Bytes& blob) {
  TRY(check_data_key_size(size));
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::use, context));
  TRY_ASSIGN(auto plaintext, state_->random.secret(size));
  TRY_ASSIGN(const auto material, state_->seal(*key, plaintext.reveal(), context, blob));
  return DataKey{.plaintext = std::move(plaintext), .material = material};
}

Result<MaterialId> Keys::generate_data_key_without_plaintext(Permit<op::GenerateDataKeyWithoutPlaintext> permit,
                                                             std::size_t size, const ContextView& context,
                                                             Bytes& blob) {
  TRY(check_data_key_size(size));
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::use, context));
  TRY_ASSIGN(const auto plaintext, state_->random.secret(size));
  return state_->seal(*key, plaintext.reveal(), context, blob);
}

Result<ReEncrypted> Keys::re_encrypt(Permit<op::ReEncryptFrom> from, Permit<op::ReEncryptTo> to, BytesView blob,
                                     const ContextView& source_context, const ContextView& destination_context,
                                     Bytes& new_blob) {
  TRY_ASSIGN(const auto source, state_->admit(from, StateRule::use, source_context));
  TRY_ASSIGN(const auto destination, state_->admit(to, StateRule::use, destination_context));
  TRY_ASSIGN(const auto opened, state_->open_blob(*source, blob, source_context));
  TRY_ASSIGN(const auto material, state_->seal(*destination, opened.plaintext.reveal(), destination_context, new_blob));
  return ReEncrypted{.source = opened.material, .destination = material};
}

Result<SecretBytes> Keys::generate_random(AccountPermit<op::GenerateRandom> permit, const AccountId& account,
                                          std::size_t size) {
  TRY(check_data_key_size(size));
  TRY(permit.spend(account));
  return state_->random.secret(size);
}

}  // namespace keyfold::keys
