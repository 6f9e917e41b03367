// Each operator against values that it takes and does not take; what is absent, unknown, or there several times.
#include "keyfold/kms/policy/condition.h"

#include <gtest/gtest.h>

#include <optional>

#include "keyfold/kms/policy/condition_values.h"

namespace keyfold::policy {
namespace {

constexpr std::string_view key = "aws:PrincipalArn";

using Texts = std::vector<std::string_view>;

Condition condition(std::string_view name, const std::vector<std::string>& values, std::string_view of = key) {
  auto parsed = Condition::parse(name, of, values, Variables::replaced);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return *std::move(parsed);
}

// `values`: none is unknown.
Tri holds(std::string_view name, const std::vector<std::string>& wanted, const std::optional<Texts>& values,
          Effect effect = Effect::allow) {
  ConditionValue value{.key = "AWS:principalARN", .values = {}};
  if (values) value.values = Values(*values);
  Request request;
  request.conditions = {&value, 1};
  return condition(name, wanted).holds(request, effect);
}
bool matches(std::string_view name, const std::string& wanted, std::string_view value) {
  return holds(name, {wanted}, Texts{value}) == Tri::yes;
}
Tri when_absent(std::string_view name, const std::string& wanted) {
  return condition(name, {wanted}).holds(Request{}, Effect::allow);
}

TEST(Condition, Texts) {
  EXPECT_TRUE(matches("StringEquals", "a*", "a*"));
  EXPECT_FALSE(matches("StringEquals", "a*", "ab"));
  EXPECT_FALSE(matches("StringEquals", "a", "A"));
  EXPECT_TRUE(matches("StringNotEquals", "a", "A"));
  EXPECT_TRUE(matches("StringEqualsIgnoreCase", "aB", "Ab"));
  EXPECT_FALSE(matches("StringNotEqualsIgnoreCase", "aB", "Ab"));
  EXPECT_TRUE(matches("StringLike", "a*c?", "abbcd"));
  EXPECT_FALSE(matches("StringLike", "a*c?", "Abbcd"));
  EXPECT_FALSE(matches("StringNotLike", "a*c?", "abbcd"));
}

TEST(Condition, Numbers) {
  EXPECT_TRUE(matches("NumericEquals", "12", "12.0"));
  EXPECT_FALSE(matches("NumericNotEquals", "12", "12.0"));
  EXPECT_TRUE(matches("NumericLessThan", "12", "11.9"));
  EXPECT_FALSE(matches("NumericLessThan", "12", "12"));
  EXPECT_TRUE(matches("NumericLessThanEquals", "12", "12"));
  EXPECT_TRUE(matches("NumericGreaterThan", "-1", "0"));
  EXPECT_FALSE(matches("NumericGreaterThan", "0", "0"));
  EXPECT_TRUE(matches("NumericGreaterThanEquals", "0", "0"));
  for (const auto* const word : {"", "twelve", "1x", " 1", "inf", "nan", "0x10"})
    EXPECT_FALSE(matches("NumericLessThan", "1000", word)) << word;
}

TEST(Condition, Dates) {
  EXPECT_TRUE(matches("DateEquals", "2026-11-24T05:50:00Z", "2026-11-24T06:50+01:00"));
  EXPECT_TRUE(matches("DateEquals", "1970-01-02", "86400"));
  EXPECT_TRUE(matches("DateLessThan", "2026-11-24", "2026-11-23T23:59:59.999Z"));
  EXPECT_FALSE(matches("DateLessThan", "2026-11-24", "2026-11-24T00:00:00Z"));
  EXPECT_TRUE(matches("DateGreaterThanEquals", "2026-11-24", "2026-11-24T00:00:00Z"));
  EXPECT_TRUE(matches("DateNotEquals", "2026-11-24", "2026-11-25"));
  EXPECT_EQ(read_date("2000-02-29"), 951'782'400'000);
  EXPECT_EQ(read_date("9999-12-31T23:59:59Z"), 253'402'300'799'000);
  EXPECT_EQ(read_date("1970-01-01T00:00:00.25-00:30"), 1'800'250);
  for (const auto* const word : {"", "2026-11", "2026-13-01", "2026-02-29", "2026-11-24T", "2026-11-24T24:00Z",
                                 "2026-11-24T05:50:60Z", "2026-11-24T05:50:00+0", "2026-11-24 05:50", "1969-12-31",
                                 "-1", "253402300800", "2026-11-24T05:50:00Zx", "+2026-1-1"})
    EXPECT_FALSE(read_date(word)) << word;
}

TEST(Condition, TruthBinaryAndAddresses) {
  EXPECT_TRUE(matches("Bool", "true", "TRUE"));
  EXPECT_FALSE(matches("Bool", "true", "false"));
  EXPECT_FALSE(matches("Bool", "true", "1"));
  EXPECT_TRUE(matches("BinaryEquals", "Zm9v", "Zm9v"));
  EXPECT_FALSE(matches("BinaryEquals", "Zm9v", "Zm9w"));
  EXPECT_TRUE(matches("IpAddress", "192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(matches("IpAddress", "192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(matches("IpAddress", "192.0.2.7", "192.0.2.7"));
  EXPECT_TRUE(matches("IpAddress", "0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(matches("IpAddress", "0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(matches("IpAddress", "2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(matches("IpAddress", "2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(matches("IpAddress", "192.0.2.0/24", "::ffff:192.0.2.1"));
  EXPECT_TRUE(matches("NotIpAddress", "192.0.2.0/24", "192.0.3.0"));
  for (const auto* const word : {"", "192.0.2", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/33", "::1/129", "a",
                                 "192.0.2.0/24/1", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"})
    EXPECT_FALSE(read_address_range(word)) << word;
}

TEST(Condition, ArnsFieldByField) {
  const std::string role = "arn:aws:iam::111122223333:role/teams/ledger";
  for (const auto* const name : {"ArnEquals", "ArnLike"}) {
    EXPECT_TRUE(matches(name, "arn:aws:iam::111122223333:role/*", role));
    EXPECT_TRUE(matches(name, "arn:*:iam:*:1111????3333:role/*/ledger", role));
    EXPECT_FALSE(matches(name, "arn:aws:*:role/teams/ledger", role)) << "a star does not reach over a colon";
    EXPECT_TRUE(matches(name, "arn:aws:iam", role)) << "what is left out is anything";
    EXPECT_TRUE(matches(name, "*", role));
    EXPECT_FALSE(matches(name, "arn:aws:iam::111122223333:role/*", "role/teams/ledger"));
  }
  EXPECT_FALSE(matches("ArnNotLike", "arn:aws:iam::111122223333:role/*", role));
  EXPECT_TRUE(matches("ArnNotEquals", "arn:aws:iam::444455556666:role/*", role));
}

TEST(Condition, ValuesAreAlternativesAndOfANegatedOperatorNoneMayMatch) {
  EXPECT_EQ(holds("StringEquals", {"a", "b"}, Texts{"b"}), Tri::yes);
  EXPECT_EQ(holds("StringNotEquals", {"a", "b"}, Texts{"b"}), Tri::no);
  EXPECT_EQ(holds("StringNotEquals", {"a", "b"}, Texts{"c"}), Tri::yes);
}

TEST(Condition, WhatTheRequestDoesNotHave) {
  EXPECT_EQ(when_absent("StringEquals", "a"), Tri::no);
  EXPECT_EQ(when_absent("StringNotEquals", "a"), Tri::yes);
  EXPECT_EQ(when_absent("NumericLessThan", "1"), Tri::no);
  EXPECT_EQ(when_absent("NotIpAddress", "::1"), Tri::yes);
  EXPECT_EQ(when_absent("StringEqualsIfExists", "a"), Tri::yes);
  EXPECT_EQ(when_absent("ForAllValues:StringEquals", "a"), Tri::yes);
  EXPECT_EQ(when_absent("ForAnyValue:StringEquals", "a"), Tri::no);
  EXPECT_EQ(when_absent("ForAnyValue:StringNotEquals", "a"), Tri::no);
  EXPECT_EQ(when_absent("ForAnyValue:StringEqualsIfExists", "a"), Tri::yes);
  EXPECT_EQ(when_absent("Null", "true"), Tri::yes);
  EXPECT_EQ(when_absent("Null", "false"), Tri::no);
  EXPECT_EQ(holds("StringEquals", {"a"}, Texts{}), Tri::no) << "no value is as good as no key";
  EXPECT_EQ(holds("StringEqualsIfExists", {"a"}, Texts{"b"}), Tri::no);
  EXPECT_EQ(holds("Null", {"true"}, Texts{}), Tri::yes);
  EXPECT_EQ(holds("Null", {"true"}, Texts{"x"}), Tri::no);
  EXPECT_EQ(holds("Null", {"false"}, Texts{"x"}), Tri::yes);
}

TEST(Condition, SetsOfValues) {
  EXPECT_EQ(holds("ForAllValues:StringEquals", {"a", "b"}, Texts{"a", "b"}), Tri::yes);
  EXPECT_EQ(holds("ForAllValues:StringEquals", {"a", "b"}, Texts{"a", "c"}), Tri::no);
  EXPECT_EQ(holds("ForAnyValue:StringEquals", {"a", "b"}, Texts{"c", "b"}), Tri::yes);
  EXPECT_EQ(holds("ForAnyValue:StringEquals", {"a", "b"}, Texts{"c", "d"}), Tri::no);
  EXPECT_EQ(holds("ForAllValues:StringNotEquals", {"a"}, Texts{"b", "a"}), Tri::no);
  EXPECT_EQ(holds("ForAnyValue:StringNotEquals", {"a"}, Texts{"b", "a"}), Tri::yes);
  EXPECT_EQ(holds("ForAnyValue:StringNotEquals", {"a"}, Texts{"a"}), Tri::no);
}

TEST(Condition, SeveralValuesWithoutASetOperatorNeverGetTheCallerMore) {
  EXPECT_EQ(holds("StringEquals", {"a"}, Texts{"a", "b"}, Effect::allow), Tri::no);
  EXPECT_EQ(holds("StringEquals", {"a"}, Texts{"a", "b"}, Effect::deny), Tri::yes);
  EXPECT_EQ(holds("StringNotEquals", {"a"}, Texts{"a", "b"}, Effect::allow), Tri::no);
  EXPECT_EQ(holds("StringNotEquals", {"a"}, Texts{"a", "b"}, Effect::deny), Tri::yes);
}

TEST(Condition, UnknownIsNotAbsent) {
  for (const auto* const name :
       {"StringEquals", "StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringEquals"})
    EXPECT_EQ(holds(name, {"a"}, std::nullopt), Tri::unknown) << name;
  EXPECT_EQ(holds("Null", {"true"}, std::nullopt), Tri::unknown);
  Request request;
  request.conditions_extent = Extent::partial;
  EXPECT_EQ(condition("StringEqualsIfExists", {"a"}).holds(request, Effect::allow), Tri::unknown);
  EXPECT_EQ(condition("Null", {"true"}).holds(request, Effect::allow), Tri::unknown);
}

TEST(Condition, TheEncryptionContextAndItsKeys) {
  const EncryptionContext context = {{"Tenant", "4711"}, {"purpose", "ledger"}};
  std::vector<ContextPair> pairs;
  Request request;
  request.context = context.view(pairs);
  const auto in_context = [&](std::string_view name, const std::vector<std::string>& wanted, std::string_view of) {
    return condition(name, wanted, of).holds(request, Effect::allow);
  };
  EXPECT_EQ(in_context("StringEquals", {"4711"}, "kms:EncryptionContext:TENANT"), Tri::yes);
  EXPECT_EQ(in_context("Null", {"false"}, "kms:EncryptionContext:tenant"), Tri::yes);
  EXPECT_EQ(in_context("Null", {"false"}, "kms:EncryptionContext:owner"), Tri::no);
  EXPECT_EQ(in_context("ForAllValues:StringEquals", {"Tenant", "purpose"}, "kms:EncryptionContextKeys"), Tri::yes);
  EXPECT_EQ(in_context("ForAllValues:StringEquals", {"Tenant"}, "kms:EncryptionContextKeys"), Tri::no);
  EXPECT_EQ(in_context("ForAnyValue:StringEquals", {"purpose"}, "kms:EncryptionContextKeys"), Tri::yes);
  request.context_extent = Extent::partial;
  EXPECT_EQ(in_context("ForAllValues:StringEquals", {"Tenant"}, "kms:EncryptionContextKeys"), Tri::unknown);
  request = Request{};
  EXPECT_EQ(in_context("ForAllValues:StringEquals", {"x"}, "kms:EncryptionContextKeys"), Tri::yes);
  EXPECT_EQ(in_context("Null", {"true"}, "kms:EncryptionContextKeys"), Tri::yes);
}

TEST(Condition, VariablesStandForWhatTheRequestHas) {
  const std::string_view name = "ledger*", several[] = {"a", "b"};
  const ConditionValue values[] = {{.key = "aws:username", .values = Values(&name, 1)},
                                   {.key = "aws:PrincipalType", .values = Values(several)}};
  const EncryptionContext context = {{"owner", "ledger*"}, {"other", "ledger1"}, {"mark", "*?$"}};
  std::vector<ContextPair> pairs;
  Request request;
  request.conditions = values;
  request.context = context.view(pairs);
  const auto is = [&](std::string_view of, std::string_view op, const std::string& wanted) {
    return condition(op, {wanted}, "kms:EncryptionContext:" + std::string(of)).holds(request, Effect::allow);
  };
  EXPECT_EQ(is("owner", "StringEquals", "${aws:username}"), Tri::yes);
  EXPECT_EQ(is("owner", "StringLike", "${AWS:Username}"), Tri::yes);
  EXPECT_EQ(is("other", "StringLike", "${aws:username}"), Tri::no) << "its star is no wildcard";
  EXPECT_EQ(is("owner", "StringEqualsIgnoreCase", "${aws:username}"), Tri::yes);
  EXPECT_EQ(is("owner", "StringEquals", "${aws:ResourceAccount}"), Tri::no) << "no value matches nothing";
  EXPECT_EQ(is("owner", "StringNotEquals", "${aws:ResourceAccount}"), Tri::no) << "of an Allow";
  EXPECT_EQ(is("nothing", "StringNotEquals", "${aws:ResourceAccount}"), Tri::no);
  EXPECT_EQ(condition("StringNotEquals", {"${aws:ResourceAccount}"}, "kms:EncryptionContext:owner")
                .holds(request, Effect::deny),
            Tri::yes);
  EXPECT_EQ(is("owner", "StringEquals", "${aws:PrincipalType}"), Tri::no) << "nor do several";
  EXPECT_EQ(is("owner", "StringEquals", "${aws:ResourceAccount, 'ledger*'}"), Tri::yes);
  EXPECT_EQ(is("mark", "StringLike", "${*}${?}${$}"), Tri::yes);
  EXPECT_EQ(is("owner", "StringLike", "${*}${?}${$}"), Tri::no);
  request.conditions_extent = Extent::partial;
  EXPECT_EQ(is("owner", "StringEquals", "${aws:ResourceAccount}"), Tri::unknown);
  request.conditions = {};
  EXPECT_EQ(is("owner", "StringEquals", "${aws:username, 'x'}"), Tri::unknown);
}

}  // namespace
}  // namespace keyfold::policy
