#pragma once
// Frames in pieces: what one thread seals or opens at a time. Used by whatever seals or opens more than one frame.

#include "keyfold/envelope/seal/message_cipher.h"

namespace keyfold::seal {

inline constexpr std::size_t frame_overhead = message::regular_frame_head_size + message::tag_size;  // Bytes.
// Bytes by which the head of a final frame is longer than that of a regular one.
inline constexpr std::size_t final_frame_more = message::final_frame_head_size - message::regular_frame_head_size;
inline constexpr std::size_t piece_size = std::size_t{256} << 10;  // Bytes of plaintext in a piece, about.
inline constexpr unsigned threads_max = 256;
// Bytes of plaintext that the threads of one stream hold at most, and as much sealed; but at least a frame. Whoever
// sealed a message chose how long its frames are: that does not choose how much memory its readers take.
inline constexpr std::uint64_t stream_bytes_max = std::uint64_t{64} << 20;

// Whole frames that make about piece_size bytes: at least one.
constexpr std::size_t frames_in_piece(std::uint32_t frame_length) {
  return frame_length >= piece_size ? 1 : piece_size / frame_length;
}

// How many threads a caller gets who asks for `wanted` (0: one for each core) and has `pieces` pieces to do.
unsigned threads_for(unsigned wanted, std::uint64_t pieces);
// The same, for a stream of any length in frames of this one.
unsigned threads_for_stream(unsigned wanted, std::uint32_t frame_length);

// Seals `plaintext` into frames from number `first` on, one behind the other; the last one is the final frame if
// `ends`. Every other frame is full; `out` is just as large as they are.
enum class Ends : std::uint8_t { no, yes };
Outcome seal_frames(MessageCipher& cipher, std::uint32_t frame_length, std::uint32_t first, Ends ends,
                    BytesView plaintext, std::span<std::byte> out);
// Bytes that it writes. That these are not too many frames has been checked before (CHECK).
std::size_t sealed_frames_size(std::uint32_t frame_length, Ends ends, std::size_t plaintext_size);
// Fails with `invalid_input` when a message cannot have the frames that it would write from number `first` on.
Outcome check_frame_count(std::uint64_t first, std::uint32_t frame_length, Ends ends, std::size_t plaintext_size);

// Opens the frames of `sealed`, whose heads have been read before, from number `first` on. `out` is just as large as
// their content was then: fails with `authentication` when it no longer is, too.
Outcome open_frames(MessageCipher& cipher, std::uint32_t frame_length, std::uint32_t first, BytesView sealed,
                    std::span<std::byte> out);

}  // namespace keyfold::seal
