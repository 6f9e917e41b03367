// Counts allocations: the promise is none for a request in steady state.

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <array>
#include <cstdlib>
#include <new>

#include "keyfold/core/http/test_certificates.h"
#include "keyfold/core/http/test_peer.h"
#include "keyfold/core/http/tls.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KEYFOLD_ALLOCATIONS_ARE_THE_SANITIZERS 1
#endif
#endif
#else
#define KEYFOLD_ALLOCATIONS_ARE_THE_SANITIZERS 1
#endif

#ifndef KEYFOLD_ALLOCATIONS_ARE_THE_SANITIZERS

namespace {

std::atomic<std::uint64_t> ours = 0;
std::atomic<std::uint64_t> openssls = 0;
thread_local bool is_the_client = false;  // Whose TLS is not what is measured.

void* counted(std::size_t size) {
  ours.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

// Before anything of OpenSSL's is allocated.
const bool counting_openssl = CRYPTO_set_mem_functions(
    [](std::size_t size, const char*, int) {
      if (!is_the_client) openssls.fetch_add(1, std::memory_order_relaxed);
      return std::malloc(size);
    },
    [](void* memory, std::size_t size, const char*, int) {
      if (!is_the_client) openssls.fetch_add(1, std::memory_order_relaxed);
      return std::realloc(memory, size);
    },
    [](void* memory, const char*, int) { std::free(memory); });

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace keyfold::http {
namespace {

using namespace test;

constexpr int connections = 8;
constexpr int rounds = 1250;  // 10,000 requests.

class Fixture {
 public:
  explicit Fixture(const ServerOptions& options) : running(options) {
    running.service.on_serve = [this](const Request& request, Reply& reply, std::size_t) {
      reply.content_type = "application/x-amz-json-1.1";
      reply.request_id = InlineString<64>("00000000-0000-4000-8000-000000000000");
      reply.body.append(as_text(request.body)).append(300, 'x');
      // Every other reply is held, and released from the test's thread.
      return (++served % 2) == 0 ? Release::after(served) : Release::at_once();
    };
    running.start();
  }
  Running running;
  std::atomic<std::uint64_t> served = 0;
};

const std::string request = post(
    std::string(196, 'b'), "Authorization: " + std::string(300, 'a') + "\r\nX-Amz-Target: TrentService.Encrypt\r\n");

TEST(Allocation, NoneForARequestInSteadyState) {
  Fixture fixture(loopback_options());
  std::array<std::unique_ptr<Peer>, connections> peers;
  for (auto& peer : peers) peer = std::make_unique<Peer>(fixture.running.port());
  std::uint64_t asked = 0;
  std::uint64_t before = 0;
  std::array<char, 4096> bytes;
  for (int round = 0; round < rounds + 50; ++round) {
    if (round == 50) before = ours;
    for (auto& peer : peers) peer->send(request);
    asked += connections;
    while (fixture.served < asked) std::this_thread::yield();
    fixture.running.server->release_up_to(asked);
    for (auto& peer : peers) ASSERT_GT(::recv(peer->socket(), bytes.data(), bytes.size(), 0), 0);
  }
  EXPECT_EQ(ours - before, 0U) << "in " << connections * rounds << " requests";
}

TEST(Allocation, NoneOfOursUnderTlsAndSixOfOpenssls) {
  ASSERT_TRUE(counting_openssl);
  Certificates certificates;
  auto options = loopback_options();
  options.tls = certificates.issue("server", "IP:127.0.0.1");
  Fixture fixture(options);
  const auto context = open_client_context(certificates.authority());
  ASSERT_TRUE(context);
  Peer peer(fixture.running.port());
  const SslContext shared(SSL_CTX_new(TLS_client_method()));
  is_the_client = true;
  SSL* ssl = SSL_new(shared.get());
  SSL_set_fd(ssl, peer.socket());
  ASSERT_EQ(SSL_connect(ssl), 1);
  std::array<char, 4096> bytes;
  std::uint64_t before = 0;
  std::uint64_t openssl_before = 0;
  for (int round = 0; round < rounds + 50; ++round) {
    if (round == 50) before = ours, openssl_before = openssls;
    ASSERT_GT(SSL_write(ssl, request.data(), static_cast<int>(request.size())), 0);
    while (fixture.served < static_cast<std::uint64_t>(round) + 1) std::this_thread::yield();
    fixture.running.server->release_up_to(fixture.served);
    ASSERT_GT(SSL_read(ssl, bytes.data(), bytes.size()), 0);
  }
  EXPECT_EQ(ours - before, 0U) << "in " << rounds << " requests";
  // Two record buffers, given back after use (SSL_MODE_RELEASE_BUFFERS), and four small things for each record written.
  EXPECT_LE(openssls - openssl_before, 6U * rounds);
  SSL_free(ssl);
  is_the_client = false;
}

}  // namespace
}  // namespace keyfold::http

#endif
