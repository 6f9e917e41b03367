#pragma once
// Messages that are in memory as a whole: sealed into, and opened from, spans.

#include "keyfold/envelope/message/body.h"
#include "keyfold/envelope/seal/start.h"

namespace keyfold::seal {

// What a sealed message takes; a signature, at most. Fails with `invalid_input` when it would have too many frames.
Result<std::size_t> sealed_size_max(const SealStart& start, std::size_t plaintext_size);
// Writes all of it; returns the bytes used. `out` is at least as large as sealed_size_max says, and does not overlap.
Result<std::size_t> seal_whole(SealStart& start, BytesView plaintext, std::span<std::byte> out, unsigned threads);

// A message taken apart, nothing of it verified.
struct WholeMessage {
  message::Header header;
  BytesView header_bytes;
  BytesView body;
  message::BodyShape shape;
};
// Fails with `invalid_input` on whatever is not one message.
Result<WholeMessage> take_apart(BytesView sealed, const message::Limits& limits);

// `out` is as large as the plaintext; it is wiped when not everything verifies.
Outcome open_whole(keyrings::MaterialsManager& manager, const WholeMessage& whole, std::span<std::byte> out,
                   const OpenOptions& options);

// What one message after another needs on a thread, so that whoever seals or opens a whole message at once allocates
// nothing for it. Leaves no secret behind. A materials manager that itself seals or opens, in the middle of a message,
// gets another one.
template <class Start>
class OfThisThread {
 public:
  OfThisThread() : start_(of_this_thread().used ? own_.emplace() : of_this_thread().start) {
    if (!own_) of_this_thread().used = true;
  }
  ~OfThisThread() {
    start_.forget();
    if (!own_) of_this_thread().used = false;
  }
  OfThisThread(const OfThisThread&) = delete;
  OfThisThread& operator=(const OfThisThread&) = delete;
  Start& operator*() { return start_; }
  Start* operator->() { return &start_; }

 private:
  struct Kept {
    Start start;
    bool used = false;
  };
  static Kept& of_this_thread() {
    thread_local Kept kept;
    return kept;
  }
  std::optional<Start> own_;
  Start& start_;
};

}  // namespace keyfold::seal
