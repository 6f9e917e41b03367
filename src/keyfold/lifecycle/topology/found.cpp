#include "keyfold/lifecycle/topology/found.h"

#include <algorithm>
#include <set>

#include "keyfold/core/base/try.h"
#include "keyfold/lifecycle/topology/names.h"

namespace keyfold::topology {
namespace {

using protocol::JsonValue;

constexpr std::string_view aws_tag_prefix = "aws:";
constexpr std::string_view multi_region_id_prefix = "mrk-";

// Each element of the list `name` of a page, which is an object.
template <class Visit>
void each_of(const JsonValue& page, std::string_view name, const Visit& visit) {
  const auto list = page.find(name);
  if (!list || !list->is(JsonValue::Kind::array)) return;
  list->each_element([&](const JsonValue& element) {
    if (element.is(JsonValue::Kind::object)) visit(element);
  });
}
// The same, until one fails.
template <class Visit>
Outcome each_of_checked(const JsonValue& page, std::string_view name, const Visit& visit) {
  Outcome all = ok();
  each_of(page, name, [&](const JsonValue& element) {
    if (all) all = visit(element);
  });
  return all;
}

std::string key_id_member(std::string_view id) {
  auto request = request_of("KeyId", id);
  return request.substr(1, request.size() - 2);
}

class Looking {
 public:
  Looking(client::Kms& kms, const Topology& topology, const Region& region, const Pause& pause)
      : kms_(kms), topology_(topology), pause_(pause), found_{.region = region} {}

  Result<FoundRegion> look() {
    TRY(list_aliases());
    std::vector<std::string> ids;
    TRY(each_page(kms_, "ListKeys", "", pause_, [&](const JsonValue& page) {
      return each_of_checked(page, "Keys", [&](const JsonValue& key) {
        ids.emplace_back(key.text_of("KeyId"));
        return check_is_of(key.text_of("KeyArn"), topology_.account, found_.region);
      });
    }));
    std::ranges::sort(ids);
    for (const auto& id : ids) TRY(look_at(id));
    if (!is_each_told_by_alias_and_tags())
      for (auto& key : others_) TRY(look_at_description(std::move(key)));
    return std::move(found_);
  }

 private:
  Outcome list_aliases() {
    const auto prefix = alias_prefix(topology_);
    return each_page(kms_, "ListAliases", "", pause_, [&](const JsonValue& page) {
      return each_of_checked(page, "Aliases", [&](const JsonValue& alias) {
        const auto name = alias.text_of("AliasName");
        const auto target = alias.text_of("TargetKeyId");
        if (name.starts_with(prefix) && !target.empty()) {
          found_.aliases.emplace(name, target);
          aliased_.emplace(target);
        }
        return check_is_of(alias.text_of("AliasArn"), topology_.account, found_.region);
      });
    });
  }

  Outcome look_at(const std::string& id) {
    const bool is_aliased = aliased_.contains(id);
    FoundKey key{.id = id};
    if (auto read = read_tags(key); !read) {
      const auto code = read.error().code;
      if (code == ErrorCode::not_found) return ok();
      if (code != ErrorCode::access_denied || is_aliased) return std::move(read).error();
      ++found_.unreadable;
      return ok();
    }
    const auto said = key.tag(topology_tag);
    if (is_aliased || said == topology_.name) return add(std::move(key), Needed::yes);
    const auto is_ours = [](const auto& tag) { return tag.first.starts_with(tag_prefix); };
    if (said.empty() && std::ranges::any_of(key.tags, is_ours)) return add(std::move(key), Needed::no);
    others_.push_back(std::move(key));
    return ok();
  }

  // Whether a key without which there is no telling what to do. Of others it is enough to know how many they are.
  enum class Needed : std::uint8_t { yes, no };
  Outcome add(FoundKey key, Needed needed) {
    if (auto read = read_details(key); !read) {
      const auto code = read.error().code;
      if (code == ErrorCode::not_found) return ok();
      if (code != ErrorCode::access_denied || needed == Needed::yes) return read;
      ++found_.unreadable;
      return ok();
    }
    found_.keys.push_back(std::move(key));
    return ok();
  }

  bool is_each_told_by_alias_and_tags() const {
    std::map<std::string_view, const FoundKey*> by_id;
    for (const auto& key : found_.keys) by_id.emplace(key.id, &key);
    return std::ranges::all_of(topology_.domains, [&](const Domain& domain) {
      const auto alias = found_.aliases.find(alias_of(topology_, domain).text());
      const auto key = alias == found_.aliases.end() ? by_id.end() : by_id.find(alias->second);
      return key != by_id.end() && key->second->is_tagged_as(topology_, domain);
    });
  }

