#include "keyfold/kms/keys/directory.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <utility>

namespace keyfold::keys {
namespace {

std::uint64_t hash_of(std::string_view key_id) { return std::hash<std::string_view>()(key_id); }
std::uint64_t hash_of(const KeyId& id) { return hash_of(id.text()); }
// An alias name is its maker's choice: with the account in it, nobody crowds the shard of another account's aliases.
std::uint64_t hash_of(const Place& place, const AliasName& alias) {
  const std::uint64_t account = std::hash<std::string_view>()(place.account.text());
  return std::hash<std::string_view>()(alias.text()) ^ account * 0x9e3779b97f4a7c15U;
}
std::uint64_t hash_of(const KeyRecord& key) { return hash_of(key.id); }
std::uint64_t hash_of(const Alias& alias) { return hash_of(alias.place, alias.name); }

// The entry with this hash that `matches`, or null.
template <class Shard, class Matches>
auto find_in(const Shard* shard, std::uint64_t hash, Matches&& matches) -> decltype(shard->front().value) {
  if (shard == nullptr) return nullptr;
  auto entry = std::ranges::lower_bound(*shard, hash, {}, [](const auto& e) { return e.hash; });
  for (; entry != shard->end() && entry->hash == hash; ++entry)
    if (matches(*entry->value)) return entry->value;
  return nullptr;
}

bool counts_for_rotation(const KeyRecord& key) { return key.enabled() && key.rotation.automatic == Switch::on; }

template <class Map, class Name>
std::vector<Alias> take_after(const Map& aliases, const std::optional<Name>& after, std::size_t limit) {
  std::vector<Alias> taken;
  for (auto at = after ? aliases.upper_bound(*after) : aliases.begin(); at != aliases.end() && taken.size() < limit;
       ++at)
    taken.push_back(*at->second);
  return taken;
}

std::vector<KeyArn> take_due(const std::set<std::pair<Timestamp, KeyArn>>& dates, Timestamp now, std::size_t limit) {
  std::vector<KeyArn> due;
  for (const auto& [date, key] : dates) {
    if (date > now || due.size() == limit) break;
    due.push_back(key);
  }
  return due;
}

}  // namespace

Directory::Key Directory::find(const Region& region, const KeyId& id) const {
  const auto hash = hash_of(id);
  const auto pass = gate_.enter();
  return find_in(keys_[hash % shard_count].read(pass), hash,
                 [&](const KeyRecord& key) { return key.id == id && key.place.region == region; });
}

Directory::Key Directory::find(const KeyArn& arn) const {
  const auto hash = hash_of(arn.text().substr(arn.text().size() - KeyIdTag::size_max));
  const auto pass = gate_.enter();
  return find_in(keys_[hash % shard_count].read(pass), hash, [&](const KeyRecord& key) { return key.arn == arn; });
}

Directory::AliasEntry Directory::find_alias(const Place& place, const AliasName& alias) const {
  const auto hash = hash_of(place, alias);
  const auto pass = gate_.enter();
  return find_in(aliases_[hash % shard_count].read(pass), hash,
                 [&](const Alias& entry) { return entry.name == alias && entry.place == place; });
}

// The next shard is the old one without `old` (if it is not null) and with `next` (likewise).
template <class T>
void Directory::replace(Shards<T>& shards, std::uint64_t hash, const std::shared_ptr<const T>& old,
                        std::shared_ptr<const T> next) {
  auto& published = shards[hash % shard_count];
  auto shard = std::make_unique<Shard<T>>();
  if (const auto* current = published.read_as_writer()) {
    shard->reserve(current->size() + 1);
    std::ranges::copy_if(*current, std::back_inserter(*shard),
                         [&](const Entry<T>& entry) { return entry.value != old; });
  }
  if (next) {
    const auto at = std::ranges::lower_bound(*shard, hash, {}, [](const Entry<T>& entry) { return entry.hash; });
    shard->insert(at, Entry<T>{.hash = hash, .value = std::move(next)});
  }
  const auto retired = published.exchange(std::move(shard));
  gate_.wait_for_readers();
}

void Directory::put(Key key) {
  const auto old = find(key->place.region, key->id);
  index(old.get(), key.get());
  const auto hash = hash_of(*key);
  replace(keys_, hash, old, std::move(key));
}

void Directory::put(AliasEntry alias) {
  const auto old = find_alias(alias->place, alias->name);
  {
    const std::unique_lock lock(index_mutex_);
    if (old) unindex(*old);
    indexes_.aliases[alias->place].insert_or_assign(alias->name, alias);
    indexes_.aliases_of[{alias->place, alias->target}].insert_or_assign(alias->name, alias);
  }
  const auto hash = hash_of(*alias);
  replace(aliases_, hash, old, std::move(alias));
}

void Directory::remove(const Key& key) {
  index(key.get(), nullptr);
  replace<KeyRecord>(keys_, hash_of(*key), key, nullptr);
}

void Directory::remove(const AliasEntry& alias) {
  {
    const std::unique_lock lock(index_mutex_);
    unindex(*alias);
  }
  replace<Alias>(aliases_, hash_of(*alias), alias, nullptr);
}

// Under the lock.
void Directory::unindex(const Alias& alias) {
  indexes_.aliases[alias.place].erase(alias.name);
  const auto of = indexes_.aliases_of.find({alias.place, alias.target});
  if (of != indexes_.aliases_of.end() && of->second.erase(alias.name) == 1 && of->second.empty())
    indexes_.aliases_of.erase(of);
}

void Directory::index(const KeyRecord* old, const KeyRecord* next) {
  const std::unique_lock lock(index_mutex_);
  if (old != nullptr) {
    if (counts_for_rotation(*old)) indexes_.rotations.erase({old->rotation.next, old->arn});
    if (old->deletion) indexes_.deletions.erase({old->deletion->date, old->arn});
    if (next == nullptr && indexes_.keys[old->place].erase(old->id) == 1) --indexes_.size;
  }
  if (next != nullptr) {
    if (counts_for_rotation(*next)) indexes_.rotations.insert({next->rotation.next, next->arn});
    if (next->deletion) indexes_.deletions.insert({next->deletion->date, next->arn});
    if (indexes_.keys[next->place].insert(next->id).second) ++indexes_.size;
  }
}

std::size_t Directory::size() const {
  const std::shared_lock lock(index_mutex_);
  return indexes_.size;
}

std::vector<KeyArn> Directory::list_keys(const Place& place, const std::optional<KeyId>& after,
                                         std::size_t limit) const {
  const std::shared_lock lock(index_mutex_);
  std::vector<KeyArn> taken;
  const auto keys = indexes_.keys.find(place);
  if (keys == indexes_.keys.end()) return taken;
  auto at = after ? keys->second.upper_bound(*after) : keys->second.begin();
  for (; at != keys->second.end() && taken.size() < limit; ++at)
    taken.push_back(key_arn(place.region, place.account, *at));
  return taken;
}

std::vector<Alias> Directory::list_aliases(const Place& place, const std::optional<AliasName>& after,
                                           std::size_t limit) const {
  const std::shared_lock lock(index_mutex_);
  const auto aliases = indexes_.aliases.find(place);
  return aliases == indexes_.aliases.end() ? std::vector<Alias>() : take_after(aliases->second, after, limit);
}

std::vector<Alias> Directory::list_aliases_of(const KeyRecord& key, const std::optional<AliasName>& after,
                                              std::size_t limit) const {
  const std::shared_lock lock(index_mutex_);
  const auto aliases = indexes_.aliases_of.find({key.place, key.id});
  return aliases == indexes_.aliases_of.end() ? std::vector<Alias>() : take_after(aliases->second, after, limit);
}

std::size_t Directory::count_aliases_of(const KeyRecord& key) const {
  const std::shared_lock lock(index_mutex_);
  const auto aliases = indexes_.aliases_of.find({key.place, key.id});
  return aliases == indexes_.aliases_of.end() ? 0 : aliases->second.size();
}

std::vector<KeyArn> Directory::rotations_due(Timestamp now, std::size_t limit) const {
  const std::shared_lock lock(index_mutex_);
  return take_due(indexes_.rotations, now, limit);
}

std::vector<KeyArn> Directory::deletions_due(Timestamp now, std::size_t limit) const {
  const std::shared_lock lock(index_mutex_);
  return take_due(indexes_.deletions, now, limit);
}

}  // namespace keyfold::keys
