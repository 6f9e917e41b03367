#include "keyfold/envelope/keyrings/retry_budget.h"

#include <gtest/gtest.h>

namespace keyfold::keyrings {
namespace {

TEST(RetryBudget, AllowsAsManyRetriesAsItHoldsAndEarnsOneBackWithTenSuccesses) {
  RetryBudget budget(2);
  EXPECT_TRUE(budget.spend());
  EXPECT_TRUE(budget.spend());
  EXPECT_FALSE(budget.spend());
  for (int i = 0; i < 9; ++i) budget.success();
  EXPECT_FALSE(budget.spend());
  budget.success();
  EXPECT_TRUE(budget.spend());
}

TEST(RetryBudget, NeverHoldsMoreThanItBeganWith) {
  RetryBudget budget(1);
  for (int i = 0; i < 1000; ++i) budget.success();
  EXPECT_TRUE(budget.spend());
  EXPECT_FALSE(budget.spend());
}

}  // namespace
}  // namespace keyfold::keyrings
