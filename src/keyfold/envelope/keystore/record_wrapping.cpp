#include "keyfold/envelope/keystore/record_wrapping.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/digest.h"

namespace keyfold::keystore {
namespace {

using keyrings::branch_key_size;
constexpr std::size_t digest_size = std::tuple_size_v<crypto::Sha384Digest>;

Outcome check_answer(const keyrings::WrappedDataKey& answer, std::string_view key) {
  if (answer.key_arn != key)
    return Error{ErrorCode::incorrect_key, "the KMS answered with another key than the one that was named"};
  if (answer.ciphertext.empty() || answer.ciphertext.size() > wrapped_key_size_max)
    return Error{ErrorCode::internal, "the KMS answered with a ciphertext that no record can hold"};
  return ok();
}

// Hierarchy version 2 is not in the specification's text; this reads what the material providers library writes
// (AwsCryptographyKeyStore, HierarchicalVersionUtils.dfy). There the KMS binds the key to the custom pairs alone, under
// their own names, and the key carries a digest of the version 1 context before it. The digest has no key: whoever may
// encrypt under the KMS key with those pairs can make it agree with any record. So it is read by those who ask for it.
Result<EncryptionContext> kms_context_of_version_2(const Record& record) {
  EncryptionContext context;
  for (const auto& [name, value] : record.attributes) {
    const bool is_custom = name.starts_with(custom_context_prefix) && name.size() > custom_context_prefix.size();
    TRY(context.add(is_custom ? name.substr(custom_context_prefix.size()) : name, value));
  }
  return context;
}

Result<crypto::Sha384Digest> digest_of(const EncryptionContext& context) {
  TRY_ASSIGN(const auto serialized, write_attributes(context));
  return crypto::sha384(serialized);
}

}  // namespace

RecordWrapping::RecordWrapping(std::shared_ptr<keyrings::KeyStoreKmsClient> kms, KmsKeyChoice choice,
                               std::string logical_name, HierarchyVersion newest)
    : kms_(std::move(kms)), choice_(std::move(choice)), logical_name_(std::move(logical_name)), newest_(newest) {
  KEYFOLD_CHECK(kms_ != nullptr);
}

Result<Bytes> RecordWrapping::generate(const Record& record) const {
  TRY_ASSIGN(const auto key, choice_.key_for_sealing());
  std::vector<ContextPair> pairs;
  const auto context = context_of(record, logical_name_);
  TRY_ASSIGN(auto made, kms_->generate_data_key_without_plaintext(key, branch_key_size, context.view(pairs)));
  TRY(check_answer(made, key));
  return std::move(made.ciphertext);
}

Result<Bytes> RecordWrapping::re_encrypt(const Record& from, const Record& to) const {
  if (hierarchy_of(from) != HierarchyVersion::one)
    return Error{ErrorCode::unsupported_operation, "records of hierarchy version 2 are only read"};
  TRY_ASSIGN(const auto from_key, choice_.key_for(from.kms_arn));
  TRY_ASSIGN(const auto to_key, choice_.key_for(to.kms_arn));
  std::vector<ContextPair> from_pairs, to_pairs;
  const auto from_context = context_of(from, logical_name_);
  const auto to_context = context_of(to, logical_name_);
  TRY_ASSIGN(auto wrapped,
             kms_->re_encrypt(from.wrapped_key, {.key_id = from_key, .context = from_context.view(from_pairs)},
                              {.key_id = to_key, .context = to_context.view(to_pairs)}));
  TRY(check_answer(wrapped, to_key));
  return std::move(wrapped.ciphertext);
}

Result<SecretBytes> RecordWrapping::decrypt(const Record& record, const EncryptionContext& context,
                                            std::size_t size) const {
  TRY_ASSIGN(const auto key, choice_.key_for(record.kms_arn));
  std::vector<ContextPair> pairs;
  TRY_ASSIGN(auto opened, kms_->decrypt(key, record.wrapped_key, context.view(pairs)));
  if (opened.key_arn != key)
    return Error{ErrorCode::incorrect_key,
                 "the KMS opened the branch key with another key than the one that was named"};
  if (opened.plaintext.size() != size)
    return Error{ErrorCode::corrupt, "the record holds a key of another size than a branch key's"};
  return std::move(opened.plaintext);
}

Result<SecretBytes> RecordWrapping::unwrap(const Record& record) const {
  const auto context = context_of(record, logical_name_);
  if (hierarchy_of(record) == HierarchyVersion::one) return decrypt(record, context, branch_key_size);
  if (newest_ == HierarchyVersion::one)
    return Error{ErrorCode::unsupported_operation,
                 "the record is of hierarchy version 2, an experiment that this key store was not told to read"};
  TRY_ASSIGN(const auto kms_context, kms_context_of_version_2(record));
  TRY_ASSIGN(const auto opened, decrypt(record, kms_context, digest_size + branch_key_size));
  TRY_ASSIGN(const auto digest, digest_of(context));
  if (!equal_in_constant_time(opened.reveal().first(digest_size), digest))
    return Error{ErrorCode::authentication,
                 "the record was altered: its fields are not those that its key is bound to"};
  return SecretBytes::copy_of(opened.reveal().subspan(digest_size));
}

}  // namespace keyfold::keystore
