// The evaluator against another one, written from the rules in authorizer.h, two-valued and slow, on random policies;
// and what "unknown" promises.
#include <algorithm>
#include <functional>
#include <optional>
#include <random>

#include "keyfold/kms/policy/policy_testing.h"

namespace keyfold::policy {
namespace {

struct PlainCondition {
  std::string op, name;  // "StringEquals"; of the encryption context.
  std::vector<std::string> values;
};
struct PlainStatement {
  bool deny = false;
  bool all_other_principals = false, all_other_actions = false, all_other_resources = false;
  std::vector<std::string> principals;  // As written in the policy; empty in identity policies.
  std::vector<std::string> actions, resources;
  std::vector<PlainCondition> conditions;
};
using PlainPolicy = std::vector<PlainStatement>;

struct PlainTerms {
  std::vector<std::string> operations;  // "Decrypt"
  std::string constraint;               // "", "equals" or "subset".
  EncryptionContext pairs;
};
struct PlainGrant {
  std::string id, grantee, retiring;  // ARNs; `retiring` may be empty.
  PlainTerms terms;
};

struct PlainRequest {
  std::string arn, role, account, action, resource, owner;
  bool root = false;
  EncryptionContext context;
  PlainTerms creates;  // Of kms:CreateGrant.
};

// --- The naive evaluator.

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') return matches(pattern.substr(1), text) || (!text.empty() && matches(pattern, text.substr(1)));
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) && matches(pattern.substr(1), text.substr(1));
}

bool holds(const PlainCondition& condition, const PlainStatement& statement, const PlainRequest& request) {
  const bool negated = condition.op == "StringNotEquals";
  std::vector<bool> holds;
  for (const auto& [key, value] : request.context)
    if (lower(key) == lower(condition.name))
      holds.push_back((std::ranges::find(condition.values, value) != condition.values.end()) != negated);
  if (condition.op == "Null")
    return std::ranges::any_of(condition.values, [&](const auto& value) { return (value == "true") == holds.empty(); });
  if (holds.empty())
    return negated || condition.op == "StringEqualsIfExists" || condition.op == "ForAllValues:StringEquals";
  return statement.deny ? std::ranges::count(holds, true) > 0 : std::ranges::count(holds, false) == 0;
}

bool applies(const PlainStatement& statement, const PlainRequest& request) {
  const bool action = std::ranges::any_of(
      statement.actions, [&](const auto& pattern) { return matches(lower(pattern), lower(request.action)); });
  const bool resource =
      std::ranges::any_of(statement.resources, [&](const auto& pattern) { return matches(pattern, request.resource); });
  const bool right_action = !statement.actions.empty() && action != statement.all_other_actions;
  const bool right_resource = !statement.resources.empty() && resource != statement.all_other_resources;
  return right_action && right_resource && std::ranges::all_of(statement.conditions, [&](const auto& condition) {
           return holds(condition, statement, request);
         });
}

bool is_account(const std::string& principal) { return principal.ends_with(":root") || principal.size() == 12; }
bool names_account(const std::string& principal, const std::string& account) {
  return principal == account || principal == "arn:aws:iam::" + account + ":root";
}

bool contains(const EncryptionContext& all, const EncryptionContext& some) {
  return std::ranges::all_of(some, [&](const auto& pair) {
    const auto* const value = all.find(pair.first);
    return value != nullptr && *value == pair.second;
  });
}

bool within(const PlainTerms& child, const PlainTerms& parent) {
  for (const auto& operation : child.operations)
    if (std::ranges::find(parent.operations, operation) == parent.operations.end()) return false;
  if (parent.constraint.empty()) return true;
  if (parent.constraint == "equals") return child.constraint == "equals" && child.pairs == parent.pairs;
  return !child.constraint.empty() && contains(child.pairs, parent.pairs);
}

