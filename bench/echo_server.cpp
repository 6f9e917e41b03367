// bench_echo [CERTIFICATE KEY]: the ceiling. A bare epoll loop in one thread that answers every HTTP request with the
// same 366 bytes, the size of a GenerateDataKey response; with TLS when it is given the PEM files. Prints its port;
// serves until it is killed.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>

#include "stream.h"

namespace {

using namespace keyfold::bench;

constexpr std::size_t response_size = 366;

std::string fixed_response() {
  const auto with_body = [](std::size_t size) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: " + std::to_string(size) +
           "\r\n\r\n" + std::string(size, 'x');
  };
  return with_body(response_size - with_body(100).size() + 100);
}

struct Connection {
  Stream stream;
  std::size_t filled = 0;
  std::array<char, 4096> buffer{};
};

// False when the connection is finished with.
bool serve(Connection& connection, std::string_view response) {
  auto& [stream, filled, buffer] = connection;
  const int count = stream.read(buffer.data() + filled, static_cast<int>(buffer.size() - filled));
  if (count <= 0) return count < 0;
  filled += static_cast<std::size_t>(count);
  if (message_size({buffer.data(), filled}) != filled) return filled < buffer.size();
  filled = 0;
  return stream.write(response);
}

int listen_on_loopback() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, generic, size) != 0 || ::listen(fd, 1024) != 0 || ::getsockname(fd, generic, &size) != 0) {
    std::perror("bench_echo");
    return -1;
  }
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

Ssl accepting(SSL_CTX* context, int fd) {
  if (context == nullptr) return nullptr;
  Ssl ssl(SSL_new(context));
  SSL_set_fd(ssl.get(), fd);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

int run(SSL_CTX* context) {
  const std::string response = fixed_response();
  const int listener = listen_on_loopback();
  const int poller = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  if (listener < 0 || ::epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) != 0) return 1;
  std::array<epoll_event, 256> events{};
  for (;;) {
    const int count = ::epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      if (auto* const known = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr)) {
        if (!serve(*known, response)) delete known;  // Closing takes it out of the poller.
        continue;
      }
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) continue;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      event.data.ptr = new Connection{.stream = {fd, accepting(context, fd)}};
      ::epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 1 && argc != 3) {
    std::fputs("usage: bench_echo [CERTIFICATE KEY]\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write has no MSG_NOSIGNAL.
  if (argc == 1) return run(nullptr);
  const SslContext context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_read_ahead(context.get(), 1);
  if (SSL_CTX_use_certificate_chain_file(context.get(), argv[1]) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), argv[2], SSL_FILETYPE_PEM) != 1) {
    std::fputs("bench_echo: the certificate or its key cannot be used\n", stderr);
    return 1;
  }
  return run(context.get());
}
