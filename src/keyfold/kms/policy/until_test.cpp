#include "keyfold/kms/policy/until.h"

#include "keyfold/kms/policy/policy_testing.h"

namespace keyfold::policy {
namespace {

Timestamp time_of(std::string_view text) { return *from_iso8601(text); }

std::optional<Timestamp> until(std::string_view statements, std::string_view now) {
  const auto policy = key_policy(statements);
  std::vector<Timestamp> dates;
  append_dates(policy, "kms:Decrypt", dates);
  return first_denied(time_of(now), dates, [&](Timestamp moment) {
    const std::string text = to_iso8601(moment);
    const std::string_view view = text;
    const ConditionValue value{.key = "aws:CurrentTime", .values = Values(&view, 1)};
    Request request;
    const std::string arn = user_of(home(), "a");
    request.principal = {.arn = arn, .account = home().text(), .type = PrincipalType::user};
    request.action = "kms:Decrypt";
    request.resource = sample_key().text();
    request.resource_account = home().text();
    request.conditions = {&value, 1};
    request.conditions_extent = Extent::partial;
    return evaluate(request, {.key = &policy}).verdict;
  });
}

std::string allow_while(std::string_view condition) {
  return R"({"Effect":"Allow","Principal":{"AWS":")" + user_of(home(), "a") +
         R"("},"Action":"kms:*","Resource":"*","Condition":)" + std::string(condition) + "}";
}

TEST(Until, AnAccessWithoutDatesHasNoEnd) {
  EXPECT_FALSE(until(allow_while("{}"), "2026-01-01T00:00:00Z"));
  EXPECT_FALSE(
      until(allow_while(R"({"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}})"), "2026-01-01T00:00:00Z"));
}

TEST(Until, AnAllowEndsAtItsDateOrRightBehindIt) {
  EXPECT_EQ(
      until(allow_while(R"({"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}})"), "2026-01-01T00:00:00Z"),
      time_of("2027-01-01T00:00:00Z"));
  EXPECT_EQ(until(allow_while(R"({"DateLessThanEquals":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}})"),
                  "2026-01-01T00:00:00Z"),
            time_of("2027-01-01T00:00:01Z"));
}

TEST(Until, ADenyThatBeginsEndsIt) {
  const std::string deny = R"(,{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*",)"
                           R"("Condition":{"DateGreaterThan":{"aws:CurrentTime":"2026-06-01T00:00:00Z"}}})";
  EXPECT_EQ(until(allow_while(R"({"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}})") + deny,
                  "2026-01-01T00:00:00Z"),
            time_of("2026-06-01T00:00:01Z"));
}

TEST(Until, WhatAnotherStatementStillAllowsDoesNotEnd) {
  EXPECT_FALSE(until(allow_while(R"({"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}})") + "," +
                         allow_while(R"({"StringEquals":{"aws:SourceIp":"192.0.2.1"}})"),
                     "2026-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace keyfold::policy
