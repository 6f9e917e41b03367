#include "keyfold/envelope/client/kms_clients.h"

#include <gtest/gtest.h>

#include "keyfold/core/http/test_peer.h"
#include "keyfold/envelope/keyrings/kms_discovery.h"

namespace keyfold::client {
namespace {

using namespace http::test;
using keyrings::KmsClients;

AwsSettings settings(std::string endpoint, std::string_view region = "eu-central-1") {
  return {.endpoint_url = std::move(endpoint),
          .region = *Region::parse(region),
          .ca_file = {},
          .credentials = {.access_key_id = "AKIAEXAMPLE",
                          .secret_access_key = *SecretBytes::copy_of(as_bytes("invented")),
                          .session_token = {}}};
}
std::string url(const Running& server) { return "http://127.0.0.1:" + std::to_string(server.port()); }

// Answers Encrypt with its own name, and the Region that the request was signed for, as the KeyId.
void answer_as(Running& server, const std::string& name) {
  server.service.on_serve = [name](const http::Request& request, http::Reply& reply, std::size_t) {
    const std::string scope(request.header("authorization"));
    const auto end = scope.find("/kms/aws4_request");
    const auto begin = scope.rfind('/', end - 1) + 1;
    reply.body.append(R"({"CiphertextBlob":"YQ==","KeyId":")" + name + ":" + scope.substr(begin, end - begin) +
                      R"("})");
    return http::Release::at_once();
  };
  server.start();
}
std::string key_arn_in(std::string_view region) {
  return "arn:aws:kms:" + std::string(region) + ":123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
}
std::string who_answers(KmsClients& clients, std::string_view region) {
  const auto client = clients.in_region(region);
  if (!client) return client.error().message;
  const auto wrapped = (*client)->encrypt("alias/ledger", *SecretBytes::zeroed(32), {});
  return wrapped ? wrapped->key_arn : wrapped.error().message;
}

