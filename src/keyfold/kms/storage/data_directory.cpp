#include "keyfold/kms/storage/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/storage/os_error.h"

namespace keyfold::storage {
namespace {

Outcome check_ours(const std::filesystem::path& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return os_error("cannot look at", path);
  if (!S_ISDIR(status.st_mode)) return Error{ErrorCode::invalid_input, path.string() + " is not a directory"};
  if (status.st_uid != geteuid())
    return Error{ErrorCode::invalid_input,
                 path.string() + " belongs to another user (uid " + std::to_string(status.st_uid) + ")"};
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{ErrorCode::invalid_input, "others may write to " + path.string() + ": chmod go-w it"};
  return ok();
}

// Whose lock it is, as its holder wrote it; for the message only.
std::string holder_of(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = pread(fd, text.data(), text.size(), 0);
  std::string pid;
  for (ssize_t i = 0; i < size && text[static_cast<std::size_t>(i)] >= '0' && text[static_cast<std::size_t>(i)] <= '9';
       ++i)
    pid += text[static_cast<std::size_t>(i)];
  return pid.empty() ? "another process" : "process " + pid;
}

Outcome take_lock(int fd, const std::filesystem::path& directory) {
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return os_error("cannot lock", directory / "lock");
    return Error{ErrorCode::unavailable, directory.string() + " is in use by " + holder_of(fd)};
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return os_error("cannot write", directory / "lock");
  return ok();
}

}  // namespace

Error os_error(const std::string& doing, const std::filesystem::path& path) {
  return {ErrorCode::io, doing + " " + path.string() + ": " + std::generic_category().message(errno)};
}

Result<DataDirectory> DataDirectory::open(const std::filesystem::path& path) {
  if (mkdir(path.c_str(), 0700) == 0) {
    TRY(sync_directory(path.has_parent_path() ? path.parent_path() : "."));
  } else if (errno != EEXIST) {
    return os_error("cannot create", path);
  }
  TRY(check_ours(path));
  std::error_code failed;
  const auto absolute = std::filesystem::canonical(path, failed);
  if (failed) return Error{ErrorCode::io, "cannot resolve " + path.string() + ": " + failed.message()};
  const auto lock = absolute / "lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return os_error("cannot open", lock);
  DataDirectory directory(absolute, fd);  // From here on it closes the file.
  TRY(take_lock(fd, absolute));
  return directory;
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

DataDirectory& DataDirectory::operator=(DataDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_fd_, other.lock_fd_);
  return *this;
}

DataDirectory::~DataDirectory() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

Outcome sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return os_error("cannot open", directory);
  const int failed = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  errno = failed;
  return failed == 0 ? ok() : Outcome(os_error("cannot sync", directory));
}

}  // namespace keyfold::storage
