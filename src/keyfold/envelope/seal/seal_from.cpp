#include "keyfold/core/base/try.h"
#include "keyfold/envelope/message/footer.h"
#include "keyfold/envelope/seal/frames.h"
#include "keyfold/envelope/seal/in_order.h"
#include "keyfold/envelope/seal/streams.h"

namespace keyfold::seal {
namespace {

// What a thread seals at a time.
struct Piece {
  MessageCipher cipher;
  Bytes plaintext, sealed;
  std::size_t plaintext_size = 0;
  std::uint32_t first = 1;
  Ends ends = Ends::no;

  Piece() = default;
  Piece(Piece&&) noexcept = default;
  Piece& operator=(Piece&&) = delete;
  ~Piece() { wipe(plaintext); }
};

// Takes pieces from the source. It reads one byte ahead: only that tells which piece is the last.
class Reading {
 public:
  Reading(Source& source, std::uint32_t frame_length, std::optional<std::uint64_t> plaintext_size_max)
      : source_(source),
        frame_length_(frame_length),
        frames_(frames_in_piece(frame_length)),
        size_(frames_ * frame_length),
        left_(plaintext_size_max) {}
  ~Reading() { wipe(ahead_); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  Result<Taken> take(Piece& piece) {
    piece.plaintext.resize(size_ + 1);
    const auto room = std::span(piece.plaintext);
    std::ranges::copy(BytesView(ahead_).first(ahead_size_), room.begin());
    TRY_ASSIGN(const auto got, read_fully(source_, room.subspan(ahead_size_)));
    const auto had = ahead_size_ + got;
    piece.plaintext_size = std::min(had, size_);
    TRY(count(piece.plaintext_size));
    ahead_size_ = had - piece.plaintext_size;
    std::ranges::copy(room.subspan(piece.plaintext_size, ahead_size_), ahead_.begin());
    piece.ends = ahead_size_ == 0 ? Ends::yes : Ends::no;
    TRY(check_frame_count(sequence_, frame_length_, piece.ends, piece.plaintext_size));
    piece.first = static_cast<std::uint32_t>(sequence_);
    sequence_ += frames_;
    return piece.ends == Ends::yes ? Taken::last_piece : Taken::piece;
  }

 private:
  // Spec: client-apis/encrypt.md, "Plaintext Length Bound".
  Outcome count(std::uint64_t size) {
    if (!left_) return ok();
    if (size > *left_) return Error{ErrorCode::invalid_input, "there is more plaintext than was announced"};
    *left_ -= size;
    return ok();
  }

  Source& source_;
  const std::uint32_t frame_length_;
  const std::size_t frames_, size_;
  std::optional<std::uint64_t> left_;  // Bytes that may still come.
  std::uint64_t sequence_ = 1;
  ByteArray<1> ahead_{};
  std::size_t ahead_size_ = 0;
};

Outcome seal_body(SealStart& start, Source& plaintext, Sink& sealed, const SealOptions& options) {
  const auto frame_length = start.frame_length();
  std::vector<Piece> pieces(threads_for_stream(options.threads, frame_length));
  for (auto& piece : pieces) TRY(start.start_cipher(piece.cipher));
  const auto sealed_max = frames_in_piece(frame_length) * (frame_length + frame_overhead) + final_frame_more;
  Reading reading(plaintext, frame_length, options.plaintext_size_max);
  return run_in_order(
      std::span(pieces), [&](Piece& piece) { return reading.take(piece); },
      [&](Piece& piece) {
        piece.sealed.reserve(sealed_max);  // Once: growing for the final frame's head would double it.
        piece.sealed.resize(sealed_frames_size(frame_length, piece.ends, piece.plaintext_size));
        return seal_frames(piece.cipher, frame_length, piece.first, piece.ends,
                           BytesView(piece.plaintext).first(piece.plaintext_size), piece.sealed);
      },
      [&](Piece& piece) {
        start.cipher().add_to_digest(piece.sealed);
        return sealed.write(piece.sealed);
      });
}

Result<MessageInfo> seal_message(keyrings::MaterialsManager& manager, Random& random, Source& plaintext, Sink& sealed,
                                 const SealOptions& options) {
  SealStart start;
  TRY(start.start(manager, random, options, std::nullopt));
  TRY(sealed.write(start.header()));
  TRY(seal_body(start, plaintext, sealed, options));
  if (start.suite().signs()) {
    TRY_ASSIGN(const auto signature, start.sign());
    Bytes footer;
    message::append_footer(footer, signature);
    TRY(sealed.write(footer));
  }
  return start.info();
}

}  // namespace

Result<MessageInfo> seal_from(keyrings::MaterialsManager& manager, Random& random, Source& plaintext, Sink& sealed,
                              const SealOptions& options) {
  return caught([&] { return seal_message(manager, random, plaintext, sealed, options); });
}

}  // namespace keyfold::seal
