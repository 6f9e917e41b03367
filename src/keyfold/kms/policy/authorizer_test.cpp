// Worked examples: of AWS's documentation where it has them, then the corners.
#include "keyfold/kms/policy/authorizer.h"

#include "keyfold/kms/policy/policy_testing.h"

namespace keyfold::policy {
namespace {

const std::string writer = user_of(home(), "ledger-writer");
const std::string reader = user_of(home(), "ledger-reader");
const std::string stranger = user_of(abroad(), "visitor");
const std::string root = root_of(home());
const std::string foreign_root = root_of(abroad());

Caller user(const std::string& arn, const Document* identity = nullptr) {
  return {.arn = arn, .account = home(), .type = PrincipalType::user, .identity = only(identity)};
}
Caller foreigner(const std::string& arn, const Document* identity = nullptr) {
  return {.arn = arn, .account = abroad(), .type = PrincipalType::user, .identity = only(identity)};
}
const Caller the_root{.arn = root, .account = home(), .type = PrincipalType::root};
const Caller the_foreign_root{.arn = foreign_root, .account = abroad(), .type = PrincipalType::root};

std::string allow(std::string_view principal, std::string_view actions, std::string_view more = "") {
  return R"({"Sid":"granted","Effect":"Allow","Principal":{"AWS":")" + std::string(principal) + R"("},"Action":)" +
         std::string(actions) + R"(,"Resource":"*")" + std::string(more) + "}";
}
std::string deny(std::string_view principal, std::string_view actions, std::string_view more = "") {
  return R"({"Sid":"forbidden","Effect":"Deny","Principal":{"AWS":")" + std::string(principal) + R"("},"Action":)" +
         std::string(actions) + R"(,"Resource":"*")" + std::string(more) + "}";
}
std::string explicit_deny(std::string_view arn, std::string_view action, std::string_view kind) {
  return "User: " + std::string(arn) + " is not authorized to perform: " + std::string(action) +
         " on resource: " + std::string(sample_key().text()) + " with an explicit deny in " + std::string(kind) +
         " policy";
}

// KMS Developer Guide, "Default key policy".
TEST(Authorizer, TheDefaultPolicyLetsTheRootDoEverything) {
  const auto policy = document(default_key_policy(home()));
  EXPECT_EQ(call<op::Decrypt>(the_root, policy), "allow");
  EXPECT_EQ(call<op::PutKeyPolicy>(the_root, policy), "allow");
}

TEST(Authorizer, TheDefaultPolicyDelegatesToIdentityPolicies) {
  const auto policy = document(default_key_policy(home()));
  const auto encrypt = identity_policy(R"({"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"})");
  EXPECT_EQ(call<op::Encrypt>(user(writer, &encrypt), policy), "allow");
  EXPECT_EQ(call<op::Decrypt>(user(writer, &encrypt), policy), no_identity_policy(writer, "kms:Decrypt"));
  EXPECT_EQ(call<op::Encrypt>(user(writer), policy), no_identity_policy(writer, "kms:Encrypt"));
}

// "Unlike other AWS resource policies, a KMS key policy does not automatically give permission to the account."
TEST(Authorizer, WithoutDelegationIdentityPoliciesAndTheRootAreWorthNothing) {
  const auto policy = key_policy(allow(reader, R"("kms:Decrypt")"));
  const auto everything = identity_policy(R"({"Effect":"Allow","Action":"*","Resource":"*"})");
  EXPECT_EQ(call<op::Decrypt>(user(writer, &everything), policy), no_resource_policy(writer, "kms:Decrypt"));
  EXPECT_EQ(call<op::Decrypt>(the_root, policy), no_resource_policy(root, "kms:Decrypt"));
}

TEST(Authorizer, AUserNamedInTheKeyPolicyNeedsNoIdentityPolicy) {
  const auto policy = key_policy(allow(writer, R"(["kms:Encrypt","kms:GenerateDataKey*"])"));
  EXPECT_EQ(call<op::Encrypt>(user(writer), policy), "allow");
  EXPECT_EQ(call<op::GenerateDataKeyWithoutPlaintext>(user(writer), policy), "allow");
  EXPECT_EQ(call<op::Decrypt>(user(writer), policy), no_resource_policy(writer, "kms:Decrypt"));
  EXPECT_EQ(call<op::Encrypt>(user(reader), policy), no_resource_policy(reader, "kms:Encrypt"));
}

TEST(Authorizer, RefusesInTheWordsOfAws) {
  EXPECT_EQ(call<op::Decrypt>(user("arn:aws:iam::111122223333:user/x"), key_policy(allow(writer, R"("kms:Encrypt")"))),
            "User: arn:aws:iam::111122223333:user/x is not authorized to perform: kms:Decrypt on resource: "
            "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab because no resource-based "
            "policy allows the kms:Decrypt action");
}

// KMS Developer Guide, "Troubleshooting key access".
TEST(Authorizer, TellsACallerOfAnotherAccountNeitherTheReasonNorWhetherThereIsSuchAKey) {
  EXPECT_EQ(denial_text_for_stranger("arn:aws:iam::444455556666:user/x", "kms:Decrypt", sample_key().text()),
            "User: arn:aws:iam::444455556666:user/x is not authorized to perform: kms:Decrypt on resource: "
            "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab because the resource does not "
            "exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly "
            "denies access");
}

// KMS Developer Guide, "kms:EncryptionContext:context-key".
TEST(Authorizer, ADocumentedEncryptionContextCondition) {
  const auto policy = key_policy(R"({"Effect":"Allow",
      "Principal":{"AWS":"arn:aws:iam::111122223333:role/RoleForExampleApp"},
      "Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*",
      "Condition":{"StringEquals":{"kms:EncryptionContext:AppName":"ExampleApp",
                                   "kms:EncryptionContext:FilePath":["/var/opt/secrets/","/etc/secrets/"]}}})");
  const std::string role = "arn:aws:iam::111122223333:role/RoleForExampleApp";
  const Caller caller{.arn = role, .account = home(), .type = PrincipalType::role_session};
  const auto denied = no_resource_policy(role, "kms:Decrypt");
  EXPECT_EQ(call<op::Decrypt>(caller, policy, {{"AppName", "ExampleApp"}, {"FilePath", "/etc/secrets/"}}), "allow");
  EXPECT_EQ(call<op::Decrypt>(caller, policy, {{"appname", "ExampleApp"}, {"FILEPATH", "/var/opt/secrets/"}}), "allow");
  EXPECT_EQ(call<op::Decrypt>(caller, policy, {{"AppName", "ExampleApp"}, {"FilePath", "/etc/secrets/"}, {"x", "y"}}),
            "allow");
  EXPECT_EQ(call<op::Decrypt>(caller, policy, {{"AppName", "exampleapp"}, {"FilePath", "/etc/secrets/"}}), denied);
  EXPECT_EQ(call<op::Decrypt>(caller, policy, {{"AppName", "ExampleApp"}}), denied);
  EXPECT_EQ(call<op::Decrypt>(caller, policy), denied);
}

TEST(Authorizer, AnotherSpellingOfAContextKeyNeverGetsTheCallerMore) {
  const auto when_cards = R"(,"Condition":{"StringEquals":{"kms:EncryptionContext:domain":"cards"}})";
  const auto allowed = key_policy(allow(writer, R"("kms:*")", when_cards));
  EXPECT_EQ(call<op::Encrypt>(user(writer), allowed, {{"domain", "cards"}, {"Domain", "cards"}}), "allow");
  EXPECT_NE(call<op::Encrypt>(user(writer), allowed, {{"domain", "cards"}, {"Domain", "loans"}}), "allow");
  EXPECT_NE(call<op::Encrypt>(user(writer), allowed, {{"DOMAIN", "loans"}, {"domain", "cards"}}), "allow");
  const auto denied = key_policy(allow(writer, R"("kms:*")") + "," + deny("*", R"("kms:*")", when_cards));
  EXPECT_NE(call<op::Encrypt>(user(writer), denied, {{"domain", "loans"}, {"Domain", "cards"}}), "allow");
  EXPECT_EQ(call<op::Encrypt>(user(writer), denied, {{"domain", "loans"}}), "allow");
}

TEST(Authorizer, AnExplicitDenyWinsWhereverItStands) {
  const auto both = allow(writer, R"("kms:*")");
  EXPECT_EQ(call<op::Encrypt>(user(writer), key_policy(both + "," + deny(writer, R"("kms:enc*")"))),
            explicit_deny(writer, "kms:Encrypt", "a resource-based"));
  EXPECT_EQ(call<op::Encrypt>(user(writer), key_policy(deny("*", R"("kms:enc*")") + "," + both)),
            explicit_deny(writer, "kms:Encrypt", "a resource-based"));
  EXPECT_EQ(call<op::Decrypt>(user(writer), key_policy(both + "," + deny(writer, R"("kms:enc*")"))), "allow");
  const auto identity = identity_policy(R"({"Effect":"Deny","Action":"kms:Encrypt","Resource":"*"})");
  EXPECT_EQ(call<op::Encrypt>(user(writer, &identity), key_policy(both)),
            explicit_deny(writer, "kms:Encrypt", "an identity-based"));
}

TEST(Authorizer, ADenyToAnAccountBindsAllOfIt) {
  const auto policy = key_policy(allow(writer, R"("kms:*")") + "," + allow(root, R"("kms:*")") + "," +
                                 deny("111122223333", R"("kms:Decrypt")"));
  EXPECT_EQ(call<op::Decrypt>(user(writer), policy), explicit_deny(writer, "kms:Decrypt", "a resource-based"));
  EXPECT_EQ(call<op::Decrypt>(the_root, policy), explicit_deny(root, "kms:Decrypt", "a resource-based"));
  EXPECT_EQ(call<op::Encrypt>(the_root, policy), "allow");
}

TEST(Authorizer, ADenyToAnotherAccountBindsNobodyHere) {
  const auto policy = key_policy(allow(writer, R"("kms:*")") + "," + deny("444455556666", R"("kms:*")"));
  EXPECT_EQ(call<op::Decrypt>(user(writer), policy), "allow");
}

TEST(Authorizer, EveryoneIsEveryoneOfTheAccountAndTheRootToo) {
  const auto policy = key_policy(R"({"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"})");
  EXPECT_EQ(call<op::Encrypt>(user(writer), policy), "allow");
  EXPECT_EQ(call<op::Encrypt>(the_root, policy), "allow");
}

// KMS Developer Guide, "Allowing users in other accounts to use a KMS key".
TEST(Authorizer, AForeignUserNeedsBothSides) {
  const auto encrypt = identity_policy(R"({"Effect":"Allow","Action":"kms:Encrypt","Resource":")" +
                                       std::string(sample_key().text()) + "\"}");
  for (const auto& named : {std::string("444455556666"), foreign_root, stranger, std::string("*")}) {
    const auto policy = key_policy(allow(named, R"("kms:*")"));
    EXPECT_EQ(call<op::Encrypt>(foreigner(stranger, &encrypt), policy), "allow") << named;
    EXPECT_EQ(call<op::Encrypt>(foreigner(stranger), policy), no_identity_policy(stranger, "kms:Encrypt")) << named;
    EXPECT_EQ(call<op::Decrypt>(foreigner(stranger, &encrypt), policy), no_identity_policy(stranger, "kms:Decrypt"));
  }
  const auto not_named = document(default_key_policy(home()));
  EXPECT_EQ(call<op::Encrypt>(foreigner(stranger, &encrypt), not_named), no_resource_policy(stranger, "kms:Encrypt"));
}

