#include "keyfold/envelope/seal/opener.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/message/footer.h"

namespace keyfold::seal {

Opener::Opener(std::shared_ptr<keyrings::MaterialsManager> manager, Sink& sink, OpenOptions options)
    : manager_(std::move(manager)), options_(std::move(options)), plaintext_held_(sink, options_) {
  KEYFOLD_CHECK(manager_ != nullptr);
}

Opener::~Opener() { wipe(plaintext_); }

Outcome Opener::update(BytesView sealed) {
  KEYFOLD_CHECK(!finished_);
  if (failed_) return *failed_;
  auto taken = take(sealed);
  if (!taken) failed_ = taken.error();
  return taken;
}

Result<MessageInfo> Opener::finish() {
  KEYFOLD_CHECK(!finished_);
  finished_ = true;
  if (failed_) return *failed_;
  if (at_ != At::end) return Error{ErrorCode::invalid_input, "the message is cut short"};
  TRY(plaintext_held_.release());
  return info_;  // A copy: info() goes on pointing at this one.
}

// Works on the caller's bytes where they are; holds only what does not make a whole header, frame or footer yet.
Outcome Opener::take(BytesView sealed) {
  while (!held_.empty() && !sealed.empty()) {
    const auto missing = std::min(needed_ - held_.size(), sealed.size());
    held_.insert(held_.end(), sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(missing));
    sealed = sealed.subspan(missing);
    if (held_.size() < needed_) return ok();
    TRY_ASSIGN(const auto taken, take_all(held_));
    // A step asks for no more than it takes, so either all was taken or nothing.
    KEYFOLD_CHECK(taken == 0 || taken == held_.size());
    if (taken != 0) held_.clear();
  }
  if (sealed.empty()) return ok();
  TRY_ASSIGN(const auto taken, take_all(sealed));
  const auto rest = sealed.subspan(taken);
  held_.assign(rest.begin(), rest.end());
  return ok();
}

Result<std::size_t> Opener::take_all(BytesView bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    TRY_ASSIGN(const auto done, step(bytes.subspan(taken)));
    if (done.taken == 0) {
      needed_ = done.needed;
      break;
    }
    taken += done.taken;
  }
  return taken;
}

Result<Opener::Step> Opener::step(BytesView bytes) {
  switch (at_) {
    case At::header:
      return open_header(bytes);
    case At::frames:
      return open_frame(bytes);
    case At::non_framed:
      return open_non_framed(bytes);
    case At::footer:
      return check_footer(bytes);
    case At::end:
      break;
  }
  return Error{ErrorCode::invalid_input, "the message is followed by bytes that are not part of it"};
}

Result<Opener::Step> Opener::open_header(BytesView bytes) {
  TRY_ASSIGN(const auto read, message::read_header(bytes, options_.limits));
  if (const auto* more = std::get_if<message::NeedsMore>(&read)) return Step{.taken = 0, .needed = more->at_least};
  const auto& header = std::get<message::Header>(read);
  TRY_ASSIGN(info_, info_of(header));
  TRY(start_.start(*manager_, header, bytes.first(header.size), options_));
  plaintext_held_.start(*info_.suite);
  at_ = header.body.content_type == message::ContentType::framed ? At::frames : At::non_framed;
  return Step{.taken = header.size, .needed = 0};
}

Result<Opener::Step> Opener::open_frame(BytesView bytes) {
  TRY_ASSIGN(const auto read, message::read_frame_head(bytes, info_.frame_length, sequence_));
  if (const auto* more = std::get_if<message::NeedsMore>(&read)) return Step{.taken = 0, .needed = more->at_least};
  const auto& head = std::get<message::FrameHead>(read);
  if (head.size() > bytes.size()) return Step{.taken = 0, .needed = head.size()};
  plaintext_.resize(head.content_size);
  const auto frame = bytes.first(head.size());
  TRY(start_.cipher().open_frame(head, frame, plaintext_));
  start_.cipher().add_to_digest(frame);
  TRY(plaintext_held_.add(plaintext_));
  ++sequence_;
  if (head.kind == message::FrameKind::final) end_body();
  return Step{.taken = frame.size(), .needed = 0};
}

Result<Opener::Step> Opener::open_non_framed(BytesView bytes) {
  TRY_ASSIGN(const auto read, message::read_non_framed_head(bytes, options_.limits));
  if (const auto* more = std::get_if<message::NeedsMore>(&read)) return Step{.taken = 0, .needed = more->at_least};
  const auto& head = std::get<message::NonFramedHead>(read);
  if (head.size() > bytes.size()) return Step{.taken = 0, .needed = static_cast<std::size_t>(head.size())};
  const auto body = bytes.first(static_cast<std::size_t>(head.size()));
  plaintext_.resize(static_cast<std::size_t>(head.content_size));
  TRY(start_.cipher().open_non_framed(head, body, plaintext_));
  start_.cipher().add_to_digest(body);
  TRY(plaintext_held_.add(plaintext_));
  end_body();
  return Step{.taken = body.size(), .needed = 0};
}

Result<Opener::Step> Opener::check_footer(BytesView bytes) {
  TRY_ASSIGN(const auto read, message::read_footer(bytes));
  if (const auto* more = std::get_if<message::NeedsMore>(&read)) return Step{.taken = 0, .needed = more->at_least};
  const auto& footer = std::get<message::Footer>(read);
  TRY(start_.verify(footer.signature));
  at_ = At::end;
  return Step{.taken = footer.size, .needed = 0};
}

}  // namespace keyfold::seal