bool gives(const PlainGrant& grant, const PlainRequest& request) {
  const auto& operations = grant.terms.operations;
  const std::string wanted = request.action.substr(4);
  if (std::ranges::find(operations, wanted) == operations.end()) return false;
  if (wanted == "CreateGrant") return within(request.creates, grant.terms);
  if (wanted == "DescribeKey" || wanted == "RetireGrant" || grant.terms.constraint.empty()) return true;
  return grant.terms.constraint == "equals" ? request.context == grant.terms.pairs
                                            : contains(request.context, grant.terms.pairs);
}

bool grants_allow(const std::vector<PlainGrant>& grants, const PlainRequest& request, bool identity_allows) {
  const auto reaches = [&](const std::string& principal) {
    if (names_account(principal, request.account)) return identity_allows;
    return principal == request.arn || (!principal.empty() && principal == request.role);
  };
  return std::ranges::any_of(grants, [&](const PlainGrant& grant) {
    return (gives(grant, request) && reaches(grant.grantee)) ||
           (request.action == "kms:RetireGrant" && reaches(grant.retiring));
  });
}

bool naive(const PlainPolicy* key, const PlainPolicy& identity, const std::vector<PlainGrant>& grants,
           const PlainRequest& request) {
  bool identity_allows = request.root;
  for (const auto& statement : identity) {
    if (!applies(statement, request)) continue;
    if (statement.deny && !request.root) return false;
    if (!statement.deny) identity_allows = true;
  }
  bool by_policies = false;
  const bool same_account = request.account == request.owner;
  if (key == nullptr) return same_account && identity_allows;
  bool direct = false;
  bool delegated = false;
  for (const auto& statement : *key) {
    if (!applies(statement, request)) continue;
    if (statement.all_other_principals) {
      const auto lists = [&](const auto& test) { return std::ranges::any_of(statement.principals, test); };
      const bool everyone = lists([](const auto& p) { return p == "*"; });
      const bool itself = lists([&](const auto& p) { return p == request.arn && !is_account(p); });
      const bool role = request.role.empty() || lists([&](const auto& p) { return p == request.role; });
      const bool any = lists([&](const auto& p) { return !request.role.empty() && p == request.role; });
      const bool account = lists([&](const auto& p) { return is_account(p) && names_account(p, request.account); });
      if (statement.deny && !everyone && !((itself || request.root) && role && account)) return false;
      direct = direct || (!statement.deny && !everyone && !itself && !any && !account);
      continue;
    }
    for (const auto& principal : statement.principals) {
      const bool named = principal == "*" || principal == request.arn || principal == request.role;
      const bool account = is_account(principal) && names_account(principal, request.account);
      if (statement.deny && (named || account)) return false;
      direct = direct || (!statement.deny && named && !is_account(principal));
      delegated = delegated || (!statement.deny && account);
    }
  }
  if (same_account)
    by_policies = direct || (delegated && identity_allows);
  else
    by_policies = (direct || delegated) && identity_allows;
  return by_policies || grants_allow(grants, request, identity_allows);
}

