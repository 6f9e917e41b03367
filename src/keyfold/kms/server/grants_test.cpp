// Grants through the whole server: what they let whom do, how they are made, listed and ended, and what is recorded.

#include <gtest/gtest.h>

#include <array>

#include "keyfold/kms/policy/grant.h"
#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

std::string text(std::string_view name, std::string_view value) {
  return "\"" + std::string(name) + "\":\"" + std::string(value) + "\"";
}
std::string user(std::string_view name) { return "arn:aws:iam::123456789012:user/" + std::string(name); }
std::string list_of(std::string_view operations) { return R"("Operations":[)" + std::string(operations) + "]"; }

// On a symmetric key.
bool can_be_granted(policy::GrantOperation operation) {
  using enum policy::GrantOperation;
  switch (operation) {
    case sign:
    case verify:
    case get_public_key:
    case generate_mac:
    case verify_mac:
    case derive_shared_secret:
      return false;
    default:
      return true;
  }
}

class Grants : public testing::Test {
 protected:
  // Nobody's policy lets this one do anything.
  identity::NewAccessKey add(std::string_view name) { return kms_.add_user(name, ""); }
  Answer create(const std::string& grantee, std::string_view operations, const std::string& more = "") {
    return kms_.call("CreateGrant", "{" + key_ + "," + text("GranteePrincipal", grantee) + "," + list_of(operations) +
                                        (more.empty() ? "" : "," + more) + "}");
  }
  std::string id_of(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    return kms_.text(answer, "GrantId");
  }
  std::string token_of(const Answer& answer) { return kms_.text(answer, "GrantToken"); }
  std::string encrypt_body(const std::string& context = "{}") {
    return "{" + key_ + R"(,"Plaintext":"AA==","EncryptionContext":)" + context + "}";
  }
  bool recorded(std::string_view part) { return kms_.leaves().back().find(part) != std::string::npos; }

  Kms kms_;
  const std::string arn_ = kms_.create_key();
  const std::string key_ = text("KeyId", arn_);
};

TEST_F(Grants, LetTheirGranteeDoWhatTheySayAtOnceAndNoLongerThanTheyLast) {
  const auto a = add("a"), b = add("b");
  EXPECT_EQ(kms_.call_as(a, "Encrypt", encrypt_body()).error, "AccessDeniedException");
  const auto grant = id_of(create(user("a"), R"("Encrypt","DescribeKey")"));
  EXPECT_EQ(kms_.call_as(a, "Encrypt", encrypt_body()).status, 200);
  EXPECT_TRUE(recorded(R"("decidingStatement":"grant )" + grant + "\""));
  EXPECT_EQ(kms_.call_as(a, "DescribeKey", "{" + key_ + "}").status, 200);
  EXPECT_EQ(kms_.call_as(a, "GenerateDataKey", "{" + key_ + R"(,"KeySpec":"AES_256"})").error, "AccessDeniedException");
  EXPECT_EQ(kms_.call_as(b, "Encrypt", encrypt_body()).error, "AccessDeniedException");
  ASSERT_EQ(kms_.call("RevokeGrant", "{" + key_ + "," + text("GrantId", grant) + "}").status, 200);
  EXPECT_EQ(kms_.call_as(a, "Encrypt", encrypt_body()).error, "AccessDeniedException");
}

TEST_F(Grants, BindTheEncryptionContextToTheirConstraint) {
  const auto a = add("a"), b = add("b");
  const std::string pairs = R"({"tenant":"Acme","purpose":"ledger"})";
  id_of(create(user("a"), R"("Encrypt")", R"("Constraints":{"EncryptionContextSubset":)" + pairs + "}"));
  id_of(create(user("b"), R"("Encrypt")", R"("Constraints":{"EncryptionContextEquals":)" + pairs + "}"));
  const std::string more = R"({"tenant":"Acme","purpose":"ledger","x":"1"})";
  const std::string lower = R"({"tenant":"acme","purpose":"ledger"})";
  EXPECT_EQ(kms_.call_as(a, "Encrypt", encrypt_body(pairs)).status, 200);
  EXPECT_EQ(kms_.call_as(a, "Encrypt", encrypt_body(more)).status, 200);
  EXPECT_EQ(kms_.call_as(b, "Encrypt", encrypt_body(pairs)).status, 200);
  EXPECT_EQ(kms_.call_as(b, "Encrypt", encrypt_body(more)).error, "AccessDeniedException");
  for (const auto& caller : {&a, &b}) {
    EXPECT_EQ(kms_.call_as(*caller, "Encrypt", encrypt_body(lower)).error, "AccessDeniedException");
    EXPECT_EQ(kms_.call_as(*caller, "Encrypt", encrypt_body()).error, "AccessDeniedException");
  }
}

