#include "keyfold/kms/policy/pattern.h"

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

bool matches_wildcard(std::string_view pattern, std::string_view text, LetterCase letter_case) {
  const auto parsed = Pattern::parse(pattern, {.wildcards = true, .letter_case = letter_case});
  EXPECT_TRUE(parsed);
  return parsed->matches(text, Request{}) == Tri::yes;
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

TEST(Pattern, AgreesWithTheDefinitionOnEveryShortPatternAndText) {
  const auto texts = all_texts("ab", 5);
  for (const auto& pattern : all_texts("ab*?", 4))
    for (const auto& text : texts)
      ASSERT_EQ(matches_wildcard(pattern, text, LetterCase::matters), naive(pattern, text)) << pattern << " " << text;
}

TEST(Pattern, AgreesWithTheDefinitionOnLongRandomOnes) {
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

TEST(Pattern, IgnoresCaseOnlyWhenTold) {
  EXPECT_TRUE(matches_wildcard("kms:generate*", "kms:GenerateDataKey", LetterCase::ignored));
  EXPECT_FALSE(matches_wildcard("kms:generate*", "kms:GenerateDataKey", LetterCase::matters));
  EXPECT_FALSE(matches_wildcard("kms:generate", "kms:GenerateDataKey", LetterCase::ignored));
  EXPECT_TRUE(matches_wildcard("KMS:Generate*", "kms:generateDataKey", LetterCase::ignored));
}

TEST(Pattern, ACharacterMayBeSeveralBytes) {
  EXPECT_TRUE(matches_wildcard("gr?\u00dfe", "gr\u00f6\u00dfe", LetterCase::matters));
  EXPECT_FALSE(matches_wildcard("gr??\u00dfe", "gr\u00f6\u00dfe", LetterCase::matters));
  EXPECT_TRUE(matches_wildcard("*?", "\u2603", LetterCase::matters));
  EXPECT_FALSE(matches_wildcard("*??", "\u2603", LetterCase::matters));
  EXPECT_TRUE(matches_wildcard("*\u2603", "\u00f6\u2603", LetterCase::matters));
}

TEST(Pattern, TakesNoTimeOverPatternsMadeToTakeLong) {
  std::string pattern;
  while (pattern.size() < 32768) pattern += "a*";
  EXPECT_FALSE(matches_wildcard(pattern, std::string(112, 'a'), LetterCase::matters));
  EXPECT_FALSE(matches_wildcard(pattern + "b", std::string(112, 'a'), LetterCase::matters));
}

}  // namespace
}  // namespace keyfold::policy
