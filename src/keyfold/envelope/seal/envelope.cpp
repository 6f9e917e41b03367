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

// What one message after another needs on a thread, so that the functions that seal or open a whole message at once
// allocate nothing for it. Whoever uses it leaves no secret in it. A materials manager that itself seals or opens, in
// the middle of a message, gets another one.
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

// What a sealed message takes in memory; the signature, at most.
Result<std::size_t> sealed_size(const SealStart& start, std::size_t plaintext_size) {
  TRY_ASSIGN(const auto body, message::body_size(plaintext_size, start.frame_length()));
  return start.header().size() + static_cast<std::size_t>(body) +
         (start.suite().signs() ? message::footer_size_max : 0);
}

// Writes all of it; returns the bytes used.
Result<std::size_t> seal_all(SealStart& start, BytesView plaintext, std::span<std::byte> out) {
  std::ranges::copy(start.header(), out.begin());
  auto room = out.subspan(start.header().size());
  FrameHead head{.kind = FrameKind::regular, .sequence = 1, .content_size = start.frame_length()};
  const auto seal_next = [&]() -> Outcome {
    const auto frame = room.first(head.size());
    TRY(start.cipher().seal_frame(head, plaintext.first(head.content_size), frame));
    start.cipher().add_to_digest(frame);
    plaintext = plaintext.subspan(head.content_size);
    room = room.subspan(head.size());
    ++head.sequence;
    return ok();
  };
  while (plaintext.size() > head.content_size) TRY(seal_next());
  head.kind = FrameKind::final;
  head.content_size = static_cast<std::uint32_t>(plaintext.size());
  TRY(seal_next());
  if (!start.suite().signs()) return out.size() - room.size();
  TRY_ASSIGN(const auto signature, start.sign());
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
  TRY_ASSIGN(whole.shape, message::read_body_shape(sealed.subspan(whole.header.size), whole.header.body, limits));
  whole.body = sealed.subspan(whole.header.size, whole.shape.body_size);
  return whole;
}

// The shape has been checked: it is all there.
Outcome open_frames(OpenStart& start, const WholeMessage& whole, std::span<std::byte> out) {
  auto rest = whole.body;
  for (std::uint32_t sequence = 1; !rest.empty(); ++sequence) {
    TRY_ASSIGN(const auto read, message::read_frame_head(rest, whole.header.body.frame_length, sequence));
    const auto& head = std::get<FrameHead>(read);
    const auto frame = rest.first(head.size());
    TRY(start.cipher().open_frame(head, frame, out.first(head.content_size)));
    start.cipher().add_to_digest(frame);
    out = out.subspan(head.content_size);
    rest = rest.subspan(head.size());
  }
  return ok();
}

Outcome open_non_framed(OpenStart& start, const WholeMessage& whole, std::span<std::byte> out,
                        const message::Limits& limits) {
  TRY_ASSIGN(const auto read, message::read_non_framed_head(whole.body, limits));
  TRY(start.cipher().open_non_framed(std::get<message::NonFramedHead>(read), whole.body, out));
  start.cipher().add_to_digest(whole.body);
  return ok();
}

Outcome open_body(OpenStart& start, const WholeMessage& whole, std::span<std::byte> out,
                  const message::Limits& limits) {
  const bool is_framed = whole.header.body.content_type == message::ContentType::framed;
  TRY(is_framed ? open_frames(start, whole, out) : open_non_framed(start, whole, out, limits));
  if (!whole.header.body.suite->signs()) return ok();
  return start.verify(whole.shape.footer.signature);
}

// Nothing is left in `out` of a message that does not verify to its end.
Outcome open_all(keyrings::MaterialsManager& manager, const WholeMessage& whole, std::span<std::byte> out,
                 const OpenOptions& options) {
  OfThisThread<OpenStart> start;
  TRY(start->start(manager, whole.header, whole.header_bytes, options));
  auto opened = open_body(*start, whole, out, options.limits);
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
  OfThisThread<SealStart> start;
  TRY(start->start(*manager_, *random_, options, plaintext.size()));
  TRY_ASSIGN(const auto size, sealed_size(*start, plaintext.size()));
  Bytes out(size);
  TRY_ASSIGN(const auto used, seal_all(*start, plaintext, out));
  out.resize(used);
  return out;
}

Result<Bytes> Envelope::seal(std::string_view plaintext, const SealOptions& options) const {
  return seal(as_bytes(plaintext), options);
}

Result<std::size_t> Envelope::seal_into(BytesView plaintext, std::span<std::byte> out,
                                        const SealOptions& options) const {
  OfThisThread<SealStart> start;
  TRY(start->start(*manager_, *random_, options, plaintext.size()));
  TRY_ASSIGN(const auto needed, sealed_size(*start, plaintext.size()));
  if (out.size() < needed)
    return Error{ErrorCode::invalid_input, "the output has room for " + std::to_string(out.size()) +
                                               " bytes; it takes " + std::to_string(needed)};
  return seal_all(*start, plaintext, out);
}

Result<Opened> Envelope::open(BytesView sealed, const OpenOptions& options) const {
  TRY_ASSIGN(const auto whole, take_apart(sealed, options.limits));
  TRY_ASSIGN(auto info, info_of(whole.header));
  Bytes plaintext(static_cast<std::size_t>(whole.shape.plaintext_size));
  TRY(open_all(*manager_, whole, plaintext, options));
  return Opened{.plaintext = std::move(plaintext), .info = std::move(info)};
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
  TRY(open_all(*manager_, whole, out.first(size), options));
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
