// What limits what: permissions boundaries and session policies, and who is named how (IAM User Guide, "Policy
// evaluation logic", "Permissions boundaries", "Session policies", "Elements: NotPrincipal").
#include "keyfold/kms/policy/policy_testing.h"

namespace keyfold::policy {
namespace {

const std::string role = "arn:aws:iam::111122223333:role/teams/ledger";
const std::string session = "arn:aws:sts::111122223333:assumed-role/ledger/monday";

Document everything(PolicyKind kind) {
  return document(policy_of(R"({"Effect":"Allow","Action":"kms:*","Resource":"*"})"), kind);
}
Document only(std::string_view action, PolicyKind kind) {
  return document(policy_of(R"({"Effect":"Allow","Action":")" + std::string(action) + R"(","Resource":"*"})"), kind);
}
Document key_policy_for(const std::string& principal, std::string_view rest = "") {
  return key_policy(R"({"Effect":"Allow","Principal":{"AWS":")" + principal + R"("},"Action":"kms:*","Resource":"*")" +
                    std::string(rest) + "}");
}

// A call of kms:Decrypt.
struct Call {
  std::string arn;
  PrincipalType type = PrincipalType::user;
  std::string_view account = home().text();
  std::string_view action = op::Decrypt::action;
  std::vector<const Document*> identity{}, boundary{}, session{};

  Decision decide(const Document& key) const {
    Request request;
    request.principal = {.arn = arn,
                         .account = account,
                         .type = type,
                         .role = type == PrincipalType::role_session ? std::string_view(role) : std::string_view()};
    request.action = action;
    request.resource = sample_key().text();
    request.resource_account = home().text();
    using Span = std::span<const Document* const>;
    return evaluate(request,
                    {.key = &key, .identity = Span(identity), .boundary = Span(boundary), .session = Span(session)});
  }
  bool allowed(const Document& key) const { return decide(key).verdict == Verdict::allow; }
  Cause cause(const Document& key) const { return decide(key).reason.cause; }
};

Call user(const std::string& name = "a") { return {.arn = user_of(home(), name)}; }
Call in_session() { return {.arn = session, .type = PrincipalType::role_session}; }

TEST(Limits, WhatIsDelegatedIsLimitedByBoundaryAndSession) {
  const auto key = key_policy_for("111122223333");
  const auto all = everything(PolicyKind::identity);
  const auto encrypt = only("kms:Encrypt", PolicyKind::boundary), decrypt = only("kms:Decrypt", PolicyKind::session);
  auto call = in_session();
  EXPECT_EQ(call.cause(key), Cause::no_identity_policy_allows);
  call.identity = {&all};
  EXPECT_TRUE(call.allowed(key));
  call.session = {&decrypt};
  EXPECT_TRUE(call.allowed(key));
  call.boundary = {&encrypt};
  EXPECT_EQ(call.cause(key), Cause::no_permissions_boundary_allows);
  call.boundary = {&decrypt};
  call.session = {&encrypt};
  EXPECT_EQ(call.cause(key), Cause::no_session_policy_allows);
  call.session = {&encrypt, &decrypt};  // Together they allow what either does.
  EXPECT_TRUE(call.allowed(key));
  call.identity = {};
  EXPECT_FALSE(call.allowed(key)) << "a limit allows nothing";
}

TEST(Limits, BindNobodyWhomAKeyPolicyNamesItself) {
  const auto nothing = only("s3:*", PolicyKind::boundary);
  auto call = user();
  call.boundary = {&nothing};
  EXPECT_TRUE(call.allowed(key_policy_for(call.arn)));
  auto of_session = in_session();
  of_session.boundary = of_session.session = {&nothing};
  EXPECT_TRUE(of_session.allowed(key_policy_for(session)));
}

TEST(Limits, BindWhomAKeyPolicyNamesByHisRoleOrAsAnyone) {
  const auto nothing = only("s3:*", PolicyKind::session);
  for (const auto& principal : {role, std::string("*")}) {
    auto call = in_session();
    EXPECT_TRUE(call.allowed(key_policy_for(principal)));
    call.session = {&nothing};
    EXPECT_EQ(call.cause(key_policy_for(principal)), Cause::no_session_policy_allows) << principal;
    call.session = {};
    call.boundary = {&nothing};
    EXPECT_EQ(call.cause(key_policy_for(principal)), Cause::no_permissions_boundary_allows) << principal;
  }
}

TEST(Limits, ADenyInThemWinsHoweverOneIsNamed) {
  const auto deny =
      R"({"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"kms:Dec*","Resource":"*"})";
  const auto boundary = document(policy_of(deny), PolicyKind::boundary);
  const auto of_session = document(policy_of(deny), PolicyKind::session);
  auto call = in_session();
  call.boundary = {&boundary};
  EXPECT_FALSE(call.allowed(key_policy_for(session)));
  EXPECT_EQ(call.decide(key_policy_for(session)).reason.policy, PolicyKind::boundary);
  call.boundary = {};
  call.session = {&of_session};
  EXPECT_FALSE(call.allowed(key_policy_for(session)));
  EXPECT_EQ(call.decide(key_policy_for(session)).reason.policy, PolicyKind::session);
}

