// Generated policies, put to the engine of keyfold-kms: who may do what, under which encryption context.

#include "keyfold/lifecycle/topology/key_policy.h"

#include <gtest/gtest.h>

#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/policy/lint.h"
#include "keyfold/lifecycle/topology/names.h"
#include "keyfold/lifecycle/topology/policy_text.h"
#include "keyfold/lifecycle/topology/shop_test.h"

namespace keyfold::topology {
namespace {

using testing::parsed;
using testing::shop;

constexpr std::string_view key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
constexpr std::string_view use[] = {"kms:Encrypt",     "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
                                    "kms:ReEncryptTo", "kms:ReEncryptFrom",   "kms:Decrypt"};
constexpr std::string_view administration[] = {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:EnableKeyRotation",
                                               "kms:TagResource", "kms:DisableKey"};

struct Who {
  std::string arn;
  policy::PrincipalType type = policy::PrincipalType::user;
  std::string role{};
};
Who user(std::string_view name) { return {.arn = "arn:aws:iam::123456789012:user/" + std::string(name)}; }
// A session of a role.
Who role(std::string_view name) {
  return {.arn = "arn:aws:sts::123456789012:assumed-role/" + std::string(name) + "/session",
          .type = policy::PrincipalType::role_session,
          .role = "arn:aws:iam::123456789012:role/" + std::string(name)};
}
Who root() { return {.arn = "arn:aws:iam::123456789012:root", .type = policy::PrincipalType::root}; }

class Policy {
 public:
  Policy(const Topology& topology, std::string_view environment, std::string_view domain)
      : text_(key_policy(topology, **topology.domain(environment, domain))) {
    auto parsed = policy::Document::parse(text_);
    EXPECT_TRUE(parsed) << parsed.error().message << text_;
    document_.emplace(*std::move(parsed));
  }

  // `on_same_key`: of a ReEncrypt.
  bool allows(const Who& who, std::string_view action, const EncryptionContext& context,
              const policy::Document* identity = nullptr, std::string_view on_same_key = "true") const {
    std::vector<ContextPair> pairs;
    const std::string_view principal = who.role.empty() ? std::string_view(who.arn) : std::string_view(who.role);
    const policy::ConditionValue conditions[] = {
        {.key = "aws:PrincipalArn", .values = policy::Values(&principal, 1)},
        {.key = "kms:ReEncryptOnSameKey", .values = policy::Values(&on_same_key, 1)}};
    const policy::Request request{
        .principal = {.arn = who.arn,
                      .account = "123456789012",
                      .type = who.type,
                      .role = who.role.empty() ? policy::Attribute<std::string_view>() : std::string_view(who.role)},
        .action = action,
        .resource = key_arn,
        .resource_account = "123456789012",
        .context = context.view(pairs),
        .conditions = conditions};
    policy::Policies policies{.key = &*document_};
    if (identity != nullptr) policies.identity = std::span(&identity, 1);
    return policy::evaluate(request, policies).verdict == policy::Verdict::allow;
  }
  const std::string& text() const { return text_; }
  const policy::Document& document() const { return *document_; }

