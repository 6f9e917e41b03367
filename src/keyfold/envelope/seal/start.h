#pragma once
// What sealing and opening have in common, however the bytes come: everything up to the first frame.

#include <memory>

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/materials_manager.h"
#include "keyfold/envelope/seal/message_cipher.h"
#include "keyfold/envelope/seal/message_info.h"
#include "keyfold/envelope/seal/options.h"

namespace keyfold::seal {

struct SealStart {
  MessageInfo info;
  Bytes header;  // Complete, with its tag.
  MessageCipher cipher;
  std::shared_ptr<const materials::SigningKey> signing_key;  // Null unless the suite signs.
};
Result<SealStart> start_seal(keyrings::MaterialsManager& manager, Random& random, const SealOptions& options);
// The signature over everything sealed so far, DER. The suite must sign.
Result<Bytes> sign(SealStart& start);

struct OpenStart {
  MessageInfo info;
  MessageCipher cipher;
  std::shared_ptr<const materials::VerificationKey> verification_key;  // Null unless the suite signs.
};
// `header_bytes` is what `header` was read from, as far as header.size. When this succeeds, the header is
// authenticated.
Result<OpenStart> start_open(keyrings::MaterialsManager& manager, const message::Header& header, BytesView header_bytes,
                             const OpenOptions& options);

}  // namespace keyfold::seal
