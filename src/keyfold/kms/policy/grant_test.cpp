#include "keyfold/kms/policy/grant.h"

#include <random>
#include <vector>

#include "keyfold/kms/policy/policy_testing.h"

namespace keyfold::policy {
namespace {

using Kind = GrantConstraint::Kind;

TEST(GrantOperation, EachHasANameAndGivesTheActionOfThatName) {
  for (std::size_t i = 0; i < grant_operation_count; ++i) {
    const auto operation = static_cast<GrantOperation>(i);
    EXPECT_EQ(grant_operation(to_text(operation)), operation);
    EXPECT_EQ(grant_operation_of_action("kms:" + std::string(to_text(operation))), operation);
  }
  EXPECT_EQ(to_text(GrantOperation::re_encrypt_from), "ReEncryptFrom");
  EXPECT_EQ(grant_operation("ReEncrypt"), std::nullopt);
  EXPECT_EQ(grant_operation("decrypt"), std::nullopt);
  EXPECT_EQ(grant_operation_of_action("kms:ListGrants"), std::nullopt);
}

TEST(GrantPrincipal, IsAUserARoleASessionOrAnAccountAndNothingElse) {
  for (const auto* const arn : {"arn:aws:iam::111122223333:user/a/b", "arn:aws:iam::111122223333:role/r",
                                "arn:aws:sts::111122223333:assumed-role/r/s"}) {
    const auto parsed = GrantPrincipal::parse(arn);
    ASSERT_TRUE(parsed) << arn;
    EXPECT_EQ(parsed->kind, GrantPrincipal::Kind::arn);
    EXPECT_EQ(parsed->text, arn);
  }
  const auto root = GrantPrincipal::parse("arn:aws:iam::111122223333:root");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->kind, GrantPrincipal::Kind::account);
  EXPECT_EQ(root->text, "111122223333");
  for (const std::string arn :
       {"", "*", "111122223333", "arn:aws:iam::111122223333:*", "arn:aws:iam::111122223333:user/*",
        "arn:aws:iam::111122223333:group/g", "arn:aws:iam::1111:user/a", "arn:aws:sts::111122223333:assumed-role/r",
        "arn:aws:sts::111122223333:assumed-role/r/", "arn:aws:sts::111122223333:federated-user/f",
        "arn:aws:kms:us-east-1:111122223333:key/k"}) {
    const auto parsed = GrantPrincipal::parse(arn);
    ASSERT_FALSE(parsed) << arn;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_arn);
  }
  EXPECT_FALSE(GrantPrincipal::parse("arn:aws:iam::111122223333:user/" + std::string(300, 'a')));
}

// Terms over a world so small that all contexts can be tried.
class SmallWorld {
 public:
  explicit SmallWorld(unsigned seed) : random_(seed) {
    for (const auto* const a : {"", "1", "2"})
      for (const auto* const b : {"", "1", "2"})
        for (const auto* const big_a : {"", "1"}) {
          EncryptionContext context;
          if (*a != 0) context.set("a", a);
          if (*b != 0) context.set("b", b);
          if (*big_a != 0) context.set("A", big_a);
          contexts_.push_back(std::move(context));
        }
    // And each with a pair that no constraint here knows of.
    constraints_ = contexts_.size();
    for (std::size_t i = 0; i < constraints_; ++i) {
      contexts_.push_back(contexts_[i]);
      contexts_.back().set("x", "1");
    }
    pairs_.resize(contexts_.size());
    for (std::size_t i = 0; i < contexts_.size(); ++i) views_.push_back(contexts_[i].view(pairs_[i]));
  }

  GrantTerms terms() {
    GrantTerms terms;
    for (const auto operation : {GrantOperation::encrypt, GrantOperation::decrypt, GrantOperation::create_grant})
      if (random_() % 2 == 0) terms.operations.add(operation);
    const auto kind = static_cast<Kind>(random_() % 3);
    const auto& context = views_[random_() % constraints_];
    if (kind != Kind::none && !context.empty()) terms.constraint = {.kind = kind, .pairs = context};
    return terms;
  }
  const std::vector<ContextView>& contexts() const { return views_; }

