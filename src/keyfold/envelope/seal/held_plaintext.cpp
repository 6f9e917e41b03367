#include "keyfold/envelope/seal/held_plaintext.h"

#include "keyfold/core/base/wiping.h"

namespace keyfold::seal {

Outcome HeldPlaintext::add(BytesView plaintext) {
  if (!waits_) return sink_->write(plaintext);
  if (plaintext.size() > held_max_ - held_.size())
    return Error{ErrorCode::limit_exceeded, "the message is signed, and its plaintext is larger than the " +
                                                std::to_string(held_max_) +
                                                " bytes that may be held until the signature is verified"};
  append_wiping(held_, plaintext);
  return ok();
}

}  // namespace keyfold::seal
