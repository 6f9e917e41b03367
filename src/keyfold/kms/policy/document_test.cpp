#include "keyfold/kms/policy/document.h"

#include <algorithm>
#include <random>

#include "keyfold/kms/policy/policy_testing.h"

namespace keyfold::policy {
namespace {

// The message with which `text` is refused as malformed.
std::string refusal(const std::string& text, PolicyKind kind = PolicyKind::key) {
  const auto parsed = Document::parse(text, kind);
  if (parsed) return "parsed";
  EXPECT_EQ(parsed.error().code, ErrorCode::malformed_policy_document) << text;
  return parsed.error().message;
}
// With one more member in an otherwise good statement or policy.
std::string statement_with(const std::string& member) {
  return policy_of(R"({"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*",)" + member + "}");
}
std::string with(const std::string& principal, const std::string& action, const std::string& resource) {
  return policy_of(R"({"Effect":"Allow","Principal":)" + principal + R"(,"Action":)" + action + R"(,"Resource":)" +
                   resource + "}");
}
std::string condition(const std::string& text) { return statement_with("\"Condition\":" + text); }

TEST(Document, ReadsEveryElementOfTheLanguage) {
  const auto policy = document(R"({
    "Version": "2012-10-17", "Id": "key-consolepolicy-3",
    "Statement": [
      {"Sid": "Allow use", "Effect": "Allow",
       "Principal": {"AWS": ["arn:aws:iam::111122223333:user/ledger-writer", "444455556666", "arn:aws:iam::777788889999:root", "*"]},
       "Action": ["kms:Encrypt", "kms:Generate**Key?"], "Resource": "*",
       "Condition": {"StringEquals": {"kms:EncryptionContext:Domain": ["cards", "Loans"], "KMS:encryptioncontext:x": "1"}}},
      {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": ["arn:aws:kms:*:*:key/*"]}
    ]})");
  EXPECT_EQ(policy.id(), "key-consolepolicy-3");
  ASSERT_EQ(policy.statements().size(), 2U);
  const auto& allow = policy.statements()[0];
  EXPECT_EQ(allow.effect, Effect::allow);
  EXPECT_EQ(allow.label, "Allow use");
  ASSERT_EQ(allow.principals.size(), 4U);
  EXPECT_EQ(allow.principals[0].kind, PrincipalPattern::Kind::arn);
  EXPECT_EQ(allow.principals[1].text, "444455556666");
  EXPECT_EQ(allow.principals[2].kind, PrincipalPattern::Kind::account);
  EXPECT_EQ(allow.principals[2].text, "777788889999");
  EXPECT_EQ(allow.principals[3].kind, PrincipalPattern::Kind::everyone);
  ASSERT_EQ(allow.actions.size(), 2U);
  EXPECT_EQ(allow.actions[1].text(), "kms:Generate**Key?");
  ASSERT_EQ(allow.conditions.size(), 2U);
  EXPECT_EQ(allow.conditions[0].name(), "StringEquals");
  EXPECT_EQ(allow.conditions[0].lower_key(), "kms:encryptioncontext:domain");
  EXPECT_EQ(allow.conditions[0].key(), "kms:EncryptionContext:Domain");
  EXPECT_EQ(allow.conditions[0].values(), (std::vector<std::string>{"cards", "Loans"}));
  EXPECT_EQ(policy.statements()[1].effect, Effect::deny);
  EXPECT_EQ(policy.statements()[1].label, "statement 2 of the key policy");
}

TEST(Document, TakesOneStatementWithoutAnArray) {
  EXPECT_EQ(
      document(R"({"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}})").statements().size(),
      1U);
}

TEST(Document, KeepsAStatementWithoutActionOrResource) {
  EXPECT_EQ(key_policy(R"({"Effect":"Allow","Principal":"*","Resource":"*"})").statements().size(), 1U);
  EXPECT_EQ(key_policy(R"({"Effect":"Allow","Principal":"*","Action":"kms:*"})").statements().size(), 1U);
}

TEST(Document, RefusesEachElementThatItDoesNotKnowByName) {
  for (const std::string name : {"effect", "Conditions", "condition", ""})
    EXPECT_EQ(refusal(statement_with("\"" + name + R"(":"*")")), "Statement element \"" + name + "\" is not supported");
  EXPECT_EQ(refusal(R"({"Version":"2012-10-17","Statement":[],"Extra":1})"),
            "policy element \"Extra\" is not supported");
  EXPECT_EQ(refusal(R"({"Version":"2020-01-01","Statement":[]})"), "Version \"2020-01-01\" is not supported");
}

TEST(Document, RefusesAnElementBesideItsOpposite) {
  for (const std::string name : {"Principal", "Action", "Resource"})
    EXPECT_EQ(refusal(statement_with("\"Not" + name + R"(":"*")")), "Statement has both " + name + " and Not" + name);
}

TEST(Document, RefusesOperatorsThatThereAreNotByName) {
  for (const std::string name :
       {"stringequals", "StringMatches", "ForAnyValue:", "ForAllValues:Null", "NullIfExists",
        "ForAnyValue:ForAllValues:StringEquals", "StringEqualsIfExistsIfExists", "IfExists", ""})
    EXPECT_EQ(refusal(condition(R"({")" + name + R"(":{"kms:EncryptionContext:a":"b"}})")),
              "there is no such condition operator: " + name);
}

TEST(Document, RefusesOurConditionKeysThatItCouldSayNothingOf) {
  for (const std::string name : {"kms:TrailingDays", "aws:SourceVpcs", "kms:EncryptionContext",
                                 "kms:EncryptionContext:", "IAM:Nothing", "kms:", ":a", "a", ""})
    EXPECT_EQ(refusal(condition(R"({"StringEquals":{")" + name + R"(":"b"}})")),
              "condition key \"" + name + "\" is not supported");
  for (const std::string name : {"aws:PrincipalArn", "kms:EncryptionContextKeys", "AWS:USERNAME", "s3:prefix"})
    EXPECT_EQ(refusal(condition(R"({"StringEquals":{")" + name + R"(":"b"}})")), "parsed");
}

TEST(Document, RefusesValuesThatAreNotOfTheirType) {
  const auto refused = [](const std::string& name, const std::string& value) {
    return refusal(condition("{\"" + name + R"(":{"aws:username":)" + value + "}}"));
  };
  EXPECT_EQ(refused("NumericLessThan", R"("twelve")"), "a value of NumericLessThan must be a number");
  EXPECT_EQ(refused("NumericLessThan", R"("")"), "a value of NumericLessThan must be a number");
  EXPECT_EQ(refused("DateEquals", R"("2026-02-30")"),
            "a value of DateEquals must be a date in ISO 8601, or seconds since 1970");
  EXPECT_EQ(refused("Bool", R"("yes")"), "a value of Bool must be true or false");
  EXPECT_EQ(refused("Null", "1"), "a value of Null must be true or false");
  EXPECT_EQ(refused("BinaryEquals", R"("=")"), "a value of BinaryEquals must be base64");
  EXPECT_EQ(refused("IpAddress", R"("192.0.2.0/33")"),
            "a value of IpAddress must be an IP address or a range of them (CIDR)");
  EXPECT_EQ(refused("ArnLike", R"("role/x")"), "an ARN is arn:partition:service:Region:account:resource");
  EXPECT_EQ(refused("NumericLessThan", "12"), "parsed");
  EXPECT_EQ(refused("Bool", "[true, \"FALSE\"]"), "parsed");
  EXPECT_EQ(refused("StringEquals", "null"), "a condition value must be a string, a number or a truth value");
}

TEST(Document, RefusesOtherPrincipals) {
  EXPECT_EQ(refusal(with(R"({"aws":"x"})", "\"*\"", "\"*\"")), "Principal element \"aws\" is not supported");
  for (const std::string name : {"AIDAQWERTYUIOPASDFGHJ", "arn:aws:iam::111122223333:user/*",
                                 "arn:aws:iam::111122223333:group/g", "11112222333", "arn:aws:iam::*:root", "", "**"})
    EXPECT_EQ(refusal(with(R"({"AWS":")" + name + R"("})", "\"*\"", "\"*\"")),
              "principal \"" + name + "\" is not supported");
  EXPECT_EQ(refusal(with(R"("444455556666")", "\"*\"", "\"*\"")), "principal \"444455556666\" is not supported");
  EXPECT_EQ(refusal(with(R"({"AWS":[]})", "\"*\"", "\"*\"")), "Principal must not be empty");
  EXPECT_EQ(refusal(with("{}", "\"*\"", "\"*\"")), "Principal must not be empty");
}

TEST(Document, ReadsPrincipalsThatCannotCallHere) {
  for (const std::string type : {"Service", "Federated", "CanonicalUser"}) {
    const auto policy = document(with(R"({")" + type + R"(":"x"})", "\"*\"", "\"*\""));
    EXPECT_EQ(policy.statements()[0].principals[0].kind, PrincipalPattern::Kind::foreign);
  }
}

TEST(Document, HasPolicyVariablesInItsNewerVersionOnlyAndOnlyWhereTheyMayStand) {
  const auto value = [](const std::string& text) {
    return condition(R"({"StringEquals":{"kms:EncryptionContext:a":")" + text + "\"}}");
  };
  EXPECT_EQ(refusal(value("${aws:username}")), "parsed");
  EXPECT_EQ(refusal(value("${aws:username, 'nobody'}")), "parsed");
  EXPECT_EQ(refusal(value("${*}${?}${$}")), "parsed");
  EXPECT_EQ(refusal(value("${aws:username")), "a policy variable has no closing brace");
  EXPECT_EQ(refusal(value("${aws:SourceVpcs}")), "a policy variable must name a condition key that is supported");
  EXPECT_EQ(refusal(value("${}")), "a policy variable must name a condition key that is supported");
  EXPECT_EQ(refusal(value("${aws:username, nobody}")), "the default of a policy variable must stand in single quotes");
  EXPECT_EQ(refusal(R"({"Version":"2008-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*",
                        "Condition":{"StringEquals":{"kms:EncryptionContext:a":"${aws:username"}}}})"),
            "parsed");
  EXPECT_NE(refusal(condition(R"({"StringEquals":{"kms:EncryptionContext:${aws:username}":"a"}})")), "parsed");
  EXPECT_NE(refusal(condition(R"({"NumericEquals":{"kms:EncryptionContext:a":"${aws:username}"}})")), "parsed");
  EXPECT_NE(refusal(with("\"*\"", "\"kms:${aws:username}\"", "\"*\"")), "parsed");
  EXPECT_EQ(refusal(with("\"*\"", "\"*\"", R"("arn:aws:kms:us-west-2:111122223333:key/${aws:username}")")), "parsed");
}

TEST(Document, RefusesWhatIsMissingOrOfTheWrongKind) {
  EXPECT_EQ(refusal(policy_of(R"({"Principal":"*","Action":"*","Resource":"*"})")), "Statement has no Effect");
  EXPECT_EQ(refusal(policy_of(R"({"Effect":"Allow","Action":"*","Resource":"*"})")), "Statement has no Principal");
  EXPECT_EQ(refusal(policy_of("")), "Statement must not be empty");
  EXPECT_EQ(refusal("{}"), "the policy has no Statement");
  EXPECT_EQ(refusal(policy_of(R"({"Effect":"allow","Principal":"*"})")), "Effect must be Allow or Deny");
  for (const std::string wrong : {"null", "1", "true", "{}", "[null]", "[[\"*\"]]", "[1]"}) {
    EXPECT_NE(refusal(with("\"*\"", wrong, "\"*\"")), "parsed") << wrong;
    EXPECT_NE(refusal(with("\"*\"", "\"*\"", wrong)), "parsed") << wrong;
    EXPECT_NE(refusal(with(wrong, "\"*\"", "\"*\"")), "parsed") << wrong;
    EXPECT_NE(refusal(R"({"Statement":)" + wrong + "}"), "parsed") << wrong;
    const bool is_value = wrong == "1" || wrong == "true" || wrong == "[1]";
    EXPECT_EQ(refusal(condition(R"({"StringEquals":{"kms:EncryptionContext:a":)" + wrong + "}}")) == "parsed", is_value)
        << wrong;
    EXPECT_NE(refusal(R"({"Id":)" + wrong + R"(,"Statement":{"Effect":"Deny","Principal":"*"}})"), "parsed") << wrong;
    EXPECT_NE(refusal(statement_with(R"("Sid":)" + wrong)), "parsed") << wrong;
  }
  EXPECT_NE(refusal(condition(R"({"StringEquals":{"kms:EncryptionContext:a":[]}})")), "parsed");
  for (const std::string action : {"Encrypt", "kms:", ":Encrypt", "kms: Encrypt", ""})
    EXPECT_NE(refusal(with("\"*\"", "\"" + action + "\"", "\"*\"")), "parsed") << action;
  for (const std::string resource : {"key/x", "**x", ""})
    EXPECT_NE(refusal(with("\"*\"", "\"*\"", "\"" + resource + "\"")), "parsed") << resource;
}

TEST(Document, RefusesEveryDuplicate) {
  EXPECT_NE(refusal(R"({"Id":"a","Id":"a","Statement":{"Effect":"Deny","Principal":"*"}})"), "parsed");
  for (const std::string again : {R"("Effect":"Deny")", R"("Principal":"*")", R"("Action":"*")", R"("Resource":"*")"})
    EXPECT_NE(refusal(statement_with(again)), "parsed") << again;
  EXPECT_EQ(refusal(with(R"({"AWS":"*","AWS":"*"})", "\"*\"", "\"*\"")), "Principal has \"AWS\" twice");
  EXPECT_NE(refusal(condition(R"({"StringEquals":{"kms:EncryptionContext:a":"1","kms:EncryptionContext:A":"2"}})")),
            "parsed");
  EXPECT_NE(refusal(condition(R"({"StringEquals":{},"StringEquals":{}})")), "parsed");
}

TEST(Document, AnIdentityPolicyNamesNoPrincipal) {
  EXPECT_EQ(identity_policy(R"({"Effect":"Allow","Action":"kms:*","Resource":"*"})").kind(), PolicyKind::identity);
  EXPECT_EQ(refusal(statement_with(R"("Sid":"a")"), PolicyKind::identity),
            "only a key policy or a trust policy has a Principal");
  for (const auto kind : {PolicyKind::identity, PolicyKind::boundary, PolicyKind::session}) {
    EXPECT_EQ(refusal(policy_of(R"({"Effect":"Allow","Resource":"*"})"), kind), "Statement has no Action");
    EXPECT_EQ(refusal(policy_of(R"({"Effect":"Allow","Action":"kms:*"})"), kind), "Statement has no Resource");
  }
}

TEST(Document, ATrustPolicyIsAboutItsRole) {
  const auto trust = R"({"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"})";
  EXPECT_EQ(document(policy_of(trust), PolicyKind::trust).statements()[0].label, "statement 1 of the trust policy");
  EXPECT_EQ(refusal(policy_of(R"({"Effect":"Allow","Action":"sts:AssumeRole"})"), PolicyKind::trust),
            "Statement has no Principal");
  EXPECT_EQ(refusal(policy_of(R"({"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"})"),
                    PolicyKind::trust),
            "a trust policy must not have a Resource");
}

TEST(Document, TakesTheWholeQuotaAndNotAByteMore) {
  const std::string frame = R"({"Id":"","Statement":{"Effect":"Deny","Principal":"*"}})";
  std::string whole = frame;
  whole.insert(7, std::string(document_size_max - frame.size(), 'x'));
  EXPECT_TRUE(Document::parse(whole));
  whole.insert(7, "x");
  const auto above = Document::parse(whole);
  ASSERT_FALSE(above);
  EXPECT_EQ(above.error().code, ErrorCode::limit_exceeded);
}

TEST(Document, RefusesDepthBeforeAnythingElse) {
  for (const int depth : {31, 32, 33, 1000, 15000}) {
    const auto count = static_cast<std::size_t>(depth);
    const auto text = std::string(count, '[') + "1" + std::string(count, ']');
    EXPECT_NE(refusal(text), "parsed") << depth;
    EXPECT_EQ(refusal(text) == "the policy is nested too deeply", depth > document_depth_max) << depth;
  }
}

TEST(Document, IsTotalOnDamagedPolicies) {
  const std::string whole = std::string(administrator_policy);
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed): repeats itself.
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(Document::parse(whole.substr(0, length), PolicyKind::identity)) << length;
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = whole;
    for (unsigned n = 1 + random() % 4; n > 0; --n) damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto parsed = Document::parse(damaged, PolicyKind::identity);
    if (!parsed) {
      EXPECT_EQ(parsed.error().code, ErrorCode::malformed_policy_document);
    }
  }
}

TEST(Document, RefusesInvalidUtf8AndShowsNoneOfIt) {
  EXPECT_EQ(refusal("{\"Statement\":\"\xff\"}"), "the policy is not JSON");
  const auto message = refusal("{\"\\u0000\xc3\xa4\\n\":1}");
  EXPECT_TRUE(std::ranges::all_of(message, [](char c) { return c >= ' ' && c < 0x7f; })) << message;
}

TEST(WellKnown, TheDefaultKeyPolicyIsWhatGetKeyPolicyPrintsOnAws) {
  EXPECT_EQ(default_key_policy(home()), R"({
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
})");
  EXPECT_TRUE(Document::parse(default_key_policy(home())));
}

}  // namespace
}  // namespace keyfold::policy