 private:
  std::mt19937 random_;
  std::size_t constraints_ = 0;
  std::vector<EncryptionContext> contexts_;
  std::vector<std::vector<ContextPair>> pairs_;
  std::vector<ContextView> views_;
};

TEST(GrantTerms, AreAtMostOthersExactlyWhenTheyGiveNothingMore) {
  SmallWorld world(1);
  int at_most = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto child = world.terms();
    const auto parent = world.terms();
    bool wider = !parent.operations.has_all_of(child.operations);
    for (const auto& context : world.contexts())
      wider = wider || (child.constraint.holds(context) && !parent.constraint.holds(context));
    ASSERT_EQ(child.at_most(parent), !wider) << i;
    at_most += wider ? 0 : 1;
  }
  EXPECT_GT(at_most, 1000);
}

TEST(GrantTerms, AChainOfChildrenIsNeverWiderThanItsFirst) {
  SmallWorld world(2);
  int links = 0;
  for (int chain = 0; chain < 500; ++chain) {
    const auto first = world.terms();
    auto last = first;
    for (int i = 0; i < 30; ++i) {
      const auto next = world.terms();
      if (!next.at_most(last)) continue;
      last = next;
      ++links;
      ASSERT_TRUE(first.operations.has_all_of(last.operations));
      for (const auto& context : world.contexts())
        ASSERT_LE(last.constraint.holds(context), first.constraint.holds(context));
    }
  }
  EXPECT_GT(links, 500);
}

TEST(GrantConstraint, AContextThatIsKnownInPartMeetsItOnlyWhereEveryWholeOneDoes) {
  SmallWorld world(3);
  int settled = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto constraint = world.terms().constraint;
    for (const auto& part : world.contexts()) {
      Request request;
      request.context = part;
      request.context_extent = Extent::partial;
      const auto said = constraint.holds(request);
      for (const auto& whole : world.contexts()) {
        const bool extends = std::ranges::all_of(part, [&](const auto& pair) {
          const auto* const value = whole.find(pair.key);
          return value != nullptr && *value == pair.value;
        });
        if (!extends) continue;
        ASSERT_TRUE(said == Tri::unknown || said == tri(constraint.holds(whole)));
      }
      settled += said == Tri::unknown ? 0 : 1;
    }
  }
  EXPECT_GT(settled, 1000);
}

// --- Limits of the grantee.

struct Asked {
  std::string arn, role;
  AccountId account = home();
  PrincipalType type = PrincipalType::role_session;
  const Document *identity = nullptr, *boundary = nullptr, *session = nullptr;
};

Cause asked(const Asked& by, std::string_view grantee) {
  const auto nobody = key_policy(R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/other"},
                                     "Action":"kms:*","Resource":"*"})");
  Grant grant{.label = "grant 1", .grantee = *GrantPrincipal::parse(grantee), .terms = {}};
  grant.terms.operations.add(GrantOperation::decrypt);
  const Grant* const grants[] = {&grant};
  const Caller caller{.arn = by.arn,
                      .account = by.account,
                      .type = by.type,
                      .role = by.role,
                      .identity = only(by.identity),
                      .boundary = only(by.boundary),
                      .session = only(by.session)};
  Reason reason;
  const auto permit = Authorizer().authorize<op::Decrypt>(
      caller, {.key = sample_key(), .policy = nobody, .epoch = 1, .context = {}, .digest = {}, .grants = grants},
      reason);
  EXPECT_EQ(permit.has_value(), reason.cause == Cause::grant);
  return reason.cause;
}