 private:
  std::string text_;
  std::optional<policy::Document> document_;
};

EncryptionContext context_of(std::string domain, std::string environment) {
  return {{"domain", std::move(domain)}, {"environment", std::move(environment)}, {"tenant", "4711"}};
}
EncryptionContext branch_key_context(std::string domain, std::string environment) {
  return {{"branch-key-id", "4711"},
          {"type", "branch:ACTIVE"},
          {"tablename", "shop/production/mail"},
          {"aws-crypto-ec:domain", std::move(domain)},
          {"aws-crypto-ec:environment", std::move(environment)}};
}

const EncryptionContext cards = context_of("payments/cards", "production");

TEST(KeyPolicy, EncryptorsAndDecryptorsHaveEachTheirHalfAndNothingElse) {
  const auto topology = shop();
  const Policy policy(topology, "production", "payments/cards");
  for (const auto action : use) {
    const bool opens = action == "kms:Decrypt" || action == "kms:ReEncryptFrom";
    EXPECT_EQ(policy.allows(role("production-checkout"), action, cards), !opens) << action;
    EXPECT_EQ(policy.allows(role("production-clearing"), action, cards), opens) << action;
  }
  for (const auto& name : {"production-checkout", "production-clearing"}) {
    EXPECT_TRUE(policy.allows(role(name), "kms:DescribeKey", {}));
    for (const auto action : administration) EXPECT_FALSE(policy.allows(role(name), action, {})) << action;
    EXPECT_FALSE(policy.allows(role(name), "kms:CreateGrant", {}));
    EXPECT_FALSE(policy.allows(role(name), "kms:GetKeyPolicy", {}));
  }
}

TEST(KeyPolicy, AdministratorsAdministerAndUseNothing) {
  const auto topology = shop();
  for (const auto& domain : topology.domains) {
    const Policy policy(topology, domain.environment, domain.name);
    for (const auto& who : {user("key-admin"), root()}) {
      for (const auto action : administration) EXPECT_TRUE(policy.allows(who, action, {})) << who.arn << action;
      for (const auto action : use) {
        EXPECT_FALSE(policy.allows(who, action, context_of(domain.name, domain.environment))) << who.arn << action;
        EXPECT_FALSE(policy.allows(who, action, branch_key_context(domain.name, domain.environment))) << action;
      }
      EXPECT_FALSE(policy.allows(who, "kms:CreateGrant", {}));
    }
  }
}

TEST(KeyPolicy, NoContextButThisDomainsAndEnvironmentsIsEnough) {
  const auto topology = shop();
  const Policy policy(topology, "staging", "payments/cards");
  const EncryptionContext wrong[] = {
      {},
      context_of("payments/cards", "production"),
      context_of("customers", "staging"),
      context_of("payments/cards ", "staging"),
      {{"domain", "payments/cards"}},
      {{"environment", "staging"}},
      {{"domain", "payments/cards"}, {"environment", "staging"}, {"Domain", "customers"}},
      branch_key_context("payments/cards", "staging")};
  for (const auto& context : wrong)
    for (const auto action : use)
      for (const auto* name : {"staging-checkout", "staging-clearing"})
        EXPECT_FALSE(policy.allows(role(name), action, context)) << action;
  EXPECT_TRUE(policy.allows(role("staging-checkout"), "kms:Encrypt", context_of("payments/cards", "staging")));
  // And nobody of production, whatever he says.
  for (const auto action : use)
    EXPECT_FALSE(policy.allows(role("production-clearing"), action, context_of("payments/cards", "staging")));
}

TEST(KeyPolicy, NothingDelegatedElsewhereGetsAroundIt) {
  const auto topology = shop();
  const auto everything = policy::Document::parse(
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]})",
      policy::PolicyKind::identity);
  const Policy policy(topology, "production", "payments/cards");
  for (const auto action : use) EXPECT_FALSE(policy.allows(user("almighty"), action, cards, &*everything)) << action;
  EXPECT_TRUE(policy.allows(user("almighty"), "kms:PutKeyPolicy", {}, &*everything));
  EXPECT_FALSE(policy.allows(role("production-checkout"), "kms:Decrypt", cards, &*everything));
  EXPECT_FALSE(policy.allows(role("production-clearing"), "kms:Encrypt", cards, &*everything));
  EXPECT_FALSE(
      policy.allows(role("production-clearing"), "kms:Decrypt", context_of("customers", "production"), &*everything));

  // And whoever uses the key does not make himself its administrator, also not with tenants.
  const Policy tenants(topology, "production", "mail");
  for (const auto action : {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:TagResource",
                            "kms:UntagResource", "kms:UpdateAlias", "kms:CreateAlias", "kms:DeleteAlias",
                            "kms:RevokeGrant", "kms:CreateGrant", "kms:ReplicateKey", "kms:UpdateKeyDescription"}) {
    EXPECT_FALSE(policy.allows(role("production-checkout"), action, {}, &*everything)) << action;
    EXPECT_FALSE(policy.allows(role("production-clearing"), action, {}, &*everything)) << action;
    EXPECT_FALSE(tenants.allows(role("production-mail"), action, {}, &*everything)) << action;
    EXPECT_EQ(policy.allows(user("almighty"), action, {}, &*everything),
              action != std::string_view("kms:CreateGrant") && action != std::string_view("kms:ReplicateKey"))
        << action;
  }

  // A statement added by hand that allows everything to everyone.
  auto edited = read_policy(policy.text());
  edited.statements.push_back(
      read_policy(R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}})")
          .statements.front());
  const auto document = policy::Document::parse(write_policy(edited));
  ASSERT_TRUE(document);
  std::vector<ContextPair> pairs;
  for (const auto action : {"kms:Decrypt", "kms:Encrypt", "kms:CreateGrant", "kms:ReEncryptFrom"}) {
    const std::string_view principal = "arn:aws:iam::123456789012:user/key-admin";
    const policy::ConditionValue conditions[] = {{.key = "aws:PrincipalArn", .values = policy::Values(&principal, 1)}};
    const policy::Request request{
        .principal = {.arn = principal, .account = "123456789012", .type = policy::PrincipalType::user},
        .action = action,
        .resource = key_arn,
        .resource_account = "123456789012",
        .context = cards.view(pairs),
        .conditions = conditions};
    EXPECT_EQ(policy::evaluate(request, {.key = &*document}).verdict, policy::Verdict::deny) << action;
  }
}

