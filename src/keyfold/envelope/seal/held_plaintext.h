#pragma once
// HeldPlaintext: what of an opened message may go to the sink at once, and what waits for the signature: SignedRelease.

#include "keyfold/envelope/materials/suite.h"
#include "keyfold/envelope/seal/options.h"
#include "keyfold/envelope/seal/sink.h"

namespace keyfold::seal {

// For one message, and one thread at a time.
class HeldPlaintext {
 public:
  // `sink` must outlive it.
  HeldPlaintext(Sink& sink, const OpenOptions& options)
      : sink_(&sink), release_(options.signed_release), held_max_(options.signed_plaintext_max) {}
  HeldPlaintext(HeldPlaintext&&) noexcept = default;
  HeldPlaintext& operator=(HeldPlaintext&&) = delete;
  ~HeldPlaintext() { wipe(held_); }

  void start(const materials::AlgorithmSuite& suite) {
    waits_ = suite.signs() && release_ != SignedRelease::to_quarantine;
  }
  // Of frames whose tags have verified. Fails with `limit_exceeded` when more must wait than may, and as the sink does.
  Outcome add(BytesView plaintext);
  // All has verified.
  Outcome release() { return waits_ ? sink_->write(held_) : ok(); }

 private:
  Sink* sink_;
  SignedRelease release_;
  std::size_t held_max_;  // Bytes.
  bool waits_ = true;
  Bytes held_;
};

}  // namespace keyfold::seal
