#include "keyfold/envelope/seal/sealer.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/message/footer.h"

namespace keyfold::seal {

using message::FrameHead;
using message::FrameKind;

Result<Sealer> Sealer::start(keyrings::MaterialsManager& manager, Random& random, Sink& sink,
                             const SealOptions& options) {
  SealStart start;
  TRY(start.start(manager, random, options, std::nullopt));
  TRY(sink.write(start.header()));
  return Sealer(std::move(start), sink, options.plaintext_size_max);
}

Sealer::~Sealer() { wipe(held_); }

Outcome Sealer::update(BytesView plaintext) {
  KEYFOLD_CHECK(!finished_);
  if (failed_) return *failed_;
  auto taken = take(plaintext);
  if (!taken) failed_ = taken.error();
  return taken;
}

Outcome Sealer::finish() {
  KEYFOLD_CHECK(!finished_);
  finished_ = true;
  if (failed_) return *failed_;
  return write_end();
}

// A frame is written as regular only once something follows it: the last one is the final frame, full or not.
Outcome Sealer::take(BytesView plaintext) {
  // Spec: client-apis/encrypt.md, "Plaintext Length Bound".
  if (plaintext_left_) {
    if (plaintext.size() > *plaintext_left_)
      return Error{ErrorCode::invalid_input, "there is more plaintext than was announced"};
    *plaintext_left_ -= plaintext.size();
  }
  const std::size_t frame_length = start_.frame_length();
  if (!held_.empty()) {
    const auto missing = std::min(frame_length - held_.size(), plaintext.size());
    held_.insert(held_.end(), plaintext.begin(), plaintext.begin() + static_cast<std::ptrdiff_t>(missing));
    plaintext = plaintext.subspan(missing);
    if (plaintext.empty()) return ok();
    TRY(write_frame(FrameKind::regular, held_));
    held_.clear();
  }
  while (plaintext.size() > frame_length) {
    TRY(write_frame(FrameKind::regular, plaintext.first(frame_length)));
    plaintext = plaintext.subspan(frame_length);
  }
  if (plaintext.empty()) return ok();
  held_.reserve(frame_length);  // Once: growing would leave copies behind.
  held_.assign(plaintext.begin(), plaintext.end());
  return ok();
}

Outcome Sealer::write_frame(FrameKind kind, BytesView plaintext) {
  if (kind == FrameKind::regular && sequence_ > message::regular_frames_max)
    return Error{ErrorCode::invalid_input, "a message has at most 2^32 - 1 frames; choose a longer frame length"};
  const FrameHead head{
      .kind = kind, .sequence = sequence_, .content_size = static_cast<std::uint32_t>(plaintext.size())};
  frame_.resize(head.size());
  TRY(start_.cipher().seal_frame(head, plaintext, frame_));
  start_.cipher().add_to_digest(frame_);
  ++sequence_;
  return sink_->write(frame_);
}

Outcome Sealer::write_end() {
  TRY(write_frame(FrameKind::final, held_));
  if (!start_.suite().signs()) return ok();
  TRY_ASSIGN(const auto signature, start_.sign());
  Bytes footer;
  message::append_footer(footer, signature);
  return sink_->write(footer);
}

}  // namespace keyfold::seal
