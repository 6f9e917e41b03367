#include "keyfold/kms/policy/wildcard.h"

#include <gtest/gtest.h>

#include <random>

namespace keyfold::policy {
namespace {

// As the words say it, and nothing else.
bool naive(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (std::size_t taken = 0; taken <= text.size(); ++taken)
      if (naive(pattern.substr(1), text.substr(taken))) return true;
    return false;
  }
  return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
         naive(pattern.substr(1), text.substr(1));
}

// Every text of up to `length` of these characters.
std::vector<std::string> all_texts(std::string_view characters, std::size_t length) {
  std::vector<std::string> texts = {""};
  for (std::size_t start = 0, n = 0; n < length; ++n) {
    const std::size_t end = texts.size();
    for (; start < end; ++start)
      for (const char c : characters) texts.push_back(texts[start] + c);
  }
  return texts;
}

TEST(Wildcard, AgreesWithTheDefinitionOnEveryShortPatternAndText) {
  const auto texts = all_texts("ab", 5);
  for (const auto& pattern : all_texts("ab*?", 4))
    for (const auto& text : texts)
      ASSERT_EQ(matches_wildcard(pattern, text, LetterCase::matters), naive(pattern, text)) << pattern << " " << text;
}

TEST(Wildcard, AgreesWithTheDefinitionOnLongRandomOnes) {
  std::mt19937 random(4);  // NOLINT(bugprone-random-generator-seed): repeats itself.
  const auto draw = [&](std::string_view characters, std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += characters[random() % characters.size()];
    return text;
  };
  int matched = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto pattern = draw("ab*", random() % 12);
    const auto text = draw("ab", random() % 14);
    matched += naive(pattern, text) ? 1 : 0;
    ASSERT_EQ(matches_wildcard(pattern, text, LetterCase::matters), naive(pattern, text)) << pattern << " " << text;
  }
  EXPECT_GT(matched, 1000);
}

TEST(Wildcard, LeavingOutRepeatedStarsChangesNothing) {
  for (const auto& pattern : all_texts("a*?", 6))
    for (const auto& text : all_texts("ab", 4))
      ASSERT_EQ(matches_wildcard(without_repeated_stars(pattern), text, LetterCase::matters), naive(pattern, text));
  EXPECT_EQ(without_repeated_stars("**a***?**"), "*a*?*");
}

TEST(Wildcard, IgnoresCaseOnlyWhenTold) {
  EXPECT_TRUE(matches_wildcard("kms:generate*", "kms:GenerateDataKey", LetterCase::ignored));
  EXPECT_FALSE(matches_wildcard("kms:generate*", "kms:GenerateDataKey", LetterCase::matters));
  EXPECT_FALSE(matches_wildcard("kms:generate", "kms:GenerateDataKey", LetterCase::ignored));
}

TEST(Wildcard, TakesNoTimeOverPatternsMadeToTakeLong) {
  std::string pattern;
  while (pattern.size() < 32768) pattern += "a*";
  EXPECT_FALSE(matches_wildcard(pattern, std::string(112, 'a'), LetterCase::matters));
  EXPECT_FALSE(matches_wildcard(pattern + "b", std::string(112, 'a'), LetterCase::matters));
}

}  // namespace
}  // namespace keyfold::policy
