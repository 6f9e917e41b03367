#pragma once
// A blocking connection with deadlines, plain or TLS: the client's end.

#include <chrono>
#include <memory>
#include <span>

#include "keyfold/core/http/client.h"
#include "keyfold/core/http/descriptor.h"
#include "keyfold/core/http/tls.h"

namespace keyfold::http {

using Deadline = std::chrono::steady_clock::time_point;

class Wire {
 public:
  // Connects, and handshakes when `context` is not null. `timeout` applies to each, `deadline` to both.
  static Result<std::unique_ptr<Wire>> connect(const Endpoint& endpoint, SSL_CTX* context,
                                               std::chrono::milliseconds timeout, Deadline deadline);

  // `sent` becomes `maybe` with the first byte that leaves.
  Outcome send(BytesView bytes, Deadline deadline, Sent& sent);
  // How many bytes came; 0 at the end. `unavailable` after the deadline.
  Result<std::size_t> receive(std::span<std::byte> space, Deadline deadline);
  // False when the server has closed it meanwhile, or sent what nobody asked for.
  bool is_quiet();

  Deadline idle_since{};

 private:
  explicit Wire(Descriptor socket) : socket_(std::move(socket)) {}
  Outcome handshake(Deadline deadline);
  Outcome send_all(BytesView bytes, Deadline deadline, Sent& sent);
  Outcome flush(Deadline deadline, Sent& sent);
  Result<std::size_t> receive_some(std::span<std::byte> space, Deadline deadline);

  Descriptor socket_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace keyfold::http
