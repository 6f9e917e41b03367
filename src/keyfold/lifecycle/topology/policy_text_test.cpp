// Policies as text that can be compared: what means the same is the same, and a difference shows what differs.

#include "keyfold/lifecycle/topology/policy_text.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace keyfold::topology {
namespace {

constexpr std::string_view one = R"({"Version":"2012-10-17","Id":"x","Statement":[
  {"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"},
  {"Sid":"Readers","Effect":"Allow","Principal":{"AWS":["b","a"]},"Action":["kms:Decrypt","kms:DescribeKey"],"Resource":"*",
   "Condition":{"StringEquals":{"kms:EncryptionContext:domain":["mail"]},"Bool":{"x":true},"NumericEquals":{"y":5}}}]})";

TEST(PolicyText, OrderAndFormOfSetsMeanNothing) {
  constexpr std::string_view same = R"({"Statement":[
    {"Resource":["*"],"Effect":"Allow","Sid":"Readers","Action":["kms:DescribeKey","kms:Decrypt","kms:Decrypt"],
     "Condition":{"NumericEquals":{"y":"5"},"Bool":{"x":"true"},"StringEquals":{"kms:EncryptionContext:domain":"mail"}},
     "Principal":{"AWS":["a","b"]}},
    {"Sid":"Root","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:root"]},"Action":["kms:*"],"Resource":"*"}],
    "Id":"x","Version":"2012-10-17"})";
  EXPECT_TRUE(is_same(read_policy(one), read_policy(same)));
  EXPECT_TRUE(difference(read_policy(one), read_policy(same)).empty());
}

TEST(PolicyText, WritingAndReadingAgainIsTheSame) {
  const auto text = write_policy(read_policy(one));
  EXPECT_EQ(write_policy(read_policy(text)), text);
  EXPECT_TRUE(is_same(read_policy(text), read_policy(one)));
}

TEST(PolicyText, EverySingleChangeShows) {
  const auto base = read_policy(one);
  for (const auto& [what, with] : {std::pair("\"Allow\"", "\"Deny\""),
                                   {"kms:*", "kms:Put*"},
                                   {"\"mail\"", "\"Mail\""},
                                   {"\"a\"", "\"c\""},
                                   {"true", "false"},
                                   {"2012-10-17", "2008-10-17"},
                                   {"\"x\",", "\"y\","},
                                   {"\"Sid\":\"Root\",", ""},
                                   {"StringEquals", "StringLike"}}) {
    std::string text(one);
    text.replace(text.find(what), std::string_view(what).size(), with);
    const auto changed = read_policy(text);
    EXPECT_FALSE(is_same(base, changed)) << what;
    const auto lines = difference(base, changed);
    EXPECT_TRUE(std::ranges::any_of(lines, [](const auto& line) { return line.starts_with("- "); })) << what;
    EXPECT_TRUE(std::ranges::any_of(lines, [](const auto& line) { return line.starts_with("+ "); })) << what;
  }
}

TEST(PolicyText, ADifferenceShowsTheStatementThatChangesAndNoOther) {
  std::string text(one);
  text.replace(text.find("[\"b\",\"a\"]"), 9, "[\"b\",\"c\"]");
  const std::vector<std::string> expected = {"  {",
                                             "    \"Sid\": \"Readers\",",
                                             "    \"Effect\": \"Allow\",",
                                             "    \"Principal\": {",
                                             "      \"AWS\": [",
                                             "-       \"a\",",
                                             "-       \"b\"",
                                             "+       \"b\",",
                                             "+       \"c\"",
                                             "      ]",
                                             "    },"};
  auto lines = difference(read_policy(one), read_policy(text));
  ASSERT_GT(lines.size(), expected.size());
  EXPECT_EQ(std::vector(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(expected.size())), expected);
  for (const auto& line : lines) EXPECT_EQ(line.find("Root"), std::string::npos);
}

TEST(PolicyText, StatementsThatComeAndGoAreWhole) {
  const auto all = read_policy(one);
  auto fewer = all;
  fewer.statements.erase(fewer.statements.begin());
  for (const auto& line : difference(all, fewer)) EXPECT_TRUE(line.starts_with("- ")) << line;
  for (const auto& line : difference(fewer, all)) EXPECT_TRUE(line.starts_with("+ ")) << line;
  EXPECT_EQ(difference(all, fewer).size(), all.statements.front().lines.size());
}

TEST(PolicyText, WhatIsNoPolicyEqualsNothingElse) {
  for (const auto* text : {"", "null", "[]", "{}", "{\"Statement\":1", "\xff", "not json"}) {
    const auto read = read_policy(text);
    EXPECT_FALSE(is_same(read, read_policy(one))) << text;
    EXPECT_FALSE(difference(read, read_policy(one)).empty()) << text;
  }
}

}  // namespace
}  // namespace keyfold::topology
