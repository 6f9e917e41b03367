#include "keyfold/core/base/named.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace keyfold {
namespace {

static_assert(!std::is_constructible_v<KeyId, std::string_view>, "only parse() makes one");
static_assert(!std::is_convertible_v<KeyId, AliasName>);
static_assert(!std::is_default_constructible_v<KeyId>);

const std::string key_text = "1234abcd-12ab-34cd-56ef-1234567890ab";
const std::string mrk_text = "mrk-1234abcd12ab34cd56ef1234567890ab";

// Which single characters may stand at `at` in place of what does.
template <class Name>
std::string allowed_at(const std::string& text, std::size_t at) {
  std::string allowed;
  for (unsigned c = 0; c < 256; ++c) {
    std::string changed = text;
    changed[at] = static_cast<char>(c);
    if (Name::parse(changed)) allowed.push_back(static_cast<char>(c));
  }
  return allowed;
}

template <class Name>
bool parses(std::string_view text) {
  const auto name = Name::parse(text);
  if (name) {
    EXPECT_EQ(name->text(), text);
  } else {
    EXPECT_EQ(name.error().code, ErrorCode::invalid_input);
  }
  return name.has_value();
}

TEST(KeyId, IsAUuidOrAMultiRegionIdInLowerCase) {
  const std::string hex = "0123456789abcdef";
  for (std::size_t i = 0; i < key_text.size(); ++i)
    EXPECT_EQ(allowed_at<KeyId>(key_text, i), key_text[i] == '-' ? "-" : hex) << i;
  for (std::size_t i = 0; i < mrk_text.size(); ++i)
    EXPECT_EQ(allowed_at<KeyId>(mrk_text, i), i < 4 ? mrk_text.substr(i, 1) : hex) << i;
  for (std::size_t size = 0; size < key_text.size(); ++size)
    EXPECT_FALSE(parses<KeyId>(key_text.substr(0, size))) << size;
  EXPECT_FALSE(parses<KeyId>(key_text + "0"));
}

TEST(AccountId, IsTwelveDigits) {
  EXPECT_TRUE(parses<AccountId>("123456789012"));
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(allowed_at<AccountId>("123456789012", i), "0123456789");
  EXPECT_FALSE(parses<AccountId>(""));
  EXPECT_FALSE(parses<AccountId>("12345678901"));
  EXPECT_FALSE(parses<AccountId>("1234567890123"));
}

TEST(Region, IsLowerCaseWords) {
  for (const auto* good : {"eu-central-1", "us-gov-west-1", "local", "x"}) EXPECT_TRUE(parses<Region>(good)) << good;
  for (const auto* bad : {"", "-", "eu-", "-eu", "1eu", "EU-central-1", "eu central", "eu/central", "eu:1"})
    EXPECT_FALSE(parses<Region>(bad)) << bad;
  EXPECT_TRUE(parses<Region>(std::string(32, 'a')));
  EXPECT_FALSE(parses<Region>(std::string(33, 'a')));
}

TEST(AliasName, IsAliasSlashAndOneToTwoHundredAndFiftyMore) {
  for (const auto* good : {"alias/a", "alias/payments/eu_1-x", "alias//", "alias/aws/s3"})
    EXPECT_TRUE(parses<AliasName>(good)) << good;
  for (const auto* bad :
       {"", "alias", "alias/", "Alias/a", "payments", "alias/a b", "alias/a:b", "alias/\xc3\xa9", "alias/a."})
    EXPECT_FALSE(parses<AliasName>(bad)) << bad;
  EXPECT_TRUE(parses<AliasName>("alias/" + std::string(250, 'a')));
  EXPECT_FALSE(parses<AliasName>("alias/" + std::string(251, 'a')));
}

TEST(AccessKeyId, IsOneToHundredTwentyEightWordCharacters) {
  EXPECT_TRUE(parses<AccessKeyId>("AKIDEXAMPLE"));
  EXPECT_TRUE(parses<AccessKeyId>(std::string(128, 'A')));
  EXPECT_FALSE(parses<AccessKeyId>(std::string(129, 'A')));
  EXPECT_FALSE(parses<AccessKeyId>(""));
  for (const auto* bad : {"A/B", "A B", "A-B", "A,B", "A=B", "\xc3\xa9"}) EXPECT_FALSE(parses<AccessKeyId>(bad)) << bad;
}

TEST(PrincipalArn, IsAUserARoleASessionOrTheRoot) {
  for (const auto* good : {"arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:user/ledger-writer",
                           "arn:aws:iam::123456789012:user/team/ledger", "arn:aws:iam::123456789012:role/reader",
                           "arn:aws:sts::123456789012:assumed-role/reader/session"})
    EXPECT_TRUE(parses<PrincipalArn>(good)) << good;
  for (const auto* bad :
       {"", "*", "123456789012", "arn:aws:iam::123456789012:", "arn:aws:iam::123456789012:user/",
        "arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:group/g", "arn:aws:iam::12345678901:root",
        "arn:aws:iam:eu-central-1:123456789012:root", "arn:aws-cn:iam::123456789012:root",
        "arn:aws:iam::123456789012:user/*", "arn:aws:iam::123456789012:user/a?b", "arn:aws:iam::123456789012:user/a b",
        "arn:aws:iam::123456789012:ROOT", "arn:aws:kms::123456789012:root"})
    EXPECT_FALSE(parses<PrincipalArn>(bad)) << bad;
}

TEST(Arn, SplitsIntoItsSixParts) {
  const auto parts = split_arn("arn:aws:kms:eu-central-1:123456789012:key/with:colons:");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->partition, "aws");
  EXPECT_EQ(parts->service, "kms");
  EXPECT_EQ(parts->region, "eu-central-1");
  EXPECT_EQ(parts->account, "123456789012");
  EXPECT_EQ(parts->resource, "key/with:colons:");
  for (const auto* bad : {"", "arn", "arn:aws:kms:r:a", "arn:aws:kms:r:a:", "ARN:aws:kms:r:a:x", ":aws:kms:r:a:x"})
    EXPECT_FALSE(split_arn(bad)) << bad;
}

