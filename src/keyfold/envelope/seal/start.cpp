#include "keyfold/envelope/seal/start.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/message/body.h"
#include "keyfold/envelope/message/footer.h"

namespace keyfold::seal {
namespace {

using materials::EncryptionMaterials;

constexpr ByteArray<message::iv_size> header_iv{};  // Frames count from 1, so theirs are others.

Outcome check_options(const SealOptions& options) {
  if (options.frame_length == 0 || options.frame_length > options.limits.frame_length_max)
    return Error{ErrorCode::invalid_input,
                 "the frame length is 1 to " + std::to_string(options.limits.frame_length_max) + " bytes"};
  // Spec: client-apis/encrypt.md, "Encryption Context". Here, because a manager of somebody's own may not look.
  return materials::check_not_reserved(options.encryption_context);
}

Outcome check_size(std::size_t size, std::size_t size_max, std::string_view what) {
  if (size <= size_max) return ok();
  return Error{ErrorCode::invalid_input,
               std::string(what) + " would be larger than the limit of " + std::to_string(size_max)};
}

Error unfit(std::string_view what) {
  return {ErrorCode::internal, "the materials manager handed out " + std::string(what)};
}

// What a manager, a keyring or a cache of somebody's own may get wrong.
Outcome check_materials(const EncryptionMaterials& materials) {
  if (materials.suite == nullptr) return unfit("no suite");
  if (materials.suite->signs() != (materials.signing_key != nullptr))
    return unfit(materials.suite->signs() ? "no key to sign with" : "a key to sign with, but a suite that does not");
  if (materials.encrypted_data_keys.empty()) return unfit("no encrypted data keys");
  for (const auto& key : materials.encrypted_data_keys)
    if (std::max({key.provider_id.size(), key.provider_info.size(), key.ciphertext.size()}) >
        materials::encrypted_data_key_field_max)
      return unfit("an encrypted data key that no message can hold");
  return ok();
}

Outcome check_holds(const ContextView& context, const EncryptionContext& required) {
  for (const auto& [key, value] : required) {
    const auto* held = context.find(key);
    if (held == nullptr)
      return Error{ErrorCode::authentication,
                   "the message's encryption context has no \"" + key + "\", which is required"};
    if (*held != value)
      return Error{ErrorCode::authentication,
                   "the message's encryption context has another value for \"" + key + "\" than is required"};
  }
  return ok();
}

}  // namespace

// Spec: client-apis/encrypt.md, "Get the encryption materials".
Result<std::shared_ptr<const EncryptionMaterials>> ask_for_materials(keyrings::MaterialsManager& manager,
                                                                     const SealOptions& options,
                                                                     std::optional<std::uint64_t> plaintext_size,
                                                                     std::uint64_t messages) {
  TRY(check_options(options));
  if (plaintext_size && messages == 1) TRY(message::body_size(*plaintext_size, options.frame_length));
  const auto suite = options.suite.value_or(materials::default_suite(options.commitment_policy));
  TRY(materials::check_may_encrypt(options.commitment_policy, materials::suite_of(suite)));
  if (messages > 1 && !materials::suite_of(suite).derives_keys())
    return Error{ErrorCode::invalid_input,
                 "suite " + materials::to_string(suite) + " seals one message under a data key: no batches"};
  TRY_ASSIGN(auto materials,
             manager.for_encryption({.encryption_context = options.encryption_context,
                                     .suite = suite,
                                     .commitment_policy = options.commitment_policy,
                                     .plaintext_size = plaintext_size ? plaintext_size : options.plaintext_size_max,
                                     .messages = messages,
                                     .encryption_context_size_max = options.limits.encryption_context_size_max}));
  if (materials == nullptr) return unfit("nothing");
  TRY(check_materials(*materials));
  // Again: a manager may answer with another suite than it was asked for.
  TRY(materials::check_may_encrypt(options.commitment_policy, *materials->suite));
  if (messages > 1 && !materials->suite->derives_keys()) return unfit("one message's materials for several");
  return materials;
}

Outcome SealStart::start(std::shared_ptr<const EncryptionMaterials> materials, Random& random,
                         const SealOptions& options) {
  materials_ = std::move(materials);
  frame_length_ = options.frame_length;
  return write_header(random, options.limits);
}

Outcome SealStart::start(keyrings::MaterialsManager& manager, Random& random, const SealOptions& options,
                         std::optional<std::uint64_t> plaintext_size) {
  TRY_ASSIGN(auto materials, ask_for_materials(manager, options, plaintext_size));
  return start(std::move(materials), random, options);
}

// Spec: the same, "Construct the header".
Outcome SealStart::write_header(Random& random, const message::Limits& limits) {
  const auto& materials = *materials_;
  TRY(serialize_context());
  TRY(check_size(context_.size(), limits.encryption_context_size_max, "the encryption context"));
  const auto key_count = materials.encrypted_data_keys.size();
  TRY(check_size(key_count, limits.encrypted_data_keys_max, "the number of data keys"));
  keys_.clear();
  for (const auto& key : materials.encrypted_data_keys) materials::append_encrypted_data_key(keys_, key.view());

  ByteArray<message::message_id_size_max> id;
  random.fill(std::span(id).first(materials.suite->message_id_size));
  message_id_ = message::MessageId(BytesView(id).first(materials.suite->message_id_size));
  TRY(cipher_.start(*materials.suite, materials.data_key, message_id_));
  const message::HeaderBody body{.suite = materials.suite,
                                 .message_id = message_id_,
                                 .encryption_context = context_,
                                 .encrypted_data_keys = {keys_, static_cast<std::uint16_t>(key_count)},
                                 .frame_length = frame_length_,
                                 .commit_key = cipher_.commit_key()};
  header_.clear();
  message::append_header_body(header_, body);
  TRY_ASSIGN(const auto tag, cipher_.header_tag(header_, context_beside_));
  message::append_header_authentication(header_, body, header_iv, tag);
  TRY(check_size(header_.size(), limits.header_size_max, "the header"));
  cipher_.add_to_digest(header_);
  return ok();
}

Outcome SealStart::serialize_context() {
  context_.clear();
  context_beside_.clear();
  const auto all = materials_->encryption_context.view(pairs_);
  const auto& required = materials_->required_context_keys;
  if (required.empty()) return materials::append_serialized_context(context_, all);
  const auto beside =
      std::ranges::partition(pairs_, [&](const ContextPair& pair) { return !required.contains(pair.key); });
  const auto stored = std::span(pairs_.begin(), beside.begin());
  TRY_ASSIGN(const auto stored_view, ContextView::over(stored));
  TRY_ASSIGN(const auto beside_view, ContextView::over(beside));
  TRY(materials::append_serialized_context(context_, stored_view));
  return materials::append_serialized_context(context_beside_, beside_view);
}

Result<Bytes> SealStart::sign() {
  KEYFOLD_CHECK(materials_->signing_key != nullptr);
  ByteArray<digest_size_max> digest;
  TRY_ASSIGN(auto signature, materials_->signing_key->sign(cipher_.finish_digest(digest)));
  if (signature.empty() || signature.size() > message::signature_size_max)
    return unfit("a key whose signatures no message can hold");
  return signature;
}

void SealStart::forget() {
  cipher_.forget();
  materials_.reset();
}

MessageInfo SealStart::info() const {
  EncryptionContext stored = materials_->encryption_context;
  for (const auto& key : materials_->required_context_keys) stored.erase(key);
  return {.format_version = suite().message_version,
          .suite = &suite(),
          .message_id = message_id_,
          .encryption_context = std::move(stored),
          .encrypted_data_keys = materials_->encrypted_data_keys,
          .content_type = message::ContentType::framed,
          .frame_length = frame_length_,
          .header_size = header_.size()};
}

// Spec: client-apis/decrypt.md, "Get the decryption materials" and "Verify the header".
Outcome OpenStart::start(keyrings::MaterialsManager& manager, const message::Header& header, BytesView header_bytes,
                         const OpenOptions& options) {
  KEYFOLD_CHECK(header_bytes.size() == header.size);
  const auto& suite = *header.body.suite;
  TRY(materials::check_may_decrypt(options.commitment_policy, suite));
  if (suite.signs() && options.signed_release == SignedRelease::refused)
    return Error{ErrorCode::invalid_input, "the message is signed, and only messages that are not may be opened here"};
  TRY_ASSIGN(const auto context, materials::read_serialized_context(header.body.encryption_context, pairs_));
  TRY(check_holds(context, options.required_context));
  TRY_ASSIGN(materials_, manager.for_decryption({.suite = suite,
                                                 .commitment_policy = options.commitment_policy,
                                                 .encryption_context = context,
                                                 .serialized_context = header.body.encryption_context,
                                                 .encrypted_data_keys = header.body.encrypted_data_keys,
                                                 .reproduced_context = options.reproduced_context}));
  TRY(check_materials(suite));
  context_beside_.clear();
  std::vector<ContextPair> pairs;
  TRY(materials::append_serialized_context(context_beside_, materials_->context_beside_message.view(pairs)));
  message_id_ = header.body.message_id;
  TRY(cipher_.start(suite, materials_->data_key, message_id_));
  TRY(cipher_.verify_header(header, context_beside_));
  cipher_.add_to_digest(header_bytes);
  return ok();
}

// What a manager remembers may have been made under another policy, or for another suite.
Outcome OpenStart::check_materials(const materials::AlgorithmSuite& suite) const {
  if (materials_ == nullptr) return unfit("nothing");
  if (materials_->suite != &suite) return unfit("materials of another suite");
  if (suite.signs() != (materials_->verification_key != nullptr))
    return unfit(suite.signs() ? "no key to verify with" : "a key to verify with, but a suite that does not sign");
  return ok();
}

Outcome OpenStart::verify(BytesView signature) {
  KEYFOLD_CHECK(materials_->verification_key != nullptr);
  ByteArray<digest_size_max> digest;
  return materials_->verification_key->verify(cipher_.finish_digest(digest), signature);
}

void OpenStart::forget() {
  cipher_.forget();
  materials_.reset();
}

}  // namespace keyfold::seal
