#pragma once
// MessageCipher: everything in one message that takes its data key: commitment, header tag, body; and the running
// digest that a signature covers. One key schedule and one HKDF extract a message; nothing allocates per frame, nor,
// once it has been used, for another message with a key of the same size. Not safe to use from several threads at once.

#include <optional>

#include "keyfold/core/base/secret.h"
#include "keyfold/core/crypto/aead.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/envelope/message/frame.h"

namespace keyfold::seal {

using CommitKey = ByteArray<message::commit_key_size>;
inline constexpr std::size_t digest_size_max = 48;  // Bytes: SHA-384.

class MessageCipher {
 public:
  // Starts on a message: derives its own key, and its commitment when the suite has one. Spec:
  // framework/algorithm-suites.md, "Algorithm Suites Encryption Key Derivation Settings" and "Algorithm Suites Commit
  // Key Derivation Settings". Fails with `invalid_input` on a data key of another size than the suite's.
  Outcome start(const materials::AlgorithmSuite& suite, const SecretBytes& data_key,
                const message::MessageId& message_id);
  // Overwrites the message's key. Only start() may follow.
  void forget();

  const CommitKey& commit_key() const { return commit_key_; }

  // The tag over a header body, and over the serialized context that the message does not hold (empty when there is
  // none): AES-GCM of nothing, IV 0 (client-apis/encrypt.md, "Construct the header"). One header per message: a second
  // one under the same key would give the authentication key away.
  Result<ByteArray<message::header_tag_size>> header_tag(BytesView body, BytesView context_beside_message);
  // Compares the commitment first, in constant time, then the tag. Fails with `authentication`.
  Outcome verify_header(const message::Header& header, BytesView context_beside_message);

  // Writes head, content and tag; out.size() == head.size(), plaintext.size() == head.content_size. Adds nothing to the
  // digest.
  Outcome seal_frame(const message::FrameHead& head, BytesView plaintext, std::span<std::byte> out);
  // `frame` is the whole frame, out.size() == head.content_size. Fails with `authentication`; then `out` is wiped. Adds
  // nothing to the digest.
  Outcome open_frame(const message::FrameHead& head, BytesView frame, std::span<std::byte> out);
  // The same, of a body that is not framed.
  Outcome open_non_framed(const message::NonFramedHead& head, BytesView body, std::span<std::byte> out);

  // What the signature covers, in order: header with its tag, then the body. Nothing when the suite does not sign.
  void add_to_digest(BytesView bytes) {
    if (digest_) digest_->update(bytes);
  }
  // A view of `out`. The suite must sign (CHECK).
  BytesView finish_digest(ByteArray<digest_size_max>& out);

 private:
  crypto::AesGcm gcm_;
  message::FrameAad aad_;
  CommitKey commit_key_{};
  std::optional<crypto::Digest> digest_;
};

}  // namespace keyfold::seal
