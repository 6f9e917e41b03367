#include "keyfold/envelope/message/body.h"

#include "keyfold/core/base/try.h"

namespace keyfold::message {
namespace {

Error cut_short() { return {ErrorCode::invalid_input, "the message is cut short"}; }

// What `progress` read; a whole message that needs more is cut short.
template <class T>
Result<T> whole(Result<Progress<T>> progress) {
  TRY_ASSIGN(auto read, std::move(progress));
  if (auto* value = std::get_if<T>(&read)) return std::move(*value);
  return cut_short();
}

// Takes the body's bytes off the front of `rest`.
Outcome walk_frames(BytesView& rest, std::uint32_t frame_length, BodyShape& shape) {
  // Ends: every turn takes at least a head and a tag, and `frames_max` cannot be passed: a frame numbered 0xFFFFFFFF is
  // final.
  for (auto kind = FrameKind::regular; kind != FrameKind::final;) {
    TRY_ASSIGN(const auto head, whole(read_frame_head(rest, frame_length, shape.frames + 1)));
    if (head.size() > rest.size()) return cut_short();
    rest = rest.subspan(head.size());
    shape.plaintext_size += head.content_size;
    ++shape.frames;
    kind = head.kind;
  }
  return ok();
}

Outcome walk_non_framed(BytesView& rest, const Limits& limits, BodyShape& shape) {
  TRY_ASSIGN(const auto head, whole(read_non_framed_head(rest, limits)));
  if (head.size() > rest.size()) return cut_short();
  rest = rest.subspan(static_cast<std::size_t>(head.size()));
  shape.plaintext_size = head.content_size;
  return ok();
}

}  // namespace

Result<std::uint64_t> body_size(std::uint64_t plaintext_size, std::uint32_t frame_length) {
  KEYFOLD_CHECK(frame_length > 0);
  const std::uint64_t regular = plaintext_size == 0 ? 0 : (plaintext_size - 1) / frame_length;
  if (regular > regular_frames_max)
    return Error{ErrorCode::invalid_input, "a message has at most 2^32 - 1 frames; choose a longer frame length"};
  // The product cannot overflow: fewer than 2^32 frames of 32 bytes.
  const std::uint64_t overhead = regular * (regular_frame_head_size + tag_size) + final_frame_head_size + tag_size;
  if (plaintext_size > UINT64_MAX - overhead)
    return Error{ErrorCode::invalid_input, "the message is larger than 2^64 bytes"};
  return plaintext_size + overhead;
}

Result<BodyShape> read_body_shape(BytesView bytes, const HeaderBody& header, const Limits& limits) {
  BodyShape shape;
  auto rest = bytes;
  if (header.content_type == ContentType::framed) {
    TRY(walk_frames(rest, header.frame_length, shape));
  } else {
    TRY(walk_non_framed(rest, limits, shape));
  }
  shape.body_size = bytes.size() - rest.size();
  if (header.suite->signs()) {
    TRY_ASSIGN(shape.footer, whole(read_footer(rest)));
    rest = rest.subspan(shape.footer.size);
  }
  if (!rest.empty()) return Error{ErrorCode::invalid_input, "the message is followed by bytes that are not part of it"};
  return shape;
}

}  // namespace keyfold::message
