// What a server does with whoever is too slow.

#include <gtest/gtest.h>

#include "keyfold/core/http/server.h"
#include "keyfold/core/http/test_peer.h"

namespace keyfold::http {
namespace {

using namespace test;

TEST(Server, TellsWhoeverIsTooSlowAndClosesBehindIt) {
  auto options = loopback_options();
  options.limits.head_timeout = 60ms;
  options.limits.body_timeout = 60ms;
  Running running(options);
  running.start();
  const std::string request = post("hello");
  std::size_t slow = 0;
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{16}, request.size() - 6, request.size() - 5, request.size() - 1}) {
    Peer peer(running.port());
    peer.send(request.substr(0, size));
    const std::string reply = peer.reply();
    EXPECT_EQ(status_line(reply), "HTTP/1.1 408 Request Timeout") << size;
    EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos) << size;
    EXPECT_TRUE(peer.at_end()) << size;
    EXPECT_EQ(running.server->counters().timeouts, ++slow);
  }
  EXPECT_EQ(running.server->counters().requests, 0U);
}

TEST(Server, TellsWhoeverIsTooSlowWithItsNextRequest) {
  auto options = loopback_options();
  options.limits.head_timeout = 60ms;
  Running running(options);
  running.start();
  Peer peer(running.port());
  peer.send(post("one") + "POST ");
  EXPECT_EQ(body_of(peer.reply()), "one");
  EXPECT_EQ(status_line(peer.reply()), "HTTP/1.1 408 Request Timeout");
  EXPECT_TRUE(peer.at_end());
}

TEST(Server, ClosesWhoSaidNothingAtAllWithoutAWord) {
  auto options = loopback_options();
  options.limits.idle_timeout = 50ms;
  Running running(options);
  running.start();
  Peer peer(running.port());
  EXPECT_TRUE(peer.at_end());
  EXPECT_EQ(running.server->counters().timeouts, 0U);
}

TEST(Server, DribblingDoesNotBuyTime) {
  auto options = loopback_options();
  options.limits.head_timeout = 100ms;
  Running running(options);
  running.start();
  Peer peer(running.port());
  const auto begun = std::chrono::steady_clock::now();
  while (peer.send("x") && !peer.readable_within(10ms)) ASSERT_LT(std::chrono::steady_clock::now() - begun, 5s);
  EXPECT_EQ(running.server->counters().timeouts, 1U);
}

TEST(Server, ClosesIdleConnectionsWithoutCountingThemAsSlow) {
  auto options = loopback_options();
  options.limits.idle_timeout = 50ms;
  Running running(options);
  running.start();
  Peer peer(running.port());
  peer.send(post("x"));
  peer.reply();
  EXPECT_TRUE(peer.at_end());
  EXPECT_EQ(running.server->counters().timeouts, 0U);
}

TEST(Server, ClosesWhoeverDoesNotReadItsReply) {
  auto options = loopback_options();
  options.limits.write_timeout = 50ms;
  Running running(options);
  running.service.on_serve = [](const Request&, Reply& reply, std::size_t) {
    reply.body.assign(16'000'000, 'x');
    return Release::at_once();
  };
  running.start();
  Peer peer(running.port());
  peer.send(post(""));
  EXPECT_TRUE(eventually([&] { return running.server->counters().timeouts == 1; }));
  EXPECT_TRUE(eventually([&] { return running.server->counters().connections_open == 0; }));
}

}  // namespace
}  // namespace keyfold::http
