#pragma once
// Input and output of a command: files or the standard streams. An output file appears whole or not at all, in place of
// the one that was there and with its permissions.

#include <cstdio>
#include <optional>
#include <string>

#include "keyfold-kms/temporary_file.h"
#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/seal/sink.h"
#include "keyfold/envelope/seal/source.h"

namespace keyfold::cli {

class InputFile final : public seal::Source {
 public:
  // "-" is standard input. Fails with `io`, naming the file: missing, unreadable, a directory.
  static Result<InputFile> open(const std::string& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile() override;

  Result<std::size_t> read(std::span<std::byte> out) override;
  // Fills `out` from `offset` on, of a regular file. Fails with `io`, also when the file ends before.
  Outcome read_at(std::uint64_t offset, std::span<std::byte> out);
  std::optional<std::uint64_t> size() const { return size_; }  // Bytes, of a regular file that has a name.
  enum class Kind : std::uint8_t { stream, file };
  Kind kind() const { return kind_; }  // Standard input too may be a regular file: a shell's <.

 private:
  InputFile(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
  std::string name_;
  int fd_;
  Kind kind_ = Kind::stream;
  std::optional<std::uint64_t> size_;
};

// How many threads work on it when `jobs` are asked for (0: one for each core). Of a stream 0 is one: what follows may
// be long in coming, and while one thread waits for it, no failure of another is told.
unsigned threads_for(const InputFile& in, unsigned jobs);

class OutputFile final : public seal::Sink {
 public:
  enum class Kind : std::uint8_t { stream, file };
  // "-" is standard output. A path that leads to a descriptor of ours (/dev/stdout, /dev/fd/N) is that descriptor, and
  // a device or a pipe is written to as it is: streams. A link to a file is followed. Refuses, with `io`, a directory,
  // a link to nothing, and a place that cannot be written.
  static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile() override;  // Nothing is left of what was not committed.

  Outcome write(BytesView bytes) override;
  // What was written is complete. When this returns a file is on disk, under its name, and a stream's bytes are with
  // the system: where they go from there is not ours to know. Fails with `io`.
  Outcome commit();
  Kind kind() const { return file_ ? Kind::file : Kind::stream; }

 private:
  OutputFile(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
  OutputFile(std::string name, app::TemporaryFile file, mode_t permissions)
      : name_(std::move(name)), file_(std::move(file)), fd_(file_->fd()), permissions_(permissions) {}
  Outcome flush();
  std::string name_;
  std::optional<app::TemporaryFile> file_;  // Absent: a stream.
  int fd_;                                  // Owned when it is a stream's, and not a standard one.
  mode_t permissions_ = 0;
  Bytes buffer_;  // Frames are small; system calls are not free.
};

// Whole, on standard output, at once.
Outcome print(std::string_view text);

}  // namespace keyfold::cli
