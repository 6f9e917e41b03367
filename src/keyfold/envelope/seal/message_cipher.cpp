#include "keyfold/envelope/seal/message_cipher.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/kdf.h"

namespace keyfold::seal {
namespace {

constexpr std::string_view key_label = "DERIVEKEY";
constexpr std::string_view commit_label = "COMMITKEY";
constexpr std::size_t prk_size = 64;
constexpr ByteArray<message::iv_size> header_iv{};

ByteArray<2 + key_label.size()> key_info(const materials::AlgorithmSuite& suite) {
  const auto id = static_cast<std::uint16_t>(suite.id);
  ByteArray<2 + key_label.size()> info{static_cast<std::byte>(id >> 8), static_cast<std::byte>(id & 0xFF)};
  std::ranges::copy(as_bytes(key_label), info.begin() + 2);
  return info;
}

}  // namespace

MessageCipher::MessageCipher(const materials::AlgorithmSuite& suite, const MessageId& message_id) : aad_(message_id) {
  if (suite.signs()) digest_.emplace(crypto::Hash::sha384);
}

Result<MessageCipher> MessageCipher::derive(const materials::AlgorithmSuite& suite, const SecretBytes& data_key,
                                            const MessageId& message_id) {
  if (data_key.size() != suite.data_key_size)
    return Error{ErrorCode::invalid_input, "the data key's size is not the suite's"};
  MessageCipher cipher(suite, message_id);
  TRY_ASSIGN(auto prk, SecretBytes::zeroed(prk_size));
  TRY_ASSIGN(auto key, SecretBytes::zeroed(suite.data_key_size));
  TRY(crypto::hkdf_sha512_extract(message_id, data_key.reveal(), prk.fill().first<prk_size>()));
  TRY(crypto::hkdf_sha512_expand(prk.reveal(), key_info(suite), key.fill()));
  TRY(crypto::hkdf_sha512_expand(prk.reveal(), as_bytes(commit_label), cipher.commit_key_));
  TRY(cipher.gcm_.set_key(key.reveal()));
  return cipher;
}

Result<ByteArray<message::header_tag_size>> MessageCipher::header_tag(BytesView body) {
  ByteArray<message::header_tag_size> tag;
  TRY(gcm_.seal(header_iv, body, {}, tag));
  return tag;
}

Outcome MessageCipher::verify_header(const message::Header& header) {
  if (!equal_in_constant_time(commit_key_, header.body.commit_key))
    return Error{ErrorCode::authentication, "the message does not commit to its data key: altered, or another key"};
  if (!gcm_.open(header_iv, header.body_bytes, header.tag, {}))
    return Error{ErrorCode::authentication, "the message's header has been altered"};
  return ok();
}

Outcome MessageCipher::seal_frame(const message::FrameHead& head, BytesView plaintext, std::span<std::byte> out) {
  KEYFOLD_CHECK(out.size() == head.size() && plaintext.size() == head.content_size);
  message::write_frame_head(out.first(head.head_size()), head);
  TRY(gcm_.seal(message::frame_iv(head.sequence), aad_.of(head), plaintext, out.subspan(head.head_size())));
  add_to_digest(out);
  return ok();
}

Outcome MessageCipher::open_frame(const message::FrameHead& head, BytesView frame, std::span<std::byte> out) {
  KEYFOLD_CHECK(frame.size() == head.size() && out.size() == head.content_size);
  if (!gcm_.open(message::frame_iv(head.sequence), aad_.of(head), frame.subspan(head.head_size()), out))
    return Error{ErrorCode::authentication,
                 "frame " + std::to_string(head.sequence) + " of the message has been altered"};
  add_to_digest(frame);
  return ok();
}

crypto::Sha384Digest MessageCipher::finish_digest() {
  KEYFOLD_CHECK(digest_.has_value());
  crypto::Sha384Digest digest;
  digest_->finish(digest);
  return digest;
}

}  // namespace keyfold::seal