TEST_F(Grants, AreEnoughForACallerOfAnotherAccount) {
  const std::string guest = "111122223333";  // Its root.
  EXPECT_EQ(kms_.call("Encrypt", encrypt_body(), guest).error, "AccessDeniedException");
  const auto made = create("arn:aws:iam::111122223333:root", R"("Encrypt","CreateGrant","RetireGrant")");
  EXPECT_EQ(kms_.call("Encrypt", encrypt_body(), guest).status, 200);
  const auto child = kms_.call("CreateGrant",
                               "{" + key_ + "," + text("GranteePrincipal", "arn:aws:iam::111122223333:user/u") + "," +
                                   list_of(R"("Encrypt")") + "}",
                               guest);
  EXPECT_EQ(child.status, 200) << child.body;
  const auto listed = kms_.call("ListGrants", "{" + key_ + "}");
  EXPECT_NE(listed.body.find(R"("IssuingAccount":"arn:aws:iam::111122223333:root")"), std::string::npos);
  EXPECT_EQ(kms_.call("ListGrants", "{" + key_ + "}", guest).error, "AccessDeniedException");
  EXPECT_EQ(kms_.call("RetireGrant", "{" + text("GrantToken", token_of(made)) + "}", guest).status, 200);
  EXPECT_EQ(kms_.call("Encrypt", encrypt_body(), guest).error, "AccessDeniedException");
}

TEST_F(Grants, AreMadeByTheirGranteeForWhatIsAtMostTheirs) {
  const auto a = add("a"), child = add("child");
  id_of(create(user("a"), R"("Encrypt","Decrypt","CreateGrant")",
               R"("Constraints":{"EncryptionContextSubset":{"tenant":"acme"}})"));
  const auto make = [&](std::string_view operations, const std::string& constraints) {
    return kms_.call_as(a, "CreateGrant",
                        "{" + key_ + "," + text("GranteePrincipal", user("child")) + "," + list_of(operations) +
                            R"(,"Constraints":)" + constraints + "}");
  };
  const std::string same = R"({"EncryptionContextSubset":{"tenant":"acme"}})";
  EXPECT_EQ(make(R"("Encrypt","GenerateDataKey")", same).error, "AccessDeniedException");
  EXPECT_EQ(make(R"("Encrypt")", "{}").error, "AccessDeniedException");
  EXPECT_EQ(make(R"("Encrypt")", R"({"EncryptionContextSubset":{"tenant":"other"}})").error, "AccessDeniedException");
  EXPECT_EQ(make(R"("Encrypt")", R"({"EncryptionContextEquals":{"x":"1"}})").error, "AccessDeniedException");
  EXPECT_EQ(make(R"("Encrypt")", same).status, 200);
  EXPECT_EQ(make(R"("Decrypt")", R"({"EncryptionContextEquals":{"tenant":"acme","x":"1"}})").status, 200);
  EXPECT_EQ(kms_.call_as(child, "Encrypt", encrypt_body(R"({"tenant":"acme"})")).status, 200);
  EXPECT_EQ(kms_.call_as(child, "Encrypt", encrypt_body()).error, "AccessDeniedException");
}

