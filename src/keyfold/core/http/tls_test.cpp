#include "keyfold/core/http/tls.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "keyfold/core/http/client.h"
#include "keyfold/core/http/test_certificates.h"
#include "keyfold/core/http/test_peer.h"

namespace keyfold::http {
namespace {

using namespace test;

ServerOptions tls_options(const TlsFiles& files) {
  auto options = loopback_options();
  options.tls = files;
  return options;
}

Exchange ask(std::uint16_t port, const std::string& host, const std::string& ca_file, std::string_view body = "hello") {
  ClientOptions options;
  options.ca_file = ca_file;
  auto client = open_client({.transport = Transport::tls, .host = host, .port = port}, options);
  if (!client) return {std::move(client).error(), Sent::no};
  return (*client)->send({.body = as_bytes(body)});
}

TEST(Tls, CarriesRequestsOfEverySize) {
  Certificates certificates;
  Running running(tls_options(certificates.issue("server", "IP:127.0.0.1")));
  running.service.on_serve = [](const Request& request, Reply& reply, std::size_t) {
    EXPECT_EQ(request.transport, Transport::tls);
    EXPECT_EQ(request.tls_version, "TLSv1.3");
    EXPECT_EQ(request.cipher_suite, "TLS_AES_256_GCM_SHA384");
    reply.body.append(as_text(request.body));
    return Release::at_once();
  };
  running.start();
  ClientOptions options;
  options.ca_file = certificates.authority();
  auto client = open_client({.host = "127.0.0.1", .port = running.port()}, options);
  ASSERT_TRUE(client);
  for (const unsigned size : {0U, 1U, 4095U, 4096U, 4097U, 16383U, 16384U, 16385U, 17408U, 100'000U, 1024U * 1024U}) {
    const std::string body(size, 'b');
    const auto exchange = (*client)->send({.body = as_bytes(body)});
    ASSERT_TRUE(exchange.response) << size << exchange.response.error().message;
    EXPECT_EQ(as_text(exchange.response->body), body) << size;
  }
  EXPECT_EQ(running.server->counters().connections_accepted, 1U);
}

TEST(Tls, PipelinesAndHoldsLikePlain) {
  Certificates certificates;
  Running running(tls_options(certificates.issue("server", "DNS:localhost")));
  std::atomic<std::uint64_t> next = 0;
  running.service.on_serve = [&](const Request& request, Reply& reply, std::size_t) {
    reply.body.append(as_text(request.body));
    return Release::after(++next);
  };
  running.start();
  std::thread committer([&] {
    EXPECT_TRUE(eventually([&] {
      running.server->release_up_to(next);
      return running.server->counters().requests == 50 && running.server->counters().replies_held == 0;
    }));
  });
  ClientOptions options;
  options.ca_file = certificates.authority();
  auto client = open_client({.host = "localhost", .port = running.port()}, options);
  ASSERT_TRUE(client);
  for (int i = 0; i < 50; ++i) {
    const auto exchange = (*client)->send({.body = as_bytes(std::to_string(i))});
    ASSERT_TRUE(exchange.response);
    EXPECT_EQ(as_text(exchange.response->body), std::to_string(i));
  }
  committer.join();
}

TEST(Tls, ClientRefusesCertificatesThatDoNotProveTheHost) {
  Certificates certificates;
  Certificates strangers;
  Running running(tls_options(certificates.issue("server", "DNS:kms.example")));
  Running expired(tls_options(certificates.issue("expired", "IP:127.0.0.1", -7200)));
  Running early(tls_options(certificates.issue("early", "IP:127.0.0.1", 3600)));
  Running unknown(tls_options(strangers.issue("stranger", "IP:127.0.0.1")));
  running.start();
  expired.start();
  early.start();
  unknown.start();
  for (const auto& [server, host] : {std::pair{&running, "127.0.0.1"},
                                     {&running, "localhost"},
                                     {&expired, "127.0.0.1"},
                                     {&early, "127.0.0.1"},
                                     {&unknown, "127.0.0.1"}}) {
    const auto exchange = ask(server->port(), host, certificates.authority());
    ASSERT_FALSE(exchange.response);
    EXPECT_EQ(exchange.response.error().code, ErrorCode::authentication) << exchange.response.error().message;
    EXPECT_EQ(exchange.sent, Sent::no);
    EXPECT_EQ(server->server->counters().requests, 0U);
  }
  EXPECT_FALSE(ask(running.port(), "127.0.0.1", "").response);  // The system does not know our authority.
}

TEST(Tls, ServerRefusesOldVersionsAndSuitesWithoutAead) {
  Certificates certificates;
  const auto files = certificates.issue("server", "IP:127.0.0.1");
  const auto server = open_server_context(files);
  ASSERT_TRUE(server);
  struct Case {
    int version_max;
    const char* ciphers;
    bool accepted;
  };
  for (const Case& c :
       {Case{TLS1_3_VERSION, "DEFAULT", true}, Case{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", true},
        Case{TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", true},
        Case{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", false}, Case{TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA", false},
        Case{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM", false}, Case{TLS1_1_VERSION, "ALL:@SECLEVEL=0", false},
        Case{TLS1_VERSION, "ALL:@SECLEVEL=0", false}}) {
    const SslContext client(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(client.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client.get(), c.version_max);
    SSL_CTX_set_cipher_list(client.get(), c.ciphers);
    const auto there = TlsSession::server(**server);
    const auto here = TlsSession::client(*client, "127.0.0.1");
    auto status = TlsSession::Status::wants_input;
    auto theirs = TlsSession::Status::wants_input;
    for (int round = 0; round < 10; ++round) {
      for (auto [from, to] : {std::pair{here.get(), there.get()}, {there.get(), here.get()}}) {
        (from == here.get() ? status : theirs) = from->handshake();
        const auto bytes = as_bytes(from->output());
        ASSERT_LE(bytes.size(), to->input_space().size());
        std::ranges::copy(bytes, to->input_space().begin());
        to->received(bytes.size());
        from->clear_output();
      }
    }
    EXPECT_EQ(theirs == TlsSession::Status::ok && status == TlsSession::Status::ok, c.accepted)
        << c.ciphers << c.version_max;
  }
}

TEST(Tls, ServerLivesThroughWhateverIsNotTls) {
  Certificates certificates;
  Running running(tls_options(certificates.issue("server", "IP:127.0.0.1")));
  running.start();
  Peer plain(running.port());
  plain.send(post("hello"));
  plain.reply();  // An alert, or nothing.
  EXPECT_TRUE(plain.at_end());
  Peer gone(running.port());
  gone.send("\x16\x03\x01");
  gone.close();
  EXPECT_TRUE(eventually([&] { return running.server->counters().tls_failures == 2; }));
  EXPECT_TRUE(ask(running.port(), "127.0.0.1", certificates.authority()).response);
}

TEST(Tls, ReloadsItsCertificateAndKeepsTheOldOneWhenTheNewIsBad) {
  Certificates certificates;
  const auto files = certificates.issue("server", "DNS:kms.example");
  Running running(tls_options(files));
  running.start();
  EXPECT_FALSE(ask(running.port(), "127.0.0.1", certificates.authority()).response);
  certificates.issue("server", "IP:127.0.0.1");
  ASSERT_TRUE(running.server->reload_tls());
  EXPECT_TRUE(ask(running.port(), "127.0.0.1", certificates.authority()).response);
  std::ofstream(files.private_key) << "no key\n";
  const auto reloaded = running.server->reload_tls();
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().message.find(files.private_key), std::string::npos);
  EXPECT_TRUE(ask(running.port(), "127.0.0.1", certificates.authority()).response);
}

TEST(Tls, NamesTheFileThatCannotBeUsed) {
  Certificates certificates;
  const auto good = certificates.issue("good", "IP:127.0.0.1");
  const auto other = certificates.issue("other", "IP:127.0.0.1");
  const std::string missing = certificates.path("missing");
  for (const auto& [files, named] : {std::pair{TlsFiles{missing, good.private_key}, missing},
                                     {TlsFiles{good.certificate_chain, missing}, missing},
                                     {TlsFiles{good.certificate_chain, other.private_key}, other.private_key}}) {
    const auto opened = open_server_context(files);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::invalid_input);
    EXPECT_NE(opened.error().message.find(named), std::string::npos) << opened.error().message;
  }
  EXPECT_FALSE(open_client_context(missing));
}

}  // namespace
}  // namespace keyfold::http
