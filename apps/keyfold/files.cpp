#include "keyfold/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "keyfold/core/base/try.h"

namespace keyfold::cli {
namespace {

constexpr std::size_t buffer_size = std::size_t{256} << 10;

Error io_error(const std::string& name, int reason) {
  return Error{ErrorCode::io, name + ": " + std::strerror(reason)};
}

Outcome write_all(int fd, BytesView bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error(name, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ok();
}

// The permissions that a new file of this process has.
mode_t usual_mode() {
  const mode_t mask = umask(0);
  umask(mask);
  return static_cast<mode_t>(0666) & ~mask;
}

// Where a name leads to, through links: what is replaced is the file, not a link to it (/dev/stdout is one).
std::string target_of(const std::string& path) {
  std::error_code error;
  const auto target = std::filesystem::canonical(path, error);
  return error ? path : target.string();
}

}  // namespace

Result<InputFile> InputFile::open(const std::string& path) {
  if (path == "-") return InputFile("standard input", STDIN_FILENO);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error(path, errno);
  InputFile file(path, fd);
  struct stat info{};
  if (fstat(fd, &info) != 0) return io_error(path, errno);
  if (S_ISDIR(info.st_mode)) return Error{ErrorCode::io, path + " is a directory; give a file"};
  if (S_ISREG(info.st_mode)) file.size_ = static_cast<std::uint64_t>(info.st_size);
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : name_(std::move(other.name_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

InputFile::~InputFile() {
  if (fd_ > STDIN_FILENO) ::close(fd_);
}

Result<std::size_t> InputFile::read(std::span<std::byte> out) {
  for (;;) {
    const ssize_t got = ::read(fd_, out.data(), out.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return io_error(name_, errno);
  }
}

Result<OutputFile> OutputFile::create(const std::string& path) {
  if (path == "-") return OutputFile("standard output", STDOUT_FILENO);
  struct stat info{};
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return Error{ErrorCode::io, path + " is a directory; give a file"};
  if (exists && !S_ISREG(info.st_mode)) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return io_error(path, errno);
    return OutputFile(path, fd);
  }
  TRY_ASSIGN(auto file, TemporaryFile::create(target_of(path)));
  // A file that only its owner could read does not become everybody's.
  return OutputFile(path, std::move(file), exists ? info.st_mode & 0777 : usual_mode());
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : name_(std::move(other.name_)),
      file_(std::move(other.file_)),
      fd_(std::exchange(other.fd_, -1)),
      permissions_(other.permissions_),
      buffer_(std::move(other.buffer_)) {}

OutputFile::~OutputFile() {
  wipe(buffer_);
  if (!file_ && fd_ > STDERR_FILENO) ::close(fd_);
}

Outcome OutputFile::write(BytesView bytes) {
  if (buffer_.capacity() == 0) buffer_.reserve(buffer_size);
  if (buffer_.size() + bytes.size() > buffer_size) TRY(flush());
  if (bytes.size() > buffer_size) return write_all(fd_, bytes, name_);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return ok();
}

Outcome OutputFile::flush() {
  TRY(write_all(fd_, buffer_, name_));
  wipe(std::span(buffer_));
  buffer_.clear();
  return ok();
}

Outcome OutputFile::commit() {
  TRY(flush());
  return file_ ? file_->become_permanent(permissions_) : ok();
}

}  // namespace keyfold::cli
