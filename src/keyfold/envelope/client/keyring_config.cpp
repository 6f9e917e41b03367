#include "keyfold/envelope/client/keyring_config.h"

#include <algorithm>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/envelope/client/keyring_members.h"
#include "keyfold/envelope/keyrings/branch_key.h"
#include "keyfold/envelope/keyrings/failover.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/keyrings/kms_discovery.h"
#include "keyfold/envelope/keyrings/kms_mrk.h"
#include "keyfold/envelope/keyrings/multi.h"
#include "keyfold/envelope/keyrings/raw_aes.h"
#include "keyfold/envelope/keyrings/raw_rsa.h"

namespace keyfold::client {
namespace {

using keyrings::KmsClients;
using keyrings::KmsKeyArn;
using keyrings::RsaPadding;
using protocol::JsonValue;
using KeyringPointer = std::shared_ptr<const keyrings::Keyring>;
using std::chrono::milliseconds;

constexpr std::int64_t timeout_ms_min = 10;
constexpr std::int64_t timeout_ms_max = 60'000;
constexpr std::int64_t losses_max_max = 1'000;
constexpr std::int64_t time_to_live_s_default = 60;
constexpr std::int64_t cache_entries_max = 1'000'000;
constexpr std::string_view logical_name_default = "branch-keys";  // As `keyfold branch-key` has it.

Result<RsaPadding> rsa_padding(const JsonValue& value) {
  TRY_ASSIGN(const auto name, text_member(value, "padding"));
  if (name == "pkcs1") return RsaPadding::pkcs1;
  if (name == "oaep-sha1") return RsaPadding::oaep_sha1;
  if (name == "oaep-sha256") return RsaPadding::oaep_sha256;
  if (name == "oaep-sha384") return RsaPadding::oaep_sha384;
  if (name == "oaep-sha512") return RsaPadding::oaep_sha512;
  return keyring_error("the padding \"" + name +
                       "\" is not known; oaep-sha256, oaep-sha384, oaep-sha512, oaep-sha1 and pkcs1 are");
}

class Builder {
 public:
  explicit Builder(const KeyringSources& sources) : sources_(sources) {}

  Result<KeyringPointer> build(const JsonValue& value, std::size_t depth) {
    if (depth > keyring_depth_max) return keyring_error("nested too deep");
    if (++count_ > keyring_count_max) return keyring_error("more than 64 keyrings");
    if (!value.is(JsonValue::Kind::object)) return keyring_error("not an object");
    TRY_ASSIGN(const auto type, text_member(value, "type"));
    if (type == "multi") return multi(value, depth);
    const auto known = std::ranges::find(types, std::string_view(type), &Type::name);
    if (known != std::end(types)) return (this->*known->build)(value);
    std::string names = "multi";
    for (const auto& each : types) names.append(", ").append(each.name);
    return keyring_error("the type \"" + type + "\" is not known; these are: " + names);
  }
  bool has_kms() const { return has_kms_; }

 private:
  struct Type {
    std::string_view name;
    Result<KeyringPointer> (Builder::*build)(const JsonValue& value);
  };
  static const Type types[9];

  Result<KeyringPointer> kms(const JsonValue& value) {
    TRY(allow_only(value, {"type", "key"}));
    TRY_ASSIGN(const auto text, text_member(value, "key"));
    TRY_ASSIGN(auto name, keyrings::KmsKeyName::parse(text));
    TRY_ASSIGN(auto client, sources_.kms(text));
    has_kms_ = true;
    return keyrings::kms_keyring(std::move(client), std::move(name));
  }

  Result<KeyringPointer> kms_mrk(const JsonValue& value) {
    TRY(allow_only(value, {"type", "key"}));
    TRY_ASSIGN(const auto key, key_arn_member(value, "key"));
    TRY_ASSIGN(const auto clients, shared_clients(key.region()));
    TRY_ASSIGN(auto client, clients->in_region(key.region()));
    return keyrings::kms_mrk_keyring(std::move(client), key);
  }

