#include <gtest/gtest.h>

#include <algorithm>

#include "keyfold/kms/keys/keys_world.h"
#include "keyfold/kms/keys/witness.h"

namespace keyfold::keys {
namespace {

using policy::MaintenanceTask;
using std::chrono::days;
using std::chrono::hours;

Outcome destroy(World& world, const KeyRecord& key) {
  return world.keys->destroy_due(world.maintenance(key.arn, MaintenanceTask::destroy), world.event());
}

TEST(Rotation, IsDueOnItsDateOnceHoweverLate) {
  World world;
  auto key = world.create();
  key = must(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*key), 90, world.event()));
  const auto blob = world.encrypt(*key, "before");
  world.clock.advance(days(90) - std::chrono::seconds(1));
  EXPECT_TRUE(world.keys->due_rotations(10).empty());
  EXPECT_EQ(code_of(world.keys->rotate_due(world.maintenance(key->arn, MaintenanceTask::rotate), world.event())),
            ErrorCode::invalid_state);
  world.clock.advance(days(400));
  EXPECT_EQ(world.keys->due_rotations(10), std::vector<KeyArn>{key->arn});
  key = must(world.keys->rotate_due(world.maintenance(key->arn, MaintenanceTask::rotate), world.event()));
  EXPECT_EQ(key->materials.size(), 2U);
  EXPECT_EQ(key->current().rotation_type, RotationType::automatic);
  EXPECT_EQ(key->rotation.next, world.clock.now() + days(90));
  EXPECT_EQ(key->rotation.on_demand_count, 0U);
  EXPECT_TRUE(world.keys->due_rotations(10).empty());
  EXPECT_EQ(must(world.decrypt(*key, blob)), "before");
}

TEST(Rotation, OverdueWhileDisabledHappensAfterEnabling) {
  World world;
  auto key = world.create();
  key = must(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*key), 90, world.event()));
  key = world.disable(*key);
  world.clock.advance(days(100));
  EXPECT_TRUE(world.keys->due_rotations(10).empty());
  key = world.enable(*key);
  EXPECT_EQ(world.keys->due_rotations(10), std::vector<KeyArn>{key->arn});
}

TEST(Rotation, AskedForWithAPermitToDestroyIsRefused) {
  World world;
  auto key = world.create();
  key = must(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*key), 90, world.event()));
  world.clock.advance(days(90));
  EXPECT_EQ(code_of(world.keys->rotate_due(world.maintenance(key->arn, MaintenanceTask::destroy), world.event())),
            ErrorCode::internal);
}

TEST(Deletion, TakesEverythingOfTheKey) {
  World world;
  auto key = world.create();
  const auto stays = world.create();
  must(world.create_alias("alias/gone", *key));
  must(world.create_alias("alias/stays", *stays));
  key = world.rotate(*key);
  const auto blob = world.encrypt(*key, "lost");
  key = world.schedule_deletion(*key, 7);
  EXPECT_TRUE(world.keys->find(world.place, "alias/gone"));
  world.clock.advance(days(7));
  EXPECT_EQ(world.keys->due_deletions(10), std::vector<KeyArn>{key->arn});
  must(destroy(world, *key));
  const auto check = [&] {
    EXPECT_FALSE(world.keys->find(world.place, key->arn.text()));
    EXPECT_FALSE(world.keys->find(world.place, "alias/gone"));
    EXPECT_EQ(code_of(world.keys->find_for_blob(world.place, blob)), ErrorCode::access_denied);
    EXPECT_TRUE(world.keys->find(world.place, "alias/stays"));
    EXPECT_EQ(world.keys->size(), 1U);
    EXPECT_TRUE(world.keys->due_deletions(10).empty());
  };
  check();
  EXPECT_EQ(code_of(destroy(world, *key)), ErrorCode::not_found);
  world.reopen();
  check();
  for (const auto* type : {"material/", "key/", "alias/"})
    for (const auto& record : must(world.memory->scan(type, "", 100)))
      EXPECT_EQ(record.name.find(key->id.text()), std::string::npos) << record.name;
}

