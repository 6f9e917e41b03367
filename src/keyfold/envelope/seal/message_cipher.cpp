#include "keyfold/envelope/seal/message_cipher.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"
#include "keyfold/core/crypto/kdf.h"

namespace keyfold::seal {
namespace {

using materials::KeyDerivation;
using materials::SignatureAlgorithm;

constexpr std::string_view key_label = "DERIVEKEY";
constexpr std::string_view commit_label = "COMMITKEY";
constexpr ByteArray<message::iv_size> header_iv{};

// The suite derives keys (CHECK).
crypto::Hash derivation_of(const materials::AlgorithmSuite& suite) {
  switch (suite.key_derivation) {
    case KeyDerivation::hkdf_sha256:
      return crypto::Hash::sha256;
    case KeyDerivation::hkdf_sha384:
      return crypto::Hash::sha384;
    case KeyDerivation::hkdf_sha512:
      return crypto::Hash::sha512;
    case KeyDerivation::none:
      break;
  }
  check_failed("a suite that derives no keys", __FILE__, __LINE__);
}

// What the message's key is derived with: suite id ‖ message id without commitment; suite id ‖ "DERIVEKEY" with it,
// the message id being the salt then.
struct KeyInfo {
  ByteArray<2 + message::message_id_size_max> bytes{};
  std::size_t size = 0;

  KeyInfo(const materials::AlgorithmSuite& suite, const message::MessageId& message_id) {
    const auto id = static_cast<std::uint16_t>(suite.id);
    bytes[0] = static_cast<std::byte>(id >> 8);
    bytes[1] = static_cast<std::byte>(id & 0xFF);
    const auto rest = suite.commits() ? as_bytes(key_label) : message_id.view();
    std::ranges::copy(rest, bytes.begin() + 2);
    size = 2 + rest.size();
  }
  BytesView view() const { return BytesView(bytes).first(size); }
};

std::optional<crypto::Hash> signed_hash(const materials::AlgorithmSuite& suite) {
  switch (suite.signature) {
    case SignatureAlgorithm::none:
      return std::nullopt;
    case SignatureAlgorithm::ecdsa_p256_sha256:
      return crypto::Hash::sha256;
    case SignatureAlgorithm::ecdsa_p384_sha384:
      return crypto::Hash::sha384;
  }
  return std::nullopt;
}

// One after the other, in one piece; `joined` holds it when there are two.
BytesView join(BytesView first, BytesView second, Bytes& joined) {
  if (second.empty()) return first;
  joined.assign(first.begin(), first.end());
  joined.insert(joined.end(), second.begin(), second.end());
  return joined;
}

}  // namespace

Outcome MessageCipher::start(const materials::AlgorithmSuite& suite, const SecretBytes& data_key,
                             const message::MessageId& message_id) {
  if (data_key.size() != suite.data_key_size)
    return Error{ErrorCode::invalid_input, "the data key's size is not the suite's"};
  aad_ = message::FrameAad(message_id);
  commit_key_ = {};
  const auto hash = signed_hash(suite);
  hash ? void(digest_.emplace(*hash)) : digest_.reset();
  if (!suite.derives_keys()) return gcm_.set_key(data_key.reveal());

  ByteArray<32> key_room;
  const WipeAtEnd wipe_key(key_room);
  const auto key = std::span(key_room).first(suite.data_key_size);
  const KeyInfo info(suite, message_id);
  const auto salt = suite.commits() ? message_id.view() : BytesView();
  const auto commitment = suite.commits() ? std::span<std::byte>(commit_key_) : std::span<std::byte>();
  crypto::hkdf(derivation_of(suite), salt, data_key.reveal(),
               {{.info = info.view(), .out = key}, {.info = as_bytes(commit_label), .out = commitment}});
  return gcm_.set_key(key);
}

void MessageCipher::forget() { gcm_.forget_key(); }

Result<ByteArray<message::header_tag_size>> MessageCipher::header_tag(BytesView body,
                                                                      BytesView context_beside_message) {
  Bytes joined;
  ByteArray<message::header_tag_size> tag;
  TRY(gcm_.seal(header_iv, join(body, context_beside_message, joined), {}, tag));
  return tag;
}

Outcome MessageCipher::verify_header(const message::Header& header, BytesView context_beside_message) {
  if (!equal_in_constant_time(commit_key_, header.body.commit_key))
    return Error{ErrorCode::authentication, "the message does not commit to its data key: altered, or another key"};
  Bytes joined;
  if (!gcm_.open(header.iv, join(header.body_bytes, context_beside_message, joined), header.tag, {}))
    return Error{ErrorCode::authentication, "the message's header has been altered"};
  return ok();
}

Outcome MessageCipher::seal_frame(const message::FrameHead& head, BytesView plaintext, std::span<std::byte> out) {
  KEYFOLD_CHECK(out.size() == head.size() && plaintext.size() == head.content_size);
  message::write_frame_head(out.first(head.head_size()), head);
  return gcm_.seal(message::frame_iv(head.sequence), aad_.of(head), plaintext, out.subspan(head.head_size()));
}

Outcome MessageCipher::open_frame(const message::FrameHead& head, BytesView frame, std::span<std::byte> out) {
  KEYFOLD_CHECK(frame.size() == head.size() && out.size() == head.content_size);
  if (!gcm_.open(message::frame_iv(head.sequence), aad_.of(head), frame.subspan(head.head_size()), out))
    return Error{ErrorCode::authentication,
                 "frame " + std::to_string(head.sequence) + " of the message has been altered"};
  return ok();
}

Outcome MessageCipher::open_non_framed(const message::NonFramedHead& head, BytesView body, std::span<std::byte> out) {
  KEYFOLD_CHECK(body.size() == head.size() && out.size() == head.content_size);
  if (!gcm_.open(head.iv, aad_.of_non_framed(head.content_size), body.subspan(message::NonFramedHead::head_size), out))
    return Error{ErrorCode::authentication, "the content of the message has been altered"};
  return ok();
}

BytesView MessageCipher::finish_digest(ByteArray<digest_size_max>& out) {
  KEYFOLD_CHECK(digest_.has_value());
  const auto digest = std::span(out).first(digest_->size());
  digest_->finish(digest);
  return digest;
}

}  // namespace keyfold::seal
