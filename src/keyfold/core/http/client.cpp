#include "keyfold/core/http/client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <mutex>

#include "keyfold/core/base/try.h"
#include "keyfold/core/http/head_scanner.h"
#include "keyfold/core/http/loopback.h"
#include "keyfold/core/http/response_parser.h"
#include "keyfold/core/http/wire.h"

namespace keyfold::http {
namespace {

using std::chrono::steady_clock;

// The connections of one client: at most `connections_max`, used or idle.
class Pool {
 public:
  Pool(const Endpoint& endpoint, const ClientOptions& options, SSL_CTX* context)
      : endpoint_(endpoint), options_(options), context_(context) {}

  Result<std::unique_ptr<Wire>> take(Deadline deadline) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, deadline, [&] { return in_use_ < options_.connections_max; })) {
      return Error{ErrorCode::unavailable, "all connections to " + endpoint_.authority() + " are in use"};
    }
    ++in_use_;
    // The latest first: those that nobody needs any more grow old and go.
    while (!idle_.empty()) {
      auto wire = std::move(idle_.back());
      idle_.pop_back();
      if (steady_clock::now() - wire->idle_since < options_.idle_timeout && wire->is_quiet()) return wire;
    }
    lock.unlock();
    auto wire = Wire::connect(endpoint_, context_, options_.connect_timeout, deadline);
    if (!wire) give_back(nullptr);
    return wire;
  }

  // Null when it cannot be used again.
  void give_back(std::unique_ptr<Wire> wire) {
    {
      const std::lock_guard lock(mutex_);
      --in_use_;
      if (wire) {
        wire->idle_since = steady_clock::now();
        idle_.push_back(std::move(wire));
      }
    }
    changed_.notify_one();
  }

 private:
  const Endpoint& endpoint_;
  const ClientOptions& options_;
  SSL_CTX* const context_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Wire>> idle_;  // Guarded by mutex_, as in_use_.
  std::size_t in_use_ = 0;
};

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

Outcome check(const ClientRequest& request) {
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!request.target.starts_with('/') || !std::ranges::all_of(request.target, printable)) {
    return Error{ErrorCode::invalid_input, "the request target is malformed"};
  }
  for (const HeaderView& header : request.headers) {
    for (const std::string_view ours : {"host", "content-length", "connection", "transfer-encoding"}) {
      if (equal_without_case(header.name, ours)) {
        return Error{ErrorCode::invalid_input, "the header " + std::string(ours) + " is the client's to send"};
      }
    }
    if (!is_token(header.name) || !is_field_value(header.value)) {
      return Error{ErrorCode::invalid_input, "a request header is malformed"};
    }
  }
  return ok();
}

// Head and body in one piece, for one send; to be wiped.
std::string encode(const ClientRequest& request, const std::string& authority) {
  std::size_t size = request.target.size() + authority.size() + 96 + request.body.size();
  for (const HeaderView& header : request.headers) size += header.name.size() + header.value.size() + 4;
  std::string out;
  out.reserve(size);  // It does not grow, and so leaves no copy behind.
  out.append(to_text(request.method))
      .append(" ")
      .append(request.target)
      .append(" HTTP/1.1\r\nHost: ")
      .append(authority);
  out.append("\r\n");
  for (const HeaderView& header : request.headers)
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  if (request.method == Method::post || !request.body.empty()) {
    out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  out.append("\r\n").append(as_text(request.body));
  return out;
}

class PooledClient final : public Client {
 public:
  PooledClient(const Endpoint& endpoint, const ClientOptions& options, SslContext context)
      : endpoint_(endpoint),
        options_(options),
        context_(std::move(context)),
        pool_(endpoint_, options_, context_.get()) {}

  const Endpoint& endpoint() const override { return endpoint_; }
  Exchange send(const ClientRequest& request) override;

 private:
  Result<ClientResponse> exchange(Wire& wire, const ClientRequest& request, Deadline deadline, Sent& sent,
                                  bool& reusable);

  const Endpoint endpoint_;
  const ClientOptions options_;
  const SslContext context_;
  Pool pool_;
};

Exchange PooledClient::send(const ClientRequest& request) {
  const Deadline deadline = steady_clock::now() + options_.request_timeout;
  if (auto checked = check(request); !checked) return {std::move(checked).error(), Sent::no};
  auto wire = pool_.take(deadline);
  if (!wire) return {std::move(wire).error(), Sent::no};
  Sent sent = Sent::no;
  bool reusable = false;
  auto response = exchange(**wire, request, deadline, sent, reusable);
  pool_.give_back(reusable ? *std::move(wire) : nullptr);
  return {std::move(response), sent};
}

Result<ClientResponse> PooledClient::exchange(Wire& wire, const ClientRequest& request, Deadline deadline, Sent& sent,
                                              bool& reusable) {
  std::string encoded = encode(request, endpoint_.authority());
  auto written = wire.send(as_bytes(encoded), deadline, sent);
  wipe(encoded);
  if (!written && sent == Sent::no) return std::move(written).error();
  // A server may answer, and close, before it has taken the whole request; its answer is worth more than the broken
  // pipe.
  ResponseParser parser(options_.response_header_bytes_max, options_.response_body_bytes_max, request.method);
  std::array<std::byte, std::size_t{16} * 1024> received;
  auto state = ResponseParser::State::incomplete;
  while (state == ResponseParser::State::incomplete) {
    const auto count = wire.receive(received, deadline);
    if (!count) return written ? count.error() : written.error();
    if (*count == 0) return Error{ErrorCode::io, "the server closed the connection before its response was complete"};
    state = parser.feed(std::span(received).first(*count));
    wipe(std::span(received).first(*count));
  }
  if (state == ResponseParser::State::refused)
    return Error{ErrorCode::io, "the response is refused: " + parser.problem()};
  reusable = written && parser.keeps_alive();
  return parser.take();
}

}  // namespace

