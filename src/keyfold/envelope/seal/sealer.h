#pragma once
// Sealer: seals one message as its plaintext arrives. Holds two frames, whatever the size of the message; allocates
// nothing per frame. Not safe to use from several threads at once. An interrupted message is discarded, never resumed:
// its IVs would repeat.

#include <optional>

#include "keyfold/envelope/seal/sink.h"
#include "keyfold/envelope/seal/start.h"

namespace keyfold::seal {

class Sealer {
 public:
  // Asks for the materials and writes the header. `sink` must outlive the Sealer; `manager` and `random` need not.
  // Fails with `invalid_input` when an option is beyond the limits, and with whatever the manager and the sink fail
  // with.
  static Result<Sealer> start(keyrings::MaterialsManager& manager, Random& random, Sink& sink,
                              const SealOptions& options);
  Sealer(Sealer&&) noexcept = default;
  Sealer& operator=(Sealer&&) = delete;
  ~Sealer();

  // Takes the next piece of plaintext, of any size. Fails with `invalid_input` when there is more than was announced
  // (SealOptions::plaintext_size_max), with `io` when the sink does. Once something has failed, everything after fails
  // in the same way.
  Outcome update(BytesView plaintext);
  // Writes the final frame, and the signature. A message without it is incomplete, and no reader accepts it. Last call
  // (CHECK).
  Outcome finish();

  MessageInfo info() const { return start_.info(); }

 private:
  Sealer(SealStart start, Sink& sink, std::optional<std::uint64_t> plaintext_size_max)
      : start_(std::move(start)), sink_(&sink), plaintext_left_(plaintext_size_max) {}
  Outcome take(BytesView plaintext);
  Outcome write_frame(message::FrameKind kind, BytesView plaintext);
  Outcome write_end();

  SealStart start_;
  Sink* sink_;
  std::optional<std::uint64_t> plaintext_left_;  // Bytes that may still come.
  Bytes held_;   // Plaintext, up to one frame of it: it stays until it is known whether it is the last.
  Bytes frame_;  // The frame being written.
  std::uint32_t sequence_ = 1;
  std::optional<Error> failed_;
  bool finished_ = false;
};

}  // namespace keyfold::seal