// --- Random policies and requests over a small world, so that things meet.

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  PlainPolicy policy(PolicyKind kind) {
    PlainPolicy policy(1 + random_() % 4);
    for (auto& statement : policy) {
      statement.deny = random_() % 4 == 0;
      if (kind == PolicyKind::key) statement.principals = some(principals_, 1);
      statement.actions = some(actions_, 0);
      statement.resources = random_() % 2 == 0 ? std::vector<std::string>{"*"} : some(resources_, 0);
      statement.all_other_principals = kind == PolicyKind::key && random_() % 8 == 0;
      statement.all_other_actions = random_() % 8 == 0;
      statement.all_other_resources = random_() % 8 == 0;
      if (random_() % 3 == 0) statement.conditions.push_back(condition());
    }
    return policy;
  }

  PlainRequest request() {
    PlainRequest request{.arn = pick(callers_),
                         .role = {},
                         .account = {},
                         .action = pick(calls_),
                         .resource = pick(keys_),
                         .owner = {},
                         .root = {},
                         .context = {},
                         .creates = {}};
    if (request.arn.find(":assumed-role/") != std::string::npos) request.role = roles_[0];
    if (request.action == "kms:CreateGrant") request.creates = terms();
    request.account = std::string(split_arn(request.arn)->account);
    request.root = request.arn.ends_with(":root");
    request.owner = std::string(split_arn(request.resource)->account);
    for (auto n = random_() % 3; n > 0; --n) request.context.set(pick(context_keys_), pick(context_values_));
    return request;
  }

  std::vector<PlainGrant> grants() {
    std::vector<PlainGrant> grants(random_() % 4);
    for (auto& grant : grants) {
      grant.id = std::to_string(random_());
      grant.grantee = pick(grantees_);
      if (random_() % 2 == 0) grant.retiring = pick(grantees_);
      grant.terms = terms();
    }
    return grants;
  }

  unsigned draw() { return static_cast<unsigned>(random_()); }

 private:
  PlainTerms terms() {
    PlainTerms terms{.operations = some(grant_operations_, 1), .constraint = pick(constraints_), .pairs = {}};
    if (!terms.constraint.empty()) {
      terms.pairs.set(pick(context_keys_), pick(context_values_));
      if (random_() % 3 == 0) terms.pairs.set(pick(context_keys_), pick(context_values_));
    }
    return terms;
  }
  PlainCondition condition() {
    PlainCondition condition{.op = pick(operators_), .name = pick(context_keys_), .values = some(context_values_, 1)};
    if (condition.op == "Null") condition.values = some({"true", "false"}, 1);
    return condition;
  }
  const std::string& pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
  std::vector<std::string> some(const std::vector<std::string>& from, std::size_t least) {
    std::vector<std::string> chosen;
    for (std::size_t n = least + random_() % 3; n > 0; --n) chosen.push_back(pick(from));
    return chosen;
  }
  std::mt19937 random_;
  const std::vector<std::string> roles_ = {"arn:aws:iam::111122223333:role/batch/nightly"};
  const std::vector<std::string> sessions_ = {"arn:aws:sts::111122223333:assumed-role/nightly/one"};
  const std::vector<std::string> callers_ = {root_of(home()),   user_of(home(), "a"),   user_of(home(), "b"),
                                             root_of(abroad()), user_of(abroad(), "a"), sessions_[0]};
  const std::vector<std::string> grantees_ = {root_of(home()),        root_of(abroad()), user_of(home(), "a"),
                                              user_of(abroad(), "a"), roles_[0],         sessions_[0]};
  const std::vector<std::string> grant_operations_ = {"Encrypt", "Decrypt", "CreateGrant", "RetireGrant",
                                                      "DescribeKey"};
  const std::vector<std::string> constraints_ = {"", "", "equals", "subset"};
  const std::vector<std::string> principals_ = {"*",
                                                "111122223333",
                                                "444455556666",
                                                root_of(home()),
                                                user_of(home(), "a"),
                                                user_of(home(), "b"),
                                                user_of(abroad(), "a"),
                                                roles_[0],
                                                sessions_[0]};
  const std::vector<std::string> actions_ = {"*",           "kms:*",      "kms:Encrypt", "kms:decrypt",
                                             "KMS:?ncrypt", "kms:*crypt", "s3:*"};
  const std::vector<std::string> calls_ = {"kms:Encrypt",     "kms:Decrypt",     "kms:GenerateDataKey",
                                           "kms:CreateGrant", "kms:RetireGrant", "kms:DescribeKey"};
  const std::vector<std::string> keys_ = {
      std::string(sample_key().text()), "arn:aws:kms:us-west-2:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ac"};
  const std::vector<std::string> resources_ = {"*", keys_[0], keys_[1], "arn:aws:kms:*:111122223333:*",
                                               "arn:aws:kms:*:*:*b"};
  const std::vector<std::string> operators_ = {
      "StringEquals", "StringEquals", "StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringEquals", "Null"};
  const std::vector<std::string> context_keys_ = {"domain", "Domain", "tenant"};
  const std::vector<std::string> context_values_ = {"cards", "loans", "Cards"};
};

std::string json(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) out += (out.size() > 1 ? ",\"" : "\"") + text + "\"";
  return out + "]";
}

