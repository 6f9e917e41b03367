#include "keyfold/lifecycle/topology/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/lifecycle/topology/choice.h"
#include "keyfold/lifecycle/topology/key_policy.h"
#include "keyfold/lifecycle/topology/names.h"

namespace keyfold::topology {
namespace {

using protocol::JsonWriter;

// JSON members, without the braces.
template <class Write>
std::string members(const Write& write) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  write(json);
  json.end_object();
  return text.substr(1, text.size() - 2);
}

void write_tags(JsonWriter& json, const Tags& tags) {
  json.name("Tags").begin_array();
  for (const auto& [key, value] : tags) json.begin_object().text("TagKey", key).text("TagValue", value).end_object();
  json.end_array();
}

// The steps that make a found key what it should be, or a key where there is none.
class Planner {
 public:
  // `unreadable`: how many keys are in doubt because nothing of them may be read.
  Planner(const Topology& topology, const Region& region, const Domain& domain, Choice choice, std::size_t unreadable)
      : topology_(topology),
        domain_(domain),
        unreadable_(unreadable),
        choice_(std::move(choice)),
        plan_{.region = region,
              .environment = domain.environment,
              .domain = domain.name,
              .alias = std::string(alias_of(topology, domain).text()),
              .key_id = {},
              .conflict = choice_.doubt,
              .doubted = choice_.doubted} {}

  KeyPlan plan() {
    const auto* key = choice_.key;
    if (!plan_.conflict.empty()) return std::move(plan_);
    if (key == nullptr && unreadable_ > 0) {
      plan_.conflict = "there is no key, but for " + std::to_string(unreadable_) +
                       " of the Region that this caller may not read: let it read them, or say that they are of others "
                       "(--ignore-unreadable)";
    } else if (key == nullptr) {
      create();
    } else if (!key->is_symmetric) {
      plan_.key_id = key->id;
      plan_.conflict = "the key " + key->id + " is not a symmetric key for encryption with material of the KMS's own";
    } else if (key->is_multi_region) {
      plan_.key_id = key->id;
      plan_.conflict = "the key " + key->id + " is a multi-Region key: its replicas have policies of their own";
    } else {
      plan_.key_id = key->id;
      correct(*key);
      if (!plan_.conflict.empty()) plan_.steps.clear();
    }
    return std::move(plan_);
  }

 private:
  void add(Aspect aspect, std::string_view operation, std::string_view key_member, std::string its_members,
           std::string what, std::string otherwise) {
    plan_.steps.push_back({.aspect = aspect,
                           .operation = std::string(operation),
                           .key_member = std::string(key_member),
                           .members = std::move(its_members),
                           .what = std::move(what),
                           .found = std::move(otherwise)});
  }

  void create() {
    const auto policy = key_policy(topology_, domain_);
    add(Aspect::key, "CreateKey", "", members([&](JsonWriter& json) {
          json.text("Description", description_of(topology_, domain_)).text("Policy", policy);
          write_tags(json, tags_of(topology_, domain_));
        }),
        "make a KMS key", "there is no key");
    plan_.steps.back().diff = difference({}, read_policy(policy));
    set_alias();
    set_rotation(std::nullopt);
  }

  void correct(const FoundKey& key) {
    // First the policy: it may be what keeps the others from being done. In any state of the key it may be put.
    set_policy(key);
    set_state(key);
    set_alias();
    set_tags(key);
    if (const auto wanted = description_of(topology_, domain_); key.description != wanted)
      add(Aspect::description, "UpdateKeyDescription", "KeyId",
          members([&](JsonWriter& json) { json.text("Description", wanted); }), "describe it as " + in_quotes(wanted),
          "it is described as " + in_quotes(key.description));
    set_rotation(key.rotation_days);
  }

