#pragma once
// For tests: the other end of a connection, byte by byte, and a Service made of functions.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "keyfold/core/http/server.h"

namespace keyfold::http::test {

using namespace std::chrono_literals;

// Polls, up to ten seconds, for what another thread brings about.
template <class Predicate>
bool eventually(Predicate predicate) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

class Peer {
 public:
  explicit Peer(std::uint16_t port) : Peer() { connect(port); }
  Peer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(); }

  bool connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  int socket() const { return socket_; }
  void half_close() { ::shutdown(socket_, SHUT_WR); }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool readable_within(std::chrono::milliseconds time) {
    pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, static_cast<int>(time.count())) > 0;
  }
  // One reply with its body; what there was of it if the connection ends before.
  std::string reply() {
    for (;;) {
      const auto head = received_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const auto field = received_.find("Content-Length: ");
        const std::size_t body = field < head ? std::stoul(received_.substr(field + 16)) : 0;
        if (received_.size() >= head + 4 + body) {
          const std::string reply = received_.substr(0, head + 4 + body);
          received_.erase(0, reply.size());
          return reply;
        }
      }
      if (!receive()) return std::exchange(received_, {});
    }
  }
  // True when the other side closes without sending anything more; a reset counts.
  bool at_end() { return received_.empty() && !receive(); }

 private:
  bool receive() {
    char bytes[4096];
    if (!readable_within(10s)) return false;
    const ssize_t count = ::recv(socket_, bytes, sizeof(bytes), 0);
    if (count <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  int socket_;
  std::string received_;
};

inline std::string status_line(const std::string& reply) { return reply.substr(0, reply.find("\r\n")); }
inline std::string body_of(const std::string& reply) {
  const auto head = reply.find("\r\n\r\n");
  return head == std::string::npos ? "" : reply.substr(head + 4);
}
inline std::string post(std::string_view body, std::string_view more = "") {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(more) + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

// Echoes, unless told otherwise.
class FunctionService : public Service {
 public:
  std::function<Release(const Request&, Reply&, std::size_t)> on_serve = [](const Request& request, Reply& reply,
                                                                            std::size_t) {
    reply.body.append(as_text(request.body));
    return Release::at_once();
  };
  std::function<Lane(const Request&)> on_lane = [](const Request&) { return Lane::fast; };
  std::function<void()> on_caught_up = [] {};

  Lane lane_of(const Request& request) override { return on_lane(request); }
  Release serve(const Request& request, Reply& reply, std::size_t thread) override {
    return on_serve(request, reply, thread);
  }
  void caught_up() override { on_caught_up(); }
  void refuse(const Request& request, Reply& reply) override {
    reply.status = 500;
    const bool wiped = std::ranges::all_of(request.body, [](std::byte b) { return b == std::byte{0}; });
    reply.body.append(wiped ? "refused" : "refused, and its body was not wiped");
  }
  void overloaded(const Request&, Lane, Reply& reply) override {
    reply.status = 503;
    reply.body.append("overloaded");
  }
};

inline ServerOptions loopback_options() {
  ServerOptions options;
  options.listen = {{.host = "127.0.0.1", .port = 0}};
  options.slow_lane.threads = 1;
  return options;
}

// A server of one address, and its service.
class Running {
 public:
  explicit Running(const ServerOptions& options = loopback_options()) {
    auto opened = open_server(service, options, clock);
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      std::abort();
    }
    server = *std::move(opened);
  }
  std::uint16_t port() const { return server->addresses().front().port; }
  Running& start() {
    server->start();
    return *this;
  }

  SystemClock clock;
  FunctionService service;
  std::unique_ptr<Server> server;
};

}  // namespace keyfold::http::test
