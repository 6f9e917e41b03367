#pragma once
// What the echo server and the load generator share: a non-blocking connection, plain or TLS, and where one HTTP
// message ends. As cheap as it can be, and no more careful than loopback between two programs of ours needs.

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

namespace keyfold::bench {

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;
using SslContext = std::unique_ptr<SSL_CTX, FreeSsl>;

class Stream {
 public:
  // Owns both; `ssl` is null for a plain connection, or set up on `fd`.
  Stream(int fd, Ssl ssl) : fd_(fd), ssl_(std::move(ssl)) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { ::close(fd_); }

  // Bytes; 0 at the end or on an error; -1 when nothing can be read now.
  int read(char* to, int size) {
    if (!ssl_) {
      const auto count = ::recv(fd_, to, static_cast<std::size_t>(size), MSG_DONTWAIT);
      if (count >= 0) return static_cast<int>(count);
      return errno == EAGAIN ? -1 : 0;
    }
    const int count = SSL_read(ssl_.get(), to, size);
    if (count > 0) return count;
    const int error = SSL_get_error(ssl_.get(), count);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
  }
  // One message, far smaller than a socket's buffer: all of it, or the connection is of no more use.
  bool write(std::string_view text) {
    const int size = static_cast<int>(text.size());
    if (ssl_) return SSL_write(ssl_.get(), text.data(), size) == size;
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == size;
  }

 private:
  int fd_;
  Ssl ssl_;
};

// How long the HTTP message at the front of `text` is; 0 when it is not complete. Both programs' peers write
// `Content-Length: N`.
inline std::size_t message_size(std::string_view text) {
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return 0;
  constexpr std::string_view name = "\r\nContent-Length: ";
  const auto at = text.substr(0, head_end).find(name);
  std::size_t body = 0;
  if (at != std::string_view::npos) {
    const char* const number = text.data() + at + name.size();
    std::from_chars(number, text.data() + head_end, body);
  }
  const std::size_t size = head_end + 4 + body;
  return size <= text.size() ? size : 0;
}

}  // namespace keyfold::bench
