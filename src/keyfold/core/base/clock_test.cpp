#include "keyfold/core/base/clock.h"

#include <gtest/gtest.h>

namespace keyfold {
namespace {

using namespace std::chrono;

TEST(Iso8601, GoesThereAndBackOnEveryDayOfFourCenturies) {
  for (sys_days day = sys_days(year(1970) / 1 / 1); day < sys_days(year(2370) / 1 / 1); day += days(1)) {
    const Timestamp time = Timestamp(day) + hours(23) + minutes(59) + seconds(58);
    ASSERT_EQ(*from_iso8601(to_iso8601(time)), time);
    ASSERT_EQ(*from_iso8601_basic(to_iso8601_basic(time)), time);
  }
}

TEST(Iso8601, WritesWholeSecondsDownwards) {
  const Timestamp time = *from_iso8601("2024-02-29T00:00:00Z");
  EXPECT_EQ(to_iso8601(time + microseconds(999'999)), "2024-02-29T00:00:00Z");
  EXPECT_EQ(to_iso8601(time - microseconds(1)), "2024-02-28T23:59:59Z");
  EXPECT_EQ(to_iso8601_basic(time), "20240229T000000Z");
  EXPECT_EQ(time.time_since_epoch(), seconds(1'709'164'800));
}

TEST(Iso8601, KnowsItsBounds) {
  for (const auto* good :
       {"1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2000-02-29T12:00:00Z", "2024-02-29T12:00:00Z"})
    EXPECT_TRUE(from_iso8601(good)) << good;
  for (const auto* bad : {"1969-12-31T23:59:59Z",
                          "2023-02-29T12:00:00Z",
                          "2100-02-29T12:00:00Z",
                          "2024-02-30T12:00:00Z",
                          "2024-04-31T12:00:00Z",
                          "2024-00-01T12:00:00Z",
                          "2024-13-01T12:00:00Z",
                          "2024-01-00T12:00:00Z",
                          "2024-01-32T12:00:00Z",
                          "2024-01-01T24:00:00Z",
                          "2024-01-01T12:60:00Z",
                          "2024-01-01T12:00:60Z",
                          "",
                          "2024-01-01",
                          "2024-01-01T12:00:00",
                          "2024-01-01T12:00:00z",
                          "2024-01-01t12:00:00Z",
                          "2024-01-01 12:00:00Z",
                          "2024-01-01T12:00:00+00:00",
                          "2024-01-01T12:00:00.5Z",
                          "+024-01-01T12:00:00Z",
                          " 2024-01-01T12:00:00Z",
                          "20240101T120000Z"})
    EXPECT_FALSE(from_iso8601(bad)) << bad;
}

TEST(Iso8601, RefusesEveryCharacterThatIsNoDigitWhereOneMustBe) {
  const std::string good = "20240101T101010Z";
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (unsigned c = 0; c < 256; ++c) {
      std::string changed = good;
      changed[i] = static_cast<char>(c);
      const bool is_digit = c >= '0' && c <= '9';
      const bool wrong = i == 8 || i == 15 ? changed[i] != good[i] : !is_digit;
      if (wrong) {
        EXPECT_FALSE(from_iso8601_basic(changed)) << changed;
      }
    }
    EXPECT_FALSE(from_iso8601_basic(good.substr(0, i)));
  }
}

TEST(Clocks, MoveAsTheyAreTold) {
  ManualClock manual;
  const Timestamp start = manual.now();
  manual.advance(seconds(10));
  EXPECT_EQ(manual.now() - start, seconds(10));
  EXPECT_EQ(manual.steady_now(), seconds(10));
  manual.jump_wall(-hours(1));
  EXPECT_EQ(manual.now() - start, seconds(10) - hours(1));
  EXPECT_EQ(manual.steady_now(), seconds(10)) << "the steady clock does not jump";

  VirtualClock shifted(manual);
  shifted.advance(hours(24));
  EXPECT_EQ(shifted.now() - manual.now(), hours(24));
  EXPECT_EQ(shifted.steady_now() - manual.steady_now(), hours(24));
  EXPECT_EQ(shifted.unshifted().now(), manual.now());
}

TEST(Clocks, OfTheSystemGoOn) {
  const SystemClock clock;
  const auto first = clock.steady_now();
  EXPECT_GE(clock.steady_now(), first);
  EXPECT_GT(clock.now(), *from_iso8601("2024-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace keyfold
