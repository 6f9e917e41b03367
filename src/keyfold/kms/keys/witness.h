#pragma once
// Witnessed time: how long this store's server has verifiably been waiting, whatever the wall clock says. It counts
// boot-time seconds while the server runs, is kept across restarts, and credits each downtime with at most 24 hours.
// Destruction waits for it as well as for the wall clock, so that a clock that jumps ahead destroys nothing early.

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/result.h"

namespace keyfold::keys {

inline constexpr Duration downtime_credit_max = std::chrono::hours(24);

// What is stored of it: the total, and when by the wall clock it was written.
struct WitnessRecord {
  Duration total{};
  Timestamp written;
};

// Safe to use from several threads.
class Witness {
 public:
  // Goes on from `stored`; the time since it was written is downtime. A wall clock that went back credits nothing.
  Witness(const Clock& clock, const WitnessRecord& stored);
  Duration now() const;
  // What to store now.
  WitnessRecord record() const;

 private:
  const Clock& clock_;
  const Duration at_start_;
  const Duration steady_at_start_;
};

}  // namespace keyfold::keys
