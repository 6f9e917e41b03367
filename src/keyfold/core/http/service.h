#pragma once
// What a Server serves: one request in, one reply out. The Server owns connections, parsing, order and time; the
// Service owns the meaning. A Service is called from several threads at once (each loop, each slow thread), so it must
// be safe for that.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/header_view.h"
#include "keyfold/core/base/inline_string.h"

namespace keyfold::http {

enum class Method : std::uint8_t { get, head, post };
std::string_view to_text(Method method);  // "GET", "HEAD", "POST".

enum class Transport : std::uint8_t { plain, tls };

// Bytes that may be read, though not used, behind the body of every request: simdjson reads past the end of what it
// parses.
inline constexpr std::size_t body_padding = 64;

// A whole request. Its views point into the connection's buffer and end with the call that was given it.
struct Request {
  Method method = Method::get;
  std::string_view target;  // Path and query, as received; begins with '/'.
  // In the order received. Exactly one is Host; at most one is Content-Length; none is Transfer-Encoding.
  std::span<const HeaderView> headers;
  std::span<std::byte> body;  // body_padding more bytes may be read behind it. Wiped when serve() has returned.
  std::string_view peer;      // "192.0.2.1" or "2001:db8::1", without the port.
  Transport transport = Transport::plain;
  std::string_view tls_version{};   // "TLSv1.3"; empty without TLS. Lives as long as the program.
  std::string_view cipher_suite{};  // Its name with OpenSSL. Likewise.

  // The value of the first header of this name, compared without case; empty if there is none.
  std::string_view header(std::string_view name) const;
};

// The reply under construction. The same object, and the same memory, serves every request of a connection; the Server
// clears it before each, and wipes it when it has been sent.
struct Reply {
  int status = 200;
  std::string_view content_type;  // Must live as long as the program: a literal. No such header when empty.
  std::string_view error_type;    // Likewise; sent as x-amzn-ErrorType. No such header when empty.
  InlineString<64> request_id;    // Sent as x-amzn-RequestId. No such header when empty.
  std::string body;               // May hold secrets. Append only: what is cut off is not wiped. It keeps its capacity.

  void clear();  // Wipes the body; status is 200 again.
};

enum class Lane : std::uint8_t {
  fast,            // On the connection's loop, in place: must not block.
  slow,            // On a pool of threads, where it may block.
  key_generation,  // Likewise, but only a share of that pool: a second of RSA must not hold up the rest.
};

// When a reply may leave: at once, or when release_up_to() reaches a sequence number (that of the request's audit
// record).
class Release {
 public:
  static constexpr Release at_once() { return Release(0); }
  // Numbers count from 1 and belong to the whole Server, not to a connection.
  static constexpr Release after(std::uint64_t sequence) { return Release(sequence); }
  constexpr std::uint64_t sequence() const { return sequence_; }  // 0: at once.

 private:
  constexpr explicit Release(std::uint64_t sequence) : sequence_(sequence) {}
  std::uint64_t sequence_;
};

class Service {
 public:
  virtual ~Service() = default;

  // Which lane this request takes. Called on the loop: must be quick.
  virtual Lane lane_of(const Request&) { return Lane::fast; }

  // Fills the reply. `thread` is the number of the calling thread, below thread_count(options): loops first, then the
  // slow lane's. Two calls with the same number never overlap, so that it may index scratch memory.
  virtual Release serve(const Request& request, Reply& reply, std::size_t thread) = 0;

  // Called on the loop when every request that had come has been served, before it waits for more: what serve() left to
  // be done for all of them at once can begin. Must be quick. As it stands: nothing.
  virtual void caught_up() {}

  // Replaces a reply that was held and whose record could not be written (Server::refuse_up_to). Called on the loop,
  // with a cleared reply; what serve() had written is gone.
  virtual void refuse(const Request& request, Reply& reply) = 0;

  // Answers in the place of serve() when the request's lane is full. Called on the loop. Sent at once.
  virtual void overloaded(const Request& request, Lane lane, Reply& reply) = 0;

  // Answers what was not a request that the Server accepts; the connection closes behind it. `status` is 400, 408, 413,
  // 417, 431, 501, 503 or 505, and already in the reply. As it stands: `reason` as text/plain.
  virtual void malformed(std::string_view reason, Reply& reply);
};

}  // namespace keyfold::http
