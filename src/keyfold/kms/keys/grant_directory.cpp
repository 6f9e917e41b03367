#include "keyfold/kms/keys/grant_directory.h"

#include <algorithm>
#include <iterator>
#include <mutex>

namespace keyfold::keys {
namespace {

using policy::GrantConstraint;
using policy::GrantOperation;

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>()(text); }
std::uint64_t mixed(std::uint64_t a, std::uint64_t b) { return (a ^ (b >> 29)) * 0x9e3779b97f4a7c15U + b; }
std::uint64_t hash_of(const KeyArn& key, std::string_view grantee) {
  return mixed(hash_of(key.text()), hash_of(grantee));
}
std::uint64_t hash_of(const ContextPair& pair) { return mixed(hash_of(pair.key), hash_of(pair.value)); }
std::uint64_t hash_of(const ContextView& context) {
  std::uint64_t hash = 0;
  for (const auto& pair : context) hash = mixed(hash, hash_of(pair));
  return hash;
}

// What a grant is applied by. Operations that have no context: by nothing. Others: by nothing, by the whole context, or
// by the first pair of its subset. The low bits keep these apart; equal hashes are told apart by the constraint itself.
constexpr std::uint64_t kinds = 3;
constexpr std::uint64_t without_context = 0;
constexpr std::uint64_t unconstrained = 1;
std::uint64_t by_equals(const ContextView& context) { return (hash_of(context) & ~kinds) | 2; }
std::uint64_t by_subset(const ContextPair& first) { return (hash_of(first) & ~kinds) | 3; }

std::uint64_t selector_of(const GrantConstraint& constraint) {
  switch (constraint.kind) {
    case GrantConstraint::Kind::equals:
      return by_equals(constraint.pairs);
    case GrantConstraint::Kind::subset:
      return by_subset(*constraint.pairs.begin());
    case GrantConstraint::Kind::none:
      break;
  }
  return unconstrained;
}

policy::GrantOperations of_operations(policy::GrantOperations all, bool with_context) {
  policy::GrantOperations some;
  for (std::size_t i = 0; i < policy::grant_operation_count; ++i)
    if (const auto operation = static_cast<GrantOperation>(i);
        all.has(operation) && has_no_context(operation) != with_context)
      some.add(operation);
  return some;
}

template <class Shard>
auto find_in(const Shard* shard, std::uint64_t hash, const KeyArn& key, std::string_view grantee)
    -> decltype(shard->front().holding) {
  if (shard == nullptr) return nullptr;
  auto slot = std::ranges::lower_bound(*shard, hash, {}, [](const auto& s) { return s.hash; });
  for (; slot != shard->end() && slot->hash == hash; ++slot)
    if (slot->holding->key == key && slot->holding->grantee == grantee) return slot->holding;
  return nullptr;
}

}  // namespace

void GrantDirectory::collect(const KeyArn& key, std::string_view grantee, GrantOperation operation,
                             const ContextView& context, std::vector<Grant>& out) const {
  const auto hash = hash_of(key, grantee);
  std::shared_ptr<const Holding> holding;
  {
    const auto pass = gate_.enter();
    holding = find_in(shards_[hash % shard_count].read(pass), hash, key, grantee);
  }
  if (!holding) return;
  const auto take = [&](std::uint64_t selector, auto&& applies) {
    auto entry = std::ranges::lower_bound(holding->entries, selector, {}, &Entry::selector);
    for (; entry != holding->entries.end() && entry->selector == selector; ++entry) {
      if (!entry->operations.has(operation) || !applies(*entry->grant)) continue;
      out.push_back(entry->grant);
      if (operation != GrantOperation::create_grant) return true;
    }
    return false;
  };
  const auto always = [](const GrantRecord&) { return true; };
  const auto holds = [&](const GrantRecord& grant) { return grant.for_policy().terms.constraint.holds(context); };
  if (has_no_context(operation)) {
    take(without_context, always);
    return;
  }
  if (take(unconstrained, always) || context.empty() || take(by_equals(context), holds)) return;
  for (const auto& pair : context)
    if (take(by_subset(pair), holds)) return;
}

void GrantDirectory::add_entries(std::vector<Entry>& entries, const Grant& grant) {
  const auto& terms = grant->for_policy().terms;
  if (const auto free = of_operations(terms.operations, false); !free.empty())
    entries.push_back({.selector = without_context, .operations = free, .grant = grant});
  if (const auto bound = of_operations(terms.operations, true); !bound.empty())
    entries.push_back({.selector = selector_of(terms.constraint), .operations = bound, .grant = grant});
}

// Null when nothing is left.
std::shared_ptr<const GrantDirectory::Holding> GrantDirectory::edited(const KeyArn& key, std::string_view grantee,
                                                                      const Holding* old, const Edit& edit) {
  auto next = std::make_shared<Holding>(Holding{.key = key, .grantee = std::string(grantee), .entries = {}});
  std::vector<Entry> kept, added;  // Each sorted by selector.
  if (old != nullptr) {
    kept.reserve(old->entries.size());
    std::ranges::copy_if(old->entries, std::back_inserter(kept),
                         [&](const Entry& entry) { return !edit.removed.contains(entry.grant.get()); });
  }
  for (const auto& grant : edit.added) add_entries(added, grant);
  std::ranges::sort(added, {}, &Entry::selector);
  if (kept.empty() && added.empty()) return nullptr;
  auto& entries = next->entries;
  entries.reserve(kept.size() + added.size());
  std::ranges::merge(std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()),
                     std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()),
                     std::back_inserter(entries), {}, &Entry::selector, &Entry::selector);
  return next;
}

