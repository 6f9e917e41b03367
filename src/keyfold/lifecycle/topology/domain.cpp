#include "keyfold/lifecycle/topology/domain.h"

#include <mutex>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/branch_key.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/lifecycle/topology/domain_materials_manager.h"
#include "keyfold/lifecycle/topology/names.h"

namespace keyfold::topology {
namespace {

using keyrings::BranchKey;
using keyrings::BranchKeyStore;

// A store that is opened when it is needed: opening asks the KMS which key the alias names.
class LazyStore final : public BranchKeyStore {
 public:
  using Open = std::function<Result<std::shared_ptr<BranchKeyStore>>()>;
  LazyStore(std::string logical_name, Open open) : logical_name_(std::move(logical_name)), open_(std::move(open)) {}

  Result<std::shared_ptr<const BranchKey>> active(std::string_view id) override {
    TRY_ASSIGN(const auto store, opened());
    return store->active(id);
  }
  Result<std::shared_ptr<const BranchKey>> version(std::string_view id,
                                                   const keyrings::BranchKeyVersion& version) override {
    TRY_ASSIGN(const auto store, opened());
    return store->version(id, version);
  }
  const std::string& logical_name() const override { return logical_name_; }

 private:
  Result<std::shared_ptr<BranchKeyStore>> opened() {
    const std::lock_guard lock(mutex_);
    if (store_ == nullptr) {
      TRY_ASSIGN(store_, open_());
    }
    return store_;
  }

  const std::string logical_name_;
  const Open open_;
  std::mutex mutex_;
  std::shared_ptr<BranchKeyStore> store_;  // Guarded by mutex_. Null: not yet.
};

Result<std::shared_ptr<const keyrings::Keyring>> keyring_of(const Topology& topology, const Domain& domain,
                                                            const Region& region, DomainSources sources) {
  auto alias = key_alias_arn(topology, domain, region);
  if (!domain.tenants) {
    if (sources.kms == nullptr)
      return Error{ErrorCode::invalid_input, "the domain " + domain.name + " needs a KMS, and none was given"};
    TRY_ASSIGN(auto name, keyrings::KmsKeyName::parse(alias));
    return keyrings::kms_keyring(std::move(sources.kms), std::move(name));
  }
  if (!sources.branch_keys)
    return Error{ErrorCode::invalid_input,
                 "the domain " + domain.name + " has tenants, and no way to its branch keys was given"};
  client::BranchKeyStoreWanted wanted{.store = filled(domain.tenants->store, "{region}", region.text()),
                                      .logical_name = store_name_of(topology, domain),
                                      .key = std::move(alias)};
  TRY_ASSIGN(auto supplier,
             keyrings::branch_key_by_context({.context_key = domain.tenants->context_key, .ids = {}, .prefix = ""}));
  auto logical_name = wanted.logical_name;
  auto store = std::make_shared<LazyStore>(
      std::move(logical_name),
      [open = std::move(sources.branch_keys), wanted = std::move(wanted)] { return open(wanted); });
  return keyrings::branch_key_keyring(std::move(store), std::move(supplier),
                                      {.time_to_live = domain.tenants->time_to_live});
}

}  // namespace

std::string key_alias_arn(const Topology& topology, const Domain& domain, const Region& region) {
  return std::string(alias_arn(region, topology.account, alias_of(topology, domain)).text());
}

Result<std::shared_ptr<keyrings::MaterialsManager>> open_domain(const Topology& topology, const DomainChoice& choice,
                                                                DomainSources sources) {
  TRY_ASSIGN(const auto* domain, topology.domain(choice.environment, choice.domain));
  if (!topology.has_region(choice.region))
    return Error{ErrorCode::invalid_input,
                 "the topology " + topology.name + " has no Region \"" + choice.region + "\""};
  TRY_ASSIGN(const auto region, Region::parse(choice.region));
  TRY_ASSIGN(auto keyring, keyring_of(topology, *domain, region, std::move(sources)));
  auto manager = keyrings::default_materials_manager(std::move(keyring));
  if (domain->caching) {
    TRY_ASSIGN(manager, keyrings::caching_materials_manager(std::move(manager), *domain->caching));
  }
  // In front of the cache: what is not of this domain is refused before anything is looked up.
  return domain_materials_manager(std::move(manager), *domain);
}

}  // namespace keyfold::topology
