#include <gtest/gtest.h>

#include <algorithm>

#include "keyfold/kms/keys/keys_world.h"

namespace keyfold::keys {
namespace {

using std::chrono::days;

TEST(Change, ANewKeyIsWhatWasAskedFor) {
  World world;
  NewKey wanted{.place = world.place, .id = world.keys->new_key_id(MultiRegion::no)};
  const auto id = wanted.id;
  wanted.description = "ledger";
  wanted.policy = policy::default_key_policy(world.place.account);
  wanted.tags = {{.key = "team", .value = "blue"}, {.key = "env", .value = "prod"}};
  const auto key = must(world.keys->create_key(world.account_permit<op::CreateKey>(world.place.account),
                                               std::move(wanted), world.event()));
  EXPECT_EQ(key->id, id);
  EXPECT_EQ(key->arn, key_arn(world.place.region, world.place.account, id));
  EXPECT_EQ(key->description, "ledger");
  EXPECT_EQ(key->created, world.clock.now());
  EXPECT_EQ(key->state, KeyState::enabled);
  EXPECT_EQ(key->tags, (std::vector<Tag>{{.key = "env", .value = "prod"}, {.key = "team", .value = "blue"}}));
  EXPECT_EQ(key->policy->text, policy::default_key_policy(world.place.account));
  ASSERT_EQ(key->materials.size(), 1U);
  EXPECT_EQ(key->current().rotation_type, RotationType::none);
  EXPECT_GT(key->epoch, 0U);
}

TEST(Change, MultiRegionKeysHaveTheirOwnIds) {
  World world;
  const auto key = world.create(world.place, {}, MultiRegion::primary);
  EXPECT_TRUE(key->id.text().starts_with("mrk-"));
  EXPECT_EQ(must(world.decrypt(*key, world.encrypt(*key, "x"))), "x");
}

TEST(Change, EventAndRecordAreOneTransaction) {
  World world;
  const auto key = world.create();
  const auto before = must(world.store->pending(100)).size();
  const auto disabled = world.disable(*key);
  EXPECT_EQ(must(world.store->pending(100)).size(), before + 1);
  EXPECT_EQ(disabled->epoch, world.store->revision());
}

TEST(Change, ACommitThatFailsPublishesNothing) {
  World world;
  const auto key = world.create();
  const auto revision = world.store->revision();
  bool healthy = false;
  world.reopen();
  world.store->set_health_check(
      [&]() -> Outcome { return healthy ? ok() : Outcome(Error{ErrorCode::unavailable, "the audit log is full"}); });
  const auto same = world.now(*key);
  EXPECT_EQ(code_of(world.keys->disable(world.permit<op::DisableKey>(*same), world.event())), ErrorCode::unavailable);
  EXPECT_EQ(code_of(world.keys->rotate_on_demand(world.permit<op::RotateKeyOnDemand>(*same), world.event())),
            ErrorCode::unavailable);
  EXPECT_EQ(code_of(world.create_alias("alias/x", *same)), ErrorCode::unavailable);
  EXPECT_EQ(world.now(*key), same);
  EXPECT_EQ(world.store->revision(), revision);
  EXPECT_FALSE(world.keys->find(world.place, "alias/x"));
  healthy = true;
  world.disable(*same);
}

TEST(Change, MutatorsObeyTheStateTable) {
  World world;
  const auto pending = world.schedule_deletion(*world.create());
  const auto text = std::string(pending->arn.text()) + " is pending deletion.";
  EXPECT_EQ(error_of(world.keys->enable(world.permit<op::EnableKey>(*pending), world.event())), text);
  EXPECT_EQ(error_of(world.keys->disable(world.permit<op::DisableKey>(*pending), world.event())), text);
  EXPECT_EQ(
      error_of(world.keys->update_description(world.permit<op::UpdateKeyDescription>(*pending), "x", world.event())),
      text);
  EXPECT_EQ(error_of(world.keys->tag(world.permit<op::TagResource>(*pending), {}, world.event())), text);
  EXPECT_EQ(error_of(world.keys->untag(world.permit<op::UntagResource>(*pending), {}, world.event())), text);
  EXPECT_EQ(error_of(world.keys->schedule_deletion(world.permit<op::ScheduleKeyDeletion>(*pending), 7, world.event())),
            text);
  EXPECT_EQ(error_of(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*pending), 365, world.event())),
            text);
  EXPECT_EQ(error_of(world.keys->disable_rotation(world.permit<op::DisableKeyRotation>(*pending), world.event())),
            text);
  EXPECT_EQ(error_of(world.keys->rotate_on_demand(world.permit<op::RotateKeyOnDemand>(*pending), world.event())), text);
  EXPECT_EQ(error_of(world.create_alias("alias/x", *pending)), text);
  EXPECT_TRUE(world.keys->put_policy(world.permit<op::PutKeyPolicy>(*pending),
                                     policy::default_key_policy(world.place.account), world.event()));
  const auto key = world.create();
  EXPECT_EQ(error_of(world.keys->cancel_deletion(world.permit<op::CancelKeyDeletion>(*key), world.event())),
            std::string(key->arn.text()) + " is not pending deletion.");
  const auto disabled = world.disable(*key);
  EXPECT_EQ(error_of(world.keys->rotate_on_demand(world.permit<op::RotateKeyOnDemand>(*disabled), world.event())),
            std::string(key->arn.text()) + " is disabled.");
}

