#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"
#include "keyfold/envelope/message/footer.h"
#include "keyfold/envelope/seal/frames.h"
#include "keyfold/envelope/seal/held_plaintext.h"
#include "keyfold/envelope/seal/in_order.h"
#include "keyfold/envelope/seal/streams.h"

namespace keyfold::seal {
namespace {

Error cut_short() { return {ErrorCode::invalid_input, "the message is cut short"}; }

// What a thread opens at a time.
struct Piece {
  MessageCipher cipher;
  Bytes sealed, plaintext;
  std::size_t sealed_size = 0;
  std::size_t plaintext_size = 0;
  std::uint32_t first = 1;

  Piece() = default;
  Piece(Piece&&) noexcept = default;
  Piece& operator=(Piece&&) = delete;
  ~Piece() { wipe(plaintext); }
};

// Takes pieces of whole frames from the source, up to the final frame.
class Reading {
 public:
  Reading(Source& source, std::uint32_t frame_length)
      : source_(source), frame_length_(frame_length), frames_(frames_in_piece(frame_length)) {}

  Result<Taken> take(Piece& piece) {
    piece.first = sequence_;
    piece.plaintext_size = 0;
    // Room for a final frame in the last place.
    piece.sealed.resize(frames_ * (frame_length_ + frame_overhead) + final_frame_more);
    const auto room = std::span(piece.sealed);
    TRY_ASSIGN(const auto got, read_fully(source_, room.first(room.size() - final_frame_more)));
    std::size_t at = 0, had = got;
    for (std::size_t i = 0; i < frames_ && !ended_; ++i) {
      TRY_ASSIGN(const auto head, next_head(room, at, had));
      at += head.size();
      piece.plaintext_size += head.content_size;
      ended_ = head.kind == message::FrameKind::final;
      ++sequence_;
    }
    piece.sealed_size = at;
    if (!ended_) return Taken::piece;
    behind_.assign(room.begin() + static_cast<std::ptrdiff_t>(at), room.begin() + static_cast<std::ptrdiff_t>(had));
    return Taken::last_piece;
  }

  // What was read behind the final frame.
  Bytes& behind() { return behind_; }

 private:
  // The head of the frame at `at`, all of which is in `room` then; reads on where that is short of it.
  Result<message::FrameHead> next_head(std::span<std::byte> room, std::size_t at, std::size_t& had) {
    for (;;) {
      TRY_ASSIGN(const auto read,
                 message::read_frame_head(BytesView(room).subspan(at, had - at), frame_length_, sequence_));
      const auto* head = std::get_if<message::FrameHead>(&read);
      const auto needed = at + (head != nullptr ? head->size() : std::get<message::NeedsMore>(read).at_least);
      if (head != nullptr && needed <= had) return *head;
      KEYFOLD_CHECK(needed <= room.size());
      TRY_ASSIGN(const auto got, read_fully(source_, room.subspan(had, needed - had)));
      if (got < needed - had) return cut_short();
      had = needed;
    }
  }

  Source& source_;
  const std::uint32_t frame_length_;
  const std::size_t frames_;
  std::uint32_t sequence_ = 1;
  bool ended_ = false;
  Bytes behind_;
};

// Reads until `bytes` is at least `size` long.
Outcome read_up_to(Source& source, Bytes& bytes, std::size_t size) {
  const auto had = bytes.size();
  if (had >= size) return ok();
  bytes.resize(size);
  TRY_ASSIGN(const auto got, read_fully(source, std::span(bytes).subspan(had)));
  bytes.resize(had + got);
  return bytes.size() < size ? Outcome(cut_short()) : ok();
}

// `bytes` holds the header then, and not a byte more.
Result<message::Header> read_header(Source& source, Bytes& bytes, const message::Limits& limits) {
  // Ends: each turn reads at least one byte more, and message::read_header() refuses more than limits.header_size_max.
  for (std::size_t wanted = 1;;) {
    TRY(read_up_to(source, bytes, wanted));
    TRY_ASSIGN(auto read, message::read_header(bytes, limits));
    if (auto* header = std::get_if<message::Header>(&read)) return *header;
    wanted = std::get<message::NeedsMore>(read).at_least;
  }
}

class Opening {
 public:
  Opening(Source& source, Sink& sink, const OpenOptions& options)
      : source_(source), options_(options), held_(sink, options) {}

