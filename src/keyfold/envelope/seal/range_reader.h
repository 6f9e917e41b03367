#pragma once
// RangeReader: reads parts of a message without reading all of it. It verifies the header, then the final frame, whose
// number and place say how long the message is, then just the frames that a part lies in: frames are as long as each
// other, so each is found by its number. What it gives is authentic, in its place, and of a message that was not cut
// short; frames that nobody asked for have not been looked at.
//
// Only messages in frames that are not signed: a signature takes the whole message.

#include <memory>

#include "keyfold/envelope/seal/source.h"
#include "keyfold/envelope/seal/start.h"

namespace keyfold::seal {

// Not safe to use from several threads at once: each has one of its own.
class RangeReader {
 public:
  // `sealed` is just one message; null is a failed CHECK. Fails with `invalid_input` when it is signed, not framed,
  // malformed or cut short (some of that before any key is asked for), and as opening does.
  static Result<RangeReader> start(keyrings::MaterialsManager& manager, std::shared_ptr<RandomAccess> sealed,
                                   const OpenOptions& options);
  RangeReader(RangeReader&&) noexcept = default;
  RangeReader& operator=(RangeReader&&) = delete;
  ~RangeReader();

  std::uint64_t plaintext_size() const { return plaintext_size_; }  // Bytes.
  const MessageInfo& info() const { return info_; }

  // Up to out.size() bytes from `offset` on: less only at the end, and none beyond it. Fails with `authentication`, and
  // as the RandomAccess does; then `out` is wiped.
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out);

 private:
  explicit RangeReader(std::shared_ptr<RandomAccess> sealed) : sealed_(std::move(sealed)) {}
  Outcome find_end();
  message::FrameHead head_of(std::uint64_t index) const;
  Outcome open_frame(std::uint64_t index, std::span<std::byte> out, ErrorCode if_head_is_bad);
  Outcome read_frames(std::uint64_t offset, std::span<std::byte> out);

  std::shared_ptr<RandomAccess> sealed_;
  OpenStart start_;
  MessageInfo info_;
  std::uint64_t regular_frames_ = 0;
  std::uint64_t plaintext_size_ = 0;
  Bytes frame_, plaintext_;
};

}  // namespace keyfold::seal
