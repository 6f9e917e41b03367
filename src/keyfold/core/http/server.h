#pragma once
// The HTTP/1.1 server: N threads, each an event loop with its own listening sockets and its own connections.
//
// Strict on purpose (RFC 9112 lets a server be): HTTP/1.1 only; GET, HEAD, POST; one Host; bodies by Content-Length
// alone; no Transfer-Encoding, no folded headers, no bare CR or LF. Whatever two parsers might read differently is
// refused, and the connection is closed behind the refusal: there is nothing to smuggle.
//
// In steady state a request costs one recv, one send and no allocation. Requests of one connection are served one at a
// time, in order; those pipelined behind wait in the buffer. A reply may be held until its audit record is on disk.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/result.h"
#include "keyfold/core/http/service.h"

namespace keyfold::http {

// Where to listen: a numeric address. Port 0 takes any free port.
struct ListenAddress {
  std::string host;  // "127.0.0.1", "::1", "0.0.0.0"; IPv6 without brackets.
  std::uint16_t port = 0;
};
// "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (which is 127.0.0.1). Fails with `invalid_input`.
Result<ListenAddress> parse_listen_address(std::string_view text);
std::string to_text(const ListenAddress& address);  // With brackets around IPv6.

// PEM files: the certificate and those of its issuers below the root, in order; and its private key.
struct TlsFiles {
  std::string certificate_chain;
  std::string private_key;
};

struct Limits {
  std::size_t header_bytes_max = std::size_t{16} * 1024;  // Request line and headers, with the empty line. Above: 431.
  std::size_t header_count_max = 64;                      // Above: 431.
  std::size_t body_bytes_max = std::size_t{1024} * 1024;  // Above: 413.
  std::size_t connections_max = 4096;                     // Per loop. Above: a 503 (nothing, under TLS), and closed.
  // Per loop: what connections may hold in buffers grown for large bodies. Above: 503, and closed.
  std::size_t grown_bytes_max = std::size_t{64} * 1024 * 1024;

  std::chrono::milliseconds idle_timeout{60'000};  // Between a reply and the first byte of the next request.
  std::chrono::milliseconds head_timeout{
      10'000};  // For a TLS handshake; and from a request's first byte to its last header.
  std::chrono::milliseconds body_timeout{30'000};   // From the last header to the last byte of the body.
  std::chrono::milliseconds write_timeout{30'000};  // For a reply to be taken.
};

struct SlowLane {
  std::size_t threads = 4;
  std::size_t queue_max = 256;             // Requests waiting for one of the threads.
  std::size_t key_generation_threads = 1;  // Of `threads`, how many may generate keys at once.
  std::size_t key_generation_queue_max = 32;
};

struct ServerOptions {
  std::vector<ListenAddress> listen;  // At least one. Off loopback, `tls` must be set.
  std::optional<TlsFiles> tls;        // TLS 1.2 and 1.3, AEAD suites only.
  std::size_t loops = 1;
  Limits limits;
  SlowLane slow_lane;
};
// How many threads call the Service: loops and slow lane.
inline std::size_t thread_count(const ServerOptions& options) { return options.loops + options.slow_lane.threads; }

// Since start; read from any thread, each number exact, the whole not one instant's.
struct ServerCounters {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;  // Now.
  std::uint64_t connections_shed = 0;  // Refused because there were too many.
  std::uint64_t accept_failures = 0;   // Out of file descriptors, mostly.
  std::uint64_t tls_failures = 0;      // Handshakes that came to nothing.
  std::uint64_t timeouts = 0;          // Connections closed because their peer was too slow; not those that were idle.
  std::uint64_t requests = 0;          // Handed to the Service.
  std::uint64_t requests_malformed = 0;
  std::uint64_t requests_overloaded = 0;  // The slow lane was full.
  std::uint64_t replies_held = 0;         // Now.
  std::uint64_t replies_refused = 0;
  std::uint64_t bytes_received = 0;  // On the wire.
  std::uint64_t bytes_sent = 0;
};

class Server {
 public:
  virtual ~Server() = default;  // Stops, with no time to finish what is in flight.

  // Where it listens, with the ports it was given, in the order of the options.
  virtual const std::vector<ListenAddress>& addresses() const = 0;

  // Starts the threads. Call once.
  virtual void start() = 0;
  // Stops accepting, closes idle connections, finishes the requests in flight (their replies say `Connection: close`),
  // and returns when all threads have ended. At the deadline it closes what is left; only a call of serve() is never
  // cut short. Held replies still need release_up_to() or refuse_up_to() from elsewhere to leave in time. May be called
  // more than once.
  virtual void stop(std::chrono::milliseconds deadline) = 0;

  // Lets go every held reply whose sequence number is at most this; each loop sends its own in order. Numbers only
  // grow. From any thread, and cheap: a store, and at most one wake for each loop that holds such a reply.
  virtual void release_up_to(std::uint64_t sequence) = 0;
  // Replaces by Service::refuse() every reply above what was released and up to `sequence`, held now or about to be.
  // When in doubt (numbers refused twice over a gap) a late reply is refused although its record was written, never the
  // other way round.
  virtual void refuse_up_to(std::uint64_t sequence) = 0;

  // Reads the certificate and key files again, for connections to come. On failure those in use stay.
  virtual Outcome reload_tls() = 0;

  virtual ServerCounters counters() const = 0;
};

// Binds and listens, so that addresses() is known and connections queue; nothing is served before start(). `service`
// and `clock` (for the Date header) must outlive the Server. Fails with `invalid_input` for options that make no sense,
// unreadable or mismatched TLS files, or a plain listener off loopback; with `io` when an address cannot be bound,
// which another process's listening on it is reason enough for.
Result<std::unique_ptr<Server>> open_server(Service& service, const ServerOptions& options, const Clock& clock);

}  // namespace keyfold::http