TEST(KmsClients, FindsEachRegionsEndpoint) {
  const RegionalEndpoints endpoints{{"eu-west-1", "https://kms.dublin.example"}};
  const auto where = [&](const AwsSettings& from, std::string_view region) {
    const auto found = endpoint_in_region(from, endpoints, *Region::parse(region));
    return found ? *found : found.error().message;
  };
  auto aws = settings("https://kms.eu-central-1.amazonaws.com");
  aws.aws_endpoint = EndpointVariant{};
  EXPECT_EQ(where(aws, "eu-central-1"), "https://kms.eu-central-1.amazonaws.com");
  EXPECT_EQ(where(aws, "us-east-1"), "https://kms.us-east-1.amazonaws.com");
  EXPECT_EQ(where(aws, "cn-north-1"), "https://kms.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(where(aws, "eu-west-1"), "https://kms.dublin.example");
  EXPECT_NE(where(aws, "us-iso-east-1").find("not known"), std::string::npos);
  aws.aws_endpoint = EndpointVariant{.fips = true};
  EXPECT_EQ(where(aws, "us-east-1"), "https://kms-fips.us-east-1.amazonaws.com");
  const auto own = settings("https://kms.example");
  EXPECT_EQ(where(own, "us-east-1"), "https://kms.example");
  EXPECT_EQ(where(own, "eu-west-1"), "https://kms.dublin.example");
  // Somebody has said so: AWS's endpoint, but of another Region than the settings'.
  EXPECT_EQ(where(settings("https://kms.us-east-2.amazonaws.com"), "us-east-1"), "https://kms.us-east-2.amazonaws.com");
}

TEST(KmsClients, AsksEachRegionAtItsEndpointWithItsScope) {
  Running one, other;
  answer_as(one, "one");
  answer_as(other, "other");
  const auto clients = connect_kms_by_region(settings(url(one)), {{"eu-west-1", url(other)}});
  ASSERT_TRUE(clients) << clients.error().message;
  EXPECT_EQ(who_answers(**clients, "eu-central-1"), "one:eu-central-1");
  EXPECT_EQ(who_answers(**clients, "eu-west-1"), "other:eu-west-1");
  EXPECT_EQ(who_answers(**clients, "us-east-1"), "one:us-east-1");
}

TEST(KmsClients, KeepsOneClientToARegionAndOfManyThoseUsedLast) {
  const auto clients = *connect_kms_by_region(settings("http://127.0.0.1:1"), {});
  const auto dublin = *clients->in_region("eu-west-1");
  std::vector<std::shared_ptr<keyrings::KmsClient>> others;
  for (std::size_t i = 1; i < kms_regions_max; ++i)
    others.push_back(*clients->in_region("xx-region-" + std::to_string(i)));
  EXPECT_EQ(*clients->in_region("eu-west-1"), dublin);  // Now the least recent is the first of the others.
  ASSERT_TRUE(clients->in_region("one-too-many"));
  EXPECT_EQ(*clients->in_region("eu-west-1"), dublin);
  for (std::size_t i = 2; i < kms_regions_max; ++i)
    EXPECT_EQ(*clients->in_region("xx-region-" + std::to_string(i)), others[i - 1]) << i;
  EXPECT_NE(*clients->in_region("xx-region-1"), others[0]);
  // What went still works for those who have it.
  EXPECT_EQ(others[0]->decrypt(key_arn_in("eu-west-1"), {}, {}).error().code, ErrorCode::unavailable);
}

TEST(KmsClients, AreNotUsedUpByRegionsThatMessagesMakeUp) {
  Running server;
  answer_as(server, "x");
  const auto clients = *connect_kms_by_region(settings(url(server)), {}, failover_kms_options());
  const auto keyring = *keyrings::kms_discovery_keyring(clients, {.accounts = {"123456789012"}});
  const auto open = [&](std::string_view region) {
    const auto arn = key_arn_in(region);
    const materials::EncryptedDataKeyView keys[] = {
        {.provider_id = "aws-kms", .provider_info = as_bytes(arn), .ciphertext = as_bytes("forged")}};
    return keyring
        ->on_decrypt(
            {.suite = *materials::find_suite(0x0478), .encryption_context = {}, .serialized_context = {}, .keys = keys})
        .error();
  };
  const auto before = open("eu-central-1");
  for (std::size_t i = 0; i < kms_regions_max; ++i) (void)open("xx-region-" + std::to_string(i));
  const auto after = open("eu-central-1");
  EXPECT_EQ(after.code, before.code);
  EXPECT_EQ(after.message, before.message);
  EXPECT_EQ(server.server->counters().requests, kms_regions_max + 2);
}

TEST(KmsClients, GivesManyThreadsTheSameClient) {
  const auto clients = connect_kms_by_region(settings("http://127.0.0.1:1"), {});
  ASSERT_TRUE(clients);
  std::vector<std::shared_ptr<keyrings::KmsClient>> got(4);
  std::vector<std::jthread> threads;
  for (auto& mine : got) threads.emplace_back([&] { mine = *(*clients)->in_region("eu-west-1"); });
  threads.clear();
  for (const auto& client : got) EXPECT_EQ(client, got.front());
}

TEST(KmsClients, TakesOnlyNamesOfRegionsAndRealEndpoints) {
  const auto clients = connect_kms_by_region(settings("https://kms.example"), {});
  ASSERT_TRUE(clients);
  for (const std::string_view name : {"", "EU-WEST-1", "eu-west-1.evil.example", "eu/west", "eu-west-1#", "eu-west-"})
    EXPECT_EQ((*clients)->in_region(name).error().code, ErrorCode::invalid_input) << name;
  for (const auto* endpoint : {"", "kms.example", "http://kms.example", "https://kms.example/path"}) {
    EXPECT_FALSE(connect_kms_by_region(settings(endpoint), {})) << endpoint;
    EXPECT_FALSE(connect_kms_by_region(settings("https://kms.example"), {{"eu-west-1", endpoint}})) << endpoint;
  }
  EXPECT_FALSE(connect_kms_by_region(settings("https://kms.example"), {{"Dublin", "https://kms.dublin.example"}}));
}

TEST(KmsClients, ForFailoverAskOnceAndSoonGiveUp) {
  Running silent;  // It takes connections, but nothing is served before start().
  const auto clients =
      connect_kms_by_region(settings(url(silent)), {}, failover_kms_options(std::chrono::milliseconds(50)));
  ASSERT_TRUE(clients);
  const auto client = (*clients)->in_region("eu-west-1");
  ASSERT_TRUE(client);
  const auto begun = std::chrono::steady_clock::now();
  const auto answer = (*client)->encrypt("alias/ledger", *SecretBytes::zeroed(32), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  // A client as others have it would wait for thirty seconds.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
  EXPECT_EQ(silent.server->counters().requests, 0U);
}

}  // namespace
}  // namespace keyfold::client
