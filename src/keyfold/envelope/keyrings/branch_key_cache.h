#pragma once
// BranchKeyCache: branch keys in clear, for as long as a keyring allows, so that not every message costs a call to
// database and KMS. Spec: framework/aws-kms/aws-kms-hierarchical-keyring.md, "Cache Limit TTL", "Cache Type";
// framework/storm-tracking-cryptographic-materials-cache.md.
//
// - An entry is never handed out at or beyond its time to live, counted from before the call that fetched it.
// - However many ask for a key that is not there, one of them fetches it, and the others wait for that answer: also
//   when it is a failure.
// - In the last quarter of its life an entry is renewed by one of those who ask for it; the others go on with what is
//   there. When the renewal is refused (access denied, disabled, not found, or anything else that is an answer), the
//   entry is gone at once; when nobody could answer (`unavailable`, throttled, `io` of the database, …: is_no_answer()
//   in failures.h), it stays to the end of its life, and no longer.
// - Beyond entries_max the entry that was used least recently goes; dead ones go whenever one is added.

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "keyfold/core/base/clock.h"
#include "keyfold/envelope/keyrings/branch_key_store.h"

namespace keyfold::keyrings {

inline constexpr std::size_t branch_key_cache_entries_default = 1000;

// One may serve several keyrings. Safe to use from several threads at once; no lock is held while a key is fetched.
class BranchKeyCache {
 public:
  using Key = std::shared_ptr<const BranchKey>;

  // What an entry is found by: keyrings share one only when all of it is the same.
  struct Name {
    std::string_view partition;
    std::string_view store;             // Its logical name.
    std::string_view id;                // Of the branch key.
    const BranchKeyVersion* version{};  // Null: the active one.
  };

  struct Counters {
    std::uint64_t hits = 0;      // Answered from memory.
    std::uint64_t fetches = 0;   // Calls to fetch, renewals included.
    std::uint64_t renewals = 0;  // Fetches of what was still there.
    std::uint64_t waits = 0;     // Waited for another's fetch.
    std::uint64_t refusals = 0;  // Fetches that were answered with a refusal.
  };

  // `entries_max` is at least 1 (CHECK).
  explicit BranchKeyCache(std::size_t entries_max = branch_key_cache_entries_default,
                          std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>());
  ~BranchKeyCache();
  BranchKeyCache(const BranchKeyCache&) = delete;
  BranchKeyCache& operator=(const BranchKeyCache&) = delete;

  // The key, from memory or else from `fetch`. An entry lives as long as the one who fetched it and the one who asks
  // both allow. Fails as `fetch` does.
  Result<Key> get(const Name& name, Duration time_to_live, const std::function<Result<Key>()>& fetch);

  std::size_t size() const;  // Entries, dead ones that nobody has asked for since included.
  Counters counters() const;

 private:
  class State;
  const std::unique_ptr<State> state_;
};

}  // namespace keyfold::keyrings
