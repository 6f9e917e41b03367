#include "keyfold/kms/identity/record_codec.h"

#include <gtest/gtest.h>

namespace keyfold::identity {
namespace {

const AccountId account = *AccountId::parse("123456789012");
const UserName writer = *UserName::parse("ledger-writer");
const AccessKeyId key_id = *AccessKeyId::parse("AKIAQWERTYUIOPASDF23");
const Timestamp created{std::chrono::seconds(1'800'000'000)};

// The worked examples of docs/formats/identity-records.md.
constexpr std::string_view user_example =
    "01"
    "0015"
    "41494441515745525459554941534446474a4b4c5a"
    "0006651728988000"
    "00000002"
    "7b7d";
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
          .identity_policy = "{}"};
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
  EXPECT_EQ(record_name(example_user()).text(), "user/123456789012/-/ledger-writer");
  EXPECT_EQ(record_name(account, key_id).text(), "accesskey/123456789012/-/AKIAQWERTYUIOPASDF23");
}

TEST(IdentityRecords, AreReadBack) {
  const auto user = read_user(record_name(account, writer), *from_hex(user_example));
  ASSERT_TRUE(user);
  EXPECT_EQ(user->name, writer);
  EXPECT_EQ(user->account, account);
  EXPECT_EQ(user->id, example_user().id);
  EXPECT_EQ(user->created, created);
  EXPECT_EQ(user->identity_policy, "{}");
  const auto value = secret_of(*from_hex(key_example));
  const auto key = read_access_key(record_name(account, key_id), value);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->id, key_id);
  EXPECT_EQ(key->user, writer);
  EXPECT_EQ(key->status, KeyStatus::active);
  EXPECT_EQ(key->created, created);
  EXPECT_EQ(as_text(read_secret(value)->reveal()), "secret");
}

TEST(IdentityRecords, TheRootsKeyNamesNoUser) {
  auto root = example_key();
  root.user = std::nullopt;
  const auto value = write_access_key(root, secret_of(as_bytes("secret")));
  ASSERT_TRUE(value);
  EXPECT_EQ(read_access_key(record_name(account, key_id), *value)->user, std::nullopt);
}

TEST(IdentityRecords, EveryTruncationAndExtensionIsCorrupt) {
  for (const auto example : {user_example, key_example}) {
    const Bytes whole = *from_hex(example);
    const auto readable = [&](BytesView bytes) {
      if (example == user_example) return read_user(record_name(account, writer), bytes).has_value();
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
      EXPECT_EQ(readable(other), version == 1) << version;
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
