#include <gtest/gtest.h>

#include "keyfold/kms/keys/keys_world.h"

namespace keyfold::keys {
namespace {

TEST(Find, TakesAllFourFormsAndSaysWhich) {
  World world;
  const auto key = world.create();
  must(world.create_alias("alias/payments", *key));
  const auto alias_arn_text =
      std::string(alias_arn(world.place.region, world.place.account, world.alias("alias/payments")).text());
  const std::pair<std::string, AddressedBy> forms[] = {
      {std::string(key->id.text()), AddressedBy::key_id},
      {std::string(key->arn.text()), AddressedBy::key_arn},
      {"alias/payments", AddressedBy::alias_name},
      {alias_arn_text, AddressedBy::alias_arn},
  };
  for (const auto& [text, by] : forms) {
    const auto found = world.keys->find(world.place, text);
    ASSERT_TRUE(found) << text << ": " << found.error().message;
    EXPECT_EQ(found->key, key);
    EXPECT_EQ(found->by, by);
    EXPECT_EQ(found->alias.has_value(), by == AddressedBy::alias_name || by == AddressedBy::alias_arn);
  }
}

TEST(Find, SaysInAwsWordsWhatIsNotThere) {
  World world;
  const std::string absent = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000";
  const std::pair<std::string, std::string> cases[] = {
      {"00000000-0000-0000-0000-000000000000", "Key '" + absent + "' does not exist"},
      {absent, "Key '" + absent + "' does not exist"},
      {"fake-key-id", "Invalid keyId 'fake-key-id'"},
      {"", "Invalid keyId ''"},
      {"arn:aws:kms:us-west-2:111122223333:key/00000000-0000-0000-0000-000000000000", "Invalid arn us-west-2"},
      {"arn:aws:kms:us-west-2:111122223333:alias/x", "Invalid arn us-west-2"},
      {"arn:aws:s3:::bucket", "Invalid arn arn:aws:s3:::bucket"},
      {"arn:aws:kms", "Invalid arn arn:aws:kms"},
      {"arn:aws:kms:eu-central-1:111122223333:key/nonsense", "Invalid keyId 'nonsense'"},
      {"alias/x", "Alias arn:aws:kms:eu-central-1:111122223333:alias/x is not found."},
      {"alias/not:a:name", "Alias arn:aws:kms:eu-central-1:111122223333:alias/not:a:name is not found."},
      {"arn:aws:kms:eu-central-1:111122223333:alias/x",
       "Alias arn:aws:kms:eu-central-1:111122223333:alias/x is not found."},
  };
  for (const auto& [identifier, message] : cases) {
    const auto found = world.keys->find(world.place, identifier);
    ASSERT_FALSE(found) << identifier;
    EXPECT_EQ(found.error().code, ErrorCode::not_found) << identifier;
    EXPECT_EQ(found.error().message, message);
  }
}

TEST(Find, ManagementTakesNoAlias) {
  World world;
  const auto key = world.create();
  must(world.create_alias("alias/x", *key));
  EXPECT_EQ(must(world.keys->find_key(world.place, key->id.text())).key, key);
  EXPECT_EQ(must(world.keys->find_key(world.place, key->arn.text())).key, key);
  EXPECT_EQ(error_of(world.keys->find_key(world.place, "alias/x")), "Invalid keyId 'alias/x'");
  EXPECT_EQ(code_of(world.keys->find_key(world.place, "arn:aws:kms:eu-central-1:111122223333:alias/x")),
            ErrorCode::not_found);
  EXPECT_EQ(error_of(world.keys->find_alias_target(world.place, "alias/x")), "Aliases must refer to keys. Not aliases");
  EXPECT_EQ(must(world.keys->find_alias_target(world.place, key->id.text())).key, key);
}

TEST(Find, AnotherAccountsKeyNeedsItsArnAndIsNotManaged) {
  World world;
  const auto theirs = world.create(place_in("eu-central-1", other_account));
  EXPECT_EQ(code_of(world.keys->find(world.place, theirs->id.text())), ErrorCode::not_found);
  EXPECT_EQ(must(world.keys->find(world.place, theirs->arn.text())).key, theirs);
  EXPECT_EQ(error_of(world.keys->find_key(world.place, theirs->arn.text())),
            "Key '" + std::string(theirs->arn.text()) + "' does not exist");
  EXPECT_EQ(must(world.keys->find_key(world.place, theirs->arn.text(), Keys::Accounts::any)).key, theirs);
  // A true key id under a false account is no key.
  const auto forged = key_arn(world.place.region, world.place.account, theirs->id);
  EXPECT_EQ(code_of(world.keys->find(world.place, forged.text())), ErrorCode::not_found);
}

TEST(Find, ABlobNamesItsKeyInThisRegionOnly) {
  World world;
  const auto key = world.create();
  const auto blob = world.encrypt(*key, "text");
  const auto found = must(world.keys->find_for_blob(world.place, blob));
  EXPECT_EQ(found.key, key);
  EXPECT_EQ(found.by, AddressedBy::ciphertext);
  const auto elsewhere = world.keys->find_for_blob(place_in("us-east-1"), blob);
  EXPECT_EQ(code_of(elsewhere), ErrorCode::access_denied);
  EXPECT_EQ(
      error_of(elsewhere),
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are "
      "not allowed to access.");
  const auto garbage = world.keys->find_for_blob(world.place, as_bytes("not a blob"));
  EXPECT_EQ(code_of(garbage), ErrorCode::invalid_ciphertext);
  EXPECT_EQ(error_of(garbage), "");
}

}  // namespace
}  // namespace keyfold::keys
