#include "keyfold/core/http/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "keyfold/core/base/try.h"

namespace keyfold::http {
namespace {

// A little more than the largest record, so that one recv can bring it whole.
constexpr std::size_t input_capacity = std::size_t{17} * 1024;

Error tls_error(const std::string& what) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return {ErrorCode::invalid_input, reason == nullptr ? what : what + ": " + reason};
}

Result<SslContext> open_context(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method));
  if (!context) return Error{ErrorCode::internal, "TLS cannot be set up"};
  SSL_CTX* raw = context.get();
  if (SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
      SSL_CTX_set_ciphersuites(raw, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256") !=
          1) {
    return tls_error("TLS cannot be set up");
  }
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle connections give their record buffers back: 13 KiB each instead of 46.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  // Of which the sending one is allocated and wiped for each reply: replies are small, so let it be small.
  SSL_CTX_set_max_send_fragment(raw, 4096);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // Resumption is by tickets, which need no memory here.
  SSL_CTX_set_default_passwd_cb(raw, [](char*, int, int, void*) { return 0; });  // Not from the terminal.
  return context;
}

}  // namespace

Result<SslContext> open_server_context(const TlsFiles& files) {
  ERR_clear_error();
  TRY_ASSIGN(auto context, open_context(TLS_server_method()));
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate_chain.c_str()) != 1) {
    return tls_error("TLS certificate " + files.certificate_chain + " cannot be used");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.private_key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return tls_error("TLS private key " + files.private_key + " cannot be used");
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return tls_error("TLS private key " + files.private_key + " does not belong to " + files.certificate_chain);
  }
  return context;
}

Result<SslContext> open_client_context(const std::string& ca_file) {
  ERR_clear_error();
  TRY_ASSIGN(auto context, open_context(TLS_client_method()));
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                     : SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr);
  if (loaded != 1)
    return tls_error("the authorities in " + (ca_file.empty() ? "the system" : ca_file) + " cannot be read");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

TlsSession::TlsSession(SSL_CTX& context) : input_(input_capacity), ssl_(SSL_new(&context)) {
  KEYFOLD_CHECK(ssl_ != nullptr);
  BIO* bio = BIO_new(wire());
  KEYFOLD_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

std::unique_ptr<TlsSession> TlsSession::server(SSL_CTX& context) {
  std::unique_ptr<TlsSession> session(new TlsSession(context));
  SSL_set_accept_state(session->ssl_.get());
  return session;
}

std::unique_ptr<TlsSession> TlsSession::client(SSL_CTX& context, const std::string& host) {
  std::unique_ptr<TlsSession> session(new TlsSession(context));
  SSL* ssl = session->ssl_.get();
  SSL_set_connect_state(ssl);
  in6_addr address;
  if (inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1) {
    KEYFOLD_CHECK(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1);
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    KEYFOLD_CHECK(SSL_set1_host(ssl, host.c_str()) == 1);
    KEYFOLD_CHECK(SSL_set_tlsext_host_name(ssl, host.c_str()) == 1);
  }
  return session;
}

TlsSession::Status TlsSession::status_of(int returned) {
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return Status::wants_input;
    case SSL_ERROR_ZERO_RETURN:
      return Status::closed;
    default:
      break;
  }
  failed_ = true;
  error_ = ERR_peek_last_error();
  ERR_clear_error();
  return Status::failed;
}

TlsSession::Status TlsSession::handshake() {
  if (failed_) return Status::failed;
  ERR_clear_error();
  const int returned = SSL_do_handshake(ssl_.get());
  return returned == 1 ? Status::ok : status_of(returned);
}

TlsSession::Read TlsSession::read(std::span<std::byte> plaintext) {
  if (failed_) return {.status = Status::failed};
  // OpenSSL would allocate a record buffer only to find this out.
  if (established() && input_.size() == 0 && SSL_has_pending(ssl_.get()) == 0) return {.status = Status::wants_input};
  ERR_clear_error();
  const int room = static_cast<int>(std::min<std::size_t>(plaintext.size(), 1U << 30));
  const int returned = SSL_read(ssl_.get(), plaintext.data(), room);
  if (returned > 0) return {.count = static_cast<std::size_t>(returned)};
  return {.status = status_of(returned)};
}

TlsSession::Status TlsSession::write(BytesView plaintext) {
  if (failed_) return Status::failed;
  if (plaintext.empty()) return Status::ok;
  ERR_clear_error();
  // Our BIO takes everything, so this is all or nothing.
  const int returned = SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(plaintext.size()));
  return returned == static_cast<int>(plaintext.size()) ? Status::ok : (status_of(returned), Status::failed);
}

void TlsSession::shut_down() {
  if (failed_ || !established()) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::string TlsSession::failure() const {
  if (certificate_refused()) return X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()));
  const char* reason = error_ == 0 ? nullptr : ERR_reason_error_string(error_);
  return reason == nullptr ? "the connection was closed" : reason;
}

const BIO_METHOD* TlsSession::wire() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "keyfold wire");
    KEYFOLD_CHECK(made != nullptr);
    BIO_meth_set_read(made, wire_read);
    BIO_meth_set_write(made, wire_write);
    BIO_meth_set_ctrl(made, wire_control);
    return made;
  }();
  return method;
}

int TlsSession::wire_read(BIO* bio, char* out, int size) {
  auto& session = *static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto waiting = session.input_.filled().subspan(session.input_taken_);
  if (waiting.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(waiting.size(), static_cast<std::size_t>(std::max(size, 0)));
  std::memcpy(out, waiting.data(), count);
  session.input_taken_ += count;
  if (session.input_taken_ == session.input_.size()) {
    session.input_.consume(session.input_taken_);
    session.input_taken_ = 0;
  }
  return static_cast<int>(count);
}

int TlsSession::wire_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  static_cast<TlsSession*>(BIO_get_data(bio))->output_.append(data, static_cast<std::size_t>(size));
  return size;
}

long TlsSession::wire_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace keyfold::http