  Result<KeyringPointer> kms_mrk_multi(const JsonValue& value) {
    TRY(allow_only(value, {"type", "generator", "children"}));
    std::optional<KmsKeyArn> generator;
    if (value.find("generator")) {
      TRY_ASSIGN(generator, key_arn_member(value, "generator"));
    }
    TRY_ASSIGN(const auto children, key_arn_list(value, "children"));
    if (!generator && children.empty()) return keyring_error("neither \"generator\" nor \"children\"");
    TRY_ASSIGN(const auto clients, shared_clients((generator ? *generator : children.front()).region()));
    return keyrings::kms_mrk_multi_keyring(*clients, generator, children);
  }

  Result<KeyringPointer> kms_discovery(const JsonValue& value) {
    TRY_ASSIGN(auto filter, discovery_filter(value));
    TRY_ASSIGN(auto regions, text_list(value, "regions"));
    if (value.find("regions") && regions.empty()) return keyring_error("\"regions\" is empty");
    TRY_ASSIGN(auto clients, shared_clients(regions.empty() ? "" : regions.front()));
    return keyrings::kms_discovery_keyring(std::move(clients), std::move(filter), std::move(regions));
  }

  Result<KeyringPointer> kms_mrk_discovery(const JsonValue& value) {
    TRY_ASSIGN(const auto filter, discovery_filter(value));
    TRY_ASSIGN(const auto regions, text_list(value, "regions"));
    if (regions.empty()) return keyring_error("\"regions\" is missing, or empty");
    TRY_ASSIGN(const auto clients, shared_clients(regions.front()));
    return keyrings::kms_mrk_discovery_keyring(*clients, filter, regions);
  }

  Result<KeyringPointer> failover(const JsonValue& value) {
    TRY(allow_only(value, {"type", "keys", "endpoints", "timeout_ms", "losses_max", "pause_ms", "retry_budget"}));
    TRY_ASSIGN(auto keys, key_arn_list(value, "keys"));
    TRY_ASSIGN(auto endpoints, text_map(value, "endpoints"));
    for (const auto& [region, url] : endpoints)
      if (std::ranges::find(keys, region, &KmsKeyArn::region) == keys.end())
        return keyring_error("\"endpoints\" has one for " + region + ", where none of the keys is");
    TRY_ASSIGN(const auto timeout_ms,
               optional_number(value, "timeout_ms", failover_timeout_default.count(), timeout_ms_min, timeout_ms_max));
    keyrings::FailoverOptions options;
    TRY_ASSIGN(const auto losses_max, optional_number(value, "losses_max", options.losses_max, 1, losses_max_max));
    TRY_ASSIGN(const auto pause_ms, optional_number(value, "pause_ms", options.pause.count(), 0,
                                                    milliseconds(keyrings::failover_pause_max).count()));
    TRY_ASSIGN(const auto retry_budget,
               optional_number(value, "retry_budget", options.retry_budget, 0, keyrings::failover_retry_budget_max));
    options = {.losses_max = static_cast<unsigned>(losses_max),
               .pause = milliseconds(pause_ms),
               .retry_budget = static_cast<unsigned>(retry_budget)};
    TRY_ASSIGN(const auto clients, clients_for({.region = std::string(keys.empty() ? "" : keys.front().region()),
                                                .endpoints = std::move(endpoints),
                                                .options = failover_kms_options(milliseconds(timeout_ms))}));
    return keyrings::failover_keyring(*clients, std::move(keys), options);
  }