  void set_policy(const FoundKey& key) {
    const auto text = key_policy(topology_, domain_);
    const auto wanted = read_policy(text);
    if (is_same(key.policy, wanted)) return;
    add(Aspect::policy, "PutKeyPolicy", "KeyId",
        members([&](JsonWriter& json) { json.text("PolicyName", "default").text("Policy", text); }),
        "put the file's key policy", "the key policy is another");
    plan_.steps.back().diff = difference(key.policy, wanted);
  }

  void set_state(const FoundKey& key) {
    if (key.state == "Enabled") return;
    if (key.state == "PendingDeletion") {
      add(Aspect::state, "CancelKeyDeletion", "KeyId", "", "cancel its deletion", "it is scheduled for deletion");
      add(Aspect::state, "EnableKey", "KeyId", "", "enable it", "it would be disabled");
    } else if (key.state == "Disabled") {
      add(Aspect::state, "EnableKey", "KeyId", "", "enable it", "it is disabled");
    } else {
      plan_.conflict = "the key " + key.id + " is in the state " + key.state;
    }
  }

  void set_alias() {
    const auto with_alias = [&] { return members([&](JsonWriter& json) { json.text("AliasName", plan_.alias); }); };
    if (choice_.alias_target.empty())
      add(Aspect::alias, "CreateAlias", "TargetKeyId", with_alias(), "name it " + plan_.alias,
          "there is no " + plan_.alias);
    else if (choice_.alias_target != plan_.key_id)
      add(Aspect::alias, "UpdateAlias", "TargetKeyId", with_alias(), "let " + plan_.alias + " name it",
          plan_.alias + " names the key " + choice_.alias_target);
  }

  void set_tags(const FoundKey& key) {
    const auto wanted = tags_of(topology_, domain_);
    Tags missing;
    std::string what, otherwise;
    for (const auto& [name, value] : wanted) {
      const auto there = key.tags.find(name);
      if (there != key.tags.end() && there->second == value) continue;
      missing.emplace(name, value);
      what += (what.empty() ? "" : ", ") + name + " = " + in_quotes(value);
      otherwise += (otherwise.empty() ? "" : ", ") + std::string("the tag ") + name +
                   (there == key.tags.end() ? " is missing" : " is " + in_quotes(there->second));
    }
    if (!missing.empty())
      add(Aspect::tags, "TagResource", "KeyId", members([&](JsonWriter& json) { write_tags(json, missing); }),
          "tag it: " + what, otherwise);
    std::vector<std::string> extra;
    for (const auto& [name, value] : key.tags)
      if (!wanted.contains(name)) extra.push_back(name);
    if (extra.empty()) return;
    std::string names;
    for (const auto& name : extra) names += (names.empty() ? "" : ", ") + in_quotes(name);
    add(Aspect::tags, "UntagResource", "KeyId", members([&](JsonWriter& json) {
          json.name("TagKeys").begin_array();
          for (const auto& name : extra) json.text(name);
          json.end_array();
        }),
        "remove the tags " + names, "it has tags that the file does not: " + names);
  }

  void set_rotation(std::optional<std::int64_t> found) {
    const auto every = [](std::int64_t days) { return "every " + std::to_string(days) + " days"; };
    const auto now = found ? "it is rotated " + every(*found) : std::string("it is not rotated automatically");
    if (!domain_.rotation_days) {
      if (found) add(Aspect::rotation, "DisableKeyRotation", "KeyId", "", "rotate it no more by itself", now);
      return;
    }
    if (found == std::optional<std::int64_t>(*domain_.rotation_days)) return;
    add(Aspect::rotation, "EnableKeyRotation", "KeyId",
        members([&](JsonWriter& json) { json.integer("RotationPeriodInDays", *domain_.rotation_days); }),
        "rotate it " + every(*domain_.rotation_days), now);
  }