Document compiled(const PlainPolicy& policy, PolicyKind kind) {
  std::string statements;
  for (const auto& statement : policy) {
    statements +=
        std::string(statements.empty() ? "" : ",") + R"({"Effect":)" + (statement.deny ? R"("Deny")" : R"("Allow")");
    const auto named = [](bool others, const std::string& name) {
      return ",\"" + std::string(others ? "Not" : "") + name + "\":";
    };
    if (kind == PolicyKind::key)
      statements +=
          named(statement.all_other_principals, "Principal") + R"({"AWS":)" + json(statement.principals) + "}";
    statements += named(statement.all_other_actions, "Action") + json(statement.actions);
    statements += named(statement.all_other_resources, "Resource") + json(statement.resources);
    for (const auto& [op, name, values] : statement.conditions)
      statements += R"(,"Condition":{")" + op + R"(":{"kms:EncryptionContext:)" + name + "\":" + json(values) + "}}";
    statements += "}";
  }
  return document(policy_of(statements), kind);
}

GrantConstraint constraint_of(const PlainTerms& terms, std::vector<ContextPair>& pairs) {
  using Kind = GrantConstraint::Kind;
  if (terms.constraint.empty()) return {};
  return {.kind = terms.constraint == "equals" ? Kind::equals : Kind::subset, .pairs = terms.pairs.view(pairs)};
}

GrantTerms terms_of(const PlainTerms& plain, std::vector<ContextPair>& pairs) {
  GrantTerms terms{.operations = {}, .constraint = constraint_of(plain, pairs)};
  for (const auto& name : plain.operations) terms.operations.add(*grant_operation(name));
  return terms;
}

// As the evaluator takes it.
struct CompiledGrant {
  std::string label;
  std::vector<ContextPair> pairs;
  Grant grant;

  explicit CompiledGrant(const PlainGrant& plain) : label("grant " + plain.id) {
    grant = {.label = label,
             .grantee = *GrantPrincipal::parse(plain.grantee),
             .retiring = {},
             .terms = terms_of(plain.terms, pairs)};
    if (!plain.retiring.empty()) grant.retiring = *GrantPrincipal::parse(plain.retiring);
  }
  CompiledGrant(const CompiledGrant&) = delete;
  CompiledGrant& operator=(const CompiledGrant&) = delete;
  ~CompiledGrant() = default;
};

struct Case {
  PlainPolicy plain_key, plain_identity;
  std::vector<PlainGrant> plain_grants;
  PlainRequest plain;
  Document key, identity;
  std::vector<const Document*> identities;
  std::vector<ContextPair> pairs, created_pairs;
  GrantTerms created;
  std::vector<std::unique_ptr<CompiledGrant>> compiled_grants;
  std::vector<const Grant*> grants;
  Request request;

  explicit Case(World& world)
      : plain_key(world.policy(PolicyKind::key)),
        plain_identity(world.policy(PolicyKind::identity)),
        plain_grants(world.grants()),
        plain(world.request()),
        key(compiled(plain_key, PolicyKind::key)),
        identity(compiled(plain_identity, PolicyKind::identity)),
        identities({&identity}) {
    const auto other_type = plain.role.empty() ? PrincipalType::user : PrincipalType::role_session;
    request.principal = {.arn = plain.arn,
                         .account = plain.account,
                         .type = plain.root ? PrincipalType::root : other_type,
                         .role = plain.role};
    request.action = plain.action;
    request.resource = plain.resource;
    request.resource_account = plain.owner;
    request.context = plain.context.view(pairs);
    created = terms_of(plain.creates, created_pairs);
    request.creates = &created;
    for (const auto& grant : plain_grants) {
      compiled_grants.push_back(std::make_unique<CompiledGrant>(grant));
      grants.push_back(&compiled_grants.back()->grant);
    }
  }
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;
  ~Case() = default;
  Policies policies() const {
    return {.key = &key, .identity = std::span<const Document* const>(identities), .grants = Grants(grants)};
  }
};

