#include "keyfold/envelope/message/frame.h"

#include "keyfold/core/base/try.h"

namespace keyfold::message {
namespace {

Error bad_frame(std::string why) { return {ErrorCode::invalid_input, std::move(why)}; }

void put_u32(std::byte* out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<std::byte>(value >> (24 - 8 * i));
}

Outcome read_iv(Fields& in, std::uint32_t sequence) {
  TRY_ASSIGN(const auto iv, in.bytes(iv_size));
  if (!std::ranges::equal(iv, frame_iv(sequence))) return bad_frame("a frame's IV is not its sequence number");
  return ok();
}

// Spec: data-format/message-body.md, "Regular Frame" and "Final Frame": told apart by their first four bytes.
Result<FrameHead> read_head(Fields& in, std::uint32_t frame_length, std::uint32_t expected) {
  FrameHead head;
  TRY_ASSIGN(const auto first, in.u32());
  head.kind = first == sequence_number_end ? FrameKind::final : FrameKind::regular;
  head.sequence = first;
  if (head.kind == FrameKind::final) {
    TRY_ASSIGN(head.sequence, in.u32());
  }
  if (head.sequence != expected)
    return bad_frame("frame " + std::to_string(head.sequence) + " stands where frame " + std::to_string(expected) +
                     " belongs");
  TRY(read_iv(in, head.sequence));
  head.content_size = frame_length;
  if (head.kind == FrameKind::final) {
    TRY_ASSIGN(head.content_size, in.u32());
    if (head.content_size > frame_length) return bad_frame("the final frame is larger than the frame length");
  }
  return head;
}

constexpr std::string_view regular_label = "AWSKMSEncryptionClient Frame";
constexpr std::string_view final_label = "AWSKMSEncryptionClient Final Frame";
constexpr std::string_view non_framed_label = "AWSKMSEncryptionClient Single Block";

Result<NonFramedHead> read_non_framed(Fields& in, const Limits& limits) {
  NonFramedHead head;
  TRY_ASSIGN(const auto iv, in.bytes(iv_size));
  std::ranges::copy(iv, head.iv.begin());
  TRY_ASSIGN(const std::uint64_t high, in.u32());
  TRY_ASSIGN(const std::uint64_t low, in.u32());
  head.content_size = high << 32 | low;
  constexpr std::uint64_t gcm_max = (std::uint64_t{1} << 36) - 32;
  if (head.content_size > std::min(limits.non_framed_size_max, gcm_max))
    return bad_frame("the message is not framed, and its content of " + std::to_string(head.content_size) +
                     " bytes is larger than the limit of " +
                     std::to_string(std::min(limits.non_framed_size_max, gcm_max)));
  return head;
}

// What `read` made of `in`, or how much it lacked.
template <class T>
Result<Progress<T>> progress(Result<T> read, const Fields& in) {
  if (read) return Progress<T>(*std::move(read));
  if (in.cut_short()) return Progress<T>(NeedsMore{in.needed()});
  return std::move(read).error();
}

}  // namespace

Result<Progress<FrameHead>> read_frame_head(BytesView bytes, std::uint32_t frame_length, std::uint32_t expected) {
  Fields in(bytes);
  auto head = read_head(in, frame_length, expected);
  return progress(std::move(head), in);
}

Result<Progress<NonFramedHead>> read_non_framed_head(BytesView bytes, const Limits& limits) {
  Fields in(bytes);
  auto head = read_non_framed(in, limits);
  return progress(std::move(head), in);
}

void write_frame_head(std::span<std::byte> out, const FrameHead& head) {
  KEYFOLD_CHECK(out.size() == head.head_size());
  auto* at = out.data();
  if (head.kind == FrameKind::final) {
    put_u32(at, sequence_number_end);
    at += 4;
  }
  put_u32(at, head.sequence);
  std::ranges::copy(frame_iv(head.sequence), at + 4);
  if (head.kind == FrameKind::final) put_u32(at + 4 + iv_size, head.content_size);
}

ByteArray<iv_size> frame_iv(std::uint32_t sequence) {
  ByteArray<iv_size> iv{};
  put_u32(iv.data() + iv_size - 4, sequence);
  return iv;
}

FrameAad::FrameAad(const MessageId& message_id) : message_id_(message_id) {
  static_assert(non_framed_label.size() == label_size_max && final_label.size() < label_size_max);
  regular_.fill(message_id, regular_label);
  final_.fill(message_id, final_label);
}

BytesView FrameAad::of(const FrameHead& head) {
  return (head.kind == FrameKind::regular ? regular_ : final_).with_numbers(head.sequence, head.content_size);
}

BytesView FrameAad::of_non_framed(std::uint64_t content_size) {
  regular_.fill(message_id_, non_framed_label);  // A message has either frames or this.
  return regular_.with_numbers(1, content_size);
}

void FrameAad::Text::fill(const MessageId& message_id, std::string_view label) {
  const auto label_at = std::ranges::copy(message_id.view(), bytes.begin()).out;
  std::ranges::copy(as_bytes(label), label_at);
  size = message_id.view().size() + label.size() + 12;
}

BytesView FrameAad::Text::with_numbers(std::uint32_t sequence, std::uint64_t content_size) {
  auto* const numbers = bytes.data() + size - 12;
  put_u32(numbers, sequence);
  put_u32(numbers + 4, static_cast<std::uint32_t>(content_size >> 32));
  put_u32(numbers + 8, static_cast<std::uint32_t>(content_size));
  return BytesView(bytes).first(size);
}

}  // namespace keyfold::message