  Result<KeyringPointer> branch_key(const JsonValue& value) {
    TRY(allow_only(value, {"type", "store", "logical_name", "key", "multi_region", "branch_key_id", "by_context",
                           "time_to_live_s", "cache_entries", "hierarchy_version_max"}));
    if (!sources_.branch_keys) return keyring_error("there are no stores of branch keys here");
    BranchKeyStoreWanted wanted;
    TRY_ASSIGN(wanted.store, text_member(value, "store"));
    TRY_ASSIGN(wanted.logical_name, optional_text(value, "logical_name", logical_name_default));
    TRY_ASSIGN(const auto key, key_arn_member(value, "key"));
    wanted.key = key.text();
    TRY_ASSIGN(wanted.scope, key_scope(value));
    TRY_ASSIGN(const auto hierarchy,
               optional_number(value, "hierarchy_version_max", wanted.hierarchy_version_max, 1, 2));
    wanted.hierarchy_version_max = static_cast<unsigned>(hierarchy);
    TRY_ASSIGN(auto supplier, branch_key_supplier(value));
    TRY_ASSIGN(const auto seconds,
               optional_number(
                   value, "time_to_live_s", time_to_live_s_default, 1,
                   std::chrono::duration_cast<std::chrono::seconds>(keyrings::branch_key_time_to_live_max).count()));
    TRY_ASSIGN(const auto entries, optional_number(value, "cache_entries", keyrings::branch_key_cache_entries_default,
                                                   1, cache_entries_max));
    TRY_ASSIGN(auto store, sources_.branch_keys(wanted));
    has_kms_ = true;
    return keyrings::branch_key_keyring(
        std::move(store), std::move(supplier),
        {.time_to_live = std::chrono::seconds(seconds),
         .cache = std::make_shared<keyrings::BranchKeyCache>(static_cast<std::size_t>(entries))});
  }

  Result<KeyringPointer> raw_aes(const JsonValue& value) {
    TRY(allow_only(value, {"type", "namespace", "name", "key_file"}));
    TRY_ASSIGN(auto key_namespace, text_member(value, "namespace"));
    TRY_ASSIGN(auto key_name, text_member(value, "name"));
    TRY_ASSIGN(auto key, aes_key_file(value, "key_file", sources_.folder));
    return keyrings::raw_aes_keyring(
        {.key_namespace = std::move(key_namespace), .key_name = std::move(key_name), .wrapping_key = std::move(key)});
  }

  Result<KeyringPointer> raw_rsa(const JsonValue& value) {
    TRY(allow_only(value, {"type", "namespace", "name", "padding", "public_key_file", "private_key_file"}));
    TRY_ASSIGN(auto key_namespace, text_member(value, "namespace"));
    TRY_ASSIGN(auto key_name, text_member(value, "name"));
    TRY_ASSIGN(const auto padding, rsa_padding(value));
    TRY_ASSIGN(const auto public_key, optional_pem_file(value, "public_key_file", sources_.folder));
    TRY_ASSIGN(auto private_key, optional_pem_file(value, "private_key_file", sources_.folder));
    return keyrings::raw_rsa_keyring({.key_namespace = std::move(key_namespace),
                                      .key_name = std::move(key_name),
                                      .padding = padding,
                                      .public_key_pem = std::string(as_text(public_key.reveal())),
                                      .private_key_pem = std::move(private_key)});
  }

  Result<KeyringPointer> multi(const JsonValue& value, std::size_t depth) {
    TRY(allow_only(value, {"type", "generator", "children"}));
    KeyringPointer generator;
    if (const auto found = value.find("generator")) {
      TRY_ASSIGN(generator, build(*found, depth + 1));
    }
    std::vector<JsonValue> elements;
    if (const auto found = value.find("children")) {
      if (!found->is(JsonValue::Kind::array)) return keyring_error("\"children\" is not an array");
      found->each_element([&](JsonValue element) { elements.push_back(element); });
    }
    std::vector<KeyringPointer> children;
    for (const auto& element : elements) {
      TRY_ASSIGN(auto child, build(element, depth + 1));
      children.push_back(std::move(child));
    }
    return keyrings::multi_keyring(std::move(generator), std::move(children));
  }