TEST(Evaluate, AgreesWithANaiveEvaluatorOnRandomPolicies) {
  World world(1);
  int allowed = 0;
  for (int i = 0; i < 10000; ++i) {
    const Case c(world);
    const bool expected = naive(&c.plain_key, c.plain_identity, c.plain_grants, c.plain);
    const auto decision = evaluate(c.request, c.policies());
    ASSERT_EQ(decision.verdict, expected ? Verdict::allow : Verdict::deny) << i << " " << c.plain.arn;
    ASSERT_TRUE(decision.remaining.empty());
    auto without_key = c.policies();
    without_key.key = nullptr;
    ASSERT_EQ(evaluate(c.request, without_key).verdict,
              naive(nullptr, c.plain_identity, {}, c.plain) ? Verdict::allow : Verdict::deny)
        << i;
    allowed += expected ? 1 : 0;
  }
  EXPECT_GT(allowed, 1000);
  EXPECT_LT(allowed, 9000);
}

TEST(Evaluate, TheDecidingStatementIsOneThatApplies) {
  World world(2);
  for (int i = 0; i < 5000; ++i) {
    const Case c(world);
    const auto decision = evaluate(c.request, c.policies());
    const auto& reason = decision.reason;
    if (reason.statement == nullptr) continue;
    const bool of_key = reason.policy == PolicyKind::key;
    ASSERT_EQ(reason.statement, &(of_key ? c.key : c.identity).statements()[reason.index]);
    const auto& plain = (of_key ? c.plain_key : c.plain_identity)[reason.index];
    ASSERT_TRUE(applies(plain, c.plain));
    ASSERT_EQ(plain.deny, decision.verdict == Verdict::deny);
  }
}

TEST(Evaluate, ADenyThatAppliesIsNeverOverruled) {
  World world(3);
  for (int i = 0; i < 2000; ++i) {
    Case c(world);
    PlainPolicy with_deny = c.plain_key;
    const auto at = with_deny.begin() + static_cast<std::ptrdiff_t>(world.draw() % (with_deny.size() + 1));
    with_deny.insert(at, {.deny = true,
                          .principals = {c.plain.account},
                          .actions = {c.plain.action},
                          .resources = {"*"},
                          .conditions = {}});
    const auto key = compiled(with_deny, PolicyKind::key);
    auto policies = c.policies();
    policies.key = &key;
    ASSERT_EQ(evaluate(c.request, policies).verdict, Verdict::deny);
  }
}

// --- Three values.

// Each takes one attribute out of a request.
using Forget = std::function<void(Request&, Policies&)>;
const std::vector<Forget> attributes = {
    [](Request& r, Policies&) { r.principal.arn = {}; },
    [](Request& r, Policies&) { r.principal.account = {}; },
    [](Request& r, Policies&) { r.principal.type = {}; },
    [](Request& r, Policies&) { r.action = {}; },
    [](Request& r, Policies&) { r.resource = {}; },
    [](Request& r, Policies&) { r.resource_account = {}; },
    [](Request& r, Policies&) { r.context = {}, r.context_extent = Extent::partial; },
    [](Request& r, Policies&) { r.context_extent = Extent::partial; },
    [](Request&, Policies& p) { p.identity = {}; },
    [](Request&, Policies& p) { p.grants = {}; },
    [](Request& r, Policies&) { r.creates = {}; },
    [](Request& r, Policies&) { r.principal.role = {}; },
};

TEST(Evaluate, ForgettingAttributesLeadsOnlyToUnknown) {
  World world(4);
  int unknown = 0;
  int still_known = 0;
  for (int i = 0; i < 100; ++i) {
    const Case c(world);
    const auto whole = evaluate(c.request, c.policies()).verdict;
    for (unsigned set = 1; set < 1U << attributes.size(); ++set) {
      Request request = c.request;
      Policies policies = c.policies();
      for (std::size_t a = 0; a < attributes.size(); ++a)
        if ((set >> a & 1U) != 0) attributes[a](request, policies);
      const auto decision = evaluate(request, policies);
      ASSERT_TRUE(decision.verdict == whole || decision.verdict == Verdict::unknown) << i << " " << set;
      ASSERT_EQ(decision.verdict == Verdict::unknown, !decision.remaining.empty()) << i << " " << set;
      ++(decision.verdict == Verdict::unknown ? unknown : still_known);
    }
  }
  EXPECT_GT(unknown, 5000);
  EXPECT_GT(still_known, 5000);
}

