#pragma once
// RetryBudget: how often something may be tried again, out of what successes earn. So clients cannot make an outage
// worse.

#include <atomic>

namespace keyfold::keyrings {

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

}  // namespace keyfold::keyrings
