// Sessions through the whole pipeline: what is refused of them, what is recorded, what happens when the world changes
// in between; and on the fast lane.
#include <gtest/gtest.h>

#include "keyfold/kms/identity/changes.h"
#include "keyfold/kms/server/iam/iam_testing.h"
#include "keyfold/testing/count_malloc.h"

namespace keyfold::server {
namespace {

class Sessions : public Iam {
 protected:
  static constexpr std::string_view role_arn = "arn:aws:iam::123456789012:role/r";
  void SetUp() override { make_role(trust); }
  void make_role(const std::string& trusting, Parameters more = {}) {
    more.insert(more.begin(), {{"RoleName", "r"}, {"AssumeRolePolicyDocument", trusting}});
    const auto made = call("CreateRole", more);
    ASSERT_EQ(made.status, 200) << made.body;
  }
  Answer assume(const Signer& by, Parameters more = {}) {
    Parameters all = {{"RoleArn", std::string(role_arn)}, {"RoleSessionName", "one"}};
    all.insert(all.end(), more.begin(), more.end());
    return call("AssumeRole", all, by);
  }
  Signer asker() { return user("asker", allowing({"sts:*"})); }
};

TEST_F(Sessions, WhatWouldLimitASessionIsNeverPassedOver) {
  const auto by = asker();
  ASSERT_EQ(call("CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", some_policy}}).status, 200);
  const std::string policy = "arn:aws:iam::123456789012:policy/p";
  EXPECT_EQ(assume(by, {{"PolicyArns.member.1.arn", policy}}).status, 200);
  const std::vector<Parameters> refused = {
      {{"PolicyArns.member.2.arn", policy}},
      {{"PolicyArns.member.1.Arn", policy}},
      {{"PolicyArns.member.1", policy}},
      {{"PolicyArns", policy}},
      {{"policyArns.member.1.arn", policy}},
      {{"PolicyArns.member.1.arn", policy}, {"PolicyArns.member.3.arn", policy}},
      {{"ProvidedContexts.member.2.ProviderArn", "x"}},
      {{"ProvidedContexts.member.1.ProviderArn", "x"}},
      {{"ProvidedContexts.member.1.ContextAssertion", "x"}},
      {{"TransitiveTagKeys.member.1", "x"}},
      {{"TransitiveTagKeys.member.2", "x"}},
      {{"SourceIdentity", "x"}},
      {{"MinimumSessionTokenSize", "1"}},
      {{"Tags", "x"}},
      {{"ExternalId", "<"}},
      {{"ExternalId", "x"}},
      {{"ExternalId", std::string(1225, 'x')}},
  };
  for (const auto& parameters : refused) {
    const auto answer = assume(by, parameters);
    EXPECT_EQ(element(answer, "Code"), "ValidationError") << parameters.front().first << answer.body;
  }
  EXPECT_EQ(assume(by, {{"ExternalId", "a:b/c=d,e@f+g-h_i.J9"}}).status, 200);
  EXPECT_EQ(assume(by, {{"Tags", ""}, {"TransitiveTagKeys", ""}, {"PolicyArns", ""}}).status, 200);
}

// "Role chaining limits your session to a maximum of one hour": a role's session that becomes another role's.
TEST_F(Sessions, OnlySessionsOfRolesChain) {
  ASSERT_EQ(call("UpdateRole", {{"RoleName", "r"}, {"MaxSessionDuration", "7200"}}).status, 200);
  ASSERT_EQ(
      call("PutRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", allowing({"sts:AssumeRole"})}})
          .status,
      200);
  const auto by = asker();
  const Parameters two_hours = {{"DurationSeconds", "7200"}};
  const auto of_user = call("GetSessionToken", {}, by);
  EXPECT_EQ(assume(session(of_user), two_hours).status, 200);
  const auto of_role = assume(by, two_hours);
  ASSERT_EQ(of_role.status, 200);
  const auto chained = assume(session(of_role), two_hours);
  EXPECT_NE(chained.body.find("role chaining"), std::string::npos) << chained.body;
  EXPECT_EQ(assume(session(of_role), {{"DurationSeconds", "3600"}}).status, 200);
}

