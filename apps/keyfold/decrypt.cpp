// keyfold decrypt: opens a sealed file or stream, part of one, or every file in a folder. Into a file it appears only
// when everything has been verified; on a stream, unsigned messages come frame by frame, each verified, and signed ones
// only as a whole.

#include <charconv>
#include <limits>

#include "keyfold/commands.h"
#include "keyfold/connection.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"
#include "keyfold/domain.h"
#include "keyfold/envelope/seal/envelope.h"
#include "keyfold/files.h"
#include "keyfold/folders.h"
#include "keyfold/progress.h"

namespace keyfold::cli {
namespace {

constexpr std::size_t chunk_size = std::size_t{256} << 10;  // Bytes.
constexpr std::string_view sealed_suffix = ".sealed";

Result<seal::OpenOptions> options_of(const DecryptCommand& command) {
  seal::OpenOptions options;
  if (!command.commitment_policy.empty()) {
    TRY_ASSIGN(options.commitment_policy, materials::parse_commitment_policy(command.commitment_policy));
  }
  TRY_ASSIGN(options.required_context, context_of(command.keys.context));
  TRY_ASSIGN(options.reproduced_context, context_of(command.reproduced));
  return options;
}

Error about(const std::string& name, const Error& error) {
  const bool too_large = error.code == ErrorCode::limit_exceeded;
  return {error.code, (name == "-" ? "standard input" : name) + ": " + error.message +
                          (too_large ? "; give -o FILE, which may be any size" : "")};
}

Outcome open_file(const seal::Envelope& envelope, seal::OpenOptions options, const FolderFile& file, Progress& progress,
                  InputFile& in) {
  TRY_ASSIGN(auto out, OutputFile::create(file.out));
  // The temporary file is a quarantine: nobody reads it, and it goes when anything fails.
  if (out.kind() == OutputFile::Kind::file) options.signed_release = seal::SignedRelease::to_quarantine;
  CountedSource counted(in, progress);
  if (auto info = envelope.open(counted, out, options); !info) return about(file.in, info.error());
  return out.commit();
}

struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = std::numeric_limits<std::uint64_t>::max();  // Bytes, at most.
};
Result<Range> parse_range(std::string_view text) {
  const Error refused{ErrorCode::invalid_input, "--range is OFFSET:LENGTH or OFFSET:, in bytes"};
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return refused;
  const auto number = [](std::string_view digits, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  Range range;
  const auto length = text.substr(colon + 1);
  if (!number(text.substr(0, colon), range.offset) || (!length.empty() && !number(length, range.length)))
    return refused;
  return range;
}

class FileAccess final : public seal::RandomAccess {
 public:
  FileAccess(InputFile file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Outcome read_at(std::uint64_t offset, std::span<std::byte> out) override { return file_.read_at(offset, out); }

 private:
  InputFile file_;
  std::uint64_t size_;
};

Outcome open_range(const seal::Envelope& envelope, const seal::OpenOptions& options, const DecryptCommand& command,
                   std::string_view wanted_range, InputFile in) {
  TRY_ASSIGN(auto range, parse_range(wanted_range));
  const auto size = in.size();
  if (!size) return Error{ErrorCode::invalid_input, "--range takes a file: a stream has no parts"};
  auto reader = envelope.range_reader(std::make_shared<FileAccess>(std::move(in), *size), options);
  if (!reader) return about(command.streams.in, reader.error());
  TRY_ASSIGN(auto out, OutputFile::create(command.streams.out));
  Bytes chunk(chunk_size);
  const WipeAtEnd wiped(chunk);
  while (range.length > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(range.length, chunk.size()));
    const auto got = reader->read(range.offset, std::span(chunk).first(wanted));
    if (!got) return about(command.streams.in, got.error());
    if (*got == 0) break;
    TRY(out.write(BytesView(chunk).first(*got)));
    range.offset += *got;
    range.length -= *got;
  }
  return out.commit();
}

Result<seal::Envelope> envelope_of(const DecryptCommand& command) {
  if (!command.keys.domain.topology_file.empty()) {
    TRY_ASSIGN(auto manager, domain_manager(command.keys.domain, command.connection));
    return seal::Envelope(std::move(manager));
  }
  TRY_ASSIGN(const auto keyring, keyring_of(command.keys, command.connection));
  return seal::Envelope(keyring.keyring);
}

// "letter.sealed" → "letter". The names "." and ".." are a folder's own: nothing opens into them.
Result<std::string> opened_name(const std::string& name) {
  const std::string suffix(sealed_suffix);
  if (!name.ends_with(suffix)) return Error{ErrorCode::invalid_input, "its name does not end in " + suffix};
  auto opened = name.substr(0, name.size() - suffix.size());
  if (opened.empty() || opened == "." || opened == "..")
    return Error{ErrorCode::invalid_input, "without " + suffix + " it has no name"};
  return opened;
}

}  // namespace

Outcome run(const DecryptCommand& command) {
  TRY_ASSIGN(auto options, options_of(command));
  const auto shown = command.quiet ? Progress::Shown::never : Progress::Shown::on_terminal;
  const bool folder = is_folder(command.streams.in);
  if (folder && command.range) return Error{ErrorCode::invalid_input, "--range takes a file, not a folder"};
  if (folder) {
    TRY_ASSIGN(const auto envelope, envelope_of(command));
    TRY_ASSIGN(const auto found, files_below(command.streams.in, command.streams.out, opened_name));
    Progress progress("opening", total_size(found), shown);
    options.threads = 1;  // Each file has a thread.
    return each_file(found, command.jobs, [&](const FolderFile& file) -> Outcome {
      TRY_ASSIGN(auto in, InputFile::open(file.in));
      return open_file(envelope, options, file, progress, in);
    });
  }
  TRY_ASSIGN(auto in, InputFile::open(command.streams.in));
  TRY_ASSIGN(const auto envelope, envelope_of(command));
  if (command.range) return open_range(envelope, options, command, *command.range, std::move(in));
  options.threads = threads_for(in, command.jobs);
  Progress progress("opening", in.size(), shown);
  return open_file(envelope, options, {.in = command.streams.in, .out = command.streams.out}, progress, in);
}

}  // namespace keyfold::cli
