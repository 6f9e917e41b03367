#pragma once
// Opener: opens one message as its bytes arrive. Holds a few frames of an unsigned message, whatever its size, and
// allocates nothing per frame; see SignedRelease for signed ones, and Limits for those that are not framed. Not safe to
// use from several threads at once.
//
// What the sink has received is authentic, but until finish() has succeeded it may be the beginning of a message that
// was cut short.

#include <memory>
#include <optional>

#include "keyfold/envelope/seal/held_plaintext.h"
#include "keyfold/envelope/seal/start.h"

namespace keyfold::seal {

class Opener {
 public:
  // `sink` must outlive the Opener. The materials are asked for when the header is complete.
  Opener(std::shared_ptr<keyrings::MaterialsManager> manager, Sink& sink, OpenOptions options);
  Opener(Opener&&) noexcept = default;
  Opener& operator=(Opener&&) = delete;
  ~Opener();  // Wipes the plaintext that it holds.

  // Takes the next piece of the message, of any size. Fails with `authentication` when it has been altered, with
  // `invalid_input` when it is malformed, beyond the limits, or followed by anything, and with whatever the keyrings
  // and the sink fail with. Once something has failed, everything after fails in the same way.
  Outcome update(BytesView sealed);
  // Says that this was all. Fails with `invalid_input` when the message was cut short. Last call (CHECK).
  Result<MessageInfo> finish();

  // Null until the header has been authenticated. Not yet signed for, in a signed message, until finish(). The
  // pointer lives as long as the Opener.
  const MessageInfo* info() const { return at_ == At::header ? nullptr : &info_; }

 private:
  enum class At { header, frames, non_framed, footer, end };
  struct Step {
    std::size_t taken;   // Bytes of the input; 0 when more are needed.
    std::size_t needed;  // Then: bytes in all.
  };
  Outcome take(BytesView sealed);
  Result<std::size_t> take_all(BytesView bytes);
  Result<Step> step(BytesView bytes);
  Result<Step> open_header(BytesView bytes);
  Result<Step> open_frame(BytesView bytes);
  Result<Step> open_non_framed(BytesView bytes);
  void end_body() { at_ = info_.suite->signs() ? At::footer : At::end; }
  Result<Step> check_footer(BytesView bytes);

  std::shared_ptr<keyrings::MaterialsManager> manager_;
  OpenOptions options_;
  HeldPlaintext plaintext_held_;
  At at_ = At::header;
  OpenStart start_;
  MessageInfo info_;
  Bytes held_;              // Bytes of a header, frame or footer that is not complete yet.
  std::size_t needed_ = 1;  // As many make the next step worth trying.
  Bytes plaintext_;         // Of one frame.
  std::uint32_t sequence_ = 1;
  std::optional<Error> failed_;
  bool finished_ = false;
};

}  // namespace keyfold::seal
