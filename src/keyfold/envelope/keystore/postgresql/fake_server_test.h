#pragma once
// Something that takes connections on a loopback port and speaks as much of PostgreSQL's protocol as a test needs. It
// offers no encryption, and keeps what it is sent.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

namespace keyfold::keystore::testing {

class FakeServer {
 public:
  // What it does once somebody wants to log in; afterwards it says nothing more, and closes nothing.
  enum class Greeting { none, asks_for_password, lets_in };

  explicit FakeServer(Greeting greeting) : greeting_(greeting) {
    auto address = address_with(0);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    EXPECT_EQ(getsockname(listener_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    ends_ = true;
    shutdown(listener_, SHUT_RDWR);
    if (const int connection = connection_; connection >= 0) shutdown(connection, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string port() const { return std::to_string(port_); }
  // All that those sent who have gone. It serves one after the other: once it serves us, it has served them.
  std::string received() const {
    const int last = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = address_with(port_);
    EXPECT_EQ(connect(last, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    shutdown(last, SHUT_WR);
    char byte = 0;
    EXPECT_EQ(recv(last, &byte, 1, 0), 0);
    close(last);
    const std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  static sockaddr_in address_with(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<in_port_t>(port));
    return address;
  }

  // One connection after the other.
  void serve() {
    while (!ends_) {
      connection_ = accept(listener_, nullptr, nullptr);
      if (connection_ < 0) return;
      if (log_in()) (void)take(1'000'000);
      close(connection_.exchange(-1));
    }
  }

  // PostgreSQL manual, "Message Formats".
  bool log_in() {
    const auto ssl = std::string("\x04\xd2\x16\x2f", 4), gss = std::string("\x04\xd2\x16\x30", 4);
    for (;;) {
      const auto head = take(8);
      if (head.size() < 8) return false;
      const auto code = head.substr(4);
      if (code != ssl && code != gss) return take(static_cast<unsigned char>(head[3]) - 8U), greet();
      if (!say("N")) return false;
    }
  }
  bool greet() {
    if (greeting_ == Greeting::asks_for_password) return say(std::string("R\0\0\0\x08\0\0\0\x03", 9));
    if (greeting_ == Greeting::lets_in) return say(std::string("R\0\0\0\x08\0\0\0\0Z\0\0\0\5I", 15));
    return true;
  }

  // So many bytes, or fewer when the other side goes. (The test's start packets are shorter than 256 bytes.)
  std::string take(std::size_t size) {
    std::string taken;
    char byte = 0;
    while (taken.size() < size && recv(connection_, &byte, 1, 0) == 1) {
      taken += byte;
      const std::lock_guard lock(mutex_);
      received_ += byte;
    }
    return taken;
  }
  bool say(const std::string& text) {
    return send(connection_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  const Greeting greeting_;
  const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
  std::atomic<bool> ends_ = false;
  std::atomic<int> connection_ = -1;
  mutable std::mutex mutex_;
  std::string received_;
  std::thread thread_;
};

}  // namespace keyfold::keystore::testing
