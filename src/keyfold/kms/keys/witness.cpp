#include "keyfold/kms/keys/witness.h"

#include <algorithm>

namespace keyfold::keys {

Witness::Witness(const Clock& clock, const WitnessRecord& stored)
    : clock_(clock),
      at_start_(stored.total + std::clamp(clock.now() - stored.written, Duration::zero(), downtime_credit_max)),
      steady_at_start_(clock.steady_now()) {}

Duration Witness::now() const { return at_start_ + (clock_.steady_now() - steady_at_start_); }

WitnessRecord Witness::record() const { return {.total = now(), .written = clock_.now()}; }

}  // namespace keyfold::keys
