#include <gtest/gtest.h>

#include "keyfold/kms/keys/keys_world.h"

namespace keyfold::keys {
namespace {

TEST(Alias, NamesAreCheckedInAwsWords) {
  EXPECT_EQ(error_of(parse_new_alias("payments")),
            "Alias must start with the prefix \"alias/\". Please see "
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html");
  const auto invalid = parse_new_alias("alias/my:alias");
  EXPECT_EQ(code_of(invalid), ErrorCode::invalid_alias_name);
  EXPECT_EQ(error_of(invalid), "alias/my:alias contains invalid characters for an alias");
  const auto reserved = parse_new_alias("alias/aws/s3");
  EXPECT_EQ(code_of(reserved), ErrorCode::not_authorized);
  EXPECT_EQ(error_of(reserved), "");
  EXPECT_EQ(code_of(parse_new_alias("alias/")), ErrorCode::invalid_alias_name);
  EXPECT_TRUE(parse_new_alias("alias/a-Z_0/9"));
}

TEST(Alias, IsNeverOverwrittenByCreate) {
  World world;
  const auto key = world.create(), other = world.create();
  must(world.create_alias("alias/x", *key));
  const auto again = world.create_alias("alias/x", *other);
  EXPECT_EQ(code_of(again), ErrorCode::already_exists);
  EXPECT_EQ(error_of(again), "An alias with the name arn:aws:kms:eu-central-1:111122223333:alias/x already exists");
  EXPECT_EQ(must(world.keys->find(world.place, "alias/x")).key, key);
}

TEST(Alias, MovesWithUpdateAndGoesWithDelete) {
  World world;
  const auto key = world.create(), other = world.create();
  const auto created = must(world.create_alias("alias/x", *key));
  EXPECT_EQ(error_of(world.update_alias("alias/none", *key, *other)),
            "Alias arn:aws:kms:eu-central-1:111122223333:alias/none is not found.");
  EXPECT_EQ(code_of(world.update_alias("alias/x", *other, *key)), ErrorCode::conflict);  // It is not `other`'s.
  world.clock.advance(std::chrono::seconds(5));
  const auto moved = must(world.update_alias("alias/x", *key, *other));
  EXPECT_EQ(moved.created, created.created);
  EXPECT_EQ(moved.updated, created.updated + std::chrono::seconds(5));
  EXPECT_EQ(must(world.keys->find(world.place, "alias/x")).key, other);
  EXPECT_EQ(must(world.keys->list_aliases(world.place, key.get(), 10, "")).items.size(), 0U);
  EXPECT_EQ(must(world.keys->list_aliases(world.place, other.get(), 10, "")).items.size(), 1U);
  EXPECT_EQ(code_of(world.delete_alias("alias/x", *key)), ErrorCode::conflict);
  must(world.delete_alias("alias/x", *other));
  EXPECT_EQ(code_of(world.delete_alias("alias/x", *other)), ErrorCode::not_found);
  EXPECT_FALSE(world.keys->find(world.place, "alias/x"));
}

TEST(Alias, IsSavedFromAKeyPendingDeletionButNotMovedToOne) {
  World world;
  const auto key = world.create(), other = world.create();
  must(world.create_alias("alias/x", *key));
  const auto pending = world.schedule_deletion(*key);
  must(world.update_alias("alias/x", *pending, *other));
  EXPECT_EQ(error_of(world.update_alias("alias/x", *other, *pending)),
            std::string(key->arn.text()) + " is pending deletion.");
}

TEST(Alias, FiftyPerKeyAndNoMore) {
  World world;
  const auto key = world.create(), other = world.create();
  for (int i = 0; i < 50; ++i) must(world.create_alias("alias/x" + std::to_string(i), *key));
  EXPECT_EQ(code_of(world.create_alias("alias/one-more", *key)), ErrorCode::limit_exceeded);
  must(world.create_alias("alias/one-more", *other));
  EXPECT_EQ(code_of(world.update_alias("alias/one-more", *other, *key)), ErrorCode::limit_exceeded);
}

TEST(Alias, APermitForAnotherAliasDoesNotDo) {
  World world;
  const auto key = world.create();
  EXPECT_EQ(
      code_of(world.keys->create_alias(world.alias_permit<op::CreateAlias>(world.alias("alias/mine")),
                                       world.permit<op::CreateAlias>(*key), world.alias("alias/yours"), world.event())),
      ErrorCode::internal);
}

TEST(Alias, OfOtherPlacesAreOthers) {
  World world;
  const auto key = world.create();
  must(world.create_alias("alias/x", *key));
  EXPECT_FALSE(world.keys->find(place_in("us-east-1"), "alias/x"));
  EXPECT_FALSE(world.keys->find(place_in("eu-central-1", other_account), "alias/x"));
}

}  // namespace
}  // namespace keyfold::keys
