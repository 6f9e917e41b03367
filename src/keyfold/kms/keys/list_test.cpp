#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "keyfold/kms/keys/keys_world.h"

namespace keyfold::keys {
namespace {

// Every item of a list, page by page.
template <class Item, class NextPage>
std::vector<Item> all_of(NextPage&& next_page) {
  std::vector<Item> items;
  std::string marker;
  do {
    auto page = must(next_page(marker));
    for (auto& item : page.items) items.push_back(std::move(item));
    marker = page.next_marker;
  } while (!marker.empty());
  return items;
}

TEST(List, PagesOfEverySizeShowEveryKeyOnceInOrder) {
  World world;
  std::set<std::string_view> ids;
  std::vector<Keys::Record> keys;
  keys.reserve(7);
  for (int i = 0; i < 7; ++i) keys.push_back(world.create());
  world.create(place_in("us-east-1"));
  world.create(place_in("eu-central-1", other_account));
  for (const auto& key : keys) ids.insert(key->arn.text());
  for (std::size_t limit = 1; limit <= 9; ++limit) {
    const auto listed =
        all_of<KeyArn>([&](const std::string& marker) { return world.keys->list_keys(world.place, limit, marker); });
    ASSERT_EQ(listed.size(), ids.size()) << "limit " << limit;
    EXPECT_TRUE(std::ranges::is_sorted(listed));
    EXPECT_TRUE(std::ranges::equal(listed, ids, {}, [](const KeyArn& arn) { return arn.text(); }));
  }
}

TEST(List, AliasesByNameAllOrOneKeys) {
  World world;
  const auto key = world.create(), other = world.create();
  for (const auto* name : {"alias/c", "alias/a", "alias/b"}) must(world.create_alias(name, *key));
  must(world.create_alias("alias/aa", *other));
  for (std::size_t limit = 1; limit <= 5; ++limit) {
    const auto all = all_of<Alias>(
        [&](const std::string& marker) { return world.keys->list_aliases(world.place, nullptr, limit, marker); });
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[1].name.text(), "alias/aa");
    const auto of_key = all_of<Alias>(
        [&](const std::string& marker) { return world.keys->list_aliases(world.place, key.get(), limit, marker); });
    ASSERT_EQ(of_key.size(), 3U);
    EXPECT_EQ(of_key[2].name.text(), "alias/c");
    EXPECT_EQ(of_key[2].target, key->id);
  }
}

TEST(List, TagsRotationsAndPolicies) {
  World world;
  auto key =
      world.create(world.place, {{.key = "c", .value = "3"}, {.key = "a", .value = "1"}, {.key = "b", .value = "2"}});
  for (int i = 0; i < 3; ++i) key = world.rotate(*key);
  for (std::size_t limit = 1; limit <= 5; ++limit) {
    EXPECT_EQ(all_of<Tag>([&](const std::string& marker) { return Keys::list_tags(*key, limit, marker); }), key->tags);
    const auto rotations = all_of<Material>([&](const std::string& marker) {
      return Keys::list_rotations(*key, Keys::Rotations::rotations_only, limit, marker);
    });
    ASSERT_EQ(rotations.size(), 3U);
    EXPECT_EQ(rotations[0].rotation_index, 1U);
    const auto all = all_of<Material>([&](const std::string& marker) {
      return Keys::list_rotations(*key, Keys::Rotations::all_key_material, limit, marker);
    });
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].rotation_type, RotationType::none);
    EXPECT_EQ(all_of<std::string>([&](const std::string& marker) { return Keys::list_policies(*key, limit, marker); }),
              std::vector<std::string>{"default"});
  }
}

TEST(List, AMarkerOfAnotherListOrOfNoneIsInvalid) {
  World world;
  const auto key = world.create(), other = world.create();
  const auto marker = must(world.keys->list_keys(world.place, 1, "")).next_marker;
  ASSERT_FALSE(marker.empty());
  EXPECT_EQ(code_of(world.keys->list_keys(place_in("us-east-1"), 1, marker)), ErrorCode::invalid_marker);
  EXPECT_EQ(code_of(world.keys->list_aliases(world.place, nullptr, 1, marker)), ErrorCode::invalid_marker);
  EXPECT_EQ(code_of(Keys::list_tags(*key, 1, marker)), ErrorCode::invalid_marker);
  EXPECT_EQ(code_of(Keys::list_rotations(*key, Keys::Rotations::rotations_only, 1, marker)), ErrorCode::invalid_marker);
  EXPECT_EQ(code_of(Keys::list_policies(*key, 1, marker)), ErrorCode::invalid_marker);
  const std::vector<std::string> not_markers = {"x",           "====",           "AAAA",
                                                "not base64!", marker.substr(1), "QUFBQUFBQUFBQUFB"};
  for (const auto& bad : not_markers)
    EXPECT_EQ(code_of(world.keys->list_keys(world.place, 1, bad)), ErrorCode::invalid_marker) << bad;
  EXPECT_EQ(code_of(world.keys->list_keys(world.place, 1, std::string(2000, 'A'))), ErrorCode::invalid_marker);
}

TEST(List, AListThatChangesBetweenPagesLosesNothingThatStays) {
  World world;
  const auto key = world.create();
  for (const auto* name : {"alias/a", "alias/b", "alias/c", "alias/d"}) must(world.create_alias(name, *key));
  const auto first = must(world.keys->list_aliases(world.place, nullptr, 2, ""));
  must(world.delete_alias("alias/b", *key));
  must(world.create_alias("alias/aa", *key));
  const auto second = must(world.keys->list_aliases(world.place, nullptr, 2, first.next_marker));
  ASSERT_EQ(second.items.size(), 2U);
  EXPECT_EQ(second.items[0].name.text(), "alias/c");
  EXPECT_EQ(second.items[1].name.text(), "alias/d");
}

}  // namespace
}  // namespace keyfold::keys