  Result<MessageInfo> run(keyrings::MaterialsManager& manager) {
    Bytes header_bytes;
    TRY_ASSIGN(const auto header, read_header(source_, header_bytes, options_.limits));
    TRY_ASSIGN(auto info, info_of(header));
    TRY(start_.start(manager, header, header_bytes, options_));
    held_.start(*info.suite);
    TRY(info.content_type == message::ContentType::framed ? open_framed(info.frame_length) : open_non_framed());
    if (info.suite->signs()) TRY(check_footer());
    TRY(check_end());
    TRY(held_.release());
    return info;
  }

 private:
  Outcome open_framed(std::uint32_t frame_length) {
    std::vector<Piece> pieces(threads_for_stream(options_.threads, frame_length));
    for (auto& piece : pieces) TRY(start_.start_cipher(piece.cipher));
    Reading reading(source_, frame_length);
    TRY(run_in_order(
        std::span(pieces), [&](Piece& piece) { return reading.take(piece); },
        [&](Piece& piece) {
          piece.plaintext.resize(piece.plaintext_size);
          return open_frames(piece.cipher, frame_length, piece.first, BytesView(piece.sealed).first(piece.sealed_size),
                             piece.plaintext);
        },
        [&](Piece& piece) {
          start_.cipher().add_to_digest(BytesView(piece.sealed).first(piece.sealed_size));
          return held_.add(piece.plaintext);
        }));
    behind_ = std::move(reading.behind());
    return ok();
  }

  Outcome open_non_framed() {
    Bytes body;
    TRY(read_up_to(source_, body, message::NonFramedHead::head_size));
    TRY_ASSIGN(const auto read, message::read_non_framed_head(body, options_.limits));
    const auto& head = std::get<message::NonFramedHead>(read);
    TRY(read_up_to(source_, body, static_cast<std::size_t>(head.size())));
    Bytes plaintext(static_cast<std::size_t>(head.content_size));
    const WipeAtEnd wiped(plaintext);
    TRY(start_.cipher().open_non_framed(head, body, plaintext));
    start_.cipher().add_to_digest(body);
    return held_.add(plaintext);
  }

  Outcome check_footer() {
    for (std::size_t wanted = 1;;) {
      TRY(read_up_to(source_, behind_, wanted));
      TRY_ASSIGN(const auto read, message::read_footer(behind_));
      if (const auto* footer = std::get_if<message::Footer>(&read)) {
        TRY(start_.verify(footer->signature));
        behind_.erase(behind_.begin(), behind_.begin() + static_cast<std::ptrdiff_t>(footer->size));
        return ok();
      }
      wanted = std::get<message::NeedsMore>(read).at_least;
    }
  }

  Outcome check_end() {
    if (behind_.empty()) {
      ByteArray<1> more;
      TRY_ASSIGN(const auto got, read_fully(source_, more));
      if (got == 0) return ok();
    }
    return Error{ErrorCode::invalid_input, "the message is followed by bytes that are not part of it"};
  }

  Source& source_;
  const OpenOptions& options_;
  OpenStart start_;
  HeldPlaintext held_;
  Bytes behind_;  // What has been read behind the body.
};

}  // namespace

Result<MessageInfo> open_from(keyrings::MaterialsManager& manager, Source& sealed, Sink& plaintext,
                              const OpenOptions& options) {
  return caught([&] { return Opening(sealed, plaintext, options).run(manager); });
}

}  // namespace keyfold::seal
