#include "keyfold/kms/identity/record_codec.h"

#include <gtest/gtest.h>

namespace keyfold::identity {
namespace {

const AccountId account = *AccountId::parse("123456789012");
const UserName writer = *UserName::parse("ledger-writer");
const AccessKeyId key_id = *AccessKeyId::parse("AKIAQWERTYUIOPASDF23");
const Timestamp created{std::chrono::seconds(1'800'000'000)};

// The worked examples of docs/formats/identity-records.md.
// A user of before inline policies had names: format version 1, which is read for ever.
constexpr std::string_view old_user_example =
    "01"
    "0015"
    "41494441515745525459554941534446474a4b4c5a"
    "0006651728988000"
    "00000002"
    "7b7d";
constexpr std::string_view user_example =
    "02"
    "0015"
    "41494441515745525459554941534446474a4b4c5a"
    "0006651728988000"
    "00012f"
    "0001"
    "0000000d6b6579666f6c642d61646d696e"
    "000000027b7d"
    "0000"
    "00000000"
    "0001"
    "000000047465616d"
    "000000066c6564676572"
    "0001"
    "0006636c65726b73";
constexpr std::string_view key_example =
    "01"
    "01"
    "0006651728988000"
    "000d"
    "6c65646765722d777269746572"
    "0006"
    "736563726574";

User example_user() {
  return {.account = account,
          .name = writer,
          .id = *UserId::parse("AIDAQWERTYUIASDFGJKLZ"),
          .created = created,
          .policies = {.inlined = {{"keyfold-admin", "{}"}}, .attached = {}},
          .tags = {{.key = "team", .value = "ledger"}},
          .groups = {*GroupName::parse("clerks")}};
}
AccessKey example_key() {
  return {.id = key_id, .account = account, .user = writer, .status = KeyStatus::active, .created = created};
}
SecretBytes secret_of(BytesView bytes) { return *SecretBytes::copy_of(bytes); }

TEST(IdentityRecords, AreWrittenAsTheFormatPageHasThem) {
  Bytes user;
  write_user(user, example_user());
  EXPECT_EQ(to_hex(user), user_example);
  const auto key = write_access_key(example_key(), secret_of(as_bytes("secret")));
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->reveal()), key_example);
  EXPECT_EQ(record_name(account, writer).text(), "user/123456789012/-/ledger-writer");
  EXPECT_EQ(record_name(account, key_id).text(), "accesskey/123456789012/-/AKIAQWERTYUIOPASDF23");
}

TEST(IdentityRecords, AreReadBack) {
  const auto user = read_user(record_name(account, writer), *from_hex(user_example));
  ASSERT_TRUE(user);
  EXPECT_EQ(user->name, writer);
  EXPECT_EQ(user->account, account);
  EXPECT_EQ(user->id, example_user().id);
  EXPECT_EQ(user->created, created);
  EXPECT_EQ(user->administered_policy(), "{}");
  EXPECT_EQ(user->tags, example_user().tags);
  EXPECT_EQ(user->groups, example_user().groups);
  const auto value = secret_of(*from_hex(key_example));
  const auto key = read_access_key(record_name(account, key_id), value);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->id, key_id);
  EXPECT_EQ(key->user, writer);
  EXPECT_EQ(key->status, KeyStatus::active);
  EXPECT_EQ(key->created, created);
  EXPECT_EQ(as_text(read_secret(value)->reveal()), "secret");
}

TEST(IdentityRecords, OfVersionOneAreReadAsUsersWithOneInlinePolicy) {
  const auto user = read_user(record_name(account, writer), *from_hex(old_user_example));
  ASSERT_TRUE(user);
  EXPECT_EQ(user->id, example_user().id);
  EXPECT_EQ(user->created, created);
  EXPECT_EQ(user->path.text(), "/");
  EXPECT_EQ(user->administered_policy(), "{}");
  EXPECT_TRUE(user->tags.empty());
}

template <class E, class Write, class Read, class Name>
void comes_back(const E& entity, Write write, Read read, const Name& name) {
  Bytes value;
  write(value, entity);
  const auto again = read(record_name(account, name), value);
  ASSERT_TRUE(again);
  Bytes same;
  write(same, *again);
  EXPECT_EQ(same, value);
  for (std::size_t length = 0; length < value.size(); ++length)
    EXPECT_FALSE(read(record_name(account, name), BytesView(value).first(length))) << length;
  for (int version = 0; version < 256; ++version) {
    Bytes other = value;
    other[0] = static_cast<std::byte>(version);
    EXPECT_EQ(read(record_name(account, name), other).has_value(), other[0] == value[0]) << version;
  }
}

TEST(IdentityRecords, OfGroupsRolesAndPoliciesAreReadBackWhole) {
  const auto path = *EntityPath::parse("/books/");
  const Policies policies{.inlined = {{"a", "{}"}, {"b", "{ }"}}, .attached = {"arn:aws:iam::123456789012:policy/p"}};
  const auto group = *GroupName::parse("clerks");
  comes_back(Group{.account = account,
                   .name = group,
                   .id = *GroupId::parse("AGPAQWERTYUIASDFGJKLZ"),
                   .created = created,
                   .path = path,
                   .policies = policies},
             write_group, read_group, group);
  const auto role = *RoleName::parse("reader");
  comes_back(Role{.account = account,
                  .name = role,
                  .id = *RoleId::parse("AROAQWERTYUIASDFGJKLZ"),
                  .created = created,
                  .path = path,
                  .trust_policy = "{}",
                  .description = "d",
                  .session_seconds = 7200,
                  .policies = policies,
                  .boundary = "arn:aws:iam::123456789012:policy/b",
                  .tags = {{.key = "k", .value = ""}}},
             write_role, read_role, role);
  const auto policy = *PolicyName::parse("p");
  comes_back(ManagedPolicy{.account = account,
                           .name = policy,
                           .id = *PolicyId::parse("ANPAQWERTYUIASDFGJKLZ"),
                           .created = created,
                           .updated = created,
                           .path = path,
                           .description = "",
                           .versions = {{.number = 1, .created = created, .text = "{}"},
                                        {.number = 3, .created = created, .text = "{ }"}},
                           .default_version = 3,
                           .next_version = 4,
                           .tags = {}},
             write_policy, read_policy, policy);
}

TEST(IdentityRecords, TheRootsKeyNamesNoUser) {
  auto root = example_key();
  root.user = std::nullopt;
  const auto value = write_access_key(root, secret_of(as_bytes("secret")));
  ASSERT_TRUE(value);
  EXPECT_EQ(read_access_key(record_name(account, key_id), *value)->user, std::nullopt);
}

TEST(IdentityRecords, EveryTruncationAndExtensionIsCorrupt) {
  for (const auto example : {user_example, old_user_example, key_example}) {
    const Bytes whole = *from_hex(example);
    const auto readable = [&](BytesView bytes) {
      if (example != key_example) return read_user(record_name(account, writer), bytes).has_value();
      return read_access_key(record_name(account, key_id), secret_of(bytes)).has_value();
    };
    EXPECT_TRUE(readable(whole));
    for (std::size_t length = 0; length < whole.size(); ++length)
      EXPECT_FALSE(readable(BytesView(whole).first(length))) << length;
    Bytes longer = whole;
    longer.push_back({});
    EXPECT_FALSE(readable(longer));
    Bytes other = whole;
    for (int version = 0; version < 256; ++version) {
      other[0] = static_cast<std::byte>(version);
      EXPECT_EQ(readable(other), other[0] == whole[0]) << version;
    }
  }
}

TEST(IdentityRecords, AnUnknownStatusIsCorrupt) {
  Bytes value = *from_hex(key_example);
  for (unsigned status = 0; status < 256; ++status) {
    value[1] = static_cast<std::byte>(status);
    EXPECT_EQ(read_access_key(record_name(account, key_id), secret_of(value)).has_value(), status == 1 || status == 2);
  }
}

}  // namespace
}  // namespace keyfold::identity