TEST(Evaluate, TheDecidingGrantIsOneThatGivesIt) {
  World world(5);
  int by_grant = 0;
  for (int i = 0; i < 5000; ++i) {
    const Case c(world);
    const auto decision = evaluate(c.request, c.policies());
    if (decision.reason.cause != Cause::grant) continue;
    ++by_grant;
    ASSERT_EQ(decision.verdict, Verdict::allow);
    ASSERT_NE(decision.reason.grant, nullptr);
    const auto at = static_cast<std::size_t>(std::ranges::find(c.grants, decision.reason.grant) - c.grants.begin());
    ASSERT_LT(at, c.grants.size());
    // Alone it is enough, and without grants it is denied.
    ASSERT_TRUE(naive(&c.plain_key, c.plain_identity, {c.plain_grants[at]}, c.plain)) << i;
    ASSERT_FALSE(naive(&c.plain_key, c.plain_identity, {}, c.plain)) << i;
    ASSERT_EQ(decision.reason.deciding_statement(), "grant " + c.plain_grants[at].id);
  }
  EXPECT_GT(by_grant, 200);
}

TEST(Evaluate, NoGrantOverrulesADeny) {
  World world(6);
  const auto deny = key_policy(R"({"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"})");
  for (int i = 0; i < 1000; ++i) {
    const Case c(world);
    auto policies = c.policies();
    policies.key = &deny;
    ASSERT_EQ(evaluate(c.request, policies).verdict, Verdict::deny);
  }
}

TEST(Evaluate, UnknownIsNotAbsent) {
  const auto policy = key_policy(
      R"({"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*",
          "Condition":{"StringEquals":{"kms:EncryptionContext:domain":"cards"}}})");
  const auto arn = user_of(home(), "ledger-reader");
  Request request;
  request.principal = {.arn = arn, .account = home().text(), .type = PrincipalType::user};
  request.action = op::Decrypt::action;
  request.resource = sample_key().text();
  request.resource_account = home().text();
  EXPECT_EQ(evaluate(request, {.key = &policy}).verdict, Verdict::deny);
  request.context_extent = Extent::partial;
  const auto decision = evaluate(request, {.key = &policy});
  EXPECT_EQ(decision.verdict, Verdict::unknown);
  EXPECT_EQ(decision.reason.cause, Cause::undecided);
  ASSERT_EQ(decision.remaining.size(), 1U);
  EXPECT_EQ(decision.remaining[0].what, Remaining::What::condition);
  EXPECT_EQ(decision.remaining[0].condition->key(), "kms:EncryptionContext:domain");
}

TEST(Evaluate, WhatHoldsForEverybodyIsKnownOfNobodyInParticular) {
  const auto policy = key_policy(R"({"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"})");
  Request request;
  request.action = op::Decrypt::action;
  EXPECT_EQ(evaluate(request, {.key = &policy, .identity = {}}).verdict, Verdict::deny);
  request.action = op::Encrypt::action;
  EXPECT_EQ(evaluate(request, {.key = &policy, .identity = {}}).verdict, Verdict::deny);  // Nothing allows it.
}

TEST(Evaluate, AUserOfAnotherAccountIsNotTheOneThatIsNamed) {
  const auto policy = key_policy(R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/a"},
                                     "Action":"kms:*","Resource":"*"})");
  Request request;
  request.action = op::Encrypt::action;
  request.resource = sample_key().text();
  request.resource_account = home().text();
  request.principal.account = abroad().text();
  EXPECT_EQ(evaluate(request, {.key = &policy, .identity = {}}).verdict, Verdict::deny);
  request.principal.account = home().text();
  EXPECT_EQ(evaluate(request, {.key = &policy, .identity = {}}).verdict, Verdict::unknown);
  request.principal.type = PrincipalType::root;
  EXPECT_EQ(evaluate(request, {.key = &policy, .identity = {}}).verdict, Verdict::deny);
}

}  // namespace
}  // namespace keyfold::policy
