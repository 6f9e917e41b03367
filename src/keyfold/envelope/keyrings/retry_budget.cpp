#include "keyfold/envelope/keyrings/retry_budget.h"

namespace keyfold::keyrings {

bool RetryBudget::spend() {
  int left = tokens_.load();
  while (left >= retry_cost) {
    if (tokens_.compare_exchange_weak(left, left - retry_cost)) return true;
  }
  return false;
}

void RetryBudget::success() {
  int left = tokens_.load();
  while (left < tokens_max_ && !tokens_.compare_exchange_weak(left, left + 1)) {
  }
}

}  // namespace keyfold::keyrings
