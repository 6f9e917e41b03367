// bench_load PORT CONNECTIONS [--pid PID] [--seconds S] [--requests N] [--warm-up S] [--ca FILE] (--key ID |
// --create-key)
//
// A closed-loop load generator for 127.0.0.1: every connection sends its next GenerateDataKey when the answer to the
// last has come. The request is signed once and sent again and again, so it may not run for five minutes: at most 60 s.
// Prints one line of JSON: requests, errors, seconds, requests_per_second, and cpu_us_per_request of all threads of
// PID.
// --create-key makes a key and prints its id instead. Credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY;
// AWS_REGION.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "keyfold/core/sigv4/sign.h"
#include "stream.h"

namespace {

using namespace keyfold;
using namespace keyfold::bench;
using Time = std::chrono::steady_clock;

constexpr double seconds_max = 60;

struct Options {
  std::uint16_t port = 0;
  std::size_t connections = 1;
  int pid = 0;  // 0: nobody's CPU time is read.
  double seconds = 3;
  double warm_up = 0.5;        // Seconds that are not counted.
  std::uint64_t requests = 0;  // Counted ones, at most; 0: only the time bounds them.
  std::string ca;              // Empty: plain.
  std::string key;
  bool create_key = false;
};

[[noreturn]] void fail(std::string_view what) {
  std::fprintf(stderr, "bench_load: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

std::string environment(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

std::string signed_request(const Options& options, std::string_view operation, std::string_view body) {
  const std::string host = "127.0.0.1:" + std::to_string(options.port);
  const std::string target = "TrentService." + std::string(operation);
  const std::array headers{HeaderView{"Host", host}, HeaderView{"Content-Type", "application/x-amz-json-1.1"},
                           HeaderView{"X-Amz-Target", target}};
  auto secret = SecretBytes::copy_of(as_bytes(environment("AWS_SECRET_ACCESS_KEY", "test")));
  const auto region = Region::parse(environment("AWS_REGION", "eu-central-1"));
  if (!secret || !region) fail("no usable credentials or Region");
  const sigv4::Credentials credentials{.access_key_id = environment("AWS_ACCESS_KEY_ID", "test"),
                                       .secret_access_key = *std::move(secret),
                                       .session_token = {}};
  const auto signature =
      sigv4::sign({.method = "POST", .path = "/", .query = {}, .headers = headers, .body = as_bytes(body)}, credentials,
                  *region, "kms", SystemClock().now());
  if (!signature) fail(signature.error().message);
  std::string request = "POST / HTTP/1.1\r\n";
  for (const auto& [name, value] : headers) request.append(name).append(": ").append(value).append("\r\n");
  request.append("X-Amz-Date: ")
      .append(signature->amz_date)
      .append("\r\nAuthorization: ")
      .append(signature->authorization);
  request.append("\r\nAccept-Encoding: identity\r\nUser-Agent: keyfold-bench\r\nContent-Length: ");
  return request.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

// The context's size makes the body that of an ordinary call.
std::string generate_data_key(const Options& options) {
  const std::string body =
      R"({"KeyId":")" + options.key +
      R"(","KeySpec":"AES_256","EncryptionContext":{"tenant":"4711","table":"ledger","purpose":"field-sealing"}})";
  return signed_request(options, "GenerateDataKey", body);
}

SslContext client_context(const std::string& ca) {
  if (ca.empty()) return nullptr;
  SslContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_file(context.get(), ca.c_str()) != 1) fail("the authority's file cannot be read");
  return context;
}

struct Connection {
  explicit Connection(int descriptor, Ssl ssl) : fd(descriptor), stream(descriptor, std::move(ssl)) {}
  int fd;
  Stream stream;
  std::size_t filled = 0;
  std::array<char, 8192> buffer{};
};
using Connections = std::vector<std::unique_ptr<Connection>>;

// Connects and shakes hands while it still may wait.
std::unique_ptr<Connection> connect(const Options& options, SSL_CTX* context) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(options.port);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    fail("cannot connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Ssl ssl;
  if (context != nullptr) {
    ssl.reset(SSL_new(context));
    SSL_set_fd(ssl.get(), fd);
    if (SSL_connect(ssl.get()) != 1) fail("the TLS handshake failed");
  }
  return std::make_unique<Connection>(fd, std::move(ssl));
}

void make_non_blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

// Nanoseconds on the CPU of all threads of the process, from /proc/PID/task/*/schedstat.
std::uint64_t cpu_ns(int pid) {
  std::uint64_t sum = 0;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    std::uint64_t on_cpu = 0;
    std::ifstream(task.path() / "schedstat") >> on_cpu;
    sum += on_cpu;
  }
  return sum;
}

struct Count {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;  // Answers other than 200.
};

