#include "keyfold/envelope/seal/envelope.h"

#include <istream>
#include <ostream>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/message/body.h"

namespace keyfold::seal {
namespace {

using message::FrameHead;
using message::FrameKind;

constexpr std::size_t stream_piece = std::size_t{256} << 10;  // Bytes read at a time.

// The last piece of a sealed message in memory: `footer` is what a signature may take at most.
struct SealedSize {
  std::size_t body;
  std::size_t footer_max;
};
Result<SealedSize> sealed_size(const SealStart& start, std::size_t plaintext_size) {
  TRY_ASSIGN(const auto body, message::body_size(plaintext_size, start.info.frame_length));
  return SealedSize{.body = static_cast<std::size_t>(body),
                    .footer_max = start.signing_key ? message::footer_size_max : 0};
}

// `out` holds the header, then room; returns the bytes used in all.
Result<std::size_t> seal_after_header(SealStart& start, BytesView plaintext, std::span<std::byte> out) {
  std::ranges::copy(start.header, out.begin());
  auto room = out.subspan(start.header.size());
  FrameHead head{.kind = FrameKind::regular, .sequence = 1, .content_size = start.info.frame_length};
  const auto seal_next = [&]() -> Outcome {
    TRY(start.cipher.seal_frame(head, plaintext.first(head.content_size), room.first(head.size())));
    plaintext = plaintext.subspan(head.content_size);
    room = room.subspan(head.size());
    ++head.sequence;
    return ok();
  };
  while (plaintext.size() > head.content_size) TRY(seal_next());
  head.kind = FrameKind::final;
  head.content_size = static_cast<std::uint32_t>(plaintext.size());
  TRY(seal_next());
  if (start.signing_key == nullptr) return out.size() - room.size();
  TRY_ASSIGN(const auto signature, sign(start));
  Bytes footer;
  message::append_footer(footer, signature);
  std::ranges::copy(footer, room.begin());
  return out.size() - room.size() + footer.size();
}

// A message in memory, taken apart, nothing of it verified.
struct WholeMessage {
  message::Header header;
  BytesView header_bytes;
  BytesView body;
  message::BodyShape shape;
};
Result<WholeMessage> take_apart(BytesView sealed, const message::Limits& limits) {
  TRY_ASSIGN(auto read, message::read_header(sealed, limits));
  auto* header = std::get_if<message::Header>(&read);
  if (header == nullptr) return Error{ErrorCode::invalid_input, "the message is cut short"};
  WholeMessage whole{.header = std::move(*header), .header_bytes = {}, .body = {}, .shape = {}};
  whole.header_bytes = sealed.first(whole.header.size);
  const auto& body = whole.header.body;
  TRY_ASSIGN(whole.shape, message::read_body_shape(sealed.subspan(whole.header.size), *body.suite, body.frame_length));
  whole.body = sealed.subspan(whole.header.size, whole.shape.body_size);
  return whole;
}

Outcome open_frames(OpenStart& start, const WholeMessage& whole, std::span<std::byte> out) {
  auto rest = whole.body;
  for (std::uint32_t sequence = 1; !rest.empty(); ++sequence) {
    TRY_ASSIGN(const auto read, message::read_frame_head(rest, start.info.frame_length, sequence));
    const auto& head = std::get<FrameHead>(read);  // The shape has been checked: it is all there.
    TRY(start.cipher.open_frame(head, rest.first(head.size()), out.first(head.content_size)));
    out = out.subspan(head.content_size);
    rest = rest.subspan(head.size());
  }
  if (start.verification_key == nullptr) return ok();
  return start.verification_key->verify(start.cipher.finish_digest(), whole.shape.footer.signature);
}

Outcome open_or_wipe(OpenStart& start, const WholeMessage& whole, std::span<std::byte> out) {
  auto opened = open_frames(start, whole, out);
  if (!opened) wipe(out);
  return opened;
}

// Feeds all of `in` to something with an update(). A stream that has failed before (a file that could not be opened) is
// not an empty one.
template <class Target>
Outcome feed(std::istream& in, Target& target) {
  if (!in) return Error{ErrorCode::io, "the input cannot be read"};
  Bytes piece(stream_piece);
  auto fed = ok();
  while (in && fed) {
    in.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    fed = in.bad() ? Outcome(Error{ErrorCode::io, "the input cannot be read"})
                   : target.update(BytesView(piece).first(static_cast<std::size_t>(in.gcount())));
  }
  wipe(piece);
  return fed;
}

Outcome flush(std::ostream& out) {
  if (!out.flush()) return Error{ErrorCode::io, "the output cannot be written"};
  return ok();
}

}  // namespace

Envelope::Envelope(std::shared_ptr<const keyrings::Keyring> keyring)
    : Envelope(keyrings::default_materials_manager(std::move(keyring))) {}

Envelope::Envelope(std::shared_ptr<keyrings::MaterialsManager> manager, std::shared_ptr<Random> random)
    : manager_(std::move(manager)), random_(std::move(random)) {
  KEYFOLD_CHECK(manager_ != nullptr && random_ != nullptr);
}

Result<Bytes> Envelope::seal(BytesView plaintext, const SealOptions& options) const {
  TRY_ASSIGN(auto start, start_seal(*manager_, *random_, options));
  TRY_ASSIGN(const auto size, sealed_size(start, plaintext.size()));
  Bytes out(start.header.size() + size.body + size.footer_max);
  TRY_ASSIGN(const auto used, seal_after_header(start, plaintext, out));
  out.resize(used);
  return out;
}

Result<Bytes> Envelope::seal(std::string_view plaintext, const SealOptions& options) const {
  return seal(as_bytes(plaintext), options);
}

Result<std::size_t> Envelope::seal_into(BytesView plaintext, std::span<std::byte> out,
                                        const SealOptions& options) const {
  TRY_ASSIGN(auto start, start_seal(*manager_, *random_, options));
  TRY_ASSIGN(const auto size, sealed_size(start, plaintext.size()));
  const auto needed = start.header.size() + size.body + size.footer_max;
  if (out.size() < needed)
    return Error{ErrorCode::invalid_input, "the output has room for " + std::to_string(out.size()) +
                                               " bytes; it takes " + std::to_string(needed)};
  return seal_after_header(start, plaintext, out);
}

Result<Opened> Envelope::open(BytesView sealed, const OpenOptions& options) const {
  TRY_ASSIGN(const auto whole, take_apart(sealed, options.limits));
  TRY_ASSIGN(auto start, start_open(*manager_, whole.header, whole.header_bytes, options));
  Bytes plaintext(static_cast<std::size_t>(whole.shape.plaintext_size));
  TRY(open_or_wipe(start, whole, plaintext));
  return Opened{.plaintext = std::move(plaintext), .info = std::move(start.info)};
}

Result<Opened> Envelope::open(std::string_view sealed, const OpenOptions& options) const {
  return open(as_bytes(sealed), options);
}

Result<std::size_t> Envelope::open_into(BytesView sealed, std::span<std::byte> out, const OpenOptions& options) const {
  TRY_ASSIGN(const auto whole, take_apart(sealed, options.limits));
  const auto size = static_cast<std::size_t>(whole.shape.plaintext_size);
  if (out.size() < size)
    return Error{ErrorCode::invalid_input,
                 "the output has room for " + std::to_string(out.size()) + " bytes; it takes " + std::to_string(size)};
  TRY_ASSIGN(auto start, start_open(*manager_, whole.header, whole.header_bytes, options));
  TRY(open_or_wipe(start, whole, out.first(size)));
  return size;
}

Result<Sealer> Envelope::sealer(Sink& sink, const SealOptions& options) const {
  return Sealer::start(*manager_, *random_, sink, options);
}

Opener Envelope::opener(Sink& sink, const OpenOptions& options) const { return {manager_, sink, options}; }

Result<MessageInfo> Envelope::seal_stream(std::istream& in, std::ostream& out, const SealOptions& options) const {
  StreamSink sink(out);
  TRY_ASSIGN(auto sealer, this->sealer(sink, options));
  TRY(feed(in, sealer));
  TRY(sealer.finish());
  TRY(flush(out));
  return sealer.info();
}

Result<MessageInfo> Envelope::open_stream(std::istream& in, std::ostream& out, const OpenOptions& options) const {
  StreamSink sink(out);
  auto opener = this->opener(sink, options);
  TRY(feed(in, opener));
  TRY_ASSIGN(auto info, opener.finish());
  TRY(flush(out));
  return info;
}

}  // namespace keyfold::seal
