// keyfold encrypt: seals a file or a stream.

#include "keyfold/commands.h"
#include "keyfold/connection.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"
#include "keyfold/envelope/seal/envelope.h"
#include "keyfold/files.h"
#include "keyfold/progress.h"

namespace keyfold::cli {
namespace {

constexpr std::size_t chunk_size = std::size_t{256} << 10;  // Bytes.

Outcome pump(InputFile& in, seal::Sealer& sealer, Progress& progress) {
  Bytes chunk(chunk_size);
  const WipeAtEnd wiped(chunk);
  for (;;) {
    TRY_ASSIGN(const std::size_t got, in.read(chunk));
    if (got == 0) break;
    TRY(sealer.update(BytesView(chunk).first(got)));
    progress.add(got);
  }
  return sealer.finish();
}

}  // namespace

Outcome run(const EncryptCommand& command) {
  seal::SealOptions options;
  if (!command.suite.empty()) {
    TRY_ASSIGN(options.suite, materials::parse_suite(command.suite));
  }
  TRY_ASSIGN(options.encryption_context, context_of(command.keys.context));
  options.frame_length = command.frame_length.value_or(seal::frame_length_for_files);
  TRY_ASSIGN(auto in, InputFile::open(command.streams.in));
  TRY_ASSIGN(const auto keyring, keyring_of(command.keys, command.connection));
  if (!keyring.has_kms && !command.allow_raw_keys) {
    return Error{
        ErrorCode::invalid_input,
        "this keyring has raw keys alone, so whoever has the file has the data; --allow-raw-keys if that is meant"};
  }
  TRY_ASSIGN(auto out, OutputFile::create(command.streams.out));
  const seal::Envelope envelope(keyring.keyring);
  TRY_ASSIGN(auto sealer, envelope.sealer(out, options));
  Progress progress("sealing", in.size(), command.quiet ? Progress::Shown::never : Progress::Shown::on_terminal);
  TRY(pump(in, sealer, progress));
  return out.commit();
}

}  // namespace keyfold::cli