  static Result<BranchKeyStoreWanted::Key> key_scope(const JsonValue& value) {
    using enum BranchKeyStoreWanted::Key;
    const auto found = value.find("multi_region");
    if (!found) return this_one;
    if (!found->is(JsonValue::Kind::boolean)) return keyring_error("\"multi_region\" is not true or false");
    return found->boolean() ? or_a_related_one : this_one;
  }

  // {"branch_key_id": "ID"}, or {"by_context": {"key": "KEY", "ids": {"VALUE": "ID", …}, "prefix": "PREFIX"}}.
  static Result<std::shared_ptr<const keyrings::BranchKeySupplier>> branch_key_supplier(const JsonValue& value) {
    const auto rule = value.find("by_context");
    if (rule.has_value() == value.find("branch_key_id").has_value())
      return keyring_error("a branch key takes \"branch_key_id\" or \"by_context\"");
    if (!rule) {
      TRY_ASSIGN(auto id, text_member(value, "branch_key_id"));
      return keyrings::fixed_branch_key(std::move(id));
    }
    if (!rule->is(JsonValue::Kind::object)) return keyring_error("\"by_context\" is not an object");
    TRY(allow_only(*rule, {"key", "ids", "prefix"}));
    keyrings::BranchKeysByContext wanted;
    TRY_ASSIGN(wanted.context_key, text_member(*rule, "key"));
    TRY_ASSIGN(wanted.ids, text_map(*rule, "ids"));
    if (rule->find("prefix")) {
      TRY_ASSIGN(wanted.prefix, text_member(*rule, "prefix"));
    }
    return keyrings::branch_key_by_context(std::move(wanted));
  }

  // Of either kind of discovery, which have the same members.
  static Result<keyrings::DiscoveryFilter> discovery_filter(const JsonValue& value) {
    TRY(allow_only(value, {"type", "partition", "accounts", "regions"}));
    keyrings::DiscoveryFilter filter;
    TRY_ASSIGN(filter.partition, optional_text(value, "partition", filter.partition));
    TRY_ASSIGN(filter.accounts, text_list(value, "accounts"));
    return filter;
  }

  Result<std::shared_ptr<KmsClients>> clients_for(RegionalConnection wanted) {
    if (!sources_.kms_by_region) return keyring_error("there are no KMSs by Region here");
    has_kms_ = true;
    return sources_.kms_by_region(std::move(wanted));
  }
  // The clients of all keyrings that ask for nothing of their own.
  Result<std::shared_ptr<KmsClients>> shared_clients(std::string_view region) {
    if (shared_clients_ == nullptr) {
      TRY_ASSIGN(shared_clients_,
                 clients_for({.region = std::string(region), .endpoints = {}, .options = KmsOptions()}));
    }
    return shared_clients_;
  }

  const KeyringSources& sources_;
  std::shared_ptr<KmsClients> shared_clients_;
  std::size_t count_ = 0;
  bool has_kms_ = false;
};

const Builder::Type Builder::types[] = {
    {.name = "kms", .build = &Builder::kms},
    {.name = "kms-mrk", .build = &Builder::kms_mrk},
    {.name = "kms-mrk-multi", .build = &Builder::kms_mrk_multi},
    {.name = "kms-discovery", .build = &Builder::kms_discovery},
    {.name = "kms-mrk-discovery", .build = &Builder::kms_mrk_discovery},
    {.name = "failover", .build = &Builder::failover},
    {.name = "branch-key", .build = &Builder::branch_key},
    {.name = "raw-aes", .build = &Builder::raw_aes},
    {.name = "raw-rsa", .build = &Builder::raw_rsa},
};

}  // namespace

Result<ConfiguredKeyring> keyring_from_json(std::string_view json, const KeyringSources& sources) {
  protocol::JsonReader reader;
  auto value = reader.parse(json);
  if (!value) return keyring_error(value.error().message);
  Builder builder(sources);
  TRY_ASSIGN(auto keyring, builder.build(*value, 1));
  return ConfiguredKeyring{.keyring = std::move(keyring), .has_kms = builder.has_kms()};
}

}  // namespace keyfold::client
