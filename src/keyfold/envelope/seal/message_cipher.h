#pragma once
// MessageCipher: everything in one message that takes its data key: commitment, header tag, frames; and the running
// digest that a signature covers. One key schedule and one HKDF extract a message; nothing allocates per frame. Not
// safe to use from several threads at once.

#include <optional>

#include "keyfold/core/base/secret.h"
#include "keyfold/core/crypto/aead.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/envelope/message/frame.h"

namespace keyfold::seal {

using MessageId = ByteArray<message::message_id_size>;
using CommitKey = ByteArray<message::commit_key_size>;

class MessageCipher {
 public:
  // Derives the message's own key and its commitment from the data key. Spec: framework/algorithm-suites.md, "HKDF":
  // salt is the message id; info is the suite id ‖ "DERIVEKEY" for the key, "COMMITKEY" for the commitment. Fails with
  // `invalid_input` on a data key of another size.
  static Result<MessageCipher> derive(const materials::AlgorithmSuite& suite, const SecretBytes& data_key,
                                      const MessageId& message_id);

  const CommitKey& commit_key() const { return commit_key_; }

  // The tag over a header body: AES-GCM of nothing, IV 0 (client-apis/encrypt.md, "Construct the header"). One header
  // per message: a second one under the same key would give the authentication key away.
  Result<ByteArray<message::header_tag_size>> header_tag(BytesView body);
  // Compares the commitment first, in constant time, then the tag. Fails with `authentication`.
  Outcome verify_header(const message::Header& header);

  // Writes head, content and tag; out.size() == head.size(), plaintext.size() == head.content_size.
  Outcome seal_frame(const message::FrameHead& head, BytesView plaintext, std::span<std::byte> out);
  // `frame` is the whole frame, out.size() == head.content_size. Fails with `authentication`; then `out` is wiped.
  Outcome open_frame(const message::FrameHead& head, BytesView frame, std::span<std::byte> out);

  // What the signature covers: the header, with its tag, is added by the caller; frames add themselves.
  void add_to_digest(BytesView bytes) {
    if (digest_) digest_->update(bytes);
  }
  crypto::Sha384Digest finish_digest();  // The suite must sign (CHECK).

 private:
  MessageCipher(const materials::AlgorithmSuite& suite, const MessageId& message_id);
  crypto::AesGcm gcm_;
  message::FrameAad aad_;
  CommitKey commit_key_{};
  std::optional<crypto::Digest> digest_;
};

}  // namespace keyfold::seal