TEST(KeyPolicy, WithTenantsBranchKeyRecordsAreReadAndKeptAndNothingIsEncryptedDirectly) {
  const auto topology = shop();
  const Policy policy(topology, "production", "mail");
  const auto right = branch_key_context("mail", "production");
  for (const auto action : use) {
    const bool needed = action != "kms:Encrypt" && action != "kms:GenerateDataKey";
    EXPECT_EQ(policy.allows(role("production-mail"), action, right), needed) << action;
    for (const auto& wrong : {EncryptionContext{}, context_of("mail", "production"),
                              branch_key_context("mail", "staging"), branch_key_context("customers", "production")})
      EXPECT_FALSE(policy.allows(role("production-mail"), action, wrong)) << action;
  }
}

TEST(KeyPolicy, KeepersKeepBranchKeysAndReadNone) {
  std::string text(testing::shop_toml);
  const std::string_view before = "context_key = \"tenant\"";
  text.insert(text.find(before), "keepers = [\"arn:aws:iam::123456789012:user/{environment}-keeper\"], ");
  const auto topology = parsed(text);
  const Policy policy(topology, "staging", "mail");
  const auto right = branch_key_context("mail", "staging");
  for (const auto action : use) {
    const bool keeps = action == "kms:GenerateDataKeyWithoutPlaintext" || action.starts_with("kms:ReEncrypt");
    EXPECT_EQ(policy.allows(user("staging-keeper"), action, right), keeps) << action;
    EXPECT_EQ(policy.allows(role("staging-mail"), action, right), action == "kms:Decrypt") << action;
    // Nor by way of a key of their own.
    EXPECT_EQ(policy.allows(user("staging-keeper"), action, right, nullptr, "false"),
              action == "kms:GenerateDataKeyWithoutPlaintext")
        << action;
  }
}

TEST(KeyPolicy, ADomainThatNobodyUsesIsUsedByNobody) {
  std::string text(testing::shop_toml);
  for (const auto* list : {"[\"arn:aws:iam::123456789012:role/{environment}-checkout\"]",
                           "[\"arn:aws:iam::123456789012:role/{environment}-clearing\"]"})
    text.replace(text.find(list), std::string_view(list).size(), "[]");
  const auto topology = parsed(text);
  const Policy policy(topology, "production", "payments/cards");
  for (const auto action : use) EXPECT_FALSE(policy.allows(root(), action, cards)) << action;
  EXPECT_TRUE(policy.allows(root(), "kms:PutKeyPolicy", {}));
}

TEST(KeyPolicy, ItIsAPureFunctionAndTakenByTheServerWithoutLockingItsCallerOut) {
  const auto topology = shop();
  for (const auto& domain : topology.domains) {
    const Policy policy(topology, domain.environment, domain.name);
    for (const auto& finding : policy::lint(policy.document(), topology.account)) ADD_FAILURE() << finding.text;
    EXPECT_EQ(policy.text(), key_policy(shop(), domain));
    EXPECT_EQ(write_policy(read_policy(policy.text())), policy.text());
    const auto key = *KeyArn::parse(key_arn);
    const auto account = *AccountId::parse("123456789012");
    for (const auto& [arn, type] :
         {std::pair("arn:aws:iam::123456789012:root", policy::PrincipalType::root),
          std::pair("arn:aws:iam::123456789012:user/key-admin", policy::PrincipalType::user),
          std::pair("arn:aws:iam::123456789012:user/other-admin", policy::PrincipalType::user)})
      EXPECT_TRUE(policy::keeps_put_key_policy(policy.document(), {.arn = arn, .account = account, .type = type}, key));
  }
}

}  // namespace
}  // namespace keyfold::topology
