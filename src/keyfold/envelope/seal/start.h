#pragma once
// What sealing and opening have in common, however the bytes come: everything up to the body. Each object is for one
// message after another: starting again allocates nothing once it has been as large.

#include <memory>

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/materials_manager.h"
#include "keyfold/envelope/seal/message_cipher.h"
#include "keyfold/envelope/seal/message_info.h"
#include "keyfold/envelope/seal/options.h"

namespace keyfold::seal {

// The materials for `messages` messages of `plaintext_size` bytes in all; where the caller does not know that, it is at
// most options.plaintext_size_max. Fails with `invalid_input` when an option, the context or the number of frames would
// be beyond the limits (before any key is asked for, as far as the manager looks at the context), with `internal` when
// the manager handed out what no message can be made of, and with whatever the manager fails with.
Result<std::shared_ptr<const materials::EncryptionMaterials>> ask_for_materials(
    keyrings::MaterialsManager& manager, const SealOptions& options, std::optional<std::uint64_t> plaintext_size,
    std::uint64_t messages = 1);

class SealStart {
 public:
  // Makes the header. Fails with `invalid_input` when it would be beyond the limits.
  Outcome start(std::shared_ptr<const materials::EncryptionMaterials> materials, Random& random,
                const SealOptions& options);
  // The same, for a message whose materials are yet to be asked for: see ask_for_materials.
  Outcome start(keyrings::MaterialsManager& manager, Random& random, const SealOptions& options,
                std::optional<std::uint64_t> plaintext_size);
  // The signature over everything added to the digest, DER. The suite must sign (CHECK).
  Result<Bytes> sign();
  // Overwrites the message's key, and lets go of the materials.
  void forget();

  const materials::AlgorithmSuite& suite() const { return *materials_->suite; }
  std::uint32_t frame_length() const { return frame_length_; }
  BytesView header() const { return header_; }  // Complete, with its tag.
  MessageCipher& cipher() { return cipher_; }
  // Another cipher with the message's key, for another thread: its digest is not used.
  Outcome start_cipher(MessageCipher& cipher) const {
    return cipher.start(*materials_->suite, materials_->data_key, message_id_);
  }
  MessageInfo info() const;

 private:
  Outcome write_header(Random& random, const message::Limits& limits);
  Outcome serialize_context();

  std::shared_ptr<const materials::EncryptionMaterials> materials_;
  message::MessageId message_id_;
  std::uint32_t frame_length_ = 0;
  Bytes header_;
  MessageCipher cipher_;
  std::vector<ContextPair> pairs_;  // Scratch, as are the next three.
  Bytes context_, context_beside_, keys_;
};

class OpenStart {
 public:
  // `header_bytes` is what `header` was read from, as far as header.size. When this succeeds, the header is
  // authenticated. Fails with `authentication` when it is not, or not of the message that the options describe; with
  // `invalid_input` on what the options do not allow; with `internal` when the manager handed out what cannot open this
  // message; and with whatever the manager fails with.
  Outcome start(keyrings::MaterialsManager& manager, const message::Header& header, BytesView header_bytes,
                const OpenOptions& options);
  // Checks the signature over everything added to the digest. The suite must sign (CHECK).
  Outcome verify(BytesView signature);
  void forget();

  MessageCipher& cipher() { return cipher_; }
  // Another cipher with the message's key, for another thread: its digest is not used.
  Outcome start_cipher(MessageCipher& cipher) const {
    return cipher.start(*materials_->suite, materials_->data_key, message_id_);
  }

 private:
  Outcome check_materials(const materials::AlgorithmSuite& suite) const;

  std::shared_ptr<const materials::DecryptionMaterials> materials_;
  message::MessageId message_id_;
  MessageCipher cipher_;
  std::vector<ContextPair> pairs_;  // Scratch, as is the next.
  Bytes context_beside_;
};

}  // namespace keyfold::seal