TEST_F(Grants, ByTheSameNameTheSameRequestFindsTheSameGrantAndGetsANewToken) {
  const std::string named = text("Name", "nightly");
  const auto first = create(user("a"), R"("Encrypt","Decrypt")", named);
  const std::string id = id_of(first), token = token_of(first);
  const auto again = create(user("a"), R"("Decrypt","Encrypt")", named);
  EXPECT_EQ(id_of(again), id);
  EXPECT_NE(token_of(again), token);
  EXPECT_TRUE(recorded(R"("responseElements":{"grantId":")" + id));
  EXPECT_NE(id_of(create(user("a"), R"("Encrypt")", named)), id);
  EXPECT_NE(id_of(create(user("a"), R"("Encrypt","Decrypt")")), id);
}

TEST_F(Grants, AreListedWithAllThatTheySay) {
  const auto id = id_of(create(user("a"), R"("ReEncryptTo","Encrypt")",
                               text("Name", "n") + "," + text("RetiringPrincipal", user("b")) +
                                   R"(,"Constraints":{"EncryptionContextEquals":{"k":"v"}})"));
  id_of(create(user("b"), R"("Decrypt")"));
  const auto of_a = kms_.call("ListGrants", "{" + key_ + "," + text("GranteePrincipal", user("a")) + "}");
  for (const std::string& part :
       {text("KeyId", arn_), text("GrantId", id), text("Name", "n"), text("GranteePrincipal", user("a")),
        text("RetiringPrincipal", user("b")), text("IssuingAccount", "arn:aws:iam::123456789012:root"),
        list_of(R"("Encrypt","ReEncryptTo")"), std::string(R"("Constraints":{"EncryptionContextEquals":{"k":"v"}})"),
        std::string(R"("Truncated":false)")})
    EXPECT_NE(of_a.body.find(part), std::string::npos) << part << of_a.body;
  EXPECT_EQ(
      of_a.body.find(user("b") + R"(","IssuingAccount":"arn:aws:iam::123456789012:root","Operations":["Decrypt"])"),
      std::string::npos);
  const auto one = kms_.call("ListGrants", "{" + key_ + R"(,"Limit":1})");
  EXPECT_NE(one.body.find(R"("Truncated":true)"), std::string::npos);
  const auto next =
      kms_.call("ListGrants", "{" + key_ + R"(,"Limit":1,)" + text("Marker", kms_.text(one, "NextMarker")) + "}");
  EXPECT_NE(next.body.find(R"("Truncated":false)"), std::string::npos) << next.body;
  EXPECT_EQ(
      kms_.call("ListGrants", "{" + key_ + "," + text("GrantId", id) + "}").body.find(user("b") + R"(","Issuing)"),
      of_a.body.find(user("b") + R"(","Issuing)"));
  const std::string absent(64, '0');
  EXPECT_EQ(kms_.call("ListGrants", "{" + key_ + "," + text("GrantId", absent) + "}").body,
            R"({"Grants":[],"Truncated":false})");
  EXPECT_EQ(kms_.call("ListGrants", "{" + key_ + "," + text("GrantId", "x") + "}").error, "InvalidGrantIdException");
  EXPECT_EQ(kms_.call("ListGrants", "{" + key_ + R"(,"Limit":101})").error, "ValidationException");
  EXPECT_EQ(kms_.call("ListGrants", "{" + key_ + "," + text("Marker", "x") + "}").error, "InvalidMarkerException");
}

TEST_F(Grants, OfAllKeysAreListedForTheirRetiringPrincipal) {
  const auto other = kms_.create_key();
  const auto retired_by_b = text("RetiringPrincipal", user("b"));
  const auto first = id_of(create(user("a"), R"("Encrypt")", retired_by_b));
  id_of(create(user("a"), R"("Decrypt")"));
  const auto second =
      id_of(kms_.call("CreateGrant", "{" + text("KeyId", other) + "," + text("GranteePrincipal", user("a")) + "," +
                                         list_of(R"("Encrypt")") + "," + retired_by_b + "}"));
  const auto listed = kms_.call("ListRetirableGrants", "{" + retired_by_b + "}");
  EXPECT_EQ(listed.status, 200) << listed.body;
  EXPECT_NE(listed.body.find(first), std::string::npos);
  EXPECT_NE(listed.body.find(second), std::string::npos);
  EXPECT_EQ(kms_.call("ListRetirableGrants", "{" + text("RetiringPrincipal", user("c")) + "}").body,
            R"({"Grants":[],"Truncated":false})");
  EXPECT_EQ(kms_.call("ListRetirableGrants", "{}").error, "ValidationException");
  EXPECT_EQ(kms_.call("ListRetirableGrants", R"({"RetiringPrincipal":"b"})").error, "InvalidArnException");
  // A principal of another account is not this one's to ask about.
  EXPECT_EQ(kms_.call("ListRetirableGrants", "{" + retired_by_b + "}", "111122223333").error, "AccessDeniedException");
  // The resource is the principal.
  const auto of_b = kms_.add_user("auditor", R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
      "Action":"kms:ListRetirableGrants","Resource":")" +
                                                 user("b") + R"("}]})");
  EXPECT_EQ(kms_.call_as(of_b, "ListRetirableGrants", "{" + retired_by_b + "}").status, 200);
  EXPECT_EQ(kms_.call_as(of_b, "ListRetirableGrants", "{" + text("RetiringPrincipal", user("c")) + "}").error,
            "AccessDeniedException");
}