// Takes what has come; true when the answer is complete (and counted).
bool take_answer(Connection& connection, Count& count) {
  auto& [fd, stream, filled, buffer] = connection;
  const int read = stream.read(buffer.data() + filled, static_cast<int>(buffer.size() - filled));
  if (read == 0) fail("the server closed a connection");
  if (read < 0) return false;
  filled += static_cast<std::size_t>(read);
  const std::string_view text(buffer.data(), filled);
  if (message_size(text) != filled) {
    if (filled == buffer.size()) fail("an answer is too long");
    return false;
  }
  ++count.requests;
  if (!text.starts_with("HTTP/1.1 200 ")) {
    if (count.errors++ == 0) std::fprintf(stderr, "bench_load: %.*s\n", static_cast<int>(filled), buffer.data());
  }
  filled = 0;
  return true;
}

struct Measured {
  Count count;
  double seconds;
  double cpu_us;
};

class Load {
 public:
  Load(const Options& options, SSL_CTX* context, std::string request)
      : options_(options), request_(std::move(request)), poller_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < options.connections; ++i) {
      connections_.push_back(connect(options, context));
      Connection& connection = *connections_.back();
      make_non_blocking(connection.fd);
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
      if (::epoll_ctl(poller_, EPOLL_CTL_ADD, connection.fd, &event) != 0) fail("epoll_ctl");
    }
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() { ::close(poller_); }

  Measured run() {
    for (const auto& connection : connections_) send(*connection);
    drive(std::chrono::duration<double>(options_.warm_up), 0);
    const auto cpu_before = cpu_ns(options_.pid);
    const auto start = Time::now();
    const Count count = drive(std::chrono::duration<double>(options_.seconds), options_.requests);
    const double seconds = std::chrono::duration<double>(Time::now() - start).count();
    return {count, seconds, static_cast<double>(cpu_ns(options_.pid) - cpu_before) / 1000};
  }

 private:
  void send(Connection& connection) {
    if (!connection.stream.write(request_)) fail("a request could not be sent");
  }
  Count drive(std::chrono::duration<double> time, std::uint64_t requests) {
    Count count;
    std::array<epoll_event, 256> events{};
    const auto until = Time::now() + time;
    while (Time::now() < until && (requests == 0 || count.requests < requests)) {
      const int ready = ::epoll_wait(poller_, events.data(), static_cast<int>(events.size()), 5000);
      if (ready == 0) fail("nothing came for 5 s");
      for (int i = 0; i < ready; ++i) {
        auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (take_answer(connection, count)) send(connection);
      }
    }
    return count;
  }

  const Options& options_;
  std::string request_;
  int poller_;
  Connections connections_;
};

std::string created_key(const Options& options, SSL_CTX* context) {
  const auto connection = connect(options, context);
  if (!connection->stream.write(signed_request(options, "CreateKey", "{}"))) fail("the request could not be sent");
  Count count;
  make_non_blocking(connection->fd);
  for (const auto until = Time::now() + std::chrono::seconds(10); count.requests == 0;) {
    if (Time::now() > until) fail("CreateKey was not answered");
    take_answer(*connection, count);
  }
  std::string_view text(connection->buffer.data(), connection->buffer.size());
  constexpr std::string_view name = R"("KeyId":")";
  const auto at = text.find(name);
  if (count.errors != 0 || at == std::string_view::npos) fail("CreateKey was refused");
  text.remove_prefix(at + name.size());
  return std::string(text.substr(0, text.find('"')));
}

Options read_options(std::vector<std::string> words) {
  Options options;
  if (words.size() < 3) fail("usage: bench_load PORT CONNECTIONS [--pid PID] … (see load.cpp)");
  options.port = static_cast<std::uint16_t>(std::stoul(words[1]));
  options.connections = std::stoul(words[2]);
  for (std::size_t i = 3; i < words.size(); ++i) {
    const std::string& name = words[i];
    if (name == "--create-key") {
      options.create_key = true;
      continue;
    }
    if (++i == words.size()) fail(name + " needs a value");
    const std::string& value = words[i];
    if (name == "--pid")
      options.pid = std::stoi(value);
    else if (name == "--seconds")
      options.seconds = std::stod(value);
    else if (name == "--warm-up")
      options.warm_up = std::stod(value);
    else if (name == "--requests")
      options.requests = std::stoull(value);
    else if (name == "--ca")
      options.ca = value;
    else if (name == "--key")
      options.key = value;
    else
      fail("unknown: " + name);
  }
  if (options.seconds + options.warm_up > seconds_max) fail("at most 60 s");
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write has no MSG_NOSIGNAL.
  const Options options = read_options({argv, argv + argc});
  const auto context = client_context(options.ca);
  if (options.create_key) {
    std::puts(created_key(options, context.get()).c_str());
    return 0;
  }
  const Measured measured = Load(options, context.get(), generate_data_key(options)).run();
  const auto requests = static_cast<double>(measured.count.requests);
  std::printf(
      R"({"requests": %.0f, "errors": %llu, "seconds": %.3f, "requests_per_second": %.0f, "cpu_us_per_request": %.3f})"
      "\n",
      requests, static_cast<unsigned long long>(measured.count.errors), measured.seconds, requests / measured.seconds,
      measured.cpu_us / requests);
  return measured.count.errors == 0 ? 0 : 1;
}
