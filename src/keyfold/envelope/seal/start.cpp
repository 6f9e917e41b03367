#include "keyfold/envelope/seal/start.h"

#include "keyfold/core/base/try.h"

namespace keyfold::seal {
namespace {

Outcome check_options(const SealOptions& options) {
  if (options.frame_length == 0 || options.frame_length > options.limits.frame_length_max)
    return Error{ErrorCode::invalid_input,
                 "the frame length is 1 to " + std::to_string(options.limits.frame_length_max) + " bytes"};
  return ok();
}

Outcome check_size(std::size_t size, std::size_t size_max, std::string_view what) {
  if (size <= size_max) return ok();
  return Error{ErrorCode::invalid_input,
               std::string(what) + " would be larger than the limit of " + std::to_string(size_max)};
}

}  // namespace

// Spec: client-apis/encrypt.md, "Get the encryption materials" and "Construct the header".
Result<SealStart> start_seal(keyrings::MaterialsManager& manager, Random& random, const SealOptions& options) {
  TRY(check_options(options));
  TRY_ASSIGN(const auto materials, manager.for_encryption({.encryption_context = options.encryption_context,
                                                           .suite = options.suite,
                                                           .commitment_policy = options.commitment_policy}));
  // Again: a manager may answer with another suite than it was asked for.
  TRY(materials::check_may_encrypt(options.commitment_policy, *materials->suite));

  Bytes context;
  std::vector<ContextPair> pairs;
  TRY(materials::append_serialized_context(context, materials->encryption_context.view(pairs)));
  TRY(check_size(context.size(), options.limits.encryption_context_size_max, "the encryption context"));
  TRY(check_size(materials->encrypted_data_keys.size(), options.limits.encrypted_data_keys_max,
                 "the number of data keys"));

  message::HeaderBody body;
  body.suite = materials->suite;
  body.message_id = random.bytes<message::message_id_size>();
  body.encryption_context = context;
  body.encrypted_data_keys.reserve(materials->encrypted_data_keys.size());
  for (const auto& key : materials->encrypted_data_keys) body.encrypted_data_keys.push_back(key.view());
  body.frame_length = options.frame_length;
  TRY_ASSIGN(auto cipher, MessageCipher::derive(*body.suite, materials->data_key, body.message_id));
  body.commit_key = cipher.commit_key();

  Bytes header;
  message::append_header_body(header, body);
  TRY(check_size(header.size() + message::header_tag_size, options.limits.header_size_max, "the header"));
  TRY_ASSIGN(const auto tag, cipher.header_tag(header));
  header.insert(header.end(), tag.begin(), tag.end());
  cipher.add_to_digest(header);

  MessageInfo info{.suite = body.suite,
                   .message_id = body.message_id,
                   .encryption_context = materials->encryption_context,
                   .encrypted_data_keys = materials->encrypted_data_keys,
                   .frame_length = body.frame_length,
                   .header_size = header.size()};
  return SealStart{.info = std::move(info),
                   .header = std::move(header),
                   .cipher = std::move(cipher),
                   .signing_key = materials->signing_key};
}

Result<Bytes> sign(SealStart& start) {
  KEYFOLD_CHECK(start.signing_key != nullptr);
  return start.signing_key->sign(start.cipher.finish_digest());
}

// Spec: client-apis/decrypt.md, "Get the decryption materials" and "Verify the header".
Result<OpenStart> start_open(keyrings::MaterialsManager& manager, const message::Header& header, BytesView header_bytes,
                             const OpenOptions& options) {
  KEYFOLD_CHECK(header_bytes.size() == header.size);
  TRY(materials::check_may_decrypt(options.commitment_policy, *header.body.suite));
  TRY_ASSIGN(auto info, info_of(header));
  std::vector<ContextPair> pairs;
  TRY_ASSIGN(const auto context, materials::read_serialized_context(header.body.encryption_context, pairs));
  TRY_ASSIGN(const auto materials, manager.for_decryption({.suite = *header.body.suite,
                                                           .commitment_policy = options.commitment_policy,
                                                           .encryption_context = context,
                                                           .serialized_context = header.body.encryption_context,
                                                           .encrypted_data_keys = header.body.encrypted_data_keys,
                                                           .required_context = options.required_context}));
  // Again: what a manager remembers may have been made under another policy, or for another suite.
  if (materials->suite != header.body.suite)
    return Error{ErrorCode::internal, "the materials manager answered with materials of another suite"};
  TRY_ASSIGN(auto cipher, MessageCipher::derive(*materials->suite, materials->data_key, header.body.message_id));
  TRY(cipher.verify_header(header));
  cipher.add_to_digest(header_bytes);
  return OpenStart{
      .info = std::move(info), .cipher = std::move(cipher), .verification_key = materials->verification_key};
}

}  // namespace keyfold::seal
