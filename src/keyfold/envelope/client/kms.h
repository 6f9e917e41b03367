#pragma once
// The KMS over HTTP: AWS's, keyfold-kms, or any other that speaks the AWS KMS API.
//
//   auto kms = keyfold::client::connect_kms(*keyfold::client::aws_settings());
//
// Retries: an answer that says "later" (throttled, 5xx) and a broken or refused connection are tried again, up to
// attempts_max in all, after a random pause that doubles, and out of a budget: a retry costs ten times what a success
// earns back, so that clients cannot make an outage worse. What is given up on is `unavailable`.

#include <chrono>
#include <memory>
#include <string>

#include "keyfold/envelope/client/aws_settings.h"
#include "keyfold/envelope/keyrings/kms_client.h"

namespace keyfold::client {

struct KmsOptions {
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds request_timeout{10'000};  // For one attempt.
  unsigned attempts_max = 3;
  std::chrono::milliseconds first_pause_max{50};  // Doubles with each further attempt, up to 2 s.
  unsigned retry_budget = 100;                    // Retries that may be owed at once.
  std::size_t connections_max = 16;               // More calls at once wait for each other, within request_timeout.
};

// Safe to use from several threads at once; keeps connections open between calls.
class Kms : public keyrings::KeyStoreKmsClient {
 public:
  // Any operation of the KMS API, or one of keyfold-kms's own by its whole name ("Keyfold.WhoCan"), its request and
  // reply as JSON text (not checked here). Tried again only when the request was
  // certainly not done: not sent, or throttled. Fails with what KMS answered; with `unavailable` when it was throttled,
  // failed with 5xx, or was not reached. The reply may hold secrets: wipe it.
  virtual Result<std::string> call(std::string_view operation, std::string_view request_json) = 0;
};

// Opens no connection yet. Fails with `invalid_input`: a malformed endpoint, plain HTTP to a host that is not loopback,
// authorities that cannot be read.
Result<std::shared_ptr<Kms>> connect_kms(AwsSettings settings, const KmsOptions& options = {});

}  // namespace keyfold::client
