#include "keyfold/kms/server/scheduler.h"

#include <gtest/gtest.h>

#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

using std::chrono::days;

class SchedulerTest : public testing::Test {
 protected:
  Kms kms_;
  policy::Maintenance maintenance_;
  Scheduler scheduler_{kms_.services(), maintenance_, kms_.refusals()};
  const std::string arn_ = kms_.create_key();
  const std::string key_ = R"({"KeyId":")" + arn_ + "\"";

  std::size_t rotations() {
    const auto body = kms_.call("ListKeyRotations", key_ + "}").body;
    std::size_t count = 0;
    for (auto at = body.find("AUTOMATIC"); at != std::string::npos; at = body.find("AUTOMATIC", at + 1)) ++count;
    return count;
  }
};

TEST_F(SchedulerTest, RotatesWhenItIsTimeAndNotBefore) {
  ASSERT_EQ(kms_.call("EnableKeyRotation", key_ + R"(,"RotationPeriodInDays":90})").status, 200);
  kms_.clock().advance(days(90) - std::chrono::seconds(1));
  scheduler_.run_due();
  EXPECT_EQ(rotations(), 0U);
  kms_.clock().advance(std::chrono::seconds(1));
  scheduler_.run_due();
  EXPECT_EQ(rotations(), 1U);
  const auto leaves = kms_.leaves();
  EXPECT_TRUE(std::ranges::any_of(leaves, [](const std::string& leaf) {
    return leaf.find(R"("eventName":"RotateKey")") != std::string::npos &&
           leaf.find("AwsServiceEvent") != std::string::npos;
  }));
}

TEST_F(SchedulerTest, CatchesUpWithOneRotationHoweverLongItWasAway) {
  ASSERT_EQ(kms_.call("EnableKeyRotation", key_ + R"(,"RotationPeriodInDays":90})").status, 200);
  kms_.clock().advance(days(1000));
  scheduler_.run_due();
  scheduler_.run_due();
  EXPECT_EQ(rotations(), 1U);
}

TEST_F(SchedulerTest, DestroysAfterTheWindowAndRecordsIt) {
  ASSERT_EQ(kms_.call("ScheduleKeyDeletion", key_ + R"(,"PendingWindowInDays":7})").status, 200);
  kms_.clock().advance(days(7) - std::chrono::seconds(1));
  scheduler_.run_due();
  EXPECT_EQ(kms_.call("DescribeKey", key_ + "}").status, 200);
  kms_.clock().advance(std::chrono::seconds(2));
  scheduler_.run_due();
  EXPECT_EQ(kms_.call("DescribeKey", key_ + "}").error, "NotFoundException");
  const auto leaves = kms_.leaves();
  EXPECT_TRUE(std::ranges::any_of(
      leaves, [](const std::string& leaf) { return leaf.find(R"("eventName":"DeleteKey")") != std::string::npos; }));
}

TEST_F(SchedulerTest, AClockThatJumpsDestroysNothingEarly) {
  ASSERT_EQ(kms_.call("ScheduleKeyDeletion", key_ + R"(,"PendingWindowInDays":7})").status, 200);
  kms_.clock().jump_wall(days(365));
  scheduler_.run_due();
  EXPECT_EQ(kms_.call("DescribeKey", key_ + "}").status, 200);
}

TEST_F(SchedulerTest, TheThreadStartsWakesAndStops) {
  ASSERT_EQ(kms_.call("EnableKeyRotation", key_ + R"(,"RotationPeriodInDays":90})").status, 200);
  kms_.clock().advance(days(90));
  scheduler_.start();
  scheduler_.wake();
  scheduler_.stop();
  EXPECT_EQ(rotations(), 1U);
}

}  // namespace
}  // namespace keyfold::server
