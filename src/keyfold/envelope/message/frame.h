#pragma once
// Frames: the message body, piece by piece. A regular frame holds exactly the frame length, the final one from nothing
// up to it. Specs: data-format/message-body.md, "Framed Data"; data-format/message-body-aad.md.

#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/message/header.h"
#include "keyfold/envelope/message/progress.h"

namespace keyfold::message {

enum class FrameKind : std::uint8_t { regular, final };

// u32 sequence number, IV; then content and tag.
inline constexpr std::size_t regular_frame_head_size = 4 + iv_size;
// u32 0xFFFFFFFF, u32 sequence number, IV, u32 content length; then content and tag.
inline constexpr std::size_t final_frame_head_size = 4 + 4 + iv_size + 4;
inline constexpr std::uint32_t sequence_number_end = 0xFFFFFFFF;
// "The number of frames in a single message MUST be less than or equal to 2^32 - 1." The number 0xFFFFFFFF marks a
// final frame, so only a final frame can carry it.
inline constexpr std::uint32_t frames_max = 0xFFFFFFFF;
inline constexpr std::uint32_t regular_frames_max = frames_max - 1;

struct FrameHead {
  FrameKind kind = FrameKind::regular;
  std::uint32_t sequence = 0;      // Counts from 1.
  std::uint32_t content_size = 0;  // Bytes.

  std::size_t head_size() const { return kind == FrameKind::regular ? regular_frame_head_size : final_frame_head_size; }
  std::size_t sealed_size() const { return std::size_t{content_size} + tag_size; }  // Content and tag, after the head.
  std::size_t size() const { return head_size() + sealed_size(); }
};

// Reads the head of the frame that `bytes` starts with, which must be number `expected`. Fails with `invalid_input` on
// another number, on an IV that is not that number padded (client-apis/decrypt.md, "Decrypt the message body"), and on
// a final frame of more than `frame_length`.
Result<Progress<FrameHead>> read_frame_head(BytesView bytes, std::uint32_t frame_length, std::uint32_t expected);
// Writes the head; out.size() == head.head_size().
void write_frame_head(std::span<std::byte> out, const FrameHead& head);

// A frame's IV: its sequence number, padded on the left.
ByteArray<iv_size> frame_iv(std::uint32_t sequence);

// The AAD of the frames of one message: message id ‖ label ‖ u32 sequence number ‖ u64 content length. Built once, then
// only its numbers change.
class FrameAad {
 public:
  FrameAad() = default;
  explicit FrameAad(const MessageId& message_id);
  // Valid until the next call.
  BytesView of(const FrameHead& head);
  // The one of a body that is not framed: sequence number 1 (message-body-aad.md, "Sequence Number").
  BytesView of_non_framed(std::uint64_t content_size);

 private:
  static constexpr std::size_t label_size_max = 35;
  struct Text {
    ByteArray<message_id_size_max + label_size_max + 12> bytes{};
    std::size_t size = 0;
    void fill(const MessageId& message_id, std::string_view label);
    BytesView with_numbers(std::uint32_t sequence, std::uint64_t content_size);
  };
  Text regular_, final_;
  MessageId message_id_;
};

// The body of a message that is not framed: IV, u64 content length, content, tag. Only read, never written: older
// writers made them. Spec: data-format/message-body.md, "Non-framed data".
struct NonFramedHead {
  ByteArray<iv_size> iv{};
  std::uint64_t content_size = 0;  // Bytes.

  static constexpr std::size_t head_size = iv_size + 8;
  std::uint64_t size() const { return head_size + content_size + tag_size; }
};
// Fails with `invalid_input` above limits.non_framed_size_max, and above AES-GCM's own bound of 2^36 - 32.
Result<Progress<NonFramedHead>> read_non_framed_head(BytesView bytes, const Limits& limits);

}  // namespace keyfold::message
