#include "keyfold/envelope/keyrings/branch_key_cache.h"

#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "keyfold/envelope/keyrings/failures.h"

namespace keyfold::keyrings {
namespace {

using Key = BranchKeyCache::Key;

struct Entry {
  std::string name;
  Key key;
  Duration fetched_at;  // When the call that fetched it began.
  Duration time_to_live;
  Duration next_renewal_at;

  Duration expires_at(Duration allowed) const { return fetched_at + std::min(allowed, time_to_live); }
};

// A fetch under way. Whoever finds it waits for its result.
struct Flight {
  Duration began_at;
  std::condition_variable done;
  std::optional<Result<Key>> result;
};

// Each part behind its length, so that no two names read the same.
std::string text_of(const BranchKeyCache::Name& name) {
  Bytes bytes;
  Writer writer(bytes);
  writer.sized32(as_bytes(name.partition)).sized32(as_bytes(name.store)).sized32(as_bytes(name.id));
  if (name.version != nullptr) writer.bytes(*name.version);
  return std::string(as_text(bytes));
}

}  // namespace

class BranchKeyCache::State {
 public:
  State(std::size_t entries_max, std::shared_ptr<const Clock> clock)
      : entries_max_(entries_max), clock_(std::move(clock)) {
    KEYFOLD_CHECK(entries_max_ > 0 && clock_ != nullptr);
  }

  Result<Key> get(const std::string& name, Duration allowed, const std::function<Result<Key>()>& fetch) {
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto flight = flights_.find(name);
      const bool under_way = flight != flights_.end();
      const auto now = clock_->steady_now();
      if (auto* entry = find(name, allowed, now)) {
        const auto life = std::min(allowed, entry->time_to_live);
        const bool renewal_due = now >= std::max(entry->fetched_at + life / 4 * 3, entry->next_renewal_at);
        if (!renewal_due || under_way) return ++counters_.hits, entry->key;
      }
      if (!under_way) return fetch_first(lock, name, allowed, fetch);
      const auto awaited = flight->second;
      ++counters_.waits;
      awaited->done.wait(lock, [&] { return awaited->result.has_value(); });
      // Else what came is already too old for this one, who then fetches it.
      if (!*awaited->result || clock_->steady_now() < awaited->began_at + allowed) return *awaited->result;
    }
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
  }
  Counters counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  // Without a lock while `fetch` works.
  Result<Key> fetch_first(std::unique_lock<std::mutex>& lock, const std::string& name, Duration allowed,
                          const std::function<Result<Key>()>& fetch) {
    const auto flight = std::make_shared<Flight>();
    flight->began_at = clock_->steady_now();
    flights_.emplace(name, flight);
    ++counters_.fetches;
    if (find(name, allowed, flight->began_at) != nullptr) ++counters_.renewals;
    lock.unlock();
    auto result = fetch();
    lock.lock();
    flights_.erase(name);
    settle(name, allowed, flight->began_at, result);
    flight->result = result;
    flight->done.notify_all();
    if (!result && is_no_answer(result.error().code)) {
      // Those who wait have no entry any more; this one may.
      if (auto* entry = find(name, allowed, clock_->steady_now())) return ++counters_.hits, entry->key;
    }
    return result;
  }

  void settle(const std::string& name, Duration allowed, Duration began_at, const Result<Key>& result) {
    const auto found = by_name_.find(name);
    if (!result && is_no_answer(result.error().code)) {
      if (found != by_name_.end()) found->second->next_renewal_at = clock_->steady_now() + allowed / 16;
      return;
    }
    if (found != by_name_.end()) erase(found->second);
    if (!result) {
      ++counters_.refusals;
      return;
    }
    drop_the_dead();
    if (entries_.size() == entries_max_) erase(std::prev(entries_.end()));
    entries_.push_front({name, *result, began_at, allowed, {}});
    by_name_.emplace(entries_.front().name, entries_.begin());
  }

  // The entry, now the one used most recently; null when there is none that may still be used.
  Entry* find(const std::string& name, Duration allowed, Duration now) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || now >= found->second->expires_at(allowed)) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &*found->second;
  }

  void drop_the_dead() {
    const auto now = clock_->steady_now();
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      const auto next = std::next(entry);
      if (now >= entry->expires_at(entry->time_to_live)) erase(entry);
      entry = next;
    }
  }

  void erase(std::list<Entry>::iterator entry) {
    by_name_.erase(entry->name);
    entries_.erase(entry);
  }

  const std::size_t entries_max_;
  const std::shared_ptr<const Clock> clock_;
  mutable std::mutex mutex_;                                                  // Guards all below.
  std::list<Entry> entries_;                                                  // Used most recently first.
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name_;  // Views of the entries' names.
  std::map<std::string, std::shared_ptr<Flight>, std::less<>> flights_;
  Counters counters_;
};

BranchKeyCache::BranchKeyCache(std::size_t entries_max, std::shared_ptr<const Clock> clock)
    : state_(std::make_unique<State>(entries_max, std::move(clock))) {}
BranchKeyCache::~BranchKeyCache() = default;

Result<Key> BranchKeyCache::get(const Name& name, Duration time_to_live, const std::function<Result<Key>()>& fetch) {
  return state_->get(text_of(name), time_to_live, fetch);
}
std::size_t BranchKeyCache::size() const { return state_->size(); }
BranchKeyCache::Counters BranchKeyCache::counters() const { return state_->counters(); }

}  // namespace keyfold::keyrings