TEST(Grants, ByItsOwnArnNothingLimitsASessionAndByItsRolesEverythingDoes) {
  const std::string role = "arn:aws:iam::111122223333:role/r";
  const std::string session = "arn:aws:sts::111122223333:assumed-role/r/s";
  const auto nothing = document(policy_of(R"({"Effect":"Allow","Action":"s3:*","Resource":"*"})"), PolicyKind::session);
  const auto no_boundary =
      document(policy_of(R"({"Effect":"Allow","Action":"s3:*","Resource":"*"})"), PolicyKind::boundary);
  EXPECT_EQ(asked({.arn = session, .role = role}, session), Cause::grant);
  EXPECT_EQ(asked({.arn = session, .role = role}, role), Cause::grant);
  EXPECT_EQ(asked({.arn = session, .role = role, .session = &nothing}, session), Cause::grant);
  EXPECT_EQ(asked({.arn = session, .role = role, .session = &nothing}, role), Cause::no_session_policy_allows);
  EXPECT_EQ(asked({.arn = session, .role = role, .boundary = &no_boundary}, session), Cause::grant);
  EXPECT_EQ(asked({.arn = session, .role = role, .boundary = &no_boundary}, role),
            Cause::no_permissions_boundary_allows);
  EXPECT_EQ(asked({.arn = session + "2", .role = role}, session), Cause::no_resource_policy_allows);
}

TEST(Grants, ToAnAccountAreItsIdentityPoliciesToPassOn) {
  const auto decrypt = identity_policy(R"({"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"})");
  for (const AccountId& account : {home(), abroad()}) {
    const auto root = root_of(account);
    const Asked user{.arn = user_of(account, "a"), .role = {}, .account = account, .type = PrincipalType::user};
    EXPECT_EQ(asked(user, root), Cause::no_identity_policy_allows);
    Asked allowed = user;
    allowed.identity = &decrypt;
    EXPECT_EQ(asked(allowed, root), Cause::grant);
    EXPECT_EQ(asked({.arn = root, .role = {}, .account = account, .type = PrincipalType::root}, root), Cause::grant);
    // One who is named himself needs none, whichever account he is of.
    EXPECT_EQ(asked(user, user.arn), Cause::grant);
  }
}

TEST(Grants, AnExplicitDenyOfTheCallersOwnIsStronger) {
  const auto deny = identity_policy(R"({"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"})");
  const auto arn = user_of(home(), "a");
  EXPECT_EQ(asked({.arn = arn, .role = {}, .type = PrincipalType::user, .identity = &deny}, arn), Cause::statement);
}

TEST(Grants, WhatIsStillOpenNamesTheGrantAndItsConstraint) {
  const auto nobody = key_policy(R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/other"},
                                     "Action":"kms:*","Resource":"*"})");
  const auto arn = user_of(home(), "a");
  std::vector<ContextPair> pairs;
  const EncryptionContext context = {{"domain", "cards"}};
  Grant grant{.label = "grant 1", .grantee = *GrantPrincipal::parse(arn), .terms = {}};
  grant.terms.operations.add(GrantOperation::decrypt);
  grant.terms.constraint = {.kind = Kind::subset, .pairs = context.view(pairs)};
  const Grant* const grants[] = {&grant};
  Request request;
  request.principal = {.arn = arn, .account = home().text(), .type = PrincipalType::user};
  request.action = op::Decrypt::action;
  request.resource = sample_key().text();
  request.resource_account = home().text();
  request.context_extent = Extent::partial;
  const auto decision = evaluate(request, {.key = &nobody, .grants = Grants(grants)});
  EXPECT_EQ(decision.verdict, Verdict::unknown);
  ASSERT_EQ(decision.remaining.size(), 1U);
  EXPECT_EQ(decision.remaining[0].what, Remaining::What::constraint);
  EXPECT_EQ(decision.remaining[0].grant, &grant);
  const auto without = evaluate(request, {.key = &nobody, .grants = {}});
  EXPECT_EQ(without.verdict, Verdict::unknown);
  ASSERT_EQ(without.remaining.size(), 1U);
  EXPECT_EQ(without.remaining[0].what, Remaining::What::grants);
}

}  // namespace
}  // namespace keyfold::policy
