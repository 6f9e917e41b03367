#include "keyfold/lifecycle/topology/choice.h"

#include <algorithm>

#include "keyfold/lifecycle/topology/names.h"

namespace keyfold::topology {
namespace {

std::string ids_of(const std::vector<const FoundKey*>& keys) {
  std::string text;
  for (const auto* key : keys) text += " " + key->id;
  return text;
}

Choice doubt(std::string alias_target, std::string about, const std::vector<const FoundKey*>& keys) {
  Choice choice{.alias_target = std::move(alias_target), .doubt = std::move(about)};
  for (const auto* key : keys) choice.doubted.push_back(key->id);
  return choice;
}

// Whether a key's tags say that it is the domain's, as far as they are there, and none says otherwise.
bool tags_pass(const FoundKey& key, const Topology& topology, const Domain& domain) {
  bool any = false;
  for (const auto& [name, value] : {std::pair(topology_tag, std::string_view(topology.name)),
                                    {domain_tag, domain.name},
                                    {environment_tag, domain.environment}}) {
    const auto found = key.tag(name);
    if (!found.empty() && found != value) return false;
    any = any || !found.empty();
  }
  return any;
}

}  // namespace

Choosing::Choosing(const Topology& topology, const FoundRegion& found) : topology_(topology), found_(found) {
  for (const auto& domain : topology.domains) {
    domains_.emplace(Place(domain.name, domain.environment), &domain);
    descriptions_.emplace(description_of(topology, domain), &domain);
  }
  std::set<std::string_view> aliased;
  for (const auto& [alias, id] : found.aliases) aliased.insert(id);
  for (const auto& key : found.keys) {
    by_id_.emplace(key.id, &key);
    described_[key.description].push_back(&key);
    const Place place(key.tag(domain_tag), key.tag(environment_tag));
    if (key.tag(topology_tag) == topology.name && !place.first.empty() && !place.second.empty())
      tagged_[place].push_back(&key);
    else if (!aliased.contains(key.id))
      partly_tagged_.push_back(&key);
  }
}

const Choosing::Keys& Choosing::with_tags_of(const Domain& domain) const {
  static const Keys none;
  const auto found = tagged_.find(Place(domain.name, domain.environment));
  return found == tagged_.end() ? none : found->second;
}

// Keys that were the domain's, by all that is left: a second one beside them could not open what they sealed.
Choosing::Keys Choosing::lost_of(const Domain& domain) const {
  Keys lost;
  if (const auto found = described_.find(description_of(topology_, domain)); found != described_.end())
    lost = found->second;
  for (const auto* key : partly_tagged_)
    if (tags_pass(*key, topology_, domain) && std::ranges::find(lost, key) == lost.end()) lost.push_back(key);
  return lost;
}

const Domain* Choosing::said_by(const FoundKey& key) const {
  if (const auto found = descriptions_.find(key.description); found != descriptions_.end()) return found->second;
  const auto found = domains_.find(Place(key.tag(domain_tag), key.tag(environment_tag)));
  return found == domains_.end() ? nullptr : found->second;
}

Choice Choosing::choose(const Domain& domain) const {
  Choice choice;
  const std::string alias(alias_of(topology_, domain).text());
  if (const auto found = found_.aliases.find(alias); found != found_.aliases.end()) choice.alias_target = found->second;
  const auto named_at = by_id_.find(choice.alias_target);
  const FoundKey* named = named_at == by_id_.end() ? nullptr : named_at->second;
  const bool named_passes = named != nullptr && (named->description == description_of(topology_, domain) ||
                                                 tags_pass(*named, topology_, domain));
  const auto& tagged = with_tags_of(domain);
  if (std::ranges::find(tagged, named) != tagged.end()) {
    choice.key = named;
    return choice;
  }
  if (tagged.size() > 1)
    return doubt(choice.alias_target,
                 "several keys have its tags, and " + alias + " names none of them:" + ids_of(tagged), tagged);
  auto rivals = lost_of(domain);
  if (named_passes && std::ranges::find(rivals, named) == rivals.end()) rivals.push_back(named);
  if (const auto* best = !tagged.empty() ? tagged.front() : named_passes ? named : nullptr; best != nullptr) {
    std::erase(rivals, best);
    if (rivals.empty()) {
      choice.key = best;
      return choice;
    }
    rivals.push_back(best);
    return doubt(choice.alias_target, "several keys pass for it, by its alias, description or tags:" + ids_of(rivals),
                 rivals);
  }
  if (!choice.alias_target.empty())
    return doubt(choice.alias_target,
                 alias + " names the key " + choice.alias_target +
                     ", which has neither its tags nor its description: give it these, or remove the alias",
                 named == nullptr ? Keys() : Keys{named});
  if (!rivals.empty())
    return doubt(choice.alias_target,
                 "a key is described or tagged as this one and has not all of its tags: give it its tags, or another "
                 "description and none of them:" +
                     ids_of(rivals),
                 rivals);
  return choice;
}

}  // namespace keyfold::topology
