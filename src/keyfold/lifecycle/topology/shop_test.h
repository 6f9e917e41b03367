#pragma once
// For the tests of this room: an example topology, and a KMS in memory that keeps keys, aliases, tags and policies.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>

#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/lifecycle/topology/calls.h"
#include "keyfold/lifecycle/topology/document.h"

namespace keyfold::topology::testing {

inline constexpr std::string_view shop_toml = R"(
topology = "shop"
account = "123456789012"
regions = ["eu-central-1", "eu-west-1"]
environments = ["production", "staging", "development"]

[defaults]
administrators = ["arn:aws:iam::123456789012:user/key-admin"]
rotation_days = 365
deletion_window_days = 14
tags = { owner = "security" }

[domains."payments/cards"]
encryptors = ["arn:aws:iam::123456789012:role/{environment}-checkout"]
decryptors = ["arn:aws:iam::123456789012:role/{environment}-clearing"]
caching = { max_age_seconds = 30, max_messages = 1000, max_bytes = 1048576 }

[domains."payments/cards".environments.development]
rotation_days = "off"
caching = "off"
tags = { owner = "payments", cost = "none" }

[domains.customers]
encryptors = ["arn:aws:iam::123456789012:role/{environment}-crm"]
decryptors = ["arn:aws:iam::123456789012:role/{environment}-crm"]

[domains.mail]
encryptors = ["arn:aws:iam::123456789012:role/{environment}-mail"]
decryptors = ["arn:aws:iam::123456789012:role/{environment}-mail"]
tenants = { store = "mail-{environment}-{region}.sqlite", context_key = "tenant", time_to_live_seconds = 120 }
)";

inline Topology parsed(std::string_view toml) {
  auto topology = parse_topology(toml);
  if (!topology) ADD_FAILURE() << topology.error().message;
  KEYFOLD_CHECK(topology.has_value());
  return *std::move(topology);
}
inline Topology shop() { return parsed(shop_toml); }

inline void no_pause(std::chrono::milliseconds) {}

// Keeps keys as they are put, two to a page, and counts. No cryptography, and no policy decides here.
class FakeManagement final : public client::Kms {
 public:
  explicit FakeManagement(std::string of = "eu-central-1", std::string by = "123456789012")
      : region(std::move(of)), account(std::move(by)) {}
  const std::string region, account;
  struct Key {
    std::string description, policy, state = "Enabled", spec = "SYMMETRIC_DEFAULT";
    Tags tags{};
    std::optional<std::int64_t> rotation_days{};
    bool is_multi_region = false;
  };
  std::map<std::string, Key, std::less<>> keys;  // By id.
  std::map<std::string, std::string, std::less<>> aliases;
  std::set<std::string> unreadable;  // Ids of keys whose tags may not be read.
  std::map<std::string, int, std::less<>> calls;
  std::vector<std::string> writes;  // Operations, in their order.
  int fail_from = 0;                // The how-manyth writing call fails, and all after it; 0: none.
  Error failure{ErrorCode::unavailable, "cut"};
  int unavailable_reads = 0;     // So many more reads are not answered.
  int unknown_after_create = 0;  // So many calls about a new key say that it is not there.

  Result<std::string> call(std::string_view operation, std::string_view request) override {
    ++calls[std::string(operation)];
    protocol::JsonReader reader;
    const auto parsed = reader.parse(request);
    if (!parsed) return parsed.error();
    const bool reads =
        operation.starts_with("List") || operation.starts_with("Get") || operation.starts_with("Describe");
    if (reads) return read(operation, *parsed);
    writes.emplace_back(operation);
    if (fail_from != 0 && static_cast<int>(writes.size()) >= fail_from) return failure;
    return write(operation, *parsed);
  }

  using Context = const ContextView&;
  Result<keyrings::GeneratedDataKey> generate_data_key(std::string_view, std::size_t, Context) override {
    return none();
  }
  Result<keyrings::WrappedDataKey> encrypt(std::string_view, const SecretBytes&, Context) override { return none(); }
  Result<keyrings::UnwrappedDataKey> decrypt(std::string_view, BytesView, Context) override { return none(); }
  Result<keyrings::WrappedDataKey> generate_data_key_without_plaintext(std::string_view, std::size_t,
                                                                       Context) override {
    return none();
  }
  Result<keyrings::WrappedDataKey> re_encrypt(BytesView, const keyrings::ReEncryptSide&,
                                              const keyrings::ReEncryptSide&) override {
    return none();
  }

 private:
  static constexpr std::size_t page_size = 2;
  std::string arn(const std::string& resource) const {
    return "arn:aws:kms:" + region + ":" + account + ":" + resource;
  }
  static Error none() { return {ErrorCode::unsupported_operation, "no cryptography here"}; }

  template <class List, class Write>
  static std::string page(const List& list, const protocol::JsonValue& request, std::string_view name,
                          const Write& write) {
    const std::string marker(request.text_of("Marker"));
    std::size_t at = marker.empty() ? 0 : std::stoul(marker);
    std::string text;
    protocol::JsonWriter json(text);
    json.begin_object().name(name).begin_array();
    auto it = std::next(list.begin(), static_cast<std::ptrdiff_t>(at));
    for (std::size_t n = 0; n < page_size && it != list.end(); ++n, ++it, ++at) write(json, *it);
    json.end_array().boolean("Truncated", it != list.end());
    if (it != list.end()) json.text("NextMarker", std::to_string(at));
    json.end_object();
    return text;
  }

