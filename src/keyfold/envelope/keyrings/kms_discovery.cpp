#include "keyfold/envelope/keyrings/kms_discovery.h"

#include <algorithm>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/failures.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/keyrings/kms_calls.h"
#include "keyfold/envelope/keyrings/multi.h"

namespace keyfold::keyrings {
namespace {

Outcome check(const std::vector<std::string>& regions) {
  for (const auto& region : regions)
    if (!Region::parse(region)) return Error{ErrorCode::invalid_input, "\"" + region + "\" is not a Region name"};
  return ok();
}

// Where a wrapped key is to be asked about, and under which name; nowhere, when it is not for this keyring.
struct Question {
  std::shared_ptr<KmsClient> client;
  KmsKeyArn key;
};

// What both kinds share. They differ in whom they ask.
class DiscoveryKeyring : public Keyring {
 public:
  explicit DiscoveryKeyring(DiscoveryFilter filter) : filter_(std::move(filter)) {}

  std::string describe() const override {
    std::string text = "KMS keys of";
    for (const auto& account : filter_.accounts) text += (account == filter_.accounts.front() ? " " : ", ") + account;
    return text + " in " + places();
  }

  Outcome on_encrypt(materials::EncryptionMaterials& /*materials*/) const final {
    return Error{ErrorCode::invalid_input, "a discovery keyring only opens: name the key to seal with"};
  }

  Result<SecretBytes> on_decrypt(const WrappedKeys& wrapped) const final {
    TRY_ASSIGN(const auto keys, kms_wrapped_keys(wrapped));
    Failures failures;
    for (const auto& [arn, ciphertext] : keys) {
      if (!filter_.lets_through(arn) || !reaches(arn)) continue;
      auto data_key = ask(arn, wrapped, ciphertext);
      if (data_key) return data_key;
      failures.add("KMS key " + arn.text(), std::move(data_key).error());
    }
    return failures.none_or_summary(describe());
  }

 private:
  virtual std::string places() const = 0;
  virtual bool reaches(const KmsKeyArn& key) const = 0;
  virtual Result<Question> question_about(const KmsKeyArn& key) const = 0;

  Result<SecretBytes> ask(const KmsKeyArn& key, const WrappedKeys& wrapped, BytesView ciphertext) const {
    TRY_ASSIGN(const auto question, question_about(key));
    return unwrap_one(*question.client, question.key.text(), question.key.text(), wrapped, ciphertext);
  }

  const DiscoveryFilter filter_;
};

class AnyRegion final : public DiscoveryKeyring {
 public:
  AnyRegion(DiscoveryFilter filter, std::shared_ptr<KmsClients> clients, std::vector<std::string> regions)
      : DiscoveryKeyring(std::move(filter)), clients_(std::move(clients)), regions_(std::move(regions)) {}

 private:
  std::string places() const override {
    std::string text = regions_.empty() ? "any Region" : "";
    for (const auto& region : regions_) text += (region == regions_.front() ? "" : ", ") + region;
    return text;
  }
  bool reaches(const KmsKeyArn& key) const override {
    return regions_.empty() || std::ranges::find(regions_, key.region()) != regions_.end();
  }
  Result<Question> question_about(const KmsKeyArn& key) const override {
    TRY_ASSIGN(auto client, clients_->in_region(key.region()));
    return Question{.client = std::move(client), .key = key};
  }

  const std::shared_ptr<KmsClients> clients_;
  const std::vector<std::string> regions_;  // Empty: any.
};

class OneRegion final : public DiscoveryKeyring {
 public:
  OneRegion(DiscoveryFilter filter, std::shared_ptr<KmsClient> client, std::string region)
      : DiscoveryKeyring(std::move(filter)), client_(std::move(client)), region_(std::move(region)) {}

 private:
  std::string places() const override { return region_; }
  bool reaches(const KmsKeyArn& key) const override { return key.is_multi_region() || key.region() == region_; }
  Result<Question> question_about(const KmsKeyArn& key) const override {
    return Question{.client = client_, .key = key.in_region(region_)};
  }

  const std::shared_ptr<KmsClient> client_;
  const std::string region_;
};

}  // namespace

bool DiscoveryFilter::lets_through(const KmsKeyArn& key) const {
  return key.partition() == partition && std::ranges::find(accounts, key.account()) != accounts.end();
}

Outcome check_discovery_filter(const DiscoveryFilter& filter) {
  if (!filter.partition.starts_with("aws") || filter.partition.find(':') != std::string::npos)
    return Error{ErrorCode::invalid_input, "\"" + filter.partition + "\" is not a partition of AWS"};
  if (filter.accounts.empty())
    return Error{ErrorCode::invalid_input, "discovery needs the accounts whose keys may be asked"};
  for (const auto& account : filter.accounts)
    if (!AccountId::parse(account))
      return Error{ErrorCode::invalid_input, "\"" + account + "\" is not an account id (12 digits)"};
  return ok();
}

Result<std::shared_ptr<const Keyring>> kms_discovery_keyring(std::shared_ptr<KmsClients> clients,
                                                             DiscoveryFilter filter, std::vector<std::string> regions) {
  KEYFOLD_CHECK(clients != nullptr);
  TRY(check_discovery_filter(filter));
  TRY(check(regions));
  return std::shared_ptr<const Keyring>(
      std::make_shared<AnyRegion>(std::move(filter), std::move(clients), std::move(regions)));
}

Result<std::shared_ptr<const Keyring>> kms_mrk_discovery_keyring(KmsClients& clients, const DiscoveryFilter& filter,
                                                                 const std::vector<std::string>& regions) {
  TRY(check_discovery_filter(filter));
  TRY(check(regions));
  if (regions.empty()) return Error{ErrorCode::invalid_input, "discovery of multi-Region keys needs a Region to ask"};
  std::vector<std::shared_ptr<const Keyring>> children;
  children.reserve(regions.size());
  for (const auto& region : regions) {
    TRY_ASSIGN(auto client, clients.in_region(region));
    children.push_back(std::make_shared<OneRegion>(filter, std::move(client), region));
  }
  if (children.size() == 1) return children.front();
  return multi_keyring(nullptr, std::move(children));
}

}  // namespace keyfold::keyrings
