#pragma once
// The message header: everything a reader must know before the body. Format versions 1.0 and 2.0. Spec:
// data-format/message-header.md.

#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/materials/encrypted_data_key.h"
#include "keyfold/envelope/materials/suite.h"
#include "keyfold/envelope/message/limits.h"
#include "keyfold/envelope/message/progress.h"

namespace keyfold::message {

inline constexpr std::size_t message_id_size_max = 32;  // Version 2.0; 16 in version 1.0.
inline constexpr std::size_t commit_key_size = 32;
inline constexpr std::size_t header_tag_size = 16;
inline constexpr std::size_t iv_size = 12;
inline constexpr std::size_t tag_size = 16;

enum class ContentType : std::uint8_t { non_framed = 1, framed = 2 };

// 16 or 32 bytes, as the suite says; empty until filled in.
class MessageId {
 public:
  MessageId() = default;
  // At most message_id_size_max bytes (CHECK).
  explicit MessageId(BytesView bytes) : size_(bytes.size()) {
    KEYFOLD_CHECK(bytes.size() <= bytes_.size());
    std::ranges::copy(bytes, bytes_.begin());
  }
  BytesView view() const { return BytesView(bytes_).first(size_); }
  friend bool operator==(const MessageId& a, const MessageId& b) { return std::ranges::equal(a.view(), b.view()); }

 private:
  ByteArray<message_id_size_max> bytes_{};
  std::size_t size_ = 0;
};

// A header body that stands in somebody's buffer; the views are valid as long as that is.
struct HeaderBody {
  const materials::AlgorithmSuite* suite = nullptr;
  MessageId message_id{};
  BytesView encryption_context{};  // Serialized (materials/context_codec.h); empty when there is none.
  materials::EncryptedDataKeysView encrypted_data_keys{};
  ContentType content_type = ContentType::framed;
  std::uint32_t frame_length = 0;           // Bytes of plaintext in every frame but the last; 0 when not framed.
  ByteArray<commit_key_size> commit_key{};  // Of a suite that commits; else zero.
};

struct Header {
  HeaderBody body;
  BytesView body_bytes;     // What the tag authenticates, with the context that is not in the message.
  ByteArray<iv_size> iv{};  // The tag's: in version 2.0 always zero, and not in the header.
  ByteArray<header_tag_size> tag{};
  std::size_t size = 0;  // Bytes, tag included: where the message's body starts.
};

// Reads the header at the front of `bytes`, which may go on, or may not reach far enough yet. Nothing in it is
// authenticated: that takes the data key. Fails with `invalid_input` on whatever the specification rules out, on more
// than `limits` allows (as soon as it can be told), and, in so many words, on a message that is still in base64.
Result<Progress<Header>> read_header(BytesView bytes, const Limits& limits);

// Appends a header body. It is a CHECK that its fields fit: see materials/ for the limits of each.
void append_header_body(Bytes& out, const HeaderBody& body);
// Appends what comes after it: IV, in version 1.0, and tag.
void append_header_authentication(Bytes& out, const HeaderBody& body, const ByteArray<iv_size>& iv,
                                  const ByteArray<header_tag_size>& tag);

}  // namespace keyfold::message