TEST_F(Sessions, TaggingASessionIsDecidedOnTheSameFactsAsAssumingTheRole) {
  const auto by = asker();
  const auto trusting = [](std::string_view condition) {
    return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},)"
           R"("Action":["sts:AssumeRole","sts:TagSession"],"Resource":"*","Condition":{"StringEquals":{)" +
           std::string(condition) + "}}}]}";
  };
  const auto without_resource = [](std::string text) { return text.erase(text.find(R"("Resource":"*",)"), 15); };
  ASSERT_EQ(
      call("TagRole", {{"RoleName", "r"}, {"Tags.member.1.Key", "team"}, {"Tags.member.1.Value", "ledger"}}).status,
      200);
  const Parameters tags = {{"Tags.member.1.Key", "floor"}, {"Tags.member.1.Value", "2"}, {"ExternalId", "order-66"}};
  for (const auto* condition :
       {R"("aws:ResourceTag/team":"ledger")", R"("iam:ResourceTag/team":"ledger")", R"("sts:ExternalId":"order-66")",
        R"("sts:RoleSessionName":"one")", R"("aws:RequestTag/floor":"2")", R"("aws:TagKeys":"floor")"}) {
    ASSERT_EQ(
        call("UpdateAssumeRolePolicy", {{"RoleName", "r"}, {"PolicyDocument", without_resource(trusting(condition))}})
            .status,
        200);
    EXPECT_EQ(assume(by, tags).status, 200) << condition;
  }
  ASSERT_EQ(
      call("UpdateAssumeRolePolicy",
           {{"RoleName", "r"}, {"PolicyDocument", without_resource(trusting(R"("aws:ResourceTag/team":"kitchen")"))}})
          .status,
      200);
  EXPECT_EQ(assume(by, tags).status, 403);
}

TEST_F(Sessions, TheRecordNamesTheRoleThatWasAskedFor) {
  const auto by = asker();
  ASSERT_EQ(assume(by).status, 200);
  const std::string resources = R"("resources":[{"ARN":"arn:aws:iam::123456789012:role/r","accountId":"123456789012",)"
                                R"("type":"AWS::IAM::Role"}])";
  EXPECT_NE(kms_.leaves().back().find(resources), std::string::npos) << kms_.leaves().back();
  EXPECT_EQ(assume(user("nobody", "")).status, 403);
  EXPECT_NE(kms_.leaves().back().find(resources), std::string::npos);
  call("AssumeRole", {{"RoleArn", "arn:aws:iam::123456789012:role/absent"}, {"RoleSessionName", "one"}}, by);
  EXPECT_EQ(kms_.leaves().back().find("resources"), std::string::npos);
}

// Entities that somebody else changes at the worst moment: once a decision has been made.
class Meddled final : public identity::Entities {
 public:
  Meddled(identity::Entities& real, FunctionRef<Outcome(identity::Edit&)> meddle) : real_(real), meddle_(meddle) {}
  std::shared_ptr<const identity::Snapshot> snapshot() const override {
    auto seen = real_.snapshot();
    if (armed_) meddle();
    return seen;
  }
  Outcome change(FunctionRef<Outcome(identity::Edit&)> edit) override { return real_.change(edit); }
  Result<Credentials> seal_session(const identity::SessionClaims& claims, Random& random) override {
    return real_.seal_session(claims, random);
  }
  Outcome write_last_used() override { return real_.write_last_used(); }

 private:
  void meddle() const {
    armed_ = false;
    EXPECT_TRUE(real_.change(meddle_));
  }
  identity::Entities& real_;
  FunctionRef<Outcome(identity::Edit&)> meddle_;
  mutable bool armed_ = true;
};

class Races : public Sessions {
 protected:
  // The call, as it ends when `meddle` comes between its decision and what it does.
  std::string raced(std::string_view operation, const Parameters& parameters, const Signer& by,
                    FunctionRef<Outcome(identity::Edit&)> meddle) {
    Meddled entities(kms_.entities(), meddle);
    auto real = kms_.services();
    Services services{.keys = real.keys,
                      .audit = real.audit,
                      .outbox = real.outbox,
                      .callers = real.callers,
                      .entities = entities,
                      .clock = real.clock,
                      .signature_clock = real.signature_clock,
                      .random = real.random,
                      .log = real.log};
    Pipeline pipeline(services, {}, kms_.refusals(), kms_.metrics(), 1);
    std::string body = "Action=" + std::string(operation) + "&Version=";
    const bool sts = find_iam_operation(QueryService::sts, operation) != nullptr;
    body += api_version_of(sts ? QueryService::sts : QueryService::iam);
    for (const auto& [name, value] : parameters) body += "&" + name + "=" + url_encoded(value);
    Signed request = sign(sts ? "sts" : "iam", "application/x-www-form-urlencoded", "", body, by);
    http::Reply reply;
    pipeline.serve(request.view(), reply, 0);
    return reply.body;
  }
  const AccountId account_ = *AccountId::parse("123456789012");
};

