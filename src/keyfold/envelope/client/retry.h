#pragma once
// When a failed call is tried again, and after how long.

#include <atomic>
#include <chrono>

#include "keyfold/core/base/random.h"

namespace keyfold::client {

// Safe to use from several threads at once.
class RetryBudget {
 public:
  explicit RetryBudget(unsigned retries) : tokens_max_(static_cast<int>(retries) * retry_cost), tokens_(tokens_max_) {}
  // Whether another attempt may be made now; pays for it.
  bool spend();
  void success();

 private:
  static constexpr int retry_cost = 10;  // What ten successes earn: retries stay below a tenth of the calls.
  const int tokens_max_;
  std::atomic<int> tokens_;
};

// Whether it may be different a moment later.
bool is_transient(ErrorCode code);

// A random pause of up to first · 2^(attempt − 1), at most 2 s: "full jitter". `attempt` counts the failed ones,
// from 1.
std::chrono::milliseconds pause_before_retry(unsigned attempt, std::chrono::milliseconds first, Random& random);

}  // namespace keyfold::client