std::string Endpoint::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string text = v6 ? "[" + host + "]" : host;
  const std::uint16_t usual = transport == Transport::tls ? 443 : 80;
  if (port != usual) text += ":" + std::to_string(port);
  return text;
}

Result<Endpoint> parse_endpoint(std::string_view url) {
  const auto bad = [&](const char* why) {
    return Error{ErrorCode::invalid_input, "endpoint '" + std::string(url) + "' " + why};
  };
  Endpoint endpoint;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    endpoint.transport = Transport::plain;
    endpoint.port = 80;
  } else {
    return bad("must begin with https:// or http://");
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return bad("has no closing bracket");
    endpoint.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return bad("is malformed");
    port = rest.empty() ? rest : rest.substr(1);
    if (!rest.empty() && port.empty()) return bad("has a malformed port");
    if (endpoint.host.find(':') == std::string::npos) return bad("is malformed");
  } else {
    const auto colon = rest.find(':');
    endpoint.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) port = rest.substr(colon + 1);
    if (colon != std::string_view::npos && port.empty()) return bad("has a malformed port");
  }
  const auto is_host_character = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == ':' || c == '_';
  };
  if (endpoint.host.empty() || endpoint.host.size() > 255 || !std::ranges::all_of(endpoint.host, is_host_character)) {
    return bad("must be a host with an optional port, and nothing behind it");
  }
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc() || end != port.data() + port.size() || endpoint.port == 0)
      return bad("has a malformed port");
  }
  if (endpoint.transport == Transport::plain && !is_loopback(endpoint.host)) {
    return bad("is plain HTTP to another machine; use https");
  }
  return endpoint;
}

ClientResponse& ClientResponse::operator=(ClientResponse&& other) noexcept {
  if (this != &other) {
    wipe(body);
    status = other.status;
    headers = std::move(other.headers);
    body = std::move(other.body);
  }
  return *this;
}

std::string_view ClientResponse::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (equal_without_case(header.name, name)) return header.value;
  }
  return {};
}

Result<std::unique_ptr<Client>> open_client(const Endpoint& endpoint, const ClientOptions& options) {
  SslContext context;
  if (endpoint.transport == Transport::tls) {
    TRY_ASSIGN(context, open_client_context(options.ca_file));
  } else if (!is_loopback(endpoint.host)) {
    return Error{ErrorCode::invalid_input, "refusing plain HTTP to " + endpoint.host + ": it is not loopback"};
  }
  if (options.connections_max == 0) return Error{ErrorCode::invalid_input, "a client needs at least one connection"};
  return std::unique_ptr<Client>(std::make_unique<PooledClient>(endpoint, options, std::move(context)));
}

}  // namespace keyfold::http
