#pragma once
// The caching materials manager: hands out the same data key for many messages, within limits, so that not every
// message costs a call to the KMS. Spec: framework/caching-cmm.md, and, where it differs, as follows.
//
// - A data key that seals is handed out for at most messages_max messages and bytes_max bytes, and neither kind of data
//   key at or beyond age_max, counted from before the call that brought it (whoever made that call uses it once,
//   however long it took). The defaults are far below what AES-GCM allows: more would save next to nothing, and put
//   more under one key.
// - An entry is found only by all of what it was made for: sealing or opening, suite, commitment policy, the whole
//   context with what of it does not stand in the message, and, for opening, the wrapped data keys. It is never shared
//   between managers, so neither between keyrings or credentials. What is found is checked again against the suite and
//   the policy of the request.
// - However many ask at once for what is not there, one call is made, and all wait for its answer.
// - A message whose size is not known beforehand, or is larger than bytes_max, and suites that seal under the data key
//   itself, get a data key of their own, which is not kept. A batch beyond the limits is refused (`invalid_input`): it
//   would be so much under one data key.
// - An entry that is used near the end of its life is renewed in the background (at 70 to 85 % of it, so that many
//   processes do not do so at once). While nobody can answer (`unavailable`, throttled) what is there is used to the
//   end of its life and no longer; any other refusal (access denied, disabled, not found) drops it at once.
// - Data keys are gone from memory soon after the end of their life, asked for or not.
// - Where there are tenants, none pushes out the data keys of another who has no more of them: then what it got is
// used,
//   and not kept. Only what was brought takes room, not what was asked for.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/materials_manager.h"

namespace keyfold::keyrings {

inline constexpr std::size_t cache_entries_max = 100'000;

struct CacheLimits {
  std::uint64_t messages_max = 10'000;               // For each data key that seals; 1 to 2^32.
  std::uint64_t bytes_max = std::uint64_t{1} << 30;  // Likewise: of plaintext; 1 to 2^63 - 1.
  std::chrono::milliseconds age_max{60'000};         // For each data key; 1 ms to 24 h.
  std::size_t entries_max = 1'000;  // Of each kind, 1 to cache_entries_max. Beyond it the one used least recently goes.
  // A key of encryption contexts whose value says whose a message is: a tenant. With it, messages without such a pair
  // are not cached, and one tenant has at most entries_per_tenant_max entries of each kind.
  std::string tenant_key{};
  std::size_t entries_per_tenant_max = 100;  // 1 to cache_entries_max.
};

struct CacheCounters {
  std::uint64_t hits = 0;              // Answered from memory.
  std::uint64_t misses = 0;            // Not in memory, or used up: asked for.
  std::uint64_t waits = 0;             // Waited for another's call.
  std::uint64_t bypasses = 0;          // Not to be cached.
  std::uint64_t refreshes = 0;         // Renewed in the background.
  std::uint64_t refresh_failures = 0;  // Not answered: what was there stayed.
  std::uint64_t refusals = 0;          // Answered with a refusal: what was there went.
  std::uint64_t evictions = 0;         // Gone, or not kept, for want of room.
};

// How much one data key has been used.
struct DataKeyUse {
  std::string wrapped_by;  // Provider id and information of its first wrapped copy.
  std::string tenant;      // Empty without CacheLimits::tenant_key.
  bool seals = false;      // Else it opens.
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;  // Of plaintext; only counted when it seals.
  Duration age{};
};

// Safe to use from several threads at once; no lock is held while the manager behind it is asked.
class CachingMaterialsManager : public MaterialsManager {
 public:
  virtual CacheCounters counters() const = 0;
  virtual std::vector<DataKeyUse> uses() const = 0;
  virtual void clear() = 0;  // Forgets every data key. Calls that are under way are not kept.
};

// Fails with `invalid_input` on limits out of bounds, with `unavailable` when the system has no thread left. `manager`
// may not be null (CHECK). Its destructor waits for a renewal that is under way.
Result<std::shared_ptr<CachingMaterialsManager>> caching_materials_manager(
    std::shared_ptr<MaterialsManager> manager, const CacheLimits& limits = {},
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>(),
    std::shared_ptr<Random> random = std::make_shared<SystemRandom>());

}  // namespace keyfold::keyrings