  // A key that has neither tag nor alias of the topology's, and may be one that lost them.
  Outcome look_at_description(FoundKey key) {
    const auto described = ask(kms_, "DescribeKey", request_of("KeyId", key.id), pause_);
    if (!described) {
      const auto code = described.error().code;
      if (code == ErrorCode::not_found) return ok();
      if (code != ErrorCode::access_denied) return described.error();
      ++found_.unreadable;
      return ok();
    }
    const auto metadata = described->object().find("KeyMetadata");
    if (!metadata || !metadata->is(JsonValue::Kind::object) ||
        !metadata->text_of("Description").ends_with(description_end(topology_)))
      return ok();
    return add(std::move(key), Needed::no);
  }

  Outcome read_tags(FoundKey& key) {
    return each_page(kms_, "ListResourceTags", key_id_member(key.id), pause_, [&](const JsonValue& page) {
      each_of(page, "Tags", [&](const JsonValue& tag) {
        const auto name = tag.text_of("TagKey");
        if (!name.starts_with(aws_tag_prefix)) key.tags.emplace(name, tag.text_of("TagValue"));
      });
      return ok();
    });
  }

  Outcome read_details(FoundKey& key) {
    const auto request = request_of("KeyId", key.id);
    TRY_ASSIGN(const auto described, ask(kms_, "DescribeKey", request, pause_));
    const auto metadata = described.object().find("KeyMetadata");
    if (!metadata || !metadata->is(JsonValue::Kind::object) || metadata->text_of("KeyState").empty())
      return Error{ErrorCode::serialization, "DescribeKey: the KMS did not answer with metadata"};
    key.description = metadata->text_of("Description");
    key.state = metadata->text_of("KeyState");
    key.is_symmetric = metadata->text_of("KeySpec") == "SYMMETRIC_DEFAULT" &&
                       metadata->text_of("KeyUsage") == "ENCRYPT_DECRYPT" &&
                       metadata->text_of("KeyManager") == "CUSTOMER" && metadata->text_of("Origin") == "AWS_KMS";
    const auto multi_region = metadata->find("MultiRegion");
    key.is_multi_region = key.id.starts_with(multi_region_id_prefix) ||
                          (multi_region && multi_region->is(JsonValue::Kind::boolean) && multi_region->boolean());
    TRY_ASSIGN(const auto policy, ask(kms_, "GetKeyPolicy", request, pause_));
    key.policy = read_policy(policy.object().text_of("Policy"));
    if (!key.is_symmetric) return ok();  // It has no rotation to ask for.
    TRY_ASSIGN(const auto rotation, ask(kms_, "GetKeyRotationStatus", request, pause_));
    const auto enabled = rotation.object().find("KeyRotationEnabled");
    if (!enabled || !enabled->is(JsonValue::Kind::boolean) || !enabled->boolean()) return ok();
    const auto days = rotation.object().find("RotationPeriodInDays");
    // A KMS that does not say has AWS's period of before it could be chosen.
    key.rotation_days = days && days->is(JsonValue::Kind::integer) ? days->integer() : 365;
    return ok();
  }

  client::Kms& kms_;
  const Topology& topology_;
  const Pause& pause_;
  FoundRegion found_;
  std::set<std::string, std::less<>> aliased_;
  std::vector<FoundKey>
      others_;  // With neither a tag nor an alias of the topology's: nothing of them but tags is read.
};

}  // namespace

std::string_view FoundKey::tag(std::string_view name) const {
  const auto found = tags.find(name);
  return found == tags.end() ? std::string_view() : std::string_view(found->second);
}

bool FoundKey::is_tagged_as(const Topology& topology, const Domain& domain) const {
  return tag(topology_tag) == topology.name && tag(domain_tag) == domain.name &&
         tag(environment_tag) == domain.environment;
}

Result<FoundRegion> look(client::Kms& kms, const Topology& topology, const Region& region, const Pause& pause) {
  auto found = Looking(kms, topology, region, pause).look();
  if (!found) return Error{found.error().code, std::string(region.text()) + ": " + found.error().message};
  return found;
}

Result<std::vector<FoundRegion>> look(const RegionalKms& clients, const Topology& topology, const Pause& pause) {
  std::vector<FoundRegion> all;
  for (const auto& region : topology.regions) {
    const auto client = clients.find(region.text());
    if (client == clients.end())
      return Error{ErrorCode::invalid_input, "there is no client for the Region " + std::string(region.text())};
    TRY_ASSIGN(auto found, look(*client->second, topology, region, pause));
    all.push_back(std::move(found));
  }
  return all;
}

}  // namespace keyfold::topology