TEST(Change, AStaleOrForeignPermitChangesNothing) {
  World world;
  const auto key = world.create();
  auto permit = world.permit<op::DisableKey>(*key);
  must(world.keys->update_description(world.permit<op::UpdateKeyDescription>(*key), "new", world.event()));
  EXPECT_EQ(code_of(world.keys->disable(std::move(permit), world.event())), ErrorCode::conflict);
  EXPECT_EQ(world.now(*key)->state, KeyState::enabled);
  NewKey wanted{.place = place_in("eu-central-1", other_account), .id = world.keys->new_key_id(MultiRegion::no)};
  wanted.policy = policy::default_key_policy(world.place.account);
  EXPECT_EQ(code_of(world.keys->create_key(world.account_permit<op::CreateKey>(world.place.account), std::move(wanted),
                                           world.event())),
            ErrorCode::internal);
}

TEST(Change, DeletionWindowsAre7To30Days) {
  World world;
  const auto key = world.create();
  for (const std::uint32_t window : {0U, 1U, 6U, 31U, 365U})
    EXPECT_EQ(
        code_of(world.keys->schedule_deletion(world.permit<op::ScheduleKeyDeletion>(*key), window, world.event())),
        ErrorCode::validation);
  for (const std::uint32_t window : {7U, 30U}) {
    const auto pending = world.schedule_deletion(*world.create(), window);
    EXPECT_EQ(pending->deletion->date, world.clock.now() + days(window));
    EXPECT_EQ(pending->deletion->window_days, window);
  }
}

TEST(Change, RotationPeriodsAre90To2560Days) {
  World world;
  const auto key = world.create();
  for (const std::uint32_t period : {0U, 89U, 2561U})
    EXPECT_EQ(code_of(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*key), period, world.event())),
              ErrorCode::validation);
  for (const std::uint32_t period : {90U, 2560U}) {
    const auto status = rotation_status(*must(
        world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*world.now(*key)), period, world.event())));
    EXPECT_EQ(status.automatic, Switch::on);
    EXPECT_EQ(status.period_days, period);
    EXPECT_EQ(status.next, world.clock.now() + days(period));
  }
}

TEST(Change, EnablingRotationAgainReschedulesForAnotherPeriodOnly) {
  World world;
  auto key = world.create();
  key = must(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*key), 365, world.event()));
  const auto first = key->rotation.next;
  world.clock.advance(days(10));
  key = must(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*key), 365, world.event()));
  EXPECT_EQ(key->rotation.next, first);
  key = must(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*key), 100, world.event()));
  EXPECT_EQ(key->rotation.next, world.clock.now() + days(100));
  key = must(world.keys->disable_rotation(world.permit<op::DisableKeyRotation>(*key), world.event()));
  EXPECT_EQ(rotation_status(*key).automatic, Switch::off);
}

TEST(Change, RotationStatusHidesWhilePendingDeletionAndComesBack) {
  World world;
  auto key = world.create();
  key = must(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*key), 365, world.event()));
  EXPECT_EQ(rotation_status(*world.disable(*key)).automatic, Switch::on);
  key = world.schedule_deletion(*world.now(*key));
  EXPECT_EQ(rotation_status(*key).automatic, Switch::off);
  key = must(world.keys->cancel_deletion(world.permit<op::CancelKeyDeletion>(*key), world.event()));
  EXPECT_EQ(rotation_status(*key).automatic, Switch::on);
}

