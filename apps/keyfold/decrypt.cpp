// keyfold decrypt: opens a sealed file or stream. Into a file it appears only when everything has been verified; on a
// stream, unsigned messages come frame by frame, each verified, and signed ones only as a whole.

#include "keyfold/commands.h"
#include "keyfold/connection.h"
#include "keyfold/core/base/try.h"
#include "keyfold/envelope/seal/envelope.h"
#include "keyfold/files.h"
#include "keyfold/progress.h"

namespace keyfold::cli {
namespace {

constexpr std::size_t chunk_size = std::size_t{256} << 10;  // Bytes.

}  // namespace

Outcome run(const DecryptCommand& command) {
  seal::OpenOptions options;
  TRY_ASSIGN(options.required_context, context_of(command.keys.context));
  TRY_ASSIGN(auto in, InputFile::open(command.streams.in));
  TRY_ASSIGN(const auto keyring, keyring_of(command.keys, command.connection));
  TRY_ASSIGN(auto out, OutputFile::create(command.streams.out));
  // The temporary file is a quarantine: nobody reads it, and it goes when anything fails.
  if (out.kind() == OutputFile::Kind::file) options.signed_release = seal::SignedRelease::to_quarantine;

  const seal::Envelope envelope(keyring.keyring);
  auto opener = envelope.opener(out, options);
  Progress progress("opening", in.size(), command.quiet ? Progress::Shown::never : Progress::Shown::on_terminal);
  Bytes chunk(chunk_size);
  const std::string name = command.streams.in == "-" ? "standard input" : command.streams.in;
  const auto about = [&name](const Error& error) {
    const bool too_large = error.code == ErrorCode::limit_exceeded;
    return Error{error.code, name + ": " + error.message + (too_large ? "; give -o FILE, which may be any size" : "")};
  };
  for (;;) {
    TRY_ASSIGN(const std::size_t got, in.read(chunk));
    if (got == 0) break;
    if (auto outcome = opener.update(BytesView(chunk).first(got)); !outcome) return about(outcome.error());
    progress.add(got);
  }
  if (auto info = opener.finish(); !info) return about(info.error());
  return out.commit();
}

}  // namespace keyfold::cli