  Result<std::string> read(std::string_view operation, const protocol::JsonValue& request) {
    if (unavailable_reads > 0) {
      --unavailable_reads;
      return Error{ErrorCode::unavailable, "throttled"};
    }
    if (operation == "ListAliases")
      return page(aliases, request, "Aliases", [this](auto& json, const auto& alias) {
        json.begin_object()
            .text("AliasName", alias.first)
            .text("AliasArn", arn(alias.first))
            .text("TargetKeyId", alias.second)
            .end_object();
      });
    if (operation == "ListKeys")
      return page(keys, request, "Keys", [this](auto& json, const auto& key) {
        json.begin_object().text("KeyId", key.first).text("KeyArn", arn("key/" + key.first)).end_object();
      });
    const std::string id(request.text_of("KeyId"));
    const auto found = keys.find(id);
    if (found == keys.end()) return Error{ErrorCode::not_found, "no key " + id};
    const auto& key = found->second;
    if (operation == "ListResourceTags") {
      if (unreadable.contains(id)) return Error{ErrorCode::access_denied, "not yours"};
      return page(key.tags, request, "Tags", [](auto& json, const auto& tag) {
        json.begin_object().text("TagKey", tag.first).text("TagValue", tag.second).end_object();
      });
    }
    std::string text;
    protocol::JsonWriter json(text);
    json.begin_object();
    if (operation == "DescribeKey") {
      json.name("KeyMetadata").begin_object().text("KeyId", id).text("KeyState", key.state);
      json.text("Description", key.description).text("KeySpec", key.spec).text("KeyUsage", "ENCRYPT_DECRYPT");
      json.text("KeyManager", "CUSTOMER").text("Origin", "AWS_KMS");
      json.boolean("MultiRegion", key.is_multi_region).end_object();
    } else if (operation == "GetKeyPolicy") {
      json.text("Policy", key.policy);
    } else if (operation == "GetKeyRotationStatus") {
      json.boolean("KeyRotationEnabled", key.rotation_days.has_value());
      if (key.rotation_days) json.integer("RotationPeriodInDays", *key.rotation_days);
    } else {
      return Error{ErrorCode::unknown_operation, std::string(operation)};
    }
    json.end_object();
    return text;
  }

  static void put_tags(const protocol::JsonValue& request, Tags& tags) {
    if (const auto list = request.find("Tags"))
      list->each_element([&](const protocol::JsonValue& tag) {
        tags.insert_or_assign(std::string(tag.text_of("TagKey")), std::string(tag.text_of("TagValue")));
      });
  }

  Result<std::string> write(std::string_view operation, const protocol::JsonValue& request) {
    if (operation == "CreateKey") {
      const std::string id = "key-" + std::to_string(keys.size() + 1);
      auto& key = keys[id];
      key.description = request.text_of("Description");
      key.policy = request.text_of("Policy");
      put_tags(request, key.tags);
      return R"({"KeyMetadata":{"KeyId":")" + id + R"(","Arn":")" + arn("key/" + id) + R"("}})";
    }
    if (operation.ends_with("Alias")) {
      const std::string name(request.text_of("AliasName")), target(request.text_of("TargetKeyId"));
      if (unknown_after_create > 0 && unknown_after_create-- > 0) return Error{ErrorCode::not_found, "not yet"};
      if (!keys.contains(target)) return Error{ErrorCode::not_found, target};
      if (operation == "CreateAlias" && aliases.contains(name)) return Error{ErrorCode::already_exists, name};
      if (operation == "UpdateAlias" && !aliases.contains(name)) return Error{ErrorCode::not_found, name};
      aliases.insert_or_assign(name, target);
      return std::string();
    }
    const auto found = keys.find(request.text_of("KeyId"));
    if (found == keys.end()) return Error{ErrorCode::not_found, std::string(request.text_of("KeyId"))};
    auto& key = found->second;
    const bool going = key.state == "PendingDeletion";
    if (going && operation != "CancelKeyDeletion" && operation != "PutKeyPolicy")
      return Error{ErrorCode::invalid_state, "is pending deletion"};
    if (operation == "PutKeyPolicy") {
      key.policy = request.text_of("Policy");
    } else if (operation == "TagResource") {
      put_tags(request, key.tags);
    } else if (operation == "UntagResource") {
      request.find("TagKeys")->each_element(
          [&](const protocol::JsonValue& name) { key.tags.erase(std::string(name.text())); });
    } else if (operation == "UpdateKeyDescription") {
      key.description = request.text_of("Description");
    } else if (operation == "EnableKeyRotation" || operation == "DisableKeyRotation") {
      if (key.state != "Enabled") return Error{ErrorCode::disabled, "is disabled"};
      key.rotation_days.reset();
      if (operation == "EnableKeyRotation") key.rotation_days = request.find("RotationPeriodInDays")->integer();
    } else if (operation == "EnableKey") {
      key.state = "Enabled";
    } else if (operation == "CancelKeyDeletion") {
      if (!going) return Error{ErrorCode::invalid_state, "is not pending deletion"};
      key.state = "Disabled";
    } else if (operation == "ScheduleKeyDeletion") {
      key.state = "PendingDeletion";
    } else {
      return Error{ErrorCode::unknown_operation, std::string(operation)};
    }
    return std::string();
  }
};

}  // namespace keyfold::topology::testing