TEST(Authorizer, AForeignRootNeedsTheKeyPolicyOnly) {
  EXPECT_EQ(call<op::Encrypt>(the_foreign_root, key_policy(allow("444455556666", R"("kms:*")"))), "allow");
  EXPECT_EQ(call<op::Encrypt>(the_foreign_root, document(default_key_policy(home()))),
            no_resource_policy(foreign_root, "kms:Encrypt"));
}

TEST(Authorizer, AStatementForAnotherResourceHasNoEffect) {
  const auto with_resource = [](const std::string& resource) {
    return key_policy(R"({"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":)" + resource + "}");
  };
  for (const auto* resource :
       {R"("*")", R"("arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")",
        R"("arn:aws:kms:*:111122223333:key/*")", R"(["arn:aws:s3:::bucket","arn:aws:kms:us-west-?:*:key/1234abcd-*"])"})
    EXPECT_EQ(call<op::Encrypt>(user(writer), with_resource(resource)), "allow") << resource;
  for (const auto* resource : {R"("arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ac")",
                               R"("arn:aws:kms:us-west-2:111122223333:key/1234ABCD-12ab-34cd-56ef-1234567890ab")",
                               R"("arn:aws:s3:::*")", "[]"})
    EXPECT_EQ(call<op::Encrypt>(user(writer), with_resource(resource)), no_resource_policy(writer, "kms:Encrypt"));
}

TEST(Authorizer, AStatementWithoutActionOrResourceHasNoEffect) {
  const auto policy = key_policy(R"({"Effect":"Allow","Principal":"*","Action":"kms:*"},
                                    {"Effect":"Allow","Principal":"*","Resource":"*"})");
  EXPECT_EQ(call<op::Encrypt>(the_root, policy), no_resource_policy(root, "kms:Encrypt"));
}

TEST(Authorizer, WhatHasNoKeyIsForTheRootAndForIdentityPolicies) {
  Reason reason;
  const auto administrator = document(administrator_policy, PolicyKind::identity);
  EXPECT_TRUE(Authorizer().authorize<op::GenerateRandom>(the_root, reason));
  EXPECT_EQ(reason.deciding_statement(), "account root");
  EXPECT_TRUE(Authorizer().authorize<op::CreateKey>(user(writer, &administrator), reason));
  EXPECT_EQ(reason.deciding_statement(), "Administrator");
  EXPECT_EQ(reason.policy, PolicyKind::identity);
  const auto refused = Authorizer().authorize<op::ListKeys>(user(writer), reason);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "User: arn:aws:iam::111122223333:user/ledger-writer is not authorized to perform: kms:ListKeys on "
            "resource: * because no identity-based policy allows the kms:ListKeys action");
  EXPECT_EQ(reason.deciding_statement(), "");
}

TEST(Authorizer, AnAliasIsItsAccountsOwn) {
  const auto alias = *AliasArn::parse("arn:aws:kms:us-west-2:111122223333:alias/ledger");
  const auto one = identity_policy(
      R"({"Effect":"Allow","Action":"kms:*Alias","Resource":"arn:aws:kms:*:111122223333:alias/ledger"})");
  const auto other = *AliasArn::parse("arn:aws:kms:us-west-2:111122223333:alias/other");
  Reason reason;
  EXPECT_TRUE(Authorizer().authorize<op::CreateAlias>(the_root, alias, reason));
  EXPECT_TRUE(Authorizer().authorize<op::CreateAlias>(user(writer, &one), alias, reason));
  EXPECT_FALSE(Authorizer().authorize<op::CreateAlias>(user(writer, &one), other, reason));
  EXPECT_FALSE(Authorizer().authorize<op::CreateAlias>(user(writer), alias, reason));
  EXPECT_FALSE(Authorizer().authorize<op::CreateAlias>(foreigner(stranger, &one), alias, reason));
  EXPECT_FALSE(Authorizer().authorize<op::CreateAlias>(the_foreign_root, alias, reason));
}

TEST(Authorizer, TheAdministratorPolicyHasNoCryptographyOnKeys) {
  const auto policy = document(default_key_policy(home()));
  const auto administrator = document(administrator_policy, PolicyKind::identity);
  const auto caller = user(writer, &administrator);
  EXPECT_EQ(call<op::PutKeyPolicy>(caller, policy), "allow");
  EXPECT_EQ(call<op::ScheduleKeyDeletion>(caller, policy), "allow");
  EXPECT_EQ(call<op::Encrypt>(caller, policy), no_identity_policy(writer, "kms:Encrypt"));
  EXPECT_EQ(call<op::Decrypt>(caller, policy), no_identity_policy(writer, "kms:Decrypt"));
  EXPECT_EQ(call<op::ReEncryptFrom>(caller, policy), no_identity_policy(writer, "kms:ReEncryptFrom"));
  EXPECT_EQ(call<op::ReEncryptTo>(caller, policy), no_identity_policy(writer, "kms:ReEncryptTo"));
  EXPECT_EQ(call<op::GenerateDataKey>(caller, policy), no_identity_policy(writer, "kms:GenerateDataKey"));
}

TEST(Authorizer, NamesTheDecidingStatement) {
  const auto policy = key_policy(allow(reader, R"("kms:*")") + "," + allow(writer, R"("kms:*")") +
                                 R"(,{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"})");
  const KeyAccess access{.key = sample_key(), .policy = policy, .epoch = 1, .context = {}, .digest = {}};
  Reason reason;
  ASSERT_TRUE(Authorizer().authorize<op::Encrypt>(user(writer), access, reason));
  EXPECT_EQ(reason.cause, Cause::statement);
  EXPECT_EQ(reason.policy, PolicyKind::key);
  EXPECT_EQ(reason.index, 1U);
  EXPECT_EQ(reason.deciding_statement(), "granted");
  ASSERT_FALSE(Authorizer().authorize<op::Decrypt>(user(writer), access, reason));
  EXPECT_EQ(reason.index, 2U);
  EXPECT_EQ(reason.deciding_statement(), "statement 3 of the key policy");
}

TEST(Lockout, AsksWhetherTheCallerCouldPutAnotherPolicy) {
  const auto keeps = [](const std::string& statements, const Caller& caller) {
    const auto outcome = keeps_put_key_policy(key_policy(statements), caller, sample_key());
    if (!outcome) {
      EXPECT_EQ(outcome.error().code, ErrorCode::malformed_policy_document);
      EXPECT_EQ(outcome.error().message,
                "The new key policy will not allow you to update the key policy in the future.");
    }
    return outcome.has_value();
  };
  EXPECT_TRUE(keeps(allow(root, R"("kms:*")"), the_root));
  EXPECT_TRUE(keeps(allow(root, R"("kms:*")"), user(writer)));  // The account can let him.
  EXPECT_TRUE(keeps(allow(writer, R"("kms:PutKeyPolicy")"), user(writer)));
  EXPECT_FALSE(keeps(allow(writer, R"("kms:PutKeyPolicy")"), user(reader)));
  EXPECT_FALSE(keeps(allow(writer, R"("kms:PutKeyPolicy")"), the_root));
  EXPECT_FALSE(keeps(allow(root, R"("kms:Encrypt")"), the_root));
  EXPECT_FALSE(keeps(allow(root, R"("kms:*")") + "," + deny("*", R"("kms:Put*")"), the_root));
  EXPECT_FALSE(keeps(allow(writer, R"("kms:*")", R"(,"Condition":{"StringEquals":{"kms:EncryptionContext:a":"b"}})"),
                     user(writer)));
}

}  // namespace
}  // namespace keyfold::policy