TEST(Change, RotatesOnDemand25TimesAndNoMore) {
  World world;
  auto key = world.create();
  const auto next = key->rotation.next;
  for (std::uint32_t i = 1; i <= on_demand_rotations_max; ++i) {
    key = world.rotate(*key);
    EXPECT_EQ(key->materials.size(), i + 1);
    EXPECT_EQ(key->current().rotation_index, i);
    EXPECT_EQ(key->current().rotation_type, RotationType::on_demand);
    EXPECT_EQ(key->rotation.next, next);
  }
  const auto refused = world.keys->rotate_on_demand(world.permit<op::RotateKeyOnDemand>(*key), world.event());
  EXPECT_EQ(code_of(refused), ErrorCode::limit_exceeded);
  EXPECT_EQ(error_of(refused),
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be "
            "performed for this key: " +
                std::string(key->arn.text()));
}

TEST(Change, OnDemandRotationGivesWayToAnAutomaticOneWithin20Minutes) {
  World world;
  auto key = world.create();
  key = must(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*key), 90, world.event()));
  world.clock.advance(days(90) - std::chrono::minutes(20));
  EXPECT_EQ(code_of(world.keys->rotate_on_demand(world.permit<op::RotateKeyOnDemand>(*key), world.event())),
            ErrorCode::conflict);
  world.clock.jump_wall(-std::chrono::minutes(1));
  world.rotate(*key);
}

TEST(Change, TagsFollowTheirRules) {
  World world;
  auto key = world.create();
  const auto tag = [&](const std::vector<Tag>& tags) {
    return world.keys->tag(world.permit<op::TagResource>(*world.now(*key)), tags, world.event());
  };
  EXPECT_EQ(error_of(tag({{.key = "a", .value = "1"}, {.key = "a", .value = "2"}})), "Duplicate tag keys");
  for (const auto* reserved : {"aws:x", "AWS:x", "aWs:"}) {
    EXPECT_EQ(error_of(tag({{.key = reserved, .value = ""}})), "Tags beginning with aws: are reserved");
    EXPECT_EQ(error_of(world.keys->untag(world.permit<op::UntagResource>(*key), {reserved}, world.event())),
              "Tags beginning with aws: are reserved");
  }
  EXPECT_EQ(code_of(tag({{.key = "", .value = ""}})), ErrorCode::validation);
  EXPECT_EQ(code_of(tag({{.key = std::string(129, 'k'), .value = ""}})), ErrorCode::validation);
  EXPECT_EQ(code_of(tag({{.key = "k", .value = std::string(257, 'v')}})), ErrorCode::validation);
  std::vector<Tag> fifty;
  fifty.reserve(50);
  for (int i = 0; i < 50; ++i) fifty.push_back({.key = "k" + std::to_string(i), .value = "v"});
  must(tag(fifty));
  const auto fifty_first = tag({{.key = "one more", .value = ""}});
  EXPECT_EQ(code_of(fifty_first), ErrorCode::tag);
  EXPECT_EQ(error_of(fifty_first), "Too many tags");
  EXPECT_EQ(must(tag({{.key = "k7", .value = "other"}}))->tags.size(), 50U);  // Over one that is there.
  const auto fewer =
      must(world.keys->untag(world.permit<op::UntagResource>(*world.now(*key)), {"k7", "never was"}, world.event()));
  EXPECT_EQ(fewer->tags.size(), 49U);
}

TEST(Change, APolicyThatDoesNotParseIsRefused) {
  World world;
  const auto key = world.create();
  EXPECT_EQ(code_of(world.keys->put_policy(world.permit<op::PutKeyPolicy>(*key), "{", world.event())),
            ErrorCode::malformed_policy_document);
  EXPECT_EQ(
      code_of(world.keys->put_policy(world.permit<op::PutKeyPolicy>(*key), std::string(32769, ' '), world.event())),
      ErrorCode::limit_exceeded);
  EXPECT_EQ(world.now(*key), key);
}

TEST(Change, KeysWithTheSamePolicyShareIt) {
  World world;
  EXPECT_EQ(world.create()->policy, world.create()->policy);
}

}  // namespace
}  // namespace keyfold::keys
