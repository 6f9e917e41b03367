#pragma once
// MaterialsCache: entries of one kind of materials, found by bytes that say all of what they were made for. The rules
// are those of caching_materials_manager.h, which has one for sealing and one for opening.

#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/background_worker.h"
#include "keyfold/envelope/keyrings/caching_materials_manager.h"
#include "keyfold/envelope/keyrings/failures.h"

namespace keyfold::keyrings {

// Safe to use from several threads at once; no lock is held while something is fetched.
template <class Materials>
class MaterialsCache {
 public:
  using Pointer = std::shared_ptr<const Materials>;
  // Asks for the materials; holds on to all that it needs for that.
  using Fetch = std::function<Result<Pointer>()>;
  struct Charge {
    std::uint64_t messages = 1;
    std::uint64_t bytes = 0;
  };

  MaterialsCache(const CacheLimits& limits, std::shared_ptr<const Clock> clock, std::shared_ptr<Random> random)
      : limits_(limits), clock_(std::move(clock)), random_(std::move(random)) {}

  // The materials that `name` stands for, charged for what they are about to be used for, which is within the limits.
  // `make_fetch` is called only when they must be asked for. A renewal is given to `worker`.
  template <class MakeFetch>
  Result<Pointer> get(BytesView name, std::string_view tenant, const Charge& charge, BackgroundWorker& worker,
                      const MakeFetch& make_fetch);

  void sweep();  // Drops what has come to the end of its life.
  void clear();
  void add_to(CacheCounters& counters) const;
  template <class Visit>  // visit(materials, tenant, charge so far, age)
  void each(const Visit& visit) const;

 private:
  struct Flight {
    bool landed = false;
    bool is_kept = true;  // Else there was no room for what it brought.
    std::optional<Error> error;
  };
  struct Entry {
    Bytes name;
    std::string tenant;
    Pointer materials;  // Null until they have come for the first time.
    Fetch fetch;
    std::shared_ptr<Flight> flight;  // Of the call under way, that those wait for who cannot use what is there.
    Charge used{.messages = 0};
    Duration made_at{}, renew_at{};
    bool renewing = false;
    std::uint64_t generation = 0;  // Of the materials: no two in this cache have the same.
  };
  using Entries = std::list<Entry>;  // The one used last is the first.
  struct Hash {
    std::size_t operator()(BytesView name) const { return std::hash<std::string_view>()(as_text(name)); }
  };
  struct Equal {
    bool operator()(BytesView a, BytesView b) const { return std::ranges::equal(a, b); }
  };

  bool may_serve(const Entry& entry, const Charge& charge, Duration now) const {
    return entry.materials != nullptr && now - entry.made_at < limits_.age_max &&
           charge.messages <= limits_.messages_max - entry.used.messages &&
           charge.bytes <= limits_.bytes_max - entry.used.bytes;
  }
  Entry* find(BytesView name) {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &*found->second;
  }
  static Result<Pointer> ask(const Fetch& fetch);
  Entry& insert(BytesView name, std::string_view tenant);
  void erase(typename Entries::iterator entry);
  void erase(const Entry& entry) { erase(by_name_.find(BytesView(entry.name))->second); }
  void hold(Entry& entry, Pointer materials);
  std::size_t held_by(const std::string& tenant) const;
  bool make_room_for(const Entry& entry);
  void put(Entry& entry, Pointer materials, Duration made_at);
  void serve(Entry& entry, const Charge& charge, Duration now, BackgroundWorker& worker);
  void renew(const Bytes& name, std::uint64_t generation);
  void renewed(BytesView name, std::uint64_t generation, Result<Pointer> result, Duration asked_at);
  Result<Pointer> land(BytesView name, const std::shared_ptr<Flight>& flight, Result<Pointer> result, Duration asked_at,
                       const Charge& charge);