TEST(Limits, BindACallerOfAnotherAccountHoweverHeIsNamed) {
  const auto all = everything(PolicyKind::identity);
  const auto nothing = only("s3:*", PolicyKind::boundary);
  Call call{.arn = user_of(abroad(), "a"), .account = abroad().text(), .identity = {&all}};
  for (const auto& principal : {call.arn, std::string(abroad().text()), std::string("*")}) {
    call.boundary = {};
    EXPECT_TRUE(call.allowed(key_policy_for(principal)));
    call.boundary = {&nothing};
    EXPECT_FALSE(call.allowed(key_policy_for(principal))) << principal;
  }
}

TEST(Limits, DoNotBindTheRoot) {
  const auto nothing = only("s3:*", PolicyKind::boundary);
  const Call root{.arn = root_of(home()), .type = PrincipalType::root, .boundary = {&nothing}, .session = {&nothing}};
  EXPECT_TRUE(root.allowed(key_policy_for("111122223333")));
}

TEST(Statements, AreAboutAllOthersWhenTheySaySo) {
  const auto not_decrypt =
      key_policy(R"({"Effect":"Allow","Principal":"*","NotAction":["kms:Decrypt","kms:Create*"],"Resource":"*"})");
  auto call = user();
  EXPECT_FALSE(call.allowed(not_decrypt));
  call.action = op::Encrypt::action;
  EXPECT_TRUE(call.allowed(not_decrypt));

  const auto key = key_policy_for("111122223333");
  const auto elsewhere = identity_policy(
      R"({"Effect":"Allow","Action":"kms:*","NotResource":"arn:aws:kms:us-west-2:111122223333:key/*"})");
  call.identity = {&elsewhere};
  EXPECT_FALSE(call.allowed(key));
  const auto here = identity_policy(
      R"({"Effect":"Allow","Action":"kms:*","NotResource":"arn:aws:kms:eu-west-1:111122223333:key/*"})");
  call.identity = {&here};
  EXPECT_TRUE(call.allowed(key));
}

TEST(Statements, WithoutActionOrResourceAreAboutNothingEvenWhenAboutAllOthers) {
  for (const auto* const rest : {R"("NotAction":[],"Resource":"*")", R"("Action":"*","NotResource":[])"})
    EXPECT_FALSE(user().allowed(key_policy(R"({"Effect":"Allow","Principal":"*",)" + std::string(rest) + "}"))) << rest;
}

TEST(NotPrincipal, OfADenySparesOnlyWhoIsListedInFull) {
  const auto deny_all_but = [](const std::string& listed) {
    return key_policy(R"({"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"},
                         {"Effect":"Deny","NotPrincipal":{"AWS":[)" +
                      listed + R"(]},"Action":"kms:*","Resource":"*"})");
  };
  const std::string account = R"("arn:aws:iam::111122223333:root")";
  const std::string a = "\"" + user_of(home(), "a") + "\"";
  EXPECT_FALSE(user().allowed(deny_all_but(a))) << "his account is not listed";
  EXPECT_TRUE(user().allowed(deny_all_but(a + "," + account)));
  EXPECT_FALSE(user("b").allowed(deny_all_but(a + "," + account)));
  const std::string of_role = "\"" + role + "\"", of_session = "\"" + session + "\"";
  EXPECT_FALSE(in_session().allowed(deny_all_but(of_session + "," + account)));
  EXPECT_TRUE(in_session().allowed(deny_all_but(of_session + "," + of_role + "," + account)));
}

TEST(NotPrincipal, OfAnAllowLeavesOutWhoIsListedInAnyWay) {
  const auto allow_all_but = [](const std::string& listed) {
    return key_policy(R"({"Effect":"Allow","NotPrincipal":{"AWS":")" + listed +
                      R"("},"Action":"kms:*","Resource":"*"})");
  };
  EXPECT_TRUE(user().allowed(allow_all_but(user_of(home(), "b"))));
  EXPECT_FALSE(user().allowed(allow_all_but(user_of(home(), "a"))));
  EXPECT_FALSE(user().allowed(allow_all_but("111122223333")));
  EXPECT_FALSE(in_session().allowed(allow_all_but(role)));
}

TEST(Principals, ThatCannotCallHereAreNobody) {
  const auto service = key_policy(R"({"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"kms:*",
                                      "Resource":"*"})");
  EXPECT_EQ(user().cause(service), Cause::no_resource_policy_allows);
}

// IAM User Guide, "Policy variables": a place of one's own.
TEST(Authorizer, ConditionsOnTheCallerAndVariables) {
  const auto policy =
      key_policy(R"({"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},
      {"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*",
       "Condition":{"StringNotEquals":{"kms:EncryptionContext:owner":"${aws:username}"}}},
      {"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*",
       "Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/teams/*"}}})");
  const auto all = everything(PolicyKind::identity);
  const auto arn = user_of(home(), "teams/ledger"), other = user_of(home(), "ledger");
  const Caller caller{.arn = arn, .account = home(), .identity = only(&all)};
  EXPECT_EQ(call<op::Decrypt>(caller, policy, {{"owner", "ledger"}}), "allow");
  EXPECT_NE(call<op::Decrypt>(caller, policy, {{"owner", "teams/ledger"}}), "allow");
  EXPECT_NE(call<op::Decrypt>(caller, policy), "allow");
  EXPECT_EQ(call<op::Encrypt>(caller, policy), "allow");
  const Caller elsewhere{.arn = other, .account = home(), .identity = only(&all)};
  EXPECT_NE(call<op::Encrypt>(elsewhere, policy), "allow");
}

}  // namespace
}  // namespace keyfold::policy
