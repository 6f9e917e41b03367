#include "keyfold/kms/policy/lint.h"

#include <algorithm>

#include "keyfold/kms/policy/policy_testing.h"

namespace keyfold::policy {
namespace {

std::vector<std::string> rules(const Document& document) {
  std::vector<std::string> names;
  for (const auto& finding : lint(document, home())) names.emplace_back(finding.rule);
  return names;
}
using Rules = std::vector<std::string>;

std::string allow(std::string_view actions, std::string_view more = "", std::string_view resource = R"("*")") {
  return R"({"Effect":"Allow","Action":)" + std::string(actions) + R"(,"Resource":)" + std::string(resource) +
         std::string(more) + "}";
}
std::string key_allow(std::string_view principal, std::string_view actions, std::string_view more = "") {
  return R"({"Effect":"Allow","Principal":{"AWS":")" + std::string(principal) + R"("},"Action":)" +
         std::string(actions) + R"(,"Resource":"*")" + std::string(more) + "}";
}
std::string when(std::string_view comparison, std::string_view key, std::string_view value = R"("x")") {
  return R"(,"Condition":{")" + std::string(comparison) + R"(":{")" + std::string(key) + "\":" + std::string(value) +
         "}}";
}

TEST(Lint, FindsNothingInThePoliciesThatNobodyWrites) {
  EXPECT_EQ(rules(document(default_key_policy(home()))), Rules());
  EXPECT_EQ(rules(document(administrator_policy, PolicyKind::identity)), Rules());
}

TEST(Lint, FindsEveryAction) {
  const std::string user = user_of(home(), "a");
  for (const std::string action : {R"("kms:*")", R"("*")", R"(["kms:ListKeys","KMS:*"])"}) {
    EXPECT_TRUE(std::ranges::count(rules(identity_policy(allow(action))), rule::every_action)) << action;
    EXPECT_TRUE(std::ranges::count(rules(key_policy(key_allow(user, action))), rule::every_action)) << action;
    EXPECT_FALSE(std::ranges::count(rules(key_policy(key_allow(root_of(home()), action))), rule::every_action));
  }
  EXPECT_EQ(rules(identity_policy(allow(R"("kms:List*")"))), Rules());
}

TEST(Lint, ReadsWhatIsMeantWhateverItIsSpelledLike) {
  const auto finds = [](const Document& document, std::string_view rule) {
    return std::ranges::count(rules(document), rule) > 0;
  };
  for (const std::string action : {R"("*:*")", R"("kms:?*")", R"("kms:**")", R"("*s:*")"})
    EXPECT_TRUE(finds(identity_policy(allow(action)), rule::every_action)) << action;
  const std::string decrypt = R"("kms:Decrypt")";
  for (const std::string resource :
       {"arn:aws:kms:eu-central-1:111122223333:key/?*", "arn:aws:kms:eu-central-1:111122223333:k*",
        "arn:aws:kms:*:*:key*", "arn:aws:kms:*:111122223333:key/*-*", "arn:aws:kms:eu-central-1:111122223333",
        "arn:aws:kms", "*"})
    EXPECT_TRUE(finds(identity_policy(allow(decrypt, "", "\"" + resource + "\"")), rule::unbound_decrypt)) << resource;
  for (const std::string resource : {"arn:aws:kms:*:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                                     "arn:aws:kms:*:111122223333:key/1234abcd*", "arn:aws:kms:*:111122223333:alias/*"})
    EXPECT_EQ(rules(identity_policy(allow(decrypt, "", "\"" + resource + "\""))), Rules()) << resource;
  for (const std::string& narrow : {when("StringLike", "kms:EncryptionContext:a", R"("*")"),
                                    when("StringLike", "aws:ResourceTag/a", R"(["x","?*"])"),
                                    when("StringLike", "kms:RequestAlias", R"("alias/*")")})
    EXPECT_EQ(rules(identity_policy(allow(decrypt, narrow))), Rules{"unbound-decrypt"}) << narrow;
  for (const std::string& narrow : {when("StringLike", "kms:EncryptionContext:a", R"("x*")"),
                                    when("StringEquals", "kms:EncryptionContext:a", R"("${aws:username}")"),
                                    when("StringLike", "kms:RequestAlias", R"("alias/cards-*")")})
    EXPECT_EQ(rules(identity_policy(allow(decrypt, narrow))), Rules()) << narrow;
  for (const std::string everyone : {R"("*")", R"("arn:*")", R"("arn:aws:*::*:*")"})
    EXPECT_EQ(rules(key_policy(key_allow("*", R"("kms:Encrypt")", when("StringLike", "aws:PrincipalArn", everyone)))),
              Rules{"anyone"})
        << everyone;
}

TEST(Lint, FindsAnyoneUnlessTheCallerIsNarrowedDown) {
  EXPECT_EQ(rules(key_policy(key_allow("*", R"("kms:Encrypt")"))), Rules{"anyone"});
  EXPECT_EQ(rules(key_policy(key_allow("*", R"("kms:Encrypt")", when("StringEquals", "kms:CallerAccount")))), Rules());
  EXPECT_EQ(rules(key_policy(key_allow("*", R"("kms:Encrypt")",
                                       when("ArnLike", "aws:PrincipalArn", R"("arn:aws:iam::111122223333:role/*")")))),
            Rules());
  EXPECT_EQ(rules(key_policy(key_allow("*", R"("kms:Encrypt")", when("StringNotEquals", "kms:CallerAccount")))),
            Rules{"anyone"});
  EXPECT_EQ(rules(key_policy(key_allow("*", R"("kms:Encrypt")", when("StringEqualsIfExists", "kms:CallerAccount")))),
            Rules{"anyone"});
}

TEST(Lint, FindsDecryptWithNeitherContextNorKey) {
  for (const std::string action : {R"("kms:Decrypt")", R"("kms:De*")", R"("kms:ReEncrypt*")"}) {
    EXPECT_EQ(rules(identity_policy(allow(action))), Rules{"unbound-decrypt"}) << action;
    EXPECT_EQ(rules(identity_policy(allow(action, "", R"("arn:aws:kms:*:111122223333:key/*")"))),
              Rules{"unbound-decrypt"});
    EXPECT_EQ(rules(identity_policy(allow(action, "", "\"" + std::string(sample_key().text()) + "\""))), Rules());
    EXPECT_EQ(rules(identity_policy(allow(action, when("StringEquals", "kms:EncryptionContext:domain")))), Rules());
    EXPECT_EQ(rules(identity_policy(allow(action, when("StringEquals", "aws:ResourceTag/domain")))), Rules());
    EXPECT_EQ(rules(identity_policy(allow(action, when("ForAnyValue:StringEquals", "kms:ResourceAliases")))), Rules());
    EXPECT_EQ(rules(identity_policy(allow(action, when("ForAllValues:StringEquals", "kms:ResourceAliases")))),
              Rules{"unbound-decrypt"});
    EXPECT_EQ(rules(identity_policy(allow(action, when("StringEquals", "aws:SourceIp")))), Rules{"unbound-decrypt"});
  }
}

TEST(Lint, FindsAllowsOfAllOthers) {
  EXPECT_EQ(rules(identity_policy(
                R"({"Effect":"Allow","NotAction":["kms:Decrypt","kms:ReEncrypt*","kms:CreateGrant"],"Resource":"*"})")),
            Rules{"all-others"});
  EXPECT_EQ(rules(identity_policy(R"({"Effect":"Deny","NotAction":"kms:Decrypt","Resource":"*"})")), Rules());
  EXPECT_EQ(
      rules(identity_policy(R"({"Effect":"Allow","Action":"kms:Encrypt","NotResource":"arn:aws:kms:*:*:alias/a"})")),
      Rules{"all-others"});
}

TEST(Lint, FindsStatementsThatDoNothing) {
  EXPECT_EQ(rules(key_policy(R"({"Effect":"Allow","Principal":"*","Action":"kms:Encrypt"})")),
            (Rules{"no-effect", "anyone"}));
  const std::string user = user_of(home(), "a");
  EXPECT_EQ(rules(key_policy(key_allow(user, R"("kms:Encrypt")", when("StringEquals", "kms:ViaService")))),
            Rules{"never-applies"});
  EXPECT_EQ(rules(key_policy(key_allow(user, R"("kms:Encrypt")", when("StringNotEquals", "kms:ViaService")))), Rules());
  EXPECT_EQ(rules(key_policy(key_allow(user, R"("kms:Encrypt")", when("Null", "kms:ViaService", "true")))), Rules());
  EXPECT_EQ(rules(key_policy(key_allow(user, R"("kms:Encrypt")", when("Null", "kms:ViaService", "false")))),
            Rules{"never-applies"});
  const auto findings = lint(key_policy(R"({"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*")" +
                                        when("StringEquals", "aws:SourceVpce") + "}"),
                             home());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::error) << "it denies nobody";
}

TEST(Lint, FindsWholeForeignAccounts) {
  const std::string root = root_of(abroad());
  EXPECT_EQ(rules(key_policy(key_allow(root, R"("kms:Decrypt")"))), Rules{"foreign-account"});
  EXPECT_EQ(rules(key_policy(key_allow(root, R"("kms:Encrypt")"))), Rules());
  EXPECT_EQ(rules(key_policy(key_allow(user_of(abroad(), "a"), R"("kms:Decrypt")"))), Rules());
  EXPECT_EQ(rules(key_policy(key_allow(root, R"("kms:Decrypt")", when("StringEquals", "kms:EncryptionContext:a")))),
            Rules());
}

TEST(Lint, FindsGrantsOfAnything) {
  const std::string user = user_of(home(), "a");
  EXPECT_EQ(rules(key_policy(key_allow(user, R"("kms:CreateGrant")"))), Rules{"unbound-grants"});
  EXPECT_EQ(rules(key_policy(key_allow(user, R"("kms:CreateGrant")",
                                       when("ForAllValues:StringEquals", "kms:GrantOperations", R"("Encrypt")")))),
            Rules{"unbound-grants"})
      << "holds of a request without any";
  EXPECT_EQ(rules(key_policy(key_allow(user, R"("kms:CreateGrant")", when("StringEquals", "kms:GranteePrincipal")))),
            Rules());
}

TEST(Lint, FindsRolesThatTooManyMayAssume) {
  const auto trust = [](const std::string& principal, const std::string& more = "") {
    return document(policy_of(R"({"Effect":"Allow","Principal":{"AWS":")" + principal +
                              R"("},"Action":"sts:AssumeRole")" + more + "}"),
                    PolicyKind::trust);
  };
  EXPECT_EQ(rules(trust("*")), Rules{"anyone"});
  EXPECT_EQ(rules(trust(root_of(abroad()))), Rules{"confused-deputy"});
  EXPECT_EQ(rules(trust(root_of(abroad()), when("StringEquals", "sts:ExternalId"))), Rules());
  EXPECT_EQ(rules(trust(root_of(home()))), Rules());
  EXPECT_EQ(rules(trust(user_of(abroad(), "a"))), Rules());
}

TEST(Lint, LimitsAreLeftAlone) {
  for (const auto kind : {PolicyKind::boundary, PolicyKind::session})
    EXPECT_EQ(rules(document(policy_of(allow(R"("kms:*")")), kind)), Rules());
}

}  // namespace
}  // namespace keyfold::policy