TEST_F(Grants, AreRetiredByWhomTheyNameForItAndByNobodyElse) {
  const auto grantee = add("a"), retirer = add("b"), other = add("c");
  const auto made = [&](std::string_view operations) {
    return create(user("a"), operations, text("RetiringPrincipal", user("b")));
  };
  const auto by_token = [&](const Answer& grant) { return "{" + text("GrantToken", token_of(grant)) + "}"; };
  auto grant = made(R"("Encrypt","RetireGrant")");
  EXPECT_EQ(kms_.call_as(other, "RetireGrant", by_token(grant)).error, "AccessDeniedException");
  EXPECT_TRUE(recorded(R"("grantId":")" + id_of(grant)));
  EXPECT_EQ(kms_.call_as(retirer, "RetireGrant", by_token(grant)).status, 200);
  EXPECT_TRUE(recorded(R"("grantId":")" + id_of(grant)));
  EXPECT_FALSE(recorded(token_of(grant)));
  EXPECT_EQ(kms_.call_as(retirer, "RetireGrant", by_token(grant)).error, "AccessDeniedException");  // It is gone.
  EXPECT_EQ(kms_.call("RetireGrant", by_token(grant)).error, "NotFoundException");
  grant = made(R"("Encrypt")");
  EXPECT_EQ(kms_.call_as(grantee, "RetireGrant", by_token(grant)).error, "AccessDeniedException");
  // RetireGrant in one grant of his retires that one alone.
  const auto own = made(R"("RetireGrant")");
  EXPECT_EQ(kms_.call_as(grantee, "RetireGrant", by_token(grant)).error, "AccessDeniedException");
  EXPECT_EQ(kms_.call_as(grantee, "RetireGrant", "{" + key_ + "," + text("GrantId", id_of(own)) + "}").status, 200);
  // By policy.
  const auto delegate = kms_.add_user(
      "delegate",
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:RetireGrant","Resource":"*"}]})");
  EXPECT_EQ(kms_.call_as(delegate, "RetireGrant", by_token(grant)).status, 200);
}

TEST_F(Grants, ARefusedRetirementSaysWhichOfTheTwoWaysIsMissing) {
  const auto grant = create(user("a"), R"("Encrypt")");
  const std::string both = R"(Specify either the GrantToken or both the KeyId and the GrantId.)";
  for (const auto& body : {std::string("{}"), "{" + key_ + "}", "{" + text("GrantId", id_of(grant)) + "}",
                           "{" + key_ + "," + text("GrantToken", token_of(grant)) + "}"}) {
    const auto refused = kms_.call("RetireGrant", body);
    EXPECT_EQ(refused.error, "ValidationException");
    EXPECT_NE(refused.body.find(both), std::string::npos);
  }
  EXPECT_EQ(kms_.call("RetireGrant", R"({"GrantToken":"AAAA"})").error, "InvalidGrantTokenException");
  EXPECT_EQ(kms_.call("RetireGrant", "{" + key_ + R"(,"GrantId":"x"})").error, "InvalidGrantIdException");
  EXPECT_EQ(kms_.call("RetireGrant", "{" + key_ + "," + text("GrantId", std::string(64, '0')) + "}").error,
            "NotFoundException");
  EXPECT_EQ(kms_.call("RevokeGrant", "{" + key_ + "," + text("GrantId", std::string(64, '0')) + "}").error,
            "NotFoundException");
  EXPECT_EQ(kms_.call("RevokeGrant", "{" + key_ + R"(,"GrantId":"x"})").error, "InvalidGrantIdException");
}

TEST_F(Grants, ADryRunTriesEverythingAndChangesNothing) {
  const auto revision = kms_.revision();
  EXPECT_EQ(create(user("a"), R"("Encrypt")", R"("DryRun":true)").error, "DryRunOperationException");
  EXPECT_EQ(create("nobody", R"("Encrypt")", R"("DryRun":true)").error, "InvalidArnException");
  EXPECT_EQ(create(user("a"), R"("Sign")", R"("DryRun":true)").error, "ValidationException");
  EXPECT_EQ(kms_.revision(), revision);
  const std::string grant =
      "{" + key_ + "," + text("GrantId", id_of(create(user("a"), R"("Encrypt")"))) + R"(,"DryRun":true})";
  EXPECT_EQ(kms_.call("RetireGrant", grant).error, "DryRunOperationException");
  EXPECT_EQ(kms_.call("RevokeGrant", grant).error, "DryRunOperationException");
  EXPECT_NE(kms_.call("ListGrants", "{" + key_ + "}").body.find("GrantId"), std::string::npos);
}

TEST_F(Grants, TokensAreTakenEverywhereAndGiveNothing) {
  const auto a = add("a");
  const auto mine = create(user("a"), R"("Encrypt")");
  const auto others = create(user("b"), R"("Decrypt","DescribeKey")");
  const auto with = [&](const std::string& token) {
    return "{" + key_ + R"(,"Plaintext":"AA==","GrantTokens":[")" + token + "\"]}";
  };
  EXPECT_EQ(kms_.call_as(a, "Encrypt", with(token_of(mine))).status, 200);
  EXPECT_EQ(kms_.call_as(a, "Encrypt", with(token_of(others))).status, 200);
  EXPECT_EQ(kms_.call_as(a, "DescribeKey", "{" + key_ + R"(,"GrantTokens":[")" + token_of(others) + "\"]}").error,
            "AccessDeniedException");
  std::string altered = token_of(mine);
  altered[60] = altered[60] == 'A' ? 'B' : 'A';
  for (const std::string& token : {std::string("t"), altered, token_of(mine).substr(4), "=" + token_of(mine)})
    EXPECT_EQ(kms_.call_as(a, "Encrypt", with(token)).error, "InvalidGrantTokenException") << token;
}

