#include "keyfold-kms/temporary_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "keyfold-kms/signals_blocked.h"
#include "keyfold/core/base/random.h"
#include "keyfold/core/base/try.h"

namespace keyfold::app {
namespace {

Error io_error(const std::string& name, int reason) {
  return Error{ErrorCode::io, name + ": " + std::strerror(reason)};
}

// What a signal handler removes: one for each file that has a hidden name just now. Written with the signals blocked on
// the thread that does; the handler may run on another at any time.
struct Hidden {
  std::atomic<bool> taken = false;
  std::atomic<bool> there = false;  // `name` is whole.
  char name[PATH_MAX];
};
Hidden hidden[64];

void remove_and_end(int signal) {
  for (const auto& file : hidden)
    if (file.there) unlink(file.name);
  std::signal(signal, SIG_DFL);
  raise(signal);  // Delivered when the handler returns: the parent sees what ended us.
}

// With the signals blocked. A name too long to remember does not fit any system call either; one too many is left.
void remove_on_signal(const std::string& name) {
  for (auto& file : hidden) {
    if (file.taken.exchange(true)) continue;
    std::memset(file.name, 0, sizeof file.name);
    name.copy(file.name, sizeof file.name - 1);
    file.there = true;
    break;
  }
  for (const int signal : ending_signals) {
    struct sigaction action{};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_DFL) continue;  // Ours already; or ignored, as nohup asks.
    action = {};
    action.sa_handler = remove_and_end;
    sigaction(signal, &action, nullptr);
  }
}
void forget(const std::string& name) {
  for (auto& file : hidden) {
    if (!file.there || name != file.name) continue;
    file.there = false;
    file.taken = false;
  }
}

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}
std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// -1, with errno, when the folder refuses; -1 with EOPNOTSUPP when it cannot be done here.
int open_nameless(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) {
    if (errno == EISDIR || errno == EINVAL) errno = EOPNOTSUPP;  // What a kernel or file system without it answers.
    return -1;
  }
  if (access(path_of(fd).c_str(), F_OK) == 0) return fd;
  ::close(fd);  // Without /proc it could never get its name.
  errno = EOPNOTSUPP;
  return -1;
}

Outcome sync_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ok();  // A folder that may be written but not read: the name is there all the same.
  const int status = fsync(fd);
  const int reason = errno;
  ::close(fd);
  if (status != 0 && reason != EINVAL) return io_error(folder, reason);
  return ok();
}

}  // namespace

Result<TemporaryFile> TemporaryFile::create(const std::string& path) {
  const auto folder = folder_of(path);
  int fd = open_nameless(folder);
  if (fd >= 0) return TemporaryFile(path, "", fd);
  if (errno != EOPNOTSUPP) return io_error(path, errno);
  std::string name = folder + "/.keyfold-XXXXXX";
  const SignalsBlocked blocked;
  fd = mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) return io_error(path, errno);
  remove_on_signal(name);
  return TemporaryFile(path, std::move(name), fd);
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : path_(std::move(other.path_)), name_(std::exchange(other.name_, {})), fd_(std::exchange(other.fd_, -1)) {}

TemporaryFile::~TemporaryFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  const SignalsBlocked blocked;
  remove_name();
}

Outcome TemporaryFile::replace(mode_t permissions) {
  if (fchmod(fd_, permissions) != 0 || fsync(fd_) != 0) return io_error(path_, errno);
  const SignalsBlocked blocked;
  if (name_.empty()) TRY(take_a_name());
  if (rename(name_.c_str(), path_.c_str()) != 0) return io_error(path_, errno);
  forget(name_);
  name_.clear();
  return sync_folder(folder_of(path_));
}

Outcome TemporaryFile::become_new(mode_t permissions) {
  if (fchmod(fd_, permissions) != 0 || fsync(fd_) != 0) return io_error(path_, errno);
  const SignalsBlocked blocked;
  if (link_to(path_) != 0) {
    auto error = io_error(path_, errno);
    if (errno == EEXIST) error.code = ErrorCode::already_exists;
    return error;
  }
  remove_name();
  auto synced = sync_folder(folder_of(path_));
  if (!synced) unlink(path_.c_str());
  return synced;
}

// As link().
int TemporaryFile::link_to(const std::string& name) const {
  if (!name_.empty()) return link(name_.c_str(), name.c_str());
  return linkat(AT_FDCWD, path_of(fd_).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW);
}

// A link cannot replace a file, and a rename can: so a name of its own first.
Outcome TemporaryFile::take_a_name() {
  SystemRandom random;
  std::string name = folder_of(path_) + "/.keyfold-" + to_hex(random.bytes<8>());
  remove_on_signal(name);
  if (link_to(name) != 0) {
    const int reason = errno;
    forget(name);
    return io_error(path_, reason);
  }
  name_ = std::move(name);
  return ok();
}

// With the signals blocked.
void TemporaryFile::remove_name() {
  if (name_.empty()) return;
  unlink(name_.c_str());
  forget(name_);
  name_.clear();
}

}  // namespace keyfold::app