TEST(Deletion, APermitMadeBeforeItOpensNothing) {
  World world;
  auto key = world.create();
  const auto blob = world.encrypt(*key, "x");
  key = world.schedule_deletion(*key, 7);
  auto permit = world.permit<op::Decrypt>(*key);
  world.clock.advance(days(7));
  must(destroy(world, *key));
  EXPECT_EQ(code_of(world.keys->decrypt(std::move(permit), blob, {})), ErrorCode::not_found);
}

TEST(Deletion, IsNotDueBeforeItsTimeNorAfterACancel) {
  World world;
  auto key = world.schedule_deletion(*world.create(), 7);
  world.clock.advance(days(7) - Duration(1));
  EXPECT_TRUE(world.keys->due_deletions(10).empty());
  EXPECT_EQ(code_of(destroy(world, *key)), ErrorCode::invalid_state);
  key = must(world.keys->cancel_deletion(world.permit<op::CancelKeyDeletion>(*key), world.event()));
  world.clock.advance(days(30));
  EXPECT_TRUE(world.keys->due_deletions(10).empty());
  EXPECT_EQ(code_of(destroy(world, *key)), ErrorCode::invalid_state);
}

TEST(Deletion, AWallClockThatJumpsAheadDestroysNothing) {
  World world;
  const auto key = world.schedule_deletion(*world.create(), 7);
  world.clock.jump_wall(days(3650));
  EXPECT_TRUE(world.keys->due_deletions(10).empty());
  EXPECT_EQ(code_of(destroy(world, *key)), ErrorCode::invalid_state);
  world.clock.advance(days(7) - Duration(1));
  EXPECT_TRUE(world.keys->due_deletions(10).empty());
  world.clock.advance(Duration(1));
  EXPECT_EQ(world.keys->due_deletions(10).size(), 1U);
}

TEST(Deletion, AWallClockThatGoesBackWaitsForItsDate) {
  World world;
  const auto key = world.schedule_deletion(*world.create(), 7);
  world.clock.jump_wall(-days(5));
  world.clock.advance(days(7));
  EXPECT_TRUE(world.keys->due_deletions(10).empty());
  world.clock.jump_wall(days(5));
  EXPECT_EQ(world.keys->due_deletions(10).size(), 1U);
}

TEST(Deletion, ARestartCreditsADowntimeWithAtMostADay) {
  World world;
  const auto key = world.schedule_deletion(*world.create(), 7);
  for (int day = 1; day <= 7; ++day) {
    EXPECT_TRUE(world.keys->due_deletions(10).empty()) << "day " << day;
    must(world.keys->keep_witnessed_time());
    world.clock.jump_wall(days(100));  // Down for so long, or so it looks.
    world.reopen();
  }
  EXPECT_EQ(world.keys->due_deletions(10), std::vector<KeyArn>{key->arn});
}

TEST(Deletion, WhatWasNotWrittenDownCountsAsDowntime) {
  World world;
  const auto key = world.schedule_deletion(*world.create(), 7);
  must(world.keys->keep_witnessed_time());
  world.clock.advance(days(6));
  world.reopen();  // Killed: six days of running were not written down, one is credited.
  world.clock.advance(days(5));
  EXPECT_TRUE(world.keys->due_deletions(10).empty());
  world.clock.advance(days(1));
  EXPECT_EQ(world.keys->due_deletions(10).size(), 1U);
}

TEST(Deletion, OneThatTheWallClockCallsDueDoesNotHideAnother) {
  World world;
  const auto jumped = world.schedule_deletion(*world.create(), 30);
  world.clock.jump_wall(days(365));
  const auto later = world.schedule_deletion(*world.create(), 7);
  world.clock.advance(days(7));
  EXPECT_EQ(world.keys->due_deletions(1), std::vector<KeyArn>{later->arn});
}

TEST(Witness, CountsWhatRunsAndCreditsWhatDoesNot) {
  ManualClock clock;
  const WitnessRecord stored{.total = hours(10), .written = clock.now()};
  for (const int away : {-5, 0, 1, 23, 24, 25, 1000}) {
    clock.jump_wall(hours(away));
    const Witness witness(clock, stored);
    EXPECT_EQ(witness.now(), hours(10 + std::clamp(away, 0, 24))) << away;
    clock.advance(hours(2));
    EXPECT_EQ(witness.now(), hours(12 + std::clamp(away, 0, 24))) << away;
    clock.jump_wall(-hours(away + 2));
  }
}

}  // namespace
}  // namespace keyfold::keys
