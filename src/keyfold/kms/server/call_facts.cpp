#include "keyfold/kms/server/call_facts.h"

#include <algorithm>

#include "keyfold/kms/policy/fact_list.h"
#include "keyfold/kms/policy/known_keys.h"

namespace keyfold::server {
namespace {

using policy::equal_ignoring_case;
using policy::Values;
using Visit = policy::ConditionSource::Visit;
namespace condition_key = policy::condition_key;

void give(std::string_view value, Visit visit) { visit(Values(&value, 1)); }
void give_if_any(std::string_view value, Visit visit) {
  if (!value.empty()) give(value, visit);
}

std::string_view type_of(keys::MultiRegion multi_region) {
  switch (multi_region) {
    case keys::MultiRegion::no:
      return {};
    case keys::MultiRegion::primary:
      return "PRIMARY";
    case keys::MultiRegion::replica:
      return "REPLICA";
  }
  return {};
}

void tell_aliases(const keys::Keys& keys, const keys::KeyRecord& key, Visit visit) {
  const auto page = keys.list_aliases(key.place, &key, keys::aliases_max, "");
  if (!page) return visit({});  // It cannot fail without a marker; were it otherwise, they are unknown.
  std::vector<std::string_view> names;
  for (const auto& alias : page->items) names.push_back(alias.name.text());
  if (!names.empty()) visit(Values(names));
}

std::string_view name_behind(std::string_view key, std::string_view prefix) {
  if (key.size() <= prefix.size() || !equal_ignoring_case(key.substr(0, prefix.size()), prefix)) return {};
  return key.substr(prefix.size());
}

}  // namespace

void CallFacts::each_spelling(std::string_view key, Visit visit) const {
  if (tell_of_moment(now_, place_.region, key, visit) || tell_of_operation(row_, key, visit) || of_call(key, visit) ||
      of_request(key, visit) || found_ == nullptr)
    return;
  tell_of_key(keys_, *found_->key, key, visit);
}

// How it came.
bool CallFacts::of_call(std::string_view key, Visit visit) const {
  const auto is = [&](std::string_view name) { return equal_ignoring_case(name, key); };
  if (is(condition_key::source_ip)) {
    give_if_any(http_.peer, visit);
  } else if (is(condition_key::secure_transport)) {
    give(policy::text_of(http_.transport == http::Transport::tls), visit);
  } else if (is(condition_key::user_agent)) {
    give_if_any(http_.header("user-agent"), visit);
  } else if (is(condition_key::referer)) {
    give_if_any(http_.header("referer"), visit);
  } else {
    return false;
  }
  return true;
}

// How the key was named. The rest of what is in a request, its operation says.
bool CallFacts::of_request(std::string_view key, Visit visit) const {
  if (!equal_ignoring_case(condition_key::request_alias, key)) return false;
  if (row_.carries(condition_key::request_alias) && found_ != nullptr && found_->alias)
    give(found_->alias->text(), visit);
  return true;
}

bool tell_of_moment(Timestamp now, const Region& region, std::string_view name, Visit visit) {
  const auto is = [&](std::string_view one) { return equal_ignoring_case(one, name); };
  if (is(condition_key::requested_region)) {
    give(region.text(), visit);
  } else if (is(condition_key::current_time)) {
    give(to_iso8601(now), visit);
  } else if (is(condition_key::epoch_time)) {
    give(std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()), visit);
  } else if (is(condition_key::principal_is_aws_service) || is(condition_key::via_aws_service)) {
    give(policy::text_of(false), visit);
  } else {
    return false;
  }
  return true;
}

bool tell_of_operation(const OperationRow& row, std::string_view name, Visit visit) {
  const auto is = [&](std::string_view one) { return equal_ignoring_case(one, name) && row.carries(one); };
  if (!is(condition_key::grant_is_for_aws_resource)) return false;
  give(policy::text_of(false), visit);
  return true;
}

bool tell_of_key(const keys::Keys& keys, const keys::KeyRecord& key, std::string_view name, Visit visit) {
  const auto is = [&](std::string_view one) { return equal_ignoring_case(one, name); };
  if (is(condition_key::key_spec) || is(condition_key::customer_master_key_spec)) {
    give(keys::to_text(key.spec), visit);
  } else if (is(condition_key::key_usage) || is(condition_key::customer_master_key_usage)) {
    give(keys::to_text(key.usage), visit);
  } else if (is(condition_key::key_origin)) {
    give(keys::to_text(key.origin), visit);
  } else if (is(condition_key::multi_region)) {
    give(policy::text_of(key.multi_region != keys::MultiRegion::no), visit);
  } else if (is(condition_key::multi_region_key_type)) {
    give_if_any(type_of(key.multi_region), visit);
  } else if (is(condition_key::resource_aliases)) {
    tell_aliases(keys, key, visit);
  } else if (const auto tag_key = name_behind(name, condition_key::resource_tag_prefix); !tag_key.empty()) {
    for (const auto& tag : key.tags)
      if (equal_ignoring_case(tag.key, tag_key)) give(tag.value, visit);
  } else {
    return false;
  }
  return true;
}

TagFacts::TagFacts(std::span<const protocol::Tag> tags) {
  for (const auto& tag : tags) {
    keys_.push_back(tag.key);
    names_.push_back(std::string(condition_key::request_tag_prefix).append(tag.key));
    values_.push_back(tag.value);
    facts_.push_back({.key = names_.back(), .values = Values(&values_.back(), 1)});
  }
  if (!keys_.empty()) facts_.push_back({.key = condition_key::tag_keys, .values = Values(keys_)});
}

TagFacts::TagFacts(std::span<const std::string_view> tag_keys) : keys_(tag_keys.begin(), tag_keys.end()) {
  if (!keys_.empty()) facts_.push_back({.key = condition_key::tag_keys, .values = Values(keys_)});
}

void TagFacts::add(std::string_view key, std::string_view value) {
  values_.push_back(value);
  facts_.push_back({.key = key, .values = Values(&values_.back(), 1)});
}

}  // namespace keyfold::server