TEST(KeyArn, SaysWhatItWasMadeOf) {
  const auto region = *Region::parse("eu-central-1");
  const auto account = *AccountId::parse("123456789012");
  for (const auto& text : {key_text, mrk_text}) {
    const auto id = *KeyId::parse(text);
    const auto arn = key_arn(region, account, id);
    EXPECT_EQ(arn.text(), "arn:aws:kms:eu-central-1:123456789012:key/" + text);
    EXPECT_EQ(key_id_of(arn), id);
    EXPECT_EQ(region_of(arn), region);
    EXPECT_EQ(account_of(arn), account);
    EXPECT_TRUE(parses<KeyArn>(arn.text()));
  }
  const std::string arn = "arn:aws:kms:eu-central-1:123456789012:key/" + key_text;
  for (std::size_t size = 0; size < arn.size(); ++size) EXPECT_FALSE(parses<KeyArn>(arn.substr(0, size))) << size;
  EXPECT_FALSE(parses<KeyArn>(arn + "0"));
  EXPECT_FALSE(parses<KeyArn>("arn:aws:kms:eu-central-1:123456789012:alias/a"));
  EXPECT_FALSE(parses<KeyArn>("arn:aws:s3:eu-central-1:123456789012:key/" + key_text));
}

TEST(Arns, OfTheLongestPartsFit) {
  const auto region = *Region::parse(std::string(32, 'a'));
  const auto account = *AccountId::parse("123456789012");
  EXPECT_EQ(region_of(key_arn(region, account, *KeyId::parse(mrk_text))), region);
  const auto alias = *AliasName::parse("alias/" + std::string(250, 'a'));
  EXPECT_TRUE(alias_arn(region, account, alias).text().ends_with(alias.text()));
  EXPECT_TRUE(parses<AliasArn>(alias_arn(region, account, alias).text()));
  EXPECT_FALSE(parses<AliasArn>("arn:aws:kms:eu-central-1:123456789012:alias/" + std::string(251, 'a')));
}

TEST(Named, ComparesAndHashesByItsText) {
  const auto a = *AccountId::parse("000000000001");
  const auto b = *AccountId::parse("000000000002");
  EXPECT_LT(a, b);
  EXPECT_EQ(a, AccountId(a));
  EXPECT_EQ((std::unordered_set<AccountId>{a, b, a}.size()), 2U);
}

TEST(InlineStringDeathTest, StopsWhenItOverflows) {
  InlineString<4> text("ab");
  EXPECT_EQ(text.append("cd").view(), "abcd");
  EXPECT_DEATH(text.append("e"), "CHECK failed");
  EXPECT_DEATH(InlineString<2>("abc"), "CHECK failed");
}

}  // namespace
}  // namespace keyfold
