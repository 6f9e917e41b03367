#pragma once
// The message header: everything a reader must know before the first frame. Format version 2.0; version 1.0 is
// recognised, and refused by name. Spec: data-format/message-header.md.

#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/materials/encrypted_data_key.h"
#include "keyfold/envelope/materials/suite.h"
#include "keyfold/envelope/message/limits.h"
#include "keyfold/envelope/message/progress.h"

namespace keyfold::message {

inline constexpr std::size_t message_id_size = 32;  // Version 2.0.
inline constexpr std::size_t commit_key_size = 32;
inline constexpr std::size_t header_tag_size = 16;
inline constexpr std::size_t iv_size = 12;
inline constexpr std::size_t tag_size = 16;

enum class ContentType : std::uint8_t { non_framed = 1, framed = 2 };

// A header body that stands in somebody's buffer; the views are valid as long as that is.
struct HeaderBody {
  const materials::AlgorithmSuite* suite = nullptr;
  ByteArray<message_id_size> message_id{};
  BytesView encryption_context;  // Serialized (materials/context_codec.h); empty when there is none.
  std::vector<materials::EncryptedDataKeyView> encrypted_data_keys;
  ContentType content_type = ContentType::framed;
  std::uint32_t frame_length = 0;  // Bytes of plaintext in every frame but the last.
  ByteArray<commit_key_size> commit_key{};
};

struct Header {
  HeaderBody body;
  BytesView body_bytes;  // What the tag authenticates.
  ByteArray<header_tag_size> tag{};
  std::size_t size = 0;  // Bytes, tag included: where the first frame starts.
};

// Reads the header at the front of `bytes`, which may go on, or may not reach far enough yet. Nothing in it is
// authenticated: that takes the data key. Fails with `invalid_input` on whatever the specification rules out, on more
// than `limits` allows (as soon as it can be told), on version 1.0, and on content that is not framed.
Result<Progress<Header>> read_header(BytesView bytes, const Limits& limits);

// Appends a header body. It is a CHECK that its fields fit: see materials/ for the limits of each.
void append_header_body(Bytes& out, const HeaderBody& body);

}  // namespace keyfold::message