TEST_F(Grants, WhatIsNotServedIsRefused) {
  const auto refused = [&](const std::string& more) { return create(user("a"), R"("Encrypt")", more).error; };
  EXPECT_EQ(refused(text("RetiringServicePrincipal", "s3.amazonaws.com")), "UnsupportedOperationException");
  EXPECT_EQ(refused(text("GranteeServicePrincipal", "s3.amazonaws.com")), "UnsupportedOperationException");
  EXPECT_EQ(refused(R"("Constraints":{"SourceArn":"arn:aws:s3:::123456789012:bucket"})"),
            "UnsupportedOperationException");
  EXPECT_EQ(refused(R"("Constraints":{"EncryptionContextEquals":{"a":"1"},"EncryptionContextSubset":{"a":"1"}})"),
            "ValidationException");
  EXPECT_EQ(refused(R"("Constraints":{"EncryptionContextEquals":{}})"), "ValidationException");
  EXPECT_EQ(kms_.call("CreateGrant", "{" + key_ + "," + list_of(R"("Encrypt")") + "}").error, "ValidationException");
}

TEST_F(Grants, PoliciesMayAskWhatTheyAre) {
  const auto limited = kms_.add_user("limited", R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
      "Action":"kms:CreateGrant","Resource":"*","Condition":{
        "ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","DescribeKey"]},
        "StringEquals":{"kms:GranteePrincipal":")" + user("a") +
                                                    R"(","kms:GrantConstraintType":"EncryptionContextSubset",
                        "kms:EncryptionContext:tenant":"acme"},
        "Bool":{"kms:GrantIsForAWSResource":"false"}}}]})");
  const auto make = [&](std::string_view grantee, std::string_view operations, const std::string& constraints) {
    return kms_.call_as(limited, "CreateGrant",
                        "{" + key_ + "," + text("GranteePrincipal", user(grantee)) + "," + list_of(operations) +
                            R"(,"Constraints":)" + constraints + "}");
  };
  const std::string good = R"({"EncryptionContextSubset":{"tenant":"acme"}})";
  const auto made = make("a", R"("Encrypt","DescribeKey")", good);
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(make("b", R"("Encrypt")", good).error, "AccessDeniedException");
  EXPECT_EQ(make("a", R"("Encrypt","Decrypt")", good).error, "AccessDeniedException");
  EXPECT_EQ(make("a", R"("Encrypt")", R"({"EncryptionContextEquals":{"tenant":"acme"}})").error,
            "AccessDeniedException");
  EXPECT_EQ(make("a", R"("Encrypt")", R"({"EncryptionContextSubset":{"tenant":"x"}})").error, "AccessDeniedException");
}

