#include "keyfold/envelope/seal/frames.h"

#include <thread>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/message/body.h"

namespace keyfold::seal {

using message::FrameHead;
using message::FrameKind;

namespace {

// In memory that somebody else writes to, say: a file that is mapped.
Error changed_meanwhile() { return {ErrorCode::authentication, "the message was altered while it was being opened"}; }

}  // namespace

unsigned threads_for(unsigned wanted, std::uint64_t pieces) {
  const unsigned most = wanted == 0 ? std::max(1U, std::thread::hardware_concurrency()) : wanted;
  return static_cast<unsigned>(std::clamp<std::uint64_t>(pieces, 1, std::min(most, threads_max)));
}

unsigned threads_for_stream(unsigned wanted, std::uint32_t frame_length) {
  return threads_for(wanted, std::max<std::uint64_t>(1, stream_bytes_max / frame_length));
}

Outcome check_frame_count(std::uint64_t first, std::uint32_t frame_length, Ends ends, std::size_t plaintext_size) {
  const std::uint64_t more = plaintext_size == 0 ? 0 : (plaintext_size - 1) / frame_length;  // After the first one.
  if (first + more > (ends == Ends::yes ? message::frames_max : message::regular_frames_max))
    return Error{ErrorCode::invalid_input, "a message has at most 2^32 - 1 frames; choose a longer frame length"};
  return ok();
}

Outcome seal_frames(MessageCipher& cipher, std::uint32_t frame_length, std::uint32_t first, Ends ends,
                    BytesView plaintext, std::span<std::byte> out) {
  FrameHead head{.kind = FrameKind::regular, .sequence = first, .content_size = frame_length};
  const auto seal_next = [&]() -> Outcome {
    TRY(cipher.seal_frame(head, plaintext.first(head.content_size), out.first(head.size())));
    plaintext = plaintext.subspan(head.content_size);
    out = out.subspan(head.size());
    ++head.sequence;
    return ok();
  };
  while (plaintext.size() > frame_length || (ends == Ends::no && !plaintext.empty())) TRY(seal_next());
  if (ends == Ends::yes) {
    head.kind = FrameKind::final;
    head.content_size = static_cast<std::uint32_t>(plaintext.size());
    TRY(seal_next());
  }
  KEYFOLD_CHECK(out.empty());
  return ok();
}

std::size_t sealed_frames_size(std::uint32_t frame_length, Ends ends, std::size_t plaintext_size) {
  if (ends == Ends::yes) return static_cast<std::size_t>(*message::body_size(plaintext_size, frame_length));
  return plaintext_size + plaintext_size / frame_length * frame_overhead;
}

Outcome open_frames(MessageCipher& cipher, std::uint32_t frame_length, std::uint32_t first, BytesView sealed,
                    std::span<std::byte> out) {
  for (auto sequence = first; !sealed.empty(); ++sequence) {
    TRY_ASSIGN(const auto read, message::read_frame_head(sealed, frame_length, sequence));
    const auto* head = std::get_if<FrameHead>(&read);
    if (head == nullptr || head->size() > sealed.size() || head->content_size > out.size()) return changed_meanwhile();
    TRY(cipher.open_frame(*head, sealed.first(head->size()), out.first(head->content_size)));
    sealed = sealed.subspan(head->size());
    out = out.subspan(head->content_size);
  }
  return out.empty() ? ok() : Outcome(changed_meanwhile());
}

}  // namespace keyfold::seal
