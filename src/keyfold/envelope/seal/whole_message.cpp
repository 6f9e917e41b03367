#include "keyfold/envelope/seal/whole_message.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/seal/frames.h"
#include "keyfold/envelope/seal/in_order.h"

namespace keyfold::seal {
namespace {

// Frames that lie one behind the other, on both sides.
struct Piece {
  std::uint32_t first = 1;
  Ends ends = Ends::no;
  BytesView in;
  std::span<std::byte> out;
};

// Takes pieces off the front of `in` and `out`, whose frames' sizes are full_in and full_out, but for the last.
class Cutter {
 public:
  Cutter(BytesView in, std::span<std::byte> out, std::size_t full_in, std::size_t full_out, std::size_t frames)
      : in_(in), out_(out), piece_in_(full_in * frames), piece_out_(full_out * frames), frames_(frames) {}

  Taken take(Piece& piece) {
    piece.first = sequence_;
    const bool is_last = in_.size() <= piece_in_ || out_.size() <= piece_out_;
    piece.ends = is_last ? Ends::yes : Ends::no;
    piece.in = is_last ? in_ : in_.first(piece_in_);
    piece.out = is_last ? out_ : out_.first(piece_out_);
    in_ = in_.subspan(piece.in.size());
    out_ = out_.subspan(piece.out.size());
    sequence_ += static_cast<std::uint32_t>(frames_);
    return is_last ? Taken::last_piece : Taken::piece;
  }

 private:
  BytesView in_;
  std::span<std::byte> out_;
  std::size_t piece_in_, piece_out_, frames_;
  std::uint32_t sequence_ = 1;
};

// A thread's own.
struct PieceOfThread : Piece {
  MessageCipher cipher;
};

// work(cipher, piece) on all that `cutter` cuts, and digested(piece) into the digest, in order.
template <class Start, class Work, class Digested>
Outcome run(Start& start, Cutter& cutter, unsigned threads, const Work& work, const Digested& digested) {
  if (threads == 1) {
    Piece piece;
    for (auto taken = Taken::piece; taken == Taken::piece;) {
      taken = cutter.take(piece);
      TRY(work(start.cipher(), piece));
      start.cipher().add_to_digest(digested(piece));
    }
    return ok();
  }
  std::vector<PieceOfThread> pieces(threads);
  for (auto& piece : pieces) TRY(start.start_cipher(piece.cipher));
  return run_in_order(
      std::span(pieces), [&](PieceOfThread& piece) { return Result<Taken>(cutter.take(piece)); },
      [&](PieceOfThread& piece) { return work(piece.cipher, piece); },
      [&](PieceOfThread& piece) {
        start.cipher().add_to_digest(digested(piece));
        return ok();
      });
}

// `body` is just as large as the frames.
Outcome seal_body(SealStart& start, BytesView plaintext, std::span<std::byte> body, unsigned threads) {
  const auto length = start.frame_length();
  const auto frames = frames_in_piece(length);
  Cutter cutter(plaintext, body, length, length + frame_overhead, frames);
  const auto seal = [length](MessageCipher& cipher, const Piece& piece) {
    return seal_frames(cipher, length, piece.first, piece.ends, piece.in, piece.out);
  };
  return run(start, cutter, threads_for(threads, plaintext.size() / (frames * length)), seal,
             [](const Piece& piece) { return BytesView(piece.out); });
}

// The shape has been checked: it is all there.
Outcome open_framed(OpenStart& start, const WholeMessage& whole, std::span<std::byte> out, unsigned threads) {
  const auto length = whole.header.body.frame_length;
  const auto frames = frames_in_piece(length);
  Cutter cutter(whole.body, out, length + frame_overhead, length, frames);
  const auto open = [length](MessageCipher& cipher, const Piece& piece) {
    return open_frames(cipher, length, piece.first, piece.in, piece.out);
  };
  return run(start, cutter, threads_for(threads, out.size() / (frames * length)), open,
             [](const Piece& piece) { return piece.in; });
}

Outcome open_non_framed(OpenStart& start, const WholeMessage& whole, std::span<std::byte> out,
                        const message::Limits& limits) {
  TRY_ASSIGN(const auto read, message::read_non_framed_head(whole.body, limits));
  const auto& head = std::get<message::NonFramedHead>(read);
  if (head.content_size != out.size())  // In memory that somebody else writes to.
    return Error{ErrorCode::authentication, "the message was altered while it was being opened"};
  TRY(start.cipher().open_non_framed(head, whole.body, out));
  start.cipher().add_to_digest(whole.body);
  return ok();
}

Outcome open_body(OpenStart& start, const WholeMessage& whole, std::span<std::byte> out, const OpenOptions& options) {
  const bool is_framed = whole.header.body.content_type == message::ContentType::framed;
  TRY(is_framed ? open_framed(start, whole, out, options.threads) : open_non_framed(start, whole, out, options.limits));
  if (!whole.header.body.suite->signs()) return ok();
  return start.verify(whole.shape.footer.signature);
}

}  // namespace

Result<std::size_t> sealed_size_max(const SealStart& start, std::size_t plaintext_size) {
  TRY_ASSIGN(const auto body, message::body_size(plaintext_size, start.frame_length()));
  return start.header().size() + static_cast<std::size_t>(body) +
         (start.suite().signs() ? message::footer_size_max : 0);
}

Result<std::size_t> seal_whole(SealStart& start, BytesView plaintext, std::span<std::byte> out, unsigned threads) {
  std::ranges::copy(start.header(), out.begin());
  const auto after_header = out.subspan(start.header().size());
  const auto body = after_header.first(sealed_frames_size(start.frame_length(), Ends::yes, plaintext.size()));
  TRY(seal_body(start, plaintext, body, threads));
  const auto used = start.header().size() + body.size();
  if (!start.suite().signs()) return used;
  TRY_ASSIGN(const auto signature, start.sign());
  Bytes footer;
  message::append_footer(footer, signature);
  std::ranges::copy(footer, out.subspan(used).begin());
  return used + footer.size();
}

Result<WholeMessage> take_apart(BytesView sealed, const message::Limits& limits) {
  TRY_ASSIGN(auto read, message::read_header(sealed, limits));
  auto* header = std::get_if<message::Header>(&read);
  if (header == nullptr) return Error{ErrorCode::invalid_input, "the message is cut short"};
  WholeMessage whole{.header = *header, .header_bytes = {}, .body = {}, .shape = {}};
  whole.header_bytes = sealed.first(whole.header.size);
  TRY_ASSIGN(whole.shape, message::read_body_shape(sealed.subspan(whole.header.size), whole.header.body, limits));
  whole.body = sealed.subspan(whole.header.size, whole.shape.body_size);
  return whole;
}

Outcome open_whole(keyrings::MaterialsManager& manager, const WholeMessage& whole, std::span<std::byte> out,
                   const OpenOptions& options) {
  OfThisThread<OpenStart> start;
  TRY(start->start(manager, whole.header, whole.header_bytes, options));
  auto opened = open_body(*start, whole, out, options);
  if (!opened) wipe(out);
  return opened;
}

}  // namespace keyfold::seal
