#pragma once
// A blocking HTTP/1.1 client for one endpoint, with TLS and a bounded pool of kept-alive connections. Safe to use from
// several threads. It does not retry, redirect, decompress or read proxy settings: what it tells lets the caller
// decide.

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/header_view.h"
#include "keyfold/core/base/result.h"
#include "keyfold/core/http/service.h"

namespace keyfold::http {

// "https://kms.eu-west-1.amazonaws.com", "http://127.0.0.1:8080", "https://[::1]:8443/".
struct Endpoint {
  Transport transport = Transport::tls;
  std::string host;  // IPv6 without brackets.
  std::uint16_t port = 443;

  // The value of the Host header: brackets around IPv6, and no port when it is the scheme's own. What SigV4 must sign.
  std::string authority() const;
};
// Fails with `invalid_input`: not http or https, user information, a path other than "/", a query, a bad port; and for
// plain http to a host that is not loopback (loopback.h).
Result<Endpoint> parse_endpoint(std::string_view url);

struct ClientOptions {
  std::string ca_file;                                // PEM of the authorities trusted instead of the system's.
  std::chrono::milliseconds connect_timeout{3'000};   // For TCP, and again for TLS. Name look-up takes its own time.
  std::chrono::milliseconds request_timeout{10'000};  // For the whole exchange, waiting for a connection included.
  std::chrono::milliseconds idle_timeout{20'000};     // A connection idle for longer is not used again.
  std::size_t connections_max = 16;                   // More requests at once wait for each other.
  std::size_t response_header_bytes_max = std::size_t{32} * 1024;
  std::size_t response_body_bytes_max = std::size_t{1024} * 1024;  // Chunked or not.
};

struct ClientRequest {
  Method method = Method::post;
  std::string_view target = "/";
  // Sent as they are. Host, Content-Length, Connection and Transfer-Encoding are the client's to send: `invalid_input`
  // if here.
  std::span<const HeaderView> headers = {};
  BytesView body = {};
};

// An answer, whatever its status. Wipes its body when it goes.
struct ClientResponse {
  struct Header {
    std::string name;
    std::string value;
  };
  int status = 0;
  std::vector<Header> headers;
  Bytes body;

  ClientResponse() = default;
  ClientResponse(const ClientResponse&) = delete;
  ClientResponse& operator=(const ClientResponse&) = delete;
  ClientResponse(ClientResponse&&) noexcept = default;
  ClientResponse& operator=(ClientResponse&& other) noexcept;
  ~ClientResponse() { wipe(body); }
  // The value of the first header of this name, compared without case; empty if there is none.
  std::string_view header(std::string_view name) const;
};

// Whether the server may have acted on the request. `no` is certain; after `maybe` only a request that does no harm
// twice may be sent again.
enum class Sent : std::uint8_t { no, maybe };

// What came of one request. The codes of its error:
//   invalid_input   the request cannot be sent as it is; sending it again is pointless
//   unavailable     no such host, nobody listening, no connection free, or a timeout
//   authentication  the certificate is not trusted, or not this host's
//   io              the connection broke, TLS failed otherwise, or the answer is not HTTP within the limits
struct Exchange {
  Result<ClientResponse> response;
  Sent sent;
};

class Client {
 public:
  virtual ~Client() = default;  // No send() may be running.
  virtual const Endpoint& endpoint() const = 0;
  virtual Exchange send(const ClientRequest& request) = 0;
};

// Opens no connection yet. TLS 1.2 or 1.3 with AEAD suites; the certificate must be trusted and name the host.
// Fails with `invalid_input` when the authorities cannot be read, and for plain http off loopback.
Result<std::unique_ptr<Client>> open_client(const Endpoint& endpoint, const ClientOptions& options);

}  // namespace keyfold::http