  const Topology& topology_;
  const Domain& domain_;
  const std::size_t unreadable_;
  const Choice choice_;
  KeyPlan plan_;
};

// Two that would have the same key have none before somebody has looked. `keys`: of one Region.
void part_those_of_one_key(std::span<KeyPlan> keys) {
  std::map<std::string, std::vector<KeyPlan*>, std::less<>> by_key;
  for (auto& key : keys)
    if (!key.key_id.empty()) by_key[key.key_id].push_back(&key);
  for (auto& [id, sharing] : by_key) {
    if (sharing.size() < 2) continue;
    for (auto* key : sharing) {
      key->conflict = "the key " + id + " passes for that of several domains or environments";
      key->steps.clear();
    }
  }
}

std::string why_unwanted(const FoundKey& key, const Domain* said) {
  if (said != nullptr) return "another key is that of " + said->name + ", " + said->environment;
  return "the file has no domain " + in_quotes(key.tag(domain_tag)) + " in an environment " +
         in_quotes(key.tag(environment_tag));
}

UnwantedKey unwanted(const Topology& topology, const FoundRegion& region, const FoundKey& key, const Domain* said) {
  const auto days = said != nullptr ? said->deletion_window_days : topology.deletion_window_days;
  return {.region = region.region,
          .environment = std::string(key.tag(environment_tag)),
          .domain = std::string(key.tag(domain_tag)),
          .key_id = key.id,
          .why = why_unwanted(key, said),
          .is_going = key.state == "PendingDeletion",
          .is_doubtful = said != nullptr || key.is_multi_region,
          .deletion = {.aspect = Aspect::key,
                       .operation = "ScheduleKeyDeletion",
                       .key_member = "KeyId",
                       .members = members([&](JsonWriter& json) { json.integer("PendingWindowInDays", days); }),
                       .what = "delete it in " + std::to_string(days) + " days",
                       .found = "it is not wanted any more"}};
}

// `keys`: what is planned for that Region.
void add_unwanted(const Topology& topology, const FoundRegion& region, const Choosing& choosing,
                  std::span<const KeyPlan> keys, std::vector<UnwantedKey>& to) {
  std::set<std::string_view> used;
  for (const auto& key : keys) {
    used.insert(key.key_id);
    used.insert(key.doubted.begin(), key.doubted.end());
  }
  for (const auto& key : region.keys)
    if (key.tag(topology_tag) == topology.name && !used.contains(key.id))
      to.push_back(unwanted(topology, region, key, choosing.said_by(key)));
}

}  // namespace

std::string_view to_string(Aspect aspect) {
  switch (aspect) {
    case Aspect::key:
      return "key";
    case Aspect::policy:
      return "policy";
    case Aspect::state:
      return "state";
    case Aspect::alias:
      return "alias";
    case Aspect::tags:
      return "tags";
    case Aspect::description:
      return "description";
    case Aspect::rotation:
      return "rotation";
  }
  return {};
}

std::size_t Plan::step_count() const {
  std::size_t count = 0;
  for (const auto& key : keys) count += key.steps.size();
  return count;
}

std::size_t Plan::conflict_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(keys, [](const KeyPlan& key) { return !key.conflict.empty(); }));
}

Plan make_plan(const Topology& topology, std::span<const FoundRegion> found, Unreadable unreadable) {
  Plan plan{.account = topology.account};
  for (const auto& region : found) {
    const Choosing choosing(topology, region);
    const auto planned = plan.keys.size();
    const auto in_doubt = unreadable == Unreadable::in_doubt ? region.unreadable : 0;
    for (const auto& environment : topology.environments)
      for (const auto& domain : topology.domains)
        if (domain.environment == environment)
          plan.keys.push_back(Planner(topology, region.region, domain, choosing.choose(domain), in_doubt).plan());
    const auto keys = std::span(plan.keys).subspan(planned);
    part_those_of_one_key(keys);
    add_unwanted(topology, region, choosing, keys, plan.unwanted);
    plan.unreadable += region.unreadable;
  }
  return plan;
}

}  // namespace keyfold::topology
