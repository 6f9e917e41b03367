#pragma once
// When a failed call is tried again, and after how long.

#include <chrono>

#include "keyfold/core/base/random.h"
#include "keyfold/core/base/result.h"

namespace keyfold::client {

// Whether it may be different a moment later.
bool is_transient(ErrorCode code);

// A random pause of up to first · 2^(attempt − 1), at most 2 s: "full jitter". `attempt` counts the failed ones,
// from 1.
std::chrono::milliseconds pause_before_retry(unsigned attempt, std::chrono::milliseconds first, Random& random);

}  // namespace keyfold::client
