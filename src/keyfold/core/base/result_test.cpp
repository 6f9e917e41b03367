#include "keyfold/core/base/result.h"

#include <gtest/gtest.h>

#include <memory>

#include "keyfold/core/base/try.h"

namespace keyfold {
namespace {

static_assert(!std::is_copy_constructible_v<Result<std::unique_ptr<int>>>);
static_assert(!std::is_convertible_v<std::string, Result<int>>);

Result<int> half(int value) {
  if (value % 2 != 0) return Error{ErrorCode::invalid_input, "odd"};
  return value / 2;
}
Result<int> quarter(int value) {
  TRY_ASSIGN(const int once, half(value));
  TRY_ASSIGN(const int twice, half(once));
  return twice;
}
Outcome divisible_by_four(int value) {
  TRY(quarter(value));
  return ok();
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(*half(4), 2);
  ASSERT_FALSE(half(3));
  EXPECT_EQ(half(3).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(half(3).error().message, "odd");
}

TEST(Try, GoesOnWithTheValueAndReturnsTheFirstError) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_FALSE(quarter(6));
  EXPECT_FALSE(quarter(7));
  EXPECT_TRUE(divisible_by_four(4));
  EXPECT_FALSE(divisible_by_four(2));
}

TEST(Try, MovesValuesThatCannotBeCopied) {
  const auto make = [](int value) -> Result<std::unique_ptr<int>> { return std::make_unique<int>(value); };
  const auto pass_on = [&]() -> Result<std::unique_ptr<int>> {
    TRY_ASSIGN(auto made, make(7));
    return made;
  };
  EXPECT_EQ(**pass_on(), 7);
}

TEST(ResultDeathTest, StopsWhenWhatIsNotThereIsAskedFor) {
  EXPECT_DEATH((void)*half(3), "CHECK failed");
  EXPECT_DEATH((void)half(4).error(), "CHECK failed");
}

}  // namespace
}  // namespace keyfold
