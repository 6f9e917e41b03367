#include "keyfold/core/http/client.h"

#include <gtest/gtest.h>

#include <latch>
#include <vector>

#include "keyfold/core/http/loopback.h"
#include "keyfold/core/http/test_peer.h"

namespace keyfold::http {
namespace {

using namespace test;

// Accepts one connection after another and does with each what it is told.
class RawServer {
 public:
  explicit RawServer(std::function<void(int)> serve) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (int socket; (socket = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(socket)) serve(socket);
    });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

void read_request(int socket) {
  char bytes[4096];
  (void)!::recv(socket, bytes, sizeof(bytes), 0);
}
void write_all(int socket, std::string_view text) { (void)!::send(socket, text.data(), text.size(), MSG_NOSIGNAL); }

std::unique_ptr<Client> client_of(std::uint16_t port, const ClientOptions& options = {}) {
  auto client = open_client({.transport = Transport::plain, .host = "127.0.0.1", .port = port}, options);
  EXPECT_TRUE(client);
  return *std::move(client);
}
Exchange exchange_with(const std::string& response, const ClientOptions& options = {}) {
  RawServer server([&](int socket) {
    read_request(socket);
    write_all(socket, response);
  });
  return client_of(server.port(), options)->send({.body = as_bytes("x")});
}

TEST(Client, SendsWhatItIsGivenAndKeepsTheConnection) {
  Running running;
  running.service.on_serve = [](const Request& request, Reply& reply, std::size_t) {
    reply.status = 400;
    reply.error_type = "ValidationException";
    reply.body.append(to_text(request.method)).append(request.target).append(request.header("host"));
    reply.body.append(request.header("X-Test")).append(as_text(request.body));
    return Release::at_once();
  };
  running.start();
  const auto client = client_of(running.port());
  const HeaderView headers[] = {{"x-test", " value"}};
  for (int i = 0; i < 10; ++i) {
    const auto exchange = client->send({.target = "/path?q", .headers = headers, .body = as_bytes("body")});
    ASSERT_TRUE(exchange.response);
    EXPECT_EQ(exchange.response->status, 400);
    EXPECT_EQ(exchange.response->header("X-AMZN-errortype"), "ValidationException");
    EXPECT_EQ(as_text(exchange.response->body), "POST/path?q" + client->endpoint().authority() + "valuebody");
  }
  EXPECT_EQ(running.server->counters().connections_accepted, 1U);
}

TEST(Client, TakesANewConnectionWhenTheServerHasClosedTheOldOne) {
  auto options = loopback_options();
  options.limits.idle_timeout = 40ms;
  Running running(options);
  running.start();
  const auto client = client_of(running.port());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(client->send({.body = as_bytes("x")}).response);
    ASSERT_TRUE(eventually([&] { return running.server->counters().connections_open == 0; }));
  }
  EXPECT_EQ(running.server->counters().connections_accepted, 3U);
}

TEST(Client, SharesABoundedNumberOfConnectionsAmongThreads) {
  Running running;
  running.start();
  ClientOptions options;
  options.connections_max = 3;
  const auto client = client_of(running.port(), options);
  std::vector<std::thread> threads;
  threads.reserve(8);
  std::atomic<int> good = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string body = std::to_string(t * 1000 + i);
        const auto exchange = client->send({.body = as_bytes(body)});
        if (exchange.response && as_text(exchange.response->body) == body) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
  EXPECT_LE(running.server->counters().connections_accepted, 3U);
}

TEST(Client, SaysUnavailableAndNotSentWhenNobodyListens) {
  std::uint16_t port = 0;
  {
    port = Running().port();
  }
  const auto exchange = client_of(port)->send({});
  ASSERT_FALSE(exchange.response);
  EXPECT_EQ(exchange.response.error().code, ErrorCode::unavailable);
  EXPECT_EQ(exchange.sent, Sent::no);
}

TEST(Client, SaysUnavailableAndPerhapsSentWhenTheAnswerTakesTooLong) {
  Running running;
  running.service.on_serve = [](const Request&, Reply&, std::size_t) { return Release::after(1); };
  running.start();
  ClientOptions options;
  options.request_timeout = 50ms;
  const auto exchange = client_of(running.port(), options)->send({});
  ASSERT_FALSE(exchange.response);
  EXPECT_EQ(exchange.response.error().code, ErrorCode::unavailable);
  EXPECT_EQ(exchange.sent, Sent::maybe);
}

TEST(Client, SaysUnavailableAndNotSentWhenNoConnectionIsFree) {
  Running running;
  running.service.on_serve = [](const Request&, Reply&, std::size_t) { return Release::after(1); };
  running.start();
  ClientOptions options;
  options.request_timeout = 300ms;
  options.connections_max = 1;
  const auto client = client_of(running.port(), options);
  std::thread first([&] { EXPECT_EQ(client->send({}).sent, Sent::maybe); });
  ASSERT_TRUE(eventually([&] { return running.server->counters().replies_held == 1; }));
  ClientOptions impatient = options;
  impatient.request_timeout = 50ms;
  const auto exchange = client->send({});
  // Either it waited in vain, or the first gave up just before it did and its turn was too short.
  EXPECT_FALSE(exchange.response);
  EXPECT_EQ(exchange.response.error().code, ErrorCode::unavailable);
  first.join();
}

TEST(Client, AcceptsChunkedAndInterimResponses) {
  const auto chunked = exchange_with(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: "
      "y\r\n\r\n3\r\nabc\r\n2;e=f\r\nde\r\n0\r\nTrailer: z\r\n\r\n");
  ASSERT_TRUE(chunked.response) << chunked.response.error().message;
  EXPECT_EQ(as_text(chunked.response->body), "abcde");
  EXPECT_EQ(chunked.response->header("x"), "y");
}

TEST(Client, RefusesResponsesThatAreNotHttpWithinTheLimits) {
  ClientOptions options;
  options.response_body_bytes_max = 10;
  options.response_header_bytes_max = 100;
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  ASSERT_TRUE(exchange_with(ok + "Content-Length: 10\r\n\r\n0123456789", options).response);
  ASSERT_TRUE(exchange_with(ok + "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n", options).response);
  for (const std::string& bad :
       {std::string("garbage\r\n\r\n"), std::string(), ok, ok + "\r\n", ok + "Content-Length: 11\r\n\r\n0123456789a",
        ok + "Content-Length: 5\r\n\r\nabc", ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n", ok + "Transfer-Encoding: gzip\r\n\r\n",
        ok + "Content-Length: x\r\n\r\n", ok + "X: " + std::string(200, 'a') + "\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 " + std::string(500, 'a') + "\r\nContent-Length: 0\r\n\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(500, 'a') + "\r\nx\r\n0\r\n\r\n",
        std::string("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")}) {
    const auto exchange = exchange_with(bad, options);
    ASSERT_FALSE(exchange.response) << bad;
    EXPECT_EQ(exchange.response.error().code, ErrorCode::io) << bad;
    EXPECT_EQ(exchange.sent, Sent::maybe);
  }
}

TEST(Client, DoesNotSendWhatItCannotSendSafely) {
  Running running;
  running.start();
  const auto client = client_of(running.port());
  for (const HeaderView& header :
       {HeaderView{"X", "a\r\nY: b"}, HeaderView{"X", "a\nb"}, HeaderView{"X", std::string_view("a\0b", 3)},
        HeaderView{"X Y", "a"}, HeaderView{"X:", "a"}, HeaderView{"", "a"}, HeaderView{"Host", "other"},
        HeaderView{"content-length", "5"}, HeaderView{"Transfer-Encoding", "chunked"},
        HeaderView{"connection", "close"}}) {
    const auto exchange = client->send({.headers = {&header, 1}});
    ASSERT_FALSE(exchange.response);
    EXPECT_EQ(exchange.response.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(exchange.sent, Sent::no);
  }
  for (const auto* target : {"", "path", "/a b", "/a\r\nX: y", "/\xc3\xa4"}) {
    EXPECT_EQ(client->send({.target = target}).response.error().code, ErrorCode::invalid_input) << target;
  }
  EXPECT_EQ(running.server->counters().connections_accepted, 0U);
}

TEST(Client, ReadsEndpoints) {
  const auto authority = [](const char* url) { return parse_endpoint(url)->authority(); };
  EXPECT_EQ(authority("https://kms.eu-west-1.amazonaws.com"), "kms.eu-west-1.amazonaws.com");
  EXPECT_EQ(authority("https://kms.example:8443/"), "kms.example:8443");
  EXPECT_EQ(authority("http://127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(authority("http://[::1]:80"), "[::1]");
  EXPECT_EQ(authority("https://[2001:db8::1]:444/"), "[2001:db8::1]:444");
  for (const auto* bad : {"",
                          "kms.example",
                          "ftp://kms.example",
                          "https://",
                          "https:///",
                          "https://u@h",
                          "https://h/path",
                          "https://h?q",
                          "https://h:0",
                          "https://h:65536",
                          "https://h:",
                          "https://h:x",
                          "https://[::1",
                          "https://[::1]x",
                          "https://[h]",
                          "https://a b",
                          "http://kms.example",
                          "http://10.0.0.1",
                          "http://127.0.0.1.example",
                          "http://[2001:db8::1]"}) {
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  }
  EXPECT_FALSE(open_client({.transport = Transport::plain, .host = "kms.example", .port = 80}, {}));
}

TEST(Loopback, IsWhatNeverLeavesTheMachine) {
  for (const auto* host : {"127.0.0.1", "127.255.255.254", "::1", "[::1]", "localhost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const auto* host : {"", "128.0.0.1", "126.255.255.255", "0.0.0.0", "::", "::2", "127.0.0.1.example",
                           "localhost.example", "127.1", "0x7f.0.0.1", "::ffff:10.0.0.1", "Localhost."}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

}  // namespace
}  // namespace keyfold::http
