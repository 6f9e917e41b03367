#pragma once
// AdminSocket: the administrator's way into a running server: a Unix socket in the data directory, for processes of
// this server's own user or of root (SO_PEERCRED), one line of JSON for each command (admin.h). One thread; one
// connection at a time.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "keyfold/core/base/log.h"
#include "keyfold/kms/server/admin.h"

namespace keyfold::server {

// Bytes of a reply. A list of all that an account can hold has 2 MB.
inline constexpr std::size_t admin_reply_max = 16 << 20;

class AdminSocket {
 public:
  // Replaces a socket that a former process left. Fails with `io`, and with `invalid_input` when the path is too long
  // for one.
  static Result<std::unique_ptr<AdminSocket>> open(const std::filesystem::path& path, Admin& admin, Log& log);
  ~AdminSocket();  // Stops, and removes the socket.
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

 private:
  AdminSocket(std::filesystem::path path, int listener, int stop_fd, Admin& admin, Log& log);
  void loop();
  void serve(int connection);
  bool wait_for(int fd, short events, std::chrono::milliseconds timeout) const;
  bool send(int connection, std::string_view text, std::chrono::steady_clock::time_point deadline) const;
  bool stopping() const;

  const std::filesystem::path path_;
  const int listener_;
  const int stop_fd_;
  Admin& admin_;
  Log& log_;
  std::thread thread_;
};

inline constexpr std::chrono::milliseconds admin_patience{30'000};

// The other end: sends one command, returns the reply's line. Fails with `unavailable` when nobody listens there, and
// with `io` when the server takes or sends nothing for as long as `patience`: whether the command was done is not known
// then.
Result<std::string> ask_admin_socket(const std::filesystem::path& path, std::string_view command,
                                     std::chrono::milliseconds patience = admin_patience);

}  // namespace keyfold::server
