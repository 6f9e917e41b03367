// keyfold encrypt: seals a file, a stream, or every file in a folder.

#include "keyfold/commands.h"
#include "keyfold/connection.h"
#include "keyfold/core/base/try.h"
#include "keyfold/domain.h"
#include "keyfold/envelope/seal/envelope.h"
#include "keyfold/files.h"
#include "keyfold/folders.h"
#include "keyfold/progress.h"

namespace keyfold::cli {
namespace {

Result<seal::SealOptions> options_of(const EncryptCommand& command) {
  seal::SealOptions options;
  if (!command.suite.empty()) {
    TRY_ASSIGN(options.suite, materials::parse_suite(command.suite));
  }
  if (!command.commitment_policy.empty()) {
    TRY_ASSIGN(options.commitment_policy, materials::parse_commitment_policy(command.commitment_policy));
  }
  TRY_ASSIGN(options.encryption_context, context_of(command.keys.context));
  options.frame_length = command.frame_length.value_or(seal::frame_length_for_files);
  return options;
}

Result<std::shared_ptr<keyrings::MaterialsManager>> manager_of(const EncryptCommand& command) {
  if (!command.keys.domain.topology_file.empty()) return domain_manager(command.keys.domain, command.connection);
  TRY_ASSIGN(const auto keyring, keyring_of(command.keys, command.connection));
  if (!keyring.has_kms && !command.allow_raw_keys)
    return Error{
        ErrorCode::invalid_input,
        "this keyring has raw keys alone, so whoever has the file has the data; --allow-raw-keys if that is meant"};
  return keyrings::default_materials_manager(keyring.keyring);
}

Result<seal::Envelope> envelope_of(const EncryptCommand& command) {
  TRY_ASSIGN(auto manager, manager_of(command));
  if (!command.left_out.empty())
    manager = keyrings::required_context_materials_manager(std::move(manager),
                                                           {command.left_out.begin(), command.left_out.end()});
  return seal::Envelope(std::move(manager));
}

Outcome seal_file(const seal::Envelope& envelope, const seal::SealOptions& options, InputFile& in,
                  const std::string& out_name, Progress& progress) {
  TRY_ASSIGN(auto out, OutputFile::create(out_name));
  CountedSource counted(in, progress);
  TRY(envelope.seal(counted, out, options));
  return out.commit();
}

Progress::Shown shown(const EncryptCommand& command) {
  return command.quiet ? Progress::Shown::never : Progress::Shown::on_terminal;
}

Outcome seal_folder(const EncryptCommand& command, const seal::Envelope& envelope, seal::SealOptions options) {
  TRY_ASSIGN(const auto found, files_below(command.streams.in, command.streams.out, [](const std::string& name) {
               return Result<std::string>(name + ".sealed");
             }));
  Progress progress("sealing", total_size(found), shown(command));
  options.threads = 1;  // Each file has a thread.
  return each_file(found, command.jobs, [&](const FolderFile& file) -> Outcome {
    TRY_ASSIGN(auto in, InputFile::open(file.in));
    auto done = seal_file(envelope, options, in, file.out, progress);
    return done ? std::move(done) : Outcome(Error{done.error().code, file.in + ": " + done.error().message});
  });
}

}  // namespace

Outcome run(const EncryptCommand& command) {
  TRY_ASSIGN(auto options, options_of(command));
  if (is_folder(command.streams.in)) {
    TRY_ASSIGN(const auto envelope, envelope_of(command));
    return seal_folder(command, envelope, options);
  }
  TRY_ASSIGN(auto in, InputFile::open(command.streams.in));
  TRY_ASSIGN(const auto envelope, envelope_of(command));
  options.threads = threads_for(in, command.jobs);
  Progress progress("sealing", in.size(), shown(command));
  return seal_file(envelope, options, in, command.streams.out, progress);
}

}  // namespace keyfold::cli
