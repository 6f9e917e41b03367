#pragma once
// MessageInfo: what a message says about itself in clear. From inspect() nothing in it has been verified; from opening
// it has.

#include <iosfwd>
#include <vector>

#include "keyfold/core/base/encryption_context.h"
#include "keyfold/envelope/materials/encrypted_data_key.h"
#include "keyfold/envelope/message/header.h"

namespace keyfold::seal {

struct MessageInfo {
  std::uint8_t format_version = 2;
  const materials::AlgorithmSuite* suite = nullptr;  // Never null once filled in.
  message::MessageId message_id{};
  // The pairs that stand in the message; with `aws-crypto-public-key`, when it is signed.
  EncryptionContext encryption_context{};
  std::vector<materials::EncryptedDataKey> encrypted_data_keys{};
  message::ContentType content_type = message::ContentType::framed;
  std::uint32_t frame_length = 0;  // Bytes; 0 when not framed.
  std::size_t header_size = 0;     // Bytes.
};

// Reads the header at the front of a message, without any key. Fails with `invalid_input`, also when the header is cut
// short.
Result<MessageInfo> inspect(BytesView message_start, const message::Limits& limits = {});
// Reads no further than it must, but does not put back what it read. Fails with `io` too.
Result<MessageInfo> inspect(std::istream& in, const message::Limits& limits = {});

// Fails with `invalid_input` when the context does not parse.
Result<MessageInfo> info_of(const message::Header& header);

}  // namespace keyfold::seal
