#include "keyfold/envelope/client/kms_clients.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "keyfold/core/base/try.h"
#include "keyfold/core/http/client.h"
#include "keyfold/envelope/client/aws_endpoint.h"

namespace keyfold::client {
namespace {

constexpr std::size_t failover_connections_max = 64;

class RegionalKms final : public keyrings::KmsClients {
 public:
  RegionalKms(AwsSettings settings, RegionalEndpoints endpoints, const KmsOptions& options)
      : settings_(std::move(settings)), endpoints_(std::move(endpoints)), options_(options) {}

  Result<std::shared_ptr<keyrings::KmsClient>> in_region(std::string_view name) override {
    TRY_ASSIGN(const auto region, Region::parse(name));
    const std::lock_guard lock(mutex_);
    if (const auto found = std::ranges::find(clients_, region, &Regional::region); found != clients_.end()) {
      std::rotate(clients_.begin(), found, found + 1);
    } else {
      TRY_ASSIGN(auto client, connect(region));
      // Calls under way hold on to a client that goes.
      if (clients_.size() == kms_regions_max) clients_.pop_back();
      clients_.insert(clients_.begin(), {.region = region, .client = std::move(client)});
    }
    return std::shared_ptr<keyrings::KmsClient>(clients_.front().client);
  }

 private:
  struct Regional {
    Region region;
    std::shared_ptr<Kms> client;
  };

  Result<std::shared_ptr<Kms>> connect(const Region& region) const {
    TRY_ASSIGN(auto secret, SecretBytes::copy_of(settings_.credentials.secret_access_key.reveal()));
    TRY_ASSIGN(auto token, SecretBytes::copy_of(settings_.credentials.session_token.reveal()));
    TRY_ASSIGN(auto endpoint, endpoint_in_region(settings_, endpoints_, region));
    return connect_kms({.endpoint_url = std::move(endpoint),
                        .region = region,
                        .ca_file = settings_.ca_file,
                        .credentials = {.access_key_id = settings_.credentials.access_key_id,
                                        .secret_access_key = std::move(secret),
                                        .session_token = std::move(token)}},
                       options_);
  }

  const AwsSettings settings_;
  const RegionalEndpoints endpoints_;
  const KmsOptions options_;
  std::mutex mutex_;
  std::vector<Regional> clients_;  // Guarded by mutex_. Used most recently first.
};

}  // namespace

Result<std::string> endpoint_in_region(const AwsSettings& settings, const RegionalEndpoints& endpoints,
                                       const Region& region) {
  if (const auto found = endpoints.find(region.text()); found != endpoints.end()) return found->second;
  if (settings.aws_endpoint) return aws_kms_endpoint(region.text(), *settings.aws_endpoint);
  return settings.endpoint_url;
}

Result<std::shared_ptr<keyrings::KmsClients>> connect_kms_by_region(AwsSettings settings, RegionalEndpoints endpoints,
                                                                    const KmsOptions& options) {
  TRY(http::parse_endpoint(settings.endpoint_url));
  for (const auto& [region, url] : endpoints) {
    TRY(Region::parse(region));
    TRY(http::parse_endpoint(url));
  }
  return std::shared_ptr<keyrings::KmsClients>(
      std::make_shared<RegionalKms>(std::move(settings), std::move(endpoints), options));
}

KmsOptions failover_kms_options(std::chrono::milliseconds timeout) {
  return {.connect_timeout = timeout,
          .request_timeout = timeout,
          .attempts_max = 1,
          .connections_max = failover_connections_max};
}

}  // namespace keyfold::client