  const CacheLimits limits_;
  const std::shared_ptr<const Clock> clock_;
  const std::shared_ptr<Random> random_;
  mutable std::mutex mutex_;
  std::condition_variable landed_;
  Entries entries_;
  std::unordered_map<BytesView, typename Entries::iterator, Hash, Equal> by_name_;
  std::size_t held_ = 0;  // Entries that have materials.
  std::map<std::string, std::size_t> held_by_tenant_;
  CacheCounters counters_;
  std::uint64_t generations_ = 0;
};

template <class Materials>
template <class MakeFetch>
auto MaterialsCache<Materials>::get(BytesView name, std::string_view tenant, const Charge& charge,
                                    BackgroundWorker& worker, const MakeFetch& make_fetch) -> Result<Pointer> {
  std::unique_lock lock(mutex_);
  std::shared_ptr<Flight> flight;
  // Ends: a turn either returns or waits for a call of another, which returns for itself.
  for (;;) {
    const auto now = clock_->steady_now();
    Entry* entry = find(name);
    if (entry != nullptr && may_serve(*entry, charge, now)) {
      ++counters_.hits;
      serve(*entry, charge, now, worker);
      return entry->materials;
    }
    if (entry == nullptr || entry->flight == nullptr) {
      if (entry == nullptr) entry = &insert(name, tenant);
      entry->flight = flight = std::make_shared<Flight>();
      ++counters_.misses;
      break;
    }
    const auto others = entry->flight;
    ++counters_.waits;
    landed_.wait(lock, [&] { return others->landed; });
    if (others->error) return *others->error;
    if (!others->is_kept) {  // Nor would ours be: no reason to wait for one another.
      lock.unlock();
      return ask(make_fetch());
    }
  }
  lock.unlock();
  const Bytes own_name(name.begin(), name.end());  // `name` may be scratch of this thread.
  Fetch fetch = make_fetch();
  const auto asked_at = clock_->steady_now();
  auto result = ask(fetch);
  lock.lock();
  if (Entry* entry = find(own_name); entry != nullptr && entry->flight == flight) entry->fetch = std::move(fetch);
  return land(own_name, flight, std::move(result), asked_at, charge);
}

// Managers and clients of somebody's own may throw, and others wait for their answer.
template <class Materials>
auto MaterialsCache<Materials>::ask(const Fetch& fetch) -> Result<Pointer> {
  try {
    return fetch();
  } catch (const std::exception& thrown) {
    return Error{ErrorCode::internal, std::string("the materials manager threw: ") + thrown.what()};
  }
}

template <class Materials>
auto MaterialsCache<Materials>::land(BytesView name, const std::shared_ptr<Flight>& flight, Result<Pointer> result,
                                     Duration asked_at, const Charge& charge) -> Result<Pointer> {
  flight->landed = true;
  if (!result) flight->error = result.error();
  landed_.notify_all();
  Entry* entry = find(name);
  if (entry == nullptr || entry->flight != flight) return result;  // Cleared meanwhile: used once, and not kept.
  entry->flight = nullptr;
  if (!result || *result == nullptr) {
    // What is there may have something left of its limits, for smaller messages.
    const bool is_refused = result || !is_no_answer(result.error().code);
    if (entry->materials != nullptr && is_refused) ++counters_.refusals;
    if (entry->materials == nullptr || is_refused) erase(*entry);
    return result;
  }
  if (entry->materials == nullptr && !make_room_for(*entry)) {
    ++counters_.evictions;
    flight->is_kept = false;
    erase(*entry);
    return result;
  }
  put(*entry, *result, asked_at);
  entry->used = charge;
  return result;
}

template <class Materials>
void MaterialsCache<Materials>::put(Entry& entry, Pointer materials, Duration made_at) {
  const auto draw = std::to_integer<std::int64_t>(random_->bytes<1>()[0]);
  const auto age_max = std::chrono::duration_cast<Duration>(limits_.age_max);
  hold(entry, std::move(materials));
  entry.made_at = made_at;
  entry.renew_at = made_at + age_max * (std::int64_t{70} * 256 + 15 * draw) / (std::int64_t{100} * 256);
  entry.used = {.messages = 0};
  entry.renewing = false;
  entry.generation = ++generations_;
}

template <class Materials>
void MaterialsCache<Materials>::serve(Entry& entry, const Charge& charge, Duration now, BackgroundWorker& worker) {
  entries_.splice(entries_.begin(), entries_, by_name_.find(BytesView(entry.name))->second);
  entry.used.messages += charge.messages;
  entry.used.bytes += charge.bytes;
  if (now < entry.renew_at || entry.renewing || entry.flight != nullptr) return;
  entry.renewing = true;
  worker.add([this, name = entry.name, generation = entry.generation] { renew(name, generation); });
}

template <class Materials>
void MaterialsCache<Materials>::renew(const Bytes& name, std::uint64_t generation) {
  Fetch fetch;
  {
    const std::lock_guard lock(mutex_);
    Entry* entry = find(name);
    if (entry == nullptr || entry->generation != generation) return;
    entry->renewing = entry->flight == nullptr;
    if (!entry->renewing) return;  // The call under way renews it; if it cannot, whoever comes next tries again.
    fetch = entry->fetch;
  }
  const auto asked_at = clock_->steady_now();
  auto result = ask(fetch);
  const std::lock_guard lock(mutex_);
  renewed(name, generation, std::move(result), asked_at);
}

template <class Materials>
void MaterialsCache<Materials>::renewed(BytesView name, std::uint64_t generation, Result<Pointer> result,
                                        Duration asked_at) {
  Entry* entry = find(name);
  if (entry == nullptr || entry->generation != generation) return;  // Replaced meanwhile, or gone.
  if (result && *result != nullptr) {
    ++counters_.refreshes;
    put(*entry, *std::move(result), asked_at);
  } else if (!result && is_no_answer(result.error().code)) {
    ++counters_.refresh_failures;
    entry->renewing = false;
    entry->renew_at = clock_->steady_now() + std::chrono::duration_cast<Duration>(limits_.age_max) / 20;
  } else {
    ++counters_.refusals;
    // Those who wait for a call go on waiting for it: it will say the same.
    entry->flight == nullptr ? erase(*entry) : hold(*entry, nullptr);
  }
}

template <class Materials>
auto MaterialsCache<Materials>::insert(BytesView name, std::string_view tenant) -> Entry& {
  entries_.emplace_front();
  auto& entry = entries_.front();
  entry.name.assign(name.begin(), name.end());
  entry.tenant = tenant;
  by_name_.emplace(entry.name, entries_.begin());
  return entry;
}

template <class Materials>
void MaterialsCache<Materials>::erase(typename Entries::iterator entry) {
  hold(*entry, nullptr);
  by_name_.erase(by_name_.find(BytesView(entry->name)));
  entries_.erase(entry);
}

// All that an entry gets or loses goes through here.
template <class Materials>
void MaterialsCache<Materials>::hold(Entry& entry, Pointer materials) {
  if (entry.materials == nullptr && materials != nullptr) {
    ++held_, ++held_by_tenant_[entry.tenant];
  } else if (entry.materials != nullptr && materials == nullptr) {
    const auto tenant = held_by_tenant_.find(entry.tenant);
    --held_, --tenant->second;
    if (tenant->second == 0) held_by_tenant_.erase(tenant);
  }
  entry.materials = std::move(materials);
}

template <class Materials>
std::size_t MaterialsCache<Materials>::held_by(const std::string& tenant) const {
  const auto found = held_by_tenant_.find(tenant);
  return found == held_by_tenant_.end() ? 0 : found->second;
}

// Of the tenant's own, or of one who has more than this one will have, the entry used least recently goes. Entries that
// somebody waits for stay. False when there is none to go.
template <class Materials>
bool MaterialsCache<Materials>::make_room_for(const Entry& entry) {
  const std::size_t held = held_by(entry.tenant);
  const bool tenant_is_full = !limits_.tenant_key.empty() && held >= limits_.entries_per_tenant_max;
  if (!tenant_is_full && held_ < limits_.entries_max) return true;
  for (auto other = entries_.end(); other != entries_.begin();) {
    --other;
    if (other->materials == nullptr || other->flight != nullptr) continue;
    if (other->tenant != entry.tenant && (tenant_is_full || held_by(other->tenant) <= held + 1)) continue;
    ++counters_.evictions;
    erase(other);
    return true;
  }
  return false;
}

template <class Materials>
void MaterialsCache<Materials>::sweep() {
  const std::lock_guard lock(mutex_);
  const auto now = clock_->steady_now();
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto it = entry++;
    if (it->materials == nullptr || now - it->made_at < limits_.age_max) continue;
    it->flight == nullptr ? erase(it) : hold(*it, nullptr);
  }
}

template <class Materials>
void MaterialsCache<Materials>::clear() {
  const std::lock_guard lock(mutex_);
  by_name_.clear();
  held_by_tenant_.clear();
  held_ = 0;
  entries_.clear();
}

template <class Materials>
void MaterialsCache<Materials>::add_to(CacheCounters& counters) const {
  const std::lock_guard lock(mutex_);
  counters.hits += counters_.hits;
  counters.misses += counters_.misses;
  counters.waits += counters_.waits;
  counters.refreshes += counters_.refreshes;
  counters.refresh_failures += counters_.refresh_failures;
  counters.refusals += counters_.refusals;
  counters.evictions += counters_.evictions;
}

template <class Materials>
template <class Visit>
void MaterialsCache<Materials>::each(const Visit& visit) const {
  const std::lock_guard lock(mutex_);
  const auto now = clock_->steady_now();
  for (const auto& entry : entries_)
    if (entry.materials != nullptr) visit(*entry.materials, entry.tenant, entry.used, now - entry.made_at);
}

}  // namespace keyfold::keyrings
