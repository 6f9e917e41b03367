#include "keyfold/core/http/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "keyfold/core/base/try.h"
#include "keyfold/core/http/loopback.h"

namespace keyfold::http {
namespace {

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

struct Target {
  SocketAddress address;
  socklen_t size;
};

Result<Target> target_of(const ListenAddress& address) {
  Target target{};
  if (::inet_pton(AF_INET, address.host.c_str(), &target.address.v4.sin_addr) == 1) {
    target.address.v4.sin_family = AF_INET;
    target.address.v4.sin_port = htons(address.port);
    target.size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &target.address.v6.sin6_addr) == 1) {
    target.address.v6.sin6_family = AF_INET6;
    target.address.v6.sin6_port = htons(address.port);
    target.size = sizeof(sockaddr_in6);
  } else {
    return Error{ErrorCode::invalid_input, "'" + address.host + "' is not an address to listen on"};
  }
  return target;
}

Error failure(const ListenAddress& address) {
  return {ErrorCode::io, "cannot listen on " + to_text(address) + ": " + std::strerror(errno)};
}

bool enable(int socket, int level, int option) {
  const int on = 1;
  return ::setsockopt(socket, level, option, &on, sizeof(on)) == 0;
}

Result<Descriptor> listen_once(ListenAddress& address, bool first) {
  TRY_ASSIGN(auto target, target_of(address));
  const int family = target.address.any.sa_family;
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return failure(address);
  // The first binds without sharing, so that it fails where another process listens; then it lets our others in.
  if (!enable(socket.get(), SOL_SOCKET, SO_REUSEADDR) || (!first && !enable(socket.get(), SOL_SOCKET, SO_REUSEPORT)) ||
      (family == AF_INET6 && !enable(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY)) ||
      ::bind(socket.get(), &target.address.any, target.size) != 0 ||
      (first && !enable(socket.get(), SOL_SOCKET, SO_REUSEPORT)) || ::listen(socket.get(), SOMAXCONN) != 0 ||
      ::getsockname(socket.get(), &target.address.any, &target.size) != 0) {
    return failure(address);
  }
  address.port = ntohs(family == AF_INET6 ? target.address.v6.sin6_port : target.address.v4.sin_port);
  return socket;
}

}  // namespace

Result<std::vector<Descriptor>> listen_on(ListenAddress& address, std::size_t count) {
  std::vector<Descriptor> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    TRY_ASSIGN(auto socket, listen_once(address, i == 0));
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const Error bad{ErrorCode::invalid_input, "'" + std::string(text) + "' is not ADDRESS:PORT"};
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != std::string_view::npos)) return bad;
  ListenAddress address{.host = host == "localhost" ? "127.0.0.1" : std::string(host)};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return bad;
  TRY(target_of(address));
  return address;
}

std::string to_text(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

bool is_loopback(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") return true;
  const std::string text(host);
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace keyfold::http
