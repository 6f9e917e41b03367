#include "keyfold/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
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

// The permissions that a new file of this process has. Asked before main(), while there is one thread: the mask is the
// whole process's, and to ask for it is to set it.
const mode_t usual_mode = [] {
  const mode_t mask = umask(0);
  umask(mask);
  return static_cast<mode_t>(0666) & ~mask;
}();

// Which of our descriptors a name is, if it leads to one: /dev/stdout, /dev/fd/N, and links to such. What stands behind
// it is not a file that may be replaced: somebody else has it open, perhaps to append.
std::optional<int> descriptor_of(std::filesystem::path path) {
  constexpr int links_max = 40;  // As the kernel has it.
  std::error_code error;
  const auto ours = std::filesystem::canonical("/proc/self/fd", error);
  const auto also_ours = std::filesystem::canonical("/proc/thread-self/fd", error);
  if (error) return std::nullopt;
  for (int i = 0; i < links_max; ++i) {
    const auto folder = std::filesystem::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
    if (error) return std::nullopt;
    if (folder == ours || folder == also_ours) {
      const std::string name = path.filename().native();
      int number = -1;
      const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
      return problem == std::errc() && end == name.data() + name.size() ? std::optional(number) : std::nullopt;
    }
    const auto target = std::filesystem::read_symlink(path, error);
    if (error) return std::nullopt;
    path = folder / target;
  }
  return std::nullopt;
}

// A descriptor to write to in place of `number`, at the same place of the same file.
Result<int> duplicate(int number, const std::string& name) {
  const int flags = fcntl(number, F_GETFL);
  if (flags < 0) return io_error(name, errno);
  if ((flags & O_ACCMODE) == O_RDONLY) return io_error(name, EBADF);
  const int fd = fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (fd < 0) return io_error(name, errno);
  return fd;
}

struct Place {
  std::string path;                // Of the file itself: what is replaced is that, not a link to it.
  std::optional<struct stat> now;  // What is there.
};

// Where an output is to be. The kernel follows the links, because it knows whose may not be followed
// (fs.protected_symlinks); what it refuses is not tried in another way.
Result<Place> place_of(const std::string& path) {
  struct stat info{};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return io_error(path, errno);
    return Place{.path = path, .now = std::nullopt};
  }
  if (!S_ISLNK(info.st_mode)) return Place{.path = path, .now = info};
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return Error{ErrorCode::io, path + " is a link to something that is not there"};
  if (fd < 0) return io_error(path, errno);
  std::error_code error;
  const auto target = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
  const bool known = fstat(fd, &info) == 0;
  ::close(fd);
  if (error || !known || info.st_nlink == 0) return Error{ErrorCode::io, path + ": cannot tell where it leads to"};
  return Place{.path = target.native(), .now = info};
}

}  // namespace

Result<InputFile> InputFile::open(const std::string& path) {
  const bool has_name = path != "-";
  const int fd = has_name ? ::open(path.c_str(), O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  if (fd < 0) return io_error(path, errno);
  InputFile file(has_name ? path : "standard input", fd);
  struct stat info{};
  if (fstat(fd, &info) != 0) return io_error(file.name_, errno);
  if (S_ISDIR(info.st_mode)) return Error{ErrorCode::io, file.name_ + " is a directory; give a file"};
  if (!S_ISREG(info.st_mode)) return file;
  file.kind_ = Kind::file;
  if (has_name) file.size_ = static_cast<std::uint64_t>(info.st_size);
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : name_(std::move(other.name_)), fd_(std::exchange(other.fd_, -1)), kind_(other.kind_), size_(other.size_) {}

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

Outcome InputFile::read_at(std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(name_, errno);
    if (got == 0) return Error{ErrorCode::io, name_ + " has become shorter"};
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return ok();
}

unsigned threads_for(const InputFile& in, unsigned jobs) {
  return jobs == 0 && in.kind() == InputFile::Kind::stream ? 1 : jobs;
}

Result<OutputFile> OutputFile::create(const std::string& path) {
  if (path == "-") return OutputFile("standard output", STDOUT_FILENO);
  if (const auto number = descriptor_of(path)) {
    TRY_ASSIGN(const int fd, duplicate(*number, path));
    return OutputFile(path, fd);
  }
  TRY_ASSIGN(const auto place, place_of(path));
  if (place.now && S_ISDIR(place.now->st_mode)) return Error{ErrorCode::io, path + " is a directory; give a file"};
  if (place.now && !S_ISREG(place.now->st_mode)) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return io_error(path, errno);
    return OutputFile(path, fd);
  }
  TRY_ASSIGN(auto file, app::TemporaryFile::create(place.path));
  // A file that only its owner could read does not become everybody's.
  return OutputFile(path, std::move(file), place.now ? place.now->st_mode & 0777 : usual_mode);
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
  return file_ ? file_->replace(permissions_) : ok();
}

Outcome print(std::string_view text) {
  TRY_ASSIGN(auto out, OutputFile::create("-"));
  TRY(out.write(as_bytes(text)));
  return out.commit();
}

}  // namespace keyfold::cli