TEST_F(Grants, AreRecordedAsCloudTrailHasThem) {
  const auto answer = create(user("a"), R"("Encrypt","Decrypt")",
                             text("RetiringPrincipal", user("b")) + "," + text("Name", "n") +
                                 R"(,"Constraints":{"EncryptionContextSubset":{"k":"v"}})");
  const auto id = id_of(answer);
  const auto leaf = kms_.leaves().back();
  const std::string request = R"("requestParameters":{)" + text("keyId", arn_) + "," +
                              text("granteePrincipal", user("a")) + "," + text("retiringPrincipal", user("b")) +
                              R"(,"operations":["Encrypt","Decrypt"],)" + text("name", "n") +
                              R"(,"constraints":{"encryptionContextSubset":{"k":"v"}}})";
  EXPECT_NE(leaf.find(request), std::string::npos) << leaf;
  EXPECT_NE(leaf.find(R"("responseElements":{)" + text("grantId", id) + "," + text("keyId", arn_) + "}"),
            std::string::npos)
      << leaf;
  EXPECT_NE(leaf.find(R"("readOnly":false)"), std::string::npos);
  EXPECT_EQ(leaf.find(token_of(answer)), std::string::npos);
}

// Every operation that a grant can give, on the server's table: with that grant alone, and with one of all the others.
TEST_F(Grants, EachOperationIsGivenByItsOwnAndByNoOther) {
  const std::string sealed = kms_.text(kms_.call("Encrypt", "{" + key_ + R"(,"Plaintext":"AA=="})"), "CiphertextBlob");
  const std::string blob = text("CiphertextBlob", sealed);
  struct Row {
    std::string operation, body;
    std::vector<policy::GrantOperation> given_by;
  };
  using enum policy::GrantOperation;
  const std::vector<Row> rows = {
      {"Decrypt", "{" + blob + "}", {decrypt}},
      {"Encrypt", encrypt_body(), {encrypt}},
      {"GenerateDataKey", "{" + key_ + R"(,"KeySpec":"AES_256"})", {generate_data_key}},
      {"GenerateDataKeyWithoutPlaintext",
       "{" + key_ + R"(,"KeySpec":"AES_256"})",
       {generate_data_key_without_plaintext}},
      {"ReEncrypt", "{" + blob + "," + text("DestinationKeyId", arn_) + "}", {re_encrypt_from, re_encrypt_to}},
      {"DescribeKey", "{" + key_ + "}", {describe_key}},
      {"CreateGrant",
       "{" + key_ + "," + text("GranteePrincipal", user("z")) + "," + list_of(R"("CreateGrant")") + "}",
       {create_grant}},
  };
  std::size_t covered = 0;
  for (const auto& row : operation_table())
    for (const auto action : row.actions)
      if (!action.empty() && policy::grant_operation_of_action(action)) ++covered;
  EXPECT_EQ(covered, 9U) << "a row of the table that is not tried here";  // Those of `rows`, and RetireGrant.
  int number = 0;
  const auto names_of = [&](const auto& wanted) {
    std::string names;
    for (std::size_t i = 0; i < policy::grant_operation_count; ++i) {
      const auto operation = static_cast<policy::GrantOperation>(i);
      if (!wanted(operation) || !can_be_granted(operation)) continue;
      names += (names.empty() ? "\"" : ",\"") + std::string(policy::to_text(operation)) + "\"";
    }
    return names;
  };
  for (const auto& row : rows) {
    const std::string name = "u" + std::to_string(++number);
    const auto caller = add(name);
    const auto is_own = [&](policy::GrantOperation o) {
      return std::ranges::find(row.given_by, o) != row.given_by.end();
    };
    id_of(create(user(name), names_of([&](auto o) { return !is_own(o); })));
    EXPECT_EQ(kms_.call_as(caller, row.operation, row.body).error, "AccessDeniedException") << row.operation;
    for (const auto own : row.given_by) {
      EXPECT_EQ(kms_.call_as(caller, row.operation, row.body).error, "AccessDeniedException") << row.operation;
      id_of(create(user(name), names_of([&](auto o) { return o == own; })));
    }
    const auto allowed = kms_.call_as(caller, row.operation, row.body);
    EXPECT_EQ(allowed.status, 200) << row.operation << allowed.body;
  }
}

}  // namespace
}  // namespace keyfold::server
