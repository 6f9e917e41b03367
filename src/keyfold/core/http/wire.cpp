#include "keyfold/core/http/wire.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "keyfold/core/base/try.h"

namespace keyfold::http {
namespace {

using std::chrono::steady_clock;

Error timed_out(const char* what) { return {ErrorCode::unavailable, std::string(what) + " timed out"}; }
Error broken(const char* what) { return {ErrorCode::io, std::string(what) + ": " + std::strerror(errno)}; }

Outcome wait_for(int socket, short events, Deadline deadline, const char* what) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return timed_out(what);
    pollfd waiting{.fd = socket, .events = events, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left, INT_MAX)));
    if (ready > 0) return ok();
    if (ready < 0 && errno != EINTR) return broken("poll");
  }
}

struct AddressesFree {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, AddressesFree>;

Result<Addresses> look_up(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  // Never asked of a name server: plain HTTP is allowed to it.
  const std::string host = endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &list);
  if (error != 0)
    return Error{ErrorCode::unavailable, "cannot look up " + endpoint.host + ": " + ::gai_strerror(error)};
  return Addresses(list);
}

Result<Descriptor> connect_to(const addrinfo& address, const Endpoint& endpoint, Deadline deadline) {
  const auto refused = [&](int error) {
    return Error{ErrorCode::unavailable, "cannot connect to " + endpoint.authority() + ": " + std::strerror(error)};
  };
  Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return refused(errno);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return refused(errno);
    TRY(wait_for(socket.get(), POLLOUT, deadline, "connecting"));
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return refused(error);
  }
  return socket;
}

}  // namespace

Result<std::unique_ptr<Wire>> Wire::connect(const Endpoint& endpoint, SSL_CTX* context,
                                            std::chrono::milliseconds timeout, Deadline deadline) {
  TRY_ASSIGN(const auto addresses, look_up(endpoint));
  const Deadline connected_by = std::min(deadline, steady_clock::now() + timeout);
  Error last{ErrorCode::unavailable, "no address for " + endpoint.host};
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    // Half of what is left for each but the last, so that a dead first address leaves time for the next.
    const auto now = steady_clock::now();
    const Deadline by = address->ai_next == nullptr ? connected_by : now + (connected_by - now) / 2;
    auto socket = connect_to(*address, endpoint, by);
    if (!socket) {
      last = std::move(socket).error();
      continue;
    }
    std::unique_ptr<Wire> wire(new Wire(*std::move(socket)));
    if (context != nullptr) {
      wire->tls_ = TlsSession::client(*context, endpoint.host);
      TRY(wire->handshake(std::min(deadline, steady_clock::now() + timeout)));
    }
    return wire;
  }
  return last;
}

Outcome Wire::handshake(Deadline deadline) {
  for (;;) {
    const auto status = tls_->handshake();
    Sent unimportant = Sent::no;
    auto flushed = flush(deadline, unimportant);
    if (status == TlsSession::Status::ok) return flushed;
    if (status != TlsSession::Status::wants_input) {
      const bool distrusted = tls_->certificate_refused();
      return Error{distrusted ? ErrorCode::authentication : ErrorCode::io, "TLS handshake failed: " + tls_->failure()};
    }
    TRY(std::move(flushed));
    TRY_ASSIGN(const auto count, receive_some(tls_->input_space(), deadline));
    if (count == 0) return Error{ErrorCode::io, "TLS handshake failed: the server closed the connection"};
    tls_->received(count);
  }
}

Outcome Wire::flush(Deadline deadline, Sent& sent) {
  auto outcome = send_all(as_bytes(tls_->output()), deadline, sent);
  tls_->clear_output();
  return outcome;
}

Outcome Wire::send(BytesView bytes, Deadline deadline, Sent& sent) {
  if (!tls_) return send_all(bytes, deadline, sent);
  if (tls_->write(bytes) != TlsSession::Status::ok) return Error{ErrorCode::io, "TLS failed: " + tls_->failure()};
  return flush(deadline, sent);
}

Outcome Wire::send_all(BytesView bytes, Deadline deadline, Sent& sent) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {  // 0 is not for a stream, and errno would say nothing about it.
      sent = Sent::maybe;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      TRY(wait_for(socket_.get(), POLLOUT, deadline, "sending the request"));
    } else if (errno != EINTR) {
      return broken("sending the request");
    }
  }
  return ok();
}

Result<std::size_t> Wire::receive_some(std::span<std::byte> space, Deadline deadline) {
  for (;;) {
    const ssize_t count = ::recv(socket_.get(), space.data(), space.size(), 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      TRY(wait_for(socket_.get(), POLLIN, deadline, "waiting for the response"));
    } else if (errno != EINTR) {
      return broken("receiving the response");
    }
  }
}

Result<std::size_t> Wire::receive(std::span<std::byte> space, Deadline deadline) {
  if (!tls_) return receive_some(space, deadline);
  for (;;) {
    const auto read = tls_->read(space);
    switch (read.status) {
      case TlsSession::Status::ok:
        return read.count;
      case TlsSession::Status::closed:
        return std::size_t{0};
      case TlsSession::Status::failed:
        return Error{ErrorCode::io, "TLS failed: " + tls_->failure()};
      case TlsSession::Status::wants_input:
        break;
    }
    TRY_ASSIGN(const auto count, receive_some(tls_->input_space(), deadline));
    if (count == 0) return std::size_t{0};
    tls_->received(count);
  }
}

bool Wire::is_quiet() {
  std::array<std::byte, 1> unasked;
  const auto space = tls_ ? tls_->input_space() : std::span<std::byte>(unasked);
  const ssize_t count = ::recv(socket_.get(), space.data(), space.size(), MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
  if (count == 0 || !tls_) return false;
  // Session tickets come unasked.
  tls_->received(static_cast<std::size_t>(count));
  return tls_->read(unasked).status == TlsSession::Status::wants_input;
}

}  // namespace keyfold::http
