#pragma once
// TLS without a socket: bytes from the wire go in, bytes for the wire come out, whoever moves them. So one recv brings
// what there is, one send takes a whole reply, and no write of ours can raise SIGPIPE. Both ends of this room use it.
//
// TLS 1.2 and 1.3; AEAD suites with ephemeral keys only; no renegotiation; no compression.

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/http/buffer.h"
#include "keyfold/core/http/server.h"

namespace keyfold::http {

struct SslContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextFree>;

// Fail with `invalid_input`, naming the file. A key behind a pass phrase is not asked for, but refused.
Result<SslContext> open_server_context(const TlsFiles& files);
// Trusts the system's authorities, or those of `ca_file` when it is not empty.
Result<SslContext> open_client_context(const std::string& ca_file);

// One connection. Not thread-safe. Holds its own reference to the context.
class TlsSession {
 public:
  enum class Status : std::uint8_t { ok, wants_input, closed, failed };
  struct Read {
    std::size_t count = 0;
    Status status = Status::ok;
  };

  static std::unique_ptr<TlsSession> server(SSL_CTX& context);
  // Verifies that the certificate is `host`'s, which is an address or a name; a name is also sent (SNI).
  static std::unique_ptr<TlsSession> client(SSL_CTX& context, const std::string& host);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Where bytes from the wire go; then how many came. Never empty when read() or handshake() wanted input.
  std::span<std::byte> input_space() { return input_.space(); }
  void received(std::size_t count) { input_.commit(count); }

  // Each may leave bytes in output(), whatever it returns.
  Status handshake();
  Read read(std::span<std::byte> plaintext);  // Handshakes first if need be. `ok` only with count > 0.
  Status write(BytesView plaintext);          // All of it, or `failed`. After the handshake.
  void shut_down();                           // Says goodbye, if that is still possible.

  std::string_view output() const { return output_; }
  void clear_output() { output_.clear(); }

  bool established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  // What the handshake came to, "TLSv1.3" and OpenSSL's name of the suite. Both live as long as the program.
  std::string_view version() const { return SSL_get_version(ssl_.get()); }
  std::string_view cipher_suite() const { return SSL_get_cipher_name(ssl_.get()); }
  // Why a client's handshake failed: true when it was the certificate. What OpenSSL says about it.
  bool certificate_refused() const { return SSL_get_verify_result(ssl_.get()) != X509_V_OK; }
  std::string failure() const;

 private:
  struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  explicit TlsSession(SSL_CTX& context);
  Status status_of(int returned);
  static const BIO_METHOD* wire();
  static int wire_read(BIO* bio, char* out, int size);
  static int wire_write(BIO* bio, const char* data, int size);
  static long wire_control(BIO* bio, int command, long, void*);

  Buffer input_;  // From the wire, up to input_taken_ already with OpenSSL.
  std::size_t input_taken_ = 0;
  std::string output_;  // For the wire.
  bool failed_ = false;
  unsigned long error_ = 0;
  std::unique_ptr<SSL, SslFree> ssl_;
};

}  // namespace keyfold::http