TEST_F(Races, WhatWasDecidedAboutOneIsNotDoneToAnother) {
  const auto name = *identity::UserName::parse("moved");
  const auto by = user("mover", R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*",)"
                                R"("Resource":"arn:aws:iam::123456789012:user/dev/*"}})");
  ASSERT_EQ(call("CreateUser", {{"UserName", "moved"}, {"Path", "/dev/"}}).status, 200);
  const Parameters put = {{"UserName", "moved"}, {"PolicyName", "p"}, {"PolicyDocument", some_policy}};
  const auto elsewhere = raced("PutUserPolicy", put, by, [&](identity::Edit& edit) -> Outcome {
    auto moved = *need(edit.snapshot(), account_, name);
    edit.remove(moved);
    moved.path = *identity::EntityPath::parse("/hr/");
    return edit.put(std::move(moved));
  });
  EXPECT_NE(elsewhere.find("<Code>ConcurrentModification</Code>"), std::string::npos) << elsewhere;
  EXPECT_EQ(call("GetUserPolicy", {{"UserName", "moved"}, {"PolicyName", "p"}}).status, 404);
  EXPECT_NE(kms_.leaves().back().find("GetUserPolicy"), std::string::npos);
  // Likewise when what a condition asked for is not so any more.
  const auto tagged = raced("PutUserPolicy", put, {}, [&](identity::Edit& edit) -> Outcome {
    auto changed = *need(edit.snapshot(), account_, name);
    changed.tags.push_back({.key = "owner", .value = "hr"});
    return edit.put(std::move(changed));
  });
  EXPECT_NE(tagged.find("<Code>ConcurrentModification</Code>"), std::string::npos) << tagged;
  // What happens to others does not matter.
  const auto others = raced("PutUserPolicy", put, {}, [&](identity::Edit& edit) -> Outcome {
    return identity::remove_whole_user(edit, account_, *identity::UserName::parse("mover"));
  });
  EXPECT_EQ(others.find("<Code>"), std::string::npos) << others;
}

TEST_F(Races, ASessionIsOfTheRoleThatWasDecidedOn) {
  const auto by = asker();
  const auto role = kms_.entities().snapshot()->find_role(role_arn)->role;
  const Parameters assume = {{"RoleArn", std::string(role_arn)}, {"RoleSessionName", "one"}};
  const auto answer = raced("AssumeRole", assume, by, [&](identity::Edit& edit) -> Outcome {
    auto other = role;
    other.id = identity::make_role_id(kms_.random());
    edit.remove(role);
    return edit.put(std::move(other));
  });
  // It is the old one's, so it is nobody's now.
  EXPECT_NE(answer.find(std::string(role.id.text()) + ":one"), std::string::npos) << answer;
  const Answer given{.status = 200, .error = {}, .body = answer};
  EXPECT_EQ(kms("ListKeys", "{}", session(given)).error, "UnrecognizedClientException");
}

TEST_F(Iam, ASessionSaysInItsRecordsWhoseItIs) {
  call("CreateRole", {{"RoleName", "r"}, {"AssumeRolePolicyDocument", trust}});
  call("PutRolePolicy",
       {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", allowing({"kms:ListKeys", "kms:GenerateRandom"})}});
  const auto assumed = call("AssumeRole", {{"RoleArn", "arn:aws:iam::123456789012:role/r"}, {"RoleSessionName", "one"}},
                            user("asker", allowing({"sts:AssumeRole"})));
  ASSERT_EQ(assumed.status, 200) << assumed.body;
  EXPECT_EQ(kms("ListKeys", "{}", session(assumed)).status, 200);
  const auto leaf = kms_.leaves().back();
  EXPECT_NE(leaf.find(R"("userIdentity":{"type":"AssumedRole","principalId":"AROA)"), std::string::npos) << leaf;
  EXPECT_NE(leaf.find(R"("arn":"arn:aws:sts::123456789012:assumed-role/r/one")"), std::string::npos);
  EXPECT_NE(leaf.find(R"("sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA)"), std::string::npos);
  EXPECT_NE(leaf.find(R"("arn":"arn:aws:iam::123456789012:role/r","accountId":"123456789012","userName":"r"},)"
                      R"("attributes":{"mfaAuthenticated":"false","creationDate":"2025-06-15T15:06:40Z"}})"),
            std::string::npos)
      << leaf;
  EXPECT_EQ(leaf.find(session(assumed).token), std::string::npos);
}

#if KEYFOLD_COUNTS_MALLOC
TEST_F(Iam, ASessionOnTheFastLaneAllocatesNothing) {
  call("CreateRole", {{"RoleName", "r"}, {"AssumeRolePolicyDocument", trust}});
  call("PutRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", allowing({"kms:GenerateRandom"})}});
  const auto assumed = call("AssumeRole", {{"RoleArn", "arn:aws:iam::123456789012:role/r"}, {"RoleSessionName", "one"}},
                            user("asker", allowing({"sts:AssumeRole"})));
  const auto asker = user("direct", allowing({"kms:GenerateRandom"}));
  for (const auto& signer : {session(assumed), asker}) {
    Signed request =
        sign("kms", "application/x-amz-json-1.1", "TrentService.GenerateRandom", R"({"NumberOfBytes":32})", signer);
    const http::Request view = request.view();
    http::Reply reply;
    const auto serve = [&] {
      reply.clear();
      kms_.pipeline().serve(view, reply, 0);
      ASSERT_EQ(reply.status, 200) << reply.body;
    };
    for (int i = 0; i < 200; ++i) serve();
    const std::size_t before = malloc_calls();
    for (int i = 0; i < 1000; ++i) serve();
    EXPECT_LT(static_cast<double>(malloc_calls() - before) / 1000, 0.05) << signer.id;
  }
}
#endif

}  // namespace
}  // namespace keyfold::server