void GrantDirectory::change(std::span<const Grant> removed, std::span<const Grant> added) {
  index(removed, added);
  std::map<std::pair<KeyArn, std::string_view>, Edit> edits;
  for (const auto& grant : removed) edits[{grant->key(), grant->what().grantee}].removed.insert(grant.get());
  for (const auto& grant : added) edits[{grant->key(), grant->what().grantee}].added.push_back(grant);
  std::map<std::size_t, Shard> news;  // By shard.
  std::set<const Holding*> olds;
  for (const auto& [where, edit] : edits) {
    const auto hash = hash_of(where.first, where.second);
    const auto old = find_in(shards_[hash % shard_count].read_as_writer(), hash, where.first, where.second);
    auto& shard = news[hash % shard_count];
    if (old) olds.insert(old.get());
    if (auto next = edited(where.first, where.second, old.get(), edit))
      shard.push_back({.hash = hash, .holding = std::move(next)});
  }
  std::vector<std::unique_ptr<const Shard>> retired;
  for (auto& [at, slots] : news) {
    auto shard = std::make_unique<Shard>(std::move(slots));
    if (const auto* current = shards_[at].read_as_writer())
      std::ranges::copy_if(*current, std::back_inserter(*shard),
                           [&](const Slot& slot) { return !olds.contains(slot.holding.get()); });
    std::ranges::sort(*shard, {}, &Slot::hash);
    retired.push_back(shards_[at].exchange(std::move(shard)));
  }
  gate_.wait_for_readers();
}

// ---- The ordered indexes.

template <class Scope>
void GrantDirectory::edit(Index<Scope>& index, const std::pair<Scope, std::string>& where, const Grant& grant,
                          bool add) {
  if (add) {
    index[where].insert(grant);
    return;
  }
  const auto found = index.find(where);
  if (found == index.end()) return;
  found->second.erase(grant);
  if (found->second.empty()) index.erase(found);
}

void GrantDirectory::index(std::span<const Grant> removed, std::span<const Grant> added) {
  const std::unique_lock lock(index_mutex_);
  for (const bool add : {false, true})
    for (const auto& grant : add ? added : removed) {
      const auto& what = grant->what();
      edit(of_keys_, {grant->key(), {}}, grant, add);
      edit(of_grantees_, {grant->key(), what.grantee}, grant, add);
      if (!what.name.empty()) edit(of_names_, {grant->key(), what.name}, grant, add);
      if (!what.retiring.empty()) edit(of_retiring_, {region_of(grant->key()), what.retiring}, grant, add);
    }
}

template <class Scope>
std::vector<Grant> GrantDirectory::list(const Index<Scope>& index, const std::pair<Scope, std::string>& where,
                                        std::string_view after, std::size_t limit) const {
  const std::shared_lock lock(index_mutex_);
  std::vector<Grant> taken;
  const auto found = index.find(where);
  if (found == index.end()) return taken;
  for (auto at = found->second.upper_bound(after); at != found->second.end() && taken.size() < limit; ++at)
    taken.push_back(*at);
  return taken;
}

Grant GrantDirectory::find(const KeyArn& key, const GrantId& id) const {
  const std::shared_lock lock(index_mutex_);
  const auto of_key = of_keys_.find({key, {}});
  if (of_key == of_keys_.end()) return nullptr;
  const auto found =
      of_key->second.find(std::string_view(std::string(key_id_of(key).text()).append(".").append(id.text())));
  return found == of_key->second.end() ? nullptr : *found;
}

std::size_t GrantDirectory::count(const KeyArn& key) const {
  const std::shared_lock lock(index_mutex_);
  const auto of_key = of_keys_.find({key, {}});
  return of_key == of_keys_.end() ? 0 : of_key->second.size();
}

std::vector<Grant> GrantDirectory::all_of(const KeyArn& key) const { return list(key, {}, grants_max); }

Grant GrantDirectory::find_same(const KeyArn& key, const NewGrant& what) const {
  if (what.name.empty()) return nullptr;
  const std::shared_lock lock(index_mutex_);
  const auto named = of_names_.find({key, what.name});
  if (named == of_names_.end()) return nullptr;
  const auto same = std::ranges::find_if(named->second, [&](const Grant& grant) { return grant->what() == what; });
  return same == named->second.end() ? nullptr : *same;
}

std::vector<Grant> GrantDirectory::list(const KeyArn& key, std::string_view after, std::size_t limit) const {
  return list(of_keys_, {key, {}}, after, limit);
}

std::vector<Grant> GrantDirectory::list_of_grantee(const KeyArn& key, std::string_view grantee, std::string_view after,
                                                   std::size_t limit) const {
  return list(of_grantees_, {key, std::string(grantee)}, after, limit);
}

std::vector<Grant> GrantDirectory::list_of_retiring(const Region& region, std::string_view retiring,
                                                    std::string_view after, std::size_t limit) const {
  return list(of_retiring_, {region, std::string(retiring)}, after, limit);
}

}  // namespace keyfold::keys
