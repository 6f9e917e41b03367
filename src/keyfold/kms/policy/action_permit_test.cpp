#include "keyfold/kms/policy/action_permit.h"

#include <gtest/gtest.h>

#include "keyfold/kms/policy/authorizer.h"

namespace keyfold::policy {
namespace {

const AccountId account = *AccountId::parse("123456789012");
const AccountId other_account = *AccountId::parse("999999999999");
constexpr std::string_view resource = "arn:aws:iam::123456789012:user/books/clerk";
const PrincipalArn role = *PrincipalArn::parse("arn:aws:iam::123456789012:role/auditor");

Document parse(std::string_view text, PolicyKind kind) {
  auto document = Document::parse(text, kind);
  KEYFOLD_CHECK(document.has_value());
  return *std::move(document);
}

class ActionPermits : public testing::Test {
 protected:
  Result<ActionPermit> ask(std::string_view policy, std::string_view action, std::string_view about = resource) {
    const Document document = parse(policy, PolicyKind::identity);
    const Document* const one = &document;
    const Caller caller{.arn = "arn:aws:iam::123456789012:user/u", .account = account, .identity = Documents(&one, 1)};
    return authorizer_.authorize(caller, action, about, account, {}, reason_);
  }
  Authorizer authorizer_;
  Reason reason_;
};

constexpr std::string_view gets_clerks =
    R"({"Statement":{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::123456789012:user/books/*"}})";

TEST_F(ActionPermits, AreForOneActionInOneAccountAndOneUse) {
  auto permit = ask(gets_clerks, "iam:GetUser");
  ASSERT_TRUE(permit);
  EXPECT_EQ(permit->resource(), resource);
  EXPECT_TRUE(permit->spend("iam:GetUser", account));
  EXPECT_FALSE(permit->spend("iam:GetUser", account));
  EXPECT_FALSE(ask(gets_clerks, "iam:GetUser")->spend("iam:DeleteUser", account));
  EXPECT_FALSE(ask(gets_clerks, "iam:GetUser")->spend("iam:GetUser", other_account));
  auto moved = *ask(gets_clerks, "iam:GetUser");
  const auto taken = std::move(moved);
  EXPECT_FALSE(moved.spend("iam:GetUser", account));
}

TEST_F(ActionPermits, AreRefusedInAwssWordsForAnythingElse) {
  const auto refused = ask(gets_clerks, "iam:DeleteUser");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::access_denied);
  EXPECT_EQ(refused.error().message,
            "User: arn:aws:iam::123456789012:user/u is not authorized to perform: iam:DeleteUser on resource: "
            "arn:aws:iam::123456789012:user/books/clerk because no identity-based policy allows the iam:DeleteUser "
            "action");
  EXPECT_FALSE(ask(gets_clerks, "iam:GetUser", "arn:aws:iam::123456789012:user/clerk"));
  EXPECT_FALSE(ask(gets_clerks, "iam:GetUser", "*"));
}

TEST_F(ActionPermits, OfARoleAreItsTrustPolicysToGive) {
  const auto asks = [&](std::string_view trust, std::string_view identity, const AccountId& from) {
    const Document trusts = parse(trust, PolicyKind::trust);
    const Document own = parse(identity, PolicyKind::identity);
    const Document* const one = &own;
    const std::string arn = "arn:aws:iam::" + std::string(from.text()) + ":user/u";
    const Caller caller{.arn = arn, .account = from, .identity = Documents(&one, 1)};
    return authorizer_.authorize(caller, "sts:AssumeRole", role, trusts, {}, reason_).has_value();
  };
  const std::string_view user =
      R"({"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/u"},"Action":"sts:AssumeRole"}})";
  const std::string_view home =
      R"({"Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}})";
  const std::string_view abroad =
      R"({"Statement":{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"sts:AssumeRole"}})";
  const std::string_view nothing = R"({"Statement":{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}})";
  const std::string_view assumes = R"({"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}})";
  const std::string_view denies = R"({"Statement":{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}})";
  EXPECT_TRUE(asks(user, nothing, account));
  EXPECT_FALSE(asks(user, denies, account));
  EXPECT_FALSE(asks(home, nothing, account));
  EXPECT_TRUE(asks(home, assumes, account));
  EXPECT_FALSE(asks(home, assumes, other_account));
  EXPECT_TRUE(asks(abroad, assumes, other_account));
  EXPECT_FALSE(asks(abroad, nothing, other_account));
  EXPECT_FALSE(asks(abroad, assumes, account));
}

TEST_F(ActionPermits, ForEverybodyAreStillForOneActionAndUse) {
  auto permit = authorizer_.everybody_may("sts:GetCallerIdentity", account);
  EXPECT_TRUE(permit.spend("sts:GetCallerIdentity", account));
  EXPECT_FALSE(permit.spend("sts:GetCallerIdentity", account));
}

}  // namespace
}  // namespace keyfold::policy
