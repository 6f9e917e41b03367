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

template <std::size_t N>
void fill_aad(ByteArray<N>& out, const ByteArray<message_id_size>& message_id, std::string_view label) {
  const auto label_at = std::ranges::copy(message_id, out.begin()).out;
  std::ranges::copy(as_bytes(label), label_at);
}

template <std::size_t N>
BytesView with_numbers(ByteArray<N>& aad, const FrameHead& head) {
  put_u32(aad.data() + N - 12, head.sequence);
  put_u32(aad.data() + N - 4, head.content_size);  // The upper half of the u64 stays 0.
  return aad;
}

}  // namespace

Result<Progress<FrameHead>> read_frame_head(BytesView bytes, std::uint32_t frame_length, std::uint32_t expected) {
  Fields in(bytes);
  auto head = read_head(in, frame_length, expected);
  if (head) return Progress<FrameHead>(*head);
  if (in.cut_short()) return Progress<FrameHead>(NeedsMore{in.needed()});
  return std::move(head).error();
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

FrameAad::FrameAad(const ByteArray<message_id_size>& message_id) {
  fill_aad(regular_, message_id, regular_label);
  fill_aad(final_, message_id, final_label);
}

BytesView FrameAad::of(const FrameHead& head) {
  return head.kind == FrameKind::regular ? with_numbers(regular_, head) : with_numbers(final_, head);
}

}  // namespace keyfold::message
