#pragma once
// Input and output of a command: files or the standard streams. An output file appears whole or not at all: it is
// written under a temporary name beside it, flushed to disk, and renamed.

#include <cstdio>
#include <optional>
#include <string>

#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/seal/sink.h"

namespace keyfold::cli {

class InputFile {
 public:
  // "-" is standard input. Fails with `io`, naming the file: missing, unreadable, a directory.
  static Result<InputFile> open(const std::string& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  // Up to out.size() bytes; 0 at the end. Fails with `io`.
  Result<std::size_t> read(std::span<std::byte> out);
  std::optional<std::uint64_t> size() const { return size_; }  // Bytes, of a regular file.

 private:
  InputFile(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
  std::string name_;
  int fd_;
  std::optional<std::uint64_t> size_;
};

class OutputFile final : public seal::Sink {
 public:
  enum class Kind : std::uint8_t { stream, file };
  // "-" is standard output. Refuses, with `io`, a directory and a place that cannot be written.
  static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile() override;  // Removes what was not committed.

  Outcome write(BytesView bytes) override;
  // What was written is complete: it is on disk, under its name, when this returns. Fails with `io`.
  Outcome commit();
  Kind kind() const { return temporary_.empty() ? Kind::stream : Kind::file; }

 private:
  OutputFile(std::string path, std::string temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}
  Outcome flush();
  std::string path_;
  std::string temporary_;  // Empty: standard output.
  int fd_;
  Bytes buffer_;  // Frames are small; system calls are not free.
};

}  // namespace keyfold::cli
