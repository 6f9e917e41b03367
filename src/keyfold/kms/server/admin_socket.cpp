#include "keyfold/kms/server/admin_socket.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"

namespace keyfold::server {
namespace {

constexpr std::size_t line_max = 4096;  // Bytes of a command.
constexpr std::chrono::seconds idle_max{10};
// From a reply's first byte to its last: a client that does not take it holds up the others no longer.
constexpr std::chrono::seconds reply_within{2};
constexpr std::chrono::milliseconds for_ever{-1};

Error failed(std::string_view what) { return Error{ErrorCode::io, std::string(what) + ": " + std::strerror(errno)}; }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.size() >= sizeof address.sun_path)
    return Error{ErrorCode::invalid_input, "too long for a socket's path: " + text};
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

// Of connect() too: it waits while too many others do.
bool limit_waiting(int fd, std::chrono::milliseconds patience) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(patience);
  const timeval limit{.tv_sec = seconds.count(), .tv_usec = (patience - seconds) / std::chrono::microseconds(1)};
  return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
         setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0;
}

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<AdminSocket>> AdminSocket::open(const std::filesystem::path& path, Admin& admin, Log& log) {
  TRY_ASSIGN(const auto address, address_of(path));
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Descriptor stop(eventfd(0, EFD_CLOEXEC));
  if (listener.get() < 0 || stop.get() < 0) return failed("cannot make the admin socket");
  // The data directory's lock is ours, so whatever is there is a former process's.
  unlink(path.c_str());
  const mode_t former = umask(0177);
  const int bound = bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  umask(former);
  if (bound != 0 || listen(listener.get(), 8) != 0) return failed("cannot listen on " + path.native());
  return std::unique_ptr<AdminSocket>(new AdminSocket(path, listener.release(), stop.release(), admin, log));
}

AdminSocket::AdminSocket(std::filesystem::path path, int listener, int stop_fd, Admin& admin, Log& log)
    : path_(std::move(path)), listener_(listener), stop_fd_(stop_fd), admin_(admin), log_(log), thread_([this] {
        loop();
      }) {}

AdminSocket::~AdminSocket() {
  const std::uint64_t one = 1;
  KEYFOLD_CHECK(write(stop_fd_, &one, sizeof one) == sizeof one);
  thread_.join();
  unlink(path_.c_str());
  close(listener_);
  close(stop_fd_);
}

// False: stopping, or nothing of it came in time.
bool AdminSocket::wait_for(int fd, short events, std::chrono::milliseconds timeout) const {
  pollfd fds[] = {{.fd = fd, .events = events, .revents = 0}, {.fd = stop_fd_, .events = POLLIN, .revents = 0}};
  while (true) {
    const int ready = poll(fds, 2, static_cast<int>(timeout.count()));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0 && fds[1].revents == 0;
  }
}

// False: the client did not take it in time, or, stopping, not at once.
bool AdminSocket::send(int connection, std::string_view text, std::chrono::steady_clock::time_point deadline) const {
  while (!text.empty()) {
    const ssize_t sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent == 0 || errno != EAGAIN) return false;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !wait_for(connection, POLLOUT, left)) return false;
  }
  return true;
}

bool AdminSocket::stopping() const {
  pollfd stop{.fd = stop_fd_, .events = POLLIN, .revents = 0};
  return poll(&stop, 1, 0) > 0;
}

void AdminSocket::loop() {
  while (wait_for(listener_, POLLIN, for_ever)) {
    const Descriptor connection(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.get() >= 0) serve(connection.get());
  }
}

void AdminSocket::serve(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  if (peer.uid != geteuid() && peer.uid != 0) {
    log_.warning("refused a connection to the admin socket", {{"uid", peer.uid}});
    return;
  }
  const Administrator by{.name = "uid " + std::to_string(peer.uid), .where = Administrator::Where::socket};
  std::string received;
  while (wait_for(connection, POLLIN, idle_max)) {
    char buffer[1024];
    const ssize_t count = recv(connection, buffer, sizeof buffer, 0);
    if (count <= 0) return;
    received.append(buffer, static_cast<std::size_t>(count));
    for (auto end = received.find('\n'); end != std::string::npos; end = received.find('\n')) {
      std::string reply = admin_.execute(std::string_view(received).substr(0, end), by);
      const auto deadline = std::chrono::steady_clock::now() + reply_within;
      const bool sent = send(connection, reply, deadline) && send(connection, "\n", deadline);
      wipe(reply);
      if (!sent || stopping()) return;
      received.erase(0, end + 1);
    }
    if (received.size() > line_max) return;
  }
}

Result<std::string> ask_admin_socket(const std::filesystem::path& path, std::string_view command,
                                     std::chrono::milliseconds patience) {
  TRY_ASSIGN(const auto address, address_of(path));
  const Descriptor connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connection.get() < 0 || !limit_waiting(connection.get(), patience)) return failed("cannot make a socket");
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Error{ErrorCode::unavailable, "no server listens on " + path.native() + ": " + std::strerror(errno)};
  if (!send_all(connection.get(), command) || !send_all(connection.get(), "\n"))
    return failed("cannot send the command");
  std::string reply;  // A secret may be in it.
  char buffer[4096];
  while (reply.size() < admin_reply_max) {
    const ssize_t count = recv(connection.get(), buffer, sizeof buffer, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      wipe(reply);
      return Error{ErrorCode::io, "the server does not answer on " + path.native() +
                                      "; whether it does what it was asked is not known"};
    }
    if (count <= 0) break;
    append_wiping(reply, std::string_view(buffer, static_cast<std::size_t>(count)));
    wipe(std::as_writable_bytes(std::span(buffer)));
    if (reply.ends_with('\n')) {
      reply.pop_back();
      return reply;
    }
  }
  wipe(reply);
  return Error{ErrorCode::io, "the server closed the admin socket without an answer"};
}

}  // namespace keyfold::server
