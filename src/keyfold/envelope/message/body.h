#pragma once
// The body as a whole: how large it is, and whether what follows a header has the shape of one.

#include "keyfold/envelope/message/footer.h"
#include "keyfold/envelope/message/frame.h"

namespace keyfold::message {

// What a message of `plaintext_size` bytes takes after its header, footer not included. The last frame is full when the
// plaintext is a multiple of the frame length ("SHOULD be equal to the frame length", message-body.md, "Final Frame").
// Fails with `invalid_input` when that takes more than frames_max frames.
Result<std::uint64_t> body_size(std::uint64_t plaintext_size, std::uint32_t frame_length);

struct BodyShape {
  std::uint64_t plaintext_size = 0;  // Bytes.
  std::uint32_t frames = 0;          // None when the message is not framed.
  std::size_t body_size = 0;         // Bytes, from the first frame to the end of the last.
  Footer footer;                     // Empty unless the suite signs.
};

// Walks over everything that follows a header. Nothing is authenticated by it; it costs no key and no call, so it comes
// first. Fails with `invalid_input` when the body is cut short, malformed, beyond the limits, or followed by anything.
Result<BodyShape> read_body_shape(BytesView bytes, const HeaderBody& header, const Limits& limits);

}  // namespace keyfold::message
