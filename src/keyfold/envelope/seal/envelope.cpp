#include "keyfold/envelope/seal/envelope.h"

#include <istream>
#include <ostream>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/seal/pull.h"
#include "keyfold/envelope/seal/streams.h"
#include "keyfold/envelope/seal/whole_message.h"

namespace keyfold::seal {
namespace {

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
  TRY_ASSIGN(const auto size, sealed_size_max(*start, plaintext.size()));
  Bytes out(size);
  TRY_ASSIGN(const auto used, seal_whole(*start, plaintext, out, options.threads));
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
  TRY_ASSIGN(const auto needed, sealed_size_max(*start, plaintext.size()));
  if (out.size() < needed)
    return Error{ErrorCode::invalid_input, "the output has room for " + std::to_string(out.size()) +
                                               " bytes; it takes " + std::to_string(needed)};
  return seal_whole(*start, plaintext, out, options.threads);
}

Result<Opened> Envelope::open(BytesView sealed, const OpenOptions& options) const {
  TRY_ASSIGN(const auto whole, take_apart(sealed, options.limits));
  TRY_ASSIGN(auto info, info_of(whole.header));
  Bytes plaintext(static_cast<std::size_t>(whole.shape.plaintext_size));
  TRY(open_whole(*manager_, whole, plaintext, options));
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
  TRY(open_whole(*manager_, whole, out.first(size), options));
  return size;
}

Result<Sealer> Envelope::sealer(Sink& sink, const SealOptions& options) const {
  return Sealer::start(*manager_, *random_, sink, options);
}

Opener Envelope::opener(Sink& sink, const OpenOptions& options) const { return {manager_, sink, options}; }

Result<MessageInfo> Envelope::seal(Source& in, Sink& out, const SealOptions& options) const {
  return seal_from(*manager_, *random_, in, out, options);
}

Result<MessageInfo> Envelope::open(Source& in, Sink& out, const OpenOptions& options) const {
  return open_from(*manager_, in, out, options);
}

Result<MessageInfo> Envelope::seal_stream(std::istream& in, std::ostream& out, const SealOptions& options) const {
  StreamSource source(in);
  StreamSink sink(out);
  TRY_ASSIGN(auto info, seal(source, sink, options));
  TRY(flush(out));
  return info;
}

Result<MessageInfo> Envelope::open_stream(std::istream& in, std::ostream& out, const OpenOptions& options) const {
  StreamSource source(in);
  StreamSink sink(out);
  TRY_ASSIGN(auto info, open(source, sink, options));
  TRY(flush(out));
  return info;
}

Result<RangeReader> Envelope::range_reader(std::shared_ptr<RandomAccess> sealed, const OpenOptions& options) const {
  return RangeReader::start(*manager_, std::move(sealed), options);
}

Result<std::unique_ptr<Source>> Envelope::sealing(Source& plaintext, const SealOptions& options) const {
  return sealing_source(*manager_, *random_, plaintext, options);
}

std::unique_ptr<Source> Envelope::opening(Source& sealed, const OpenOptions& options) const {
  return opening_source(manager_, sealed, options);
}

}  // namespace keyfold::seal
