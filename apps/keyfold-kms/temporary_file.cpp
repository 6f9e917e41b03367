#include "keyfold-kms/temporary_file.h"

#include <fcntl.h>
#include <poll.h>
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

// Who has taken it writes it, while naming (see below); a handler reads it when nobody is.
struct HiddenName {
  std::atomic<bool> taken = false;
  char name[PATH_MAX];
};

namespace {

Error io_error(const std::string& name, int reason) {
  return Error{ErrorCode::io, name + ": " + std::strerror(reason)};
}

// Threads at a stretch in which hidden names come or go; and whether a handler wants no further one.
std::atomic<int> at_a_name = 0;
std::atomic<bool> ending = false;

// Such a stretch. A handler waits for the end of those that others are at, so it holds nothing that could wait for the
// thread that the handler has interrupted: system calls alone, no memory that comes or goes.
class Naming {
 public:
  Naming() {
    ++at_a_name;
    if (!ending) return;
    --at_a_name;
    for (;;) pause();  // The process is ending, by another thread: the signals are blocked on this one.
  }
  ~Naming() { --at_a_name; }
  Naming(const Naming&) = delete;
  Naming& operator=(const Naming&) = delete;

 private:
  const SignalsBlocked blocked_;  // Before it counts: no handler interrupts a thread that it would wait for.
};

// The names that a signal handler removes: one for each file that has a hidden one just now.
HiddenName hidden[64];

void remove_and_end(int signal) {
  constexpr int look_again_after_ms = 1;
  ending = true;
  while (at_a_name != 0) poll(nullptr, 0, look_again_after_ms);
  for (const auto& file : hidden)
    if (file.taken) unlink(file.name);
  std::signal(signal, SIG_DFL);
  raise(signal);  // Delivered when the handler returns: the parent sees what ended us.
}

void take_signals() {
  for (const int signal : ending_signals) {
    struct sigaction action{};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_DFL) continue;  // Ours already; or ignored, as nohup asks.
    action = {};
    action.sa_handler = remove_and_end;
    sigaction(signal, &action, nullptr);
  }
}

// While naming. Null: one too many, which is left. A name too long to remember does not fit any system call either.
HiddenName* remember(const std::string& name) {
  take_signals();
  for (auto& file : hidden) {
    if (file.taken.exchange(true)) continue;
    file.name[name.copy(file.name, sizeof file.name - 1)] = '\0';
    return &file;
  }
  return nullptr;
}

// While naming.
void forget(HiddenName*& file) {
  if (file != nullptr) file->taken = false;
  file = nullptr;
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

int link_nameless(const std::string& itself, const std::string& name) {
  return linkat(AT_FDCWD, itself.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW);
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
  if (fd >= 0) return TemporaryFile(path, "", nullptr, fd);
  if (errno != EOPNOTSUPP) return io_error(path, errno);
  std::string name = folder + "/.keyfold-XXXXXX";
  HiddenName* remembered = nullptr;
  {
    const Naming naming;
    fd = mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) remembered = remember(name);
  }
  if (fd < 0) return io_error(path, errno);
  return TemporaryFile(path, std::move(name), remembered, fd);
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : path_(std::move(other.path_)),
      name_(std::exchange(other.name_, {})),
      remembered_(std::exchange(other.remembered_, nullptr)),
      fd_(std::exchange(other.fd_, -1)) {}

TemporaryFile::~TemporaryFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  remove_name();
}

Outcome TemporaryFile::replace(mode_t permissions) {
  if (fchmod(fd_, permissions) != 0 || fsync(fd_) != 0) return io_error(path_, errno);
  if (name_.empty()) TRY(take_a_name());
  int reason = 0;
  {
    const Naming naming;
    if (rename(name_.c_str(), path_.c_str()) == 0)
      forget(remembered_);
    else
      reason = errno;
  }
  if (reason != 0) return io_error(path_, reason);
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
  return name_.empty() ? link_nameless(path_of(fd_), name) : link(name_.c_str(), name.c_str());
}

// A link cannot replace a file, and a rename can: so a name of its own first.
Outcome TemporaryFile::take_a_name() {
  SystemRandom random;
  std::string name = folder_of(path_) + "/.keyfold-" + to_hex(random.bytes<8>());
  const auto itself = path_of(fd_);
  int reason = 0;
  {
    const Naming naming;
    remembered_ = remember(name);
    if (link_nameless(itself, name) != 0) {
      reason = errno;
      forget(remembered_);
    }
  }
  if (reason != 0) return io_error(path_, reason);
  name_ = std::move(name);
  return ok();
}

void TemporaryFile::remove_name() {
  if (name_.empty()) return;
  {
    const Naming naming;
    unlink(name_.c_str());
    forget(remembered_);
  }
  name_.clear();
}

}  // namespace keyfold::app
