// Who may do what: told, and tried.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/kms/identity/edit.h"
#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

const std::string account = "123456789012";
std::string user_arn(std::string_view name) { return "arn:aws:iam::" + account + ":user/" + std::string(name); }

std::string json_text(std::string_view text) {
  std::string out;
  protocol::JsonWriter(out).text(text);
  return out;
}
std::string policy_of(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}
const std::string root_statement =
    R"({"Sid":"root","Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"kms:*","Resource":"*"})";

class Access : public ::testing::Test {
 protected:
  std::string create_key(const std::string& statements) {
    return kms_.create_key(
        "test", R"({"BypassPolicyLockoutSafetyCheck":true,"Policy":)" + json_text(policy_of(statements)) + "}");
  }
  // By principal: "allow" or "depends".
  std::map<std::string, std::string> who_can(const std::string& action, const std::string& key,
                                             const std::string& more = "", std::string* body = nullptr) {
    std::map<std::string, std::string> found;
    std::string marker;
    do {
      const auto answer =
          kms_.call("WhoCan", R"({"Action":")" + action + R"(","KeyId":")" + key + R"(","Limit":3)" + more +
                                  (marker.empty() ? "" : R"(,"Marker":)" + json_text(marker)) + "}");
      EXPECT_EQ(answer.status, 200) << answer.body;
      if (body != nullptr) *body += answer.body;
      protocol::JsonReader reader;
      const auto reply = reader.parse(answer.body);
      if (!reply) return found;
      reply->find("Principals")->each_element([&](const protocol::JsonValue& one) {
        EXPECT_TRUE(found.emplace(one.text_of("Principal"), one.text_of("Verdict")).second) << "told twice";
      });
      marker = reply->text_of("NextMarker");
    } while (!marker.empty());
    return found;
  }
  std::string explain(const std::string& principal, const std::string& action, const std::string& key,
                      const std::string& more = "") {
    const auto answer = kms_.call("ExplainAccess", R"({"Principal":")" + principal + R"(","Action":")" + action +
                                                       R"(","KeyId":")" + key + "\"" + more + "}");
    return answer.status == 200 ? answer.body : answer.error + " " + answer.body;
  }
  std::multiset<std::string> lint() {
    std::multiset<std::string> rules;
    std::string marker;
    do {
      const auto answer = kms_.call(
          "LintAccess", marker.empty() ? R"({"Limit":2})" : R"({"Limit":2,"Marker":)" + json_text(marker) + "}");
      EXPECT_EQ(answer.status, 200) << answer.body;
      protocol::JsonReader reader;
      const auto reply = reader.parse(answer.body);
      if (!reply) return rules;
      reply->find("Findings")->each_element([&](const protocol::JsonValue& one) {
        rules.emplace(one.text_of("Rule"));
      });
      marker = reply->text_of("NextMarker");
    } while (!marker.empty());
    return rules;
  }
  void add_role(const std::string& name, const std::string& policy, const std::string& trust) {
    EXPECT_TRUE(kms_.entities().change([&](identity::Edit& edit) -> Outcome {
      identity::Role role{.account = certain(AccountId::parse(account)),
                          .name = certain(identity::RoleName::parse(name)),
                          .id = identity::make_role_id(kms_.random()),
                          .created = kms_.clock().now(),
                          .trust_policy = trust};
      if (!policy.empty()) role.policies.inlined["own"] = policy;
      return edit.put(role);
    }));
  }

  Kms kms_;
};

TEST_F(Access, TellsWhoAndByWhat) {
  kms_.add_user("reader", "");
  kms_.add_user("delegated", policy_of(R"({"Sid":"mine","Effect":"Allow","Action":"kms:Decrypt","Resource":"*"})"));
  kms_.add_user("nobody", "");
  const auto key = create_key(root_statement + R"(,{"Sid":"readers","Effect":"Allow","Principal":{"AWS":")" +
                              user_arn("reader") + R"("},"Action":"kms:Decrypt","Resource":"*"})");
  std::string body;
  EXPECT_EQ(who_can("kms:Decrypt", key, "", &body),
            (std::map<std::string, std::string>{{"arn:aws:iam::123456789012:root", "allow"},
                                                {user_arn("delegated"), "allow"},
                                                {user_arn("reader"), "allow"}}));
  EXPECT_NE(body.find(R"("Statement":"readers")"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("PolicyName":"keyfold-admin","Statement":"mine")"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("AccountRoot":true)"), std::string::npos) << body;
}

TEST_F(Access, TellsOnWhatItDependsAndUntilWhen) {
  kms_.add_user("reader", "");
  const auto key = create_key(
      R"({"Sid":"readers","Effect":"Allow","Principal":{"AWS":")" + user_arn("reader") +
      R"("},"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:domain":"cards"},)"
      R"("DateLessThan":{"aws:CurrentTime":"2100-01-01T00:00:00Z"}}})");
  std::string body;
  EXPECT_EQ(who_can("kms:Decrypt", key, "", &body),
            (std::map<std::string, std::string>{{user_arn("reader"), "depends"}}));
  EXPECT_NE(
      body.find(R"("Condition":{"Operator":"StringEquals","Key":"kms:EncryptionContext:domain","Values":["cards"]})"),
      std::string::npos)
      << body;
  EXPECT_NE(body.find(R"("Until":4102444800)"), std::string::npos) << body;
  EXPECT_EQ(body.find("aws:CurrentTime"), std::string::npos) << "the time is known";
  EXPECT_EQ(who_can("kms:Decrypt", key, R"(,"EncryptionContext":{"domain":"cards"})"),
            (std::map<std::string, std::string>{{user_arn("reader"), "allow"}}));
  EXPECT_TRUE(who_can("kms:Decrypt", key, R"(,"EncryptionContext":{})").empty());
  kms_.clock().jump_wall(std::chrono::hours(24 * 366 * 130));
  EXPECT_TRUE(who_can("kms:Decrypt", key).empty());
}

TEST_F(Access, TellsOfRolesSessionsStrangersAndOutsiders) {
  const std::string trust =
      policy_of(R"({"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"})");
  add_role("batch", policy_of(R"({"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"})"), trust);
  add_role("idle", "", trust);
  const auto key =
      create_key(root_statement +
                 R"(,{"Effect":"Allow","Principal":{"AWS":["444455556666","arn:aws:iam::444455556666:user/visitor",)"
                 R"("arn:aws:sts::123456789012:assumed-role/idle/night"]},"Action":"kms:Decrypt","Resource":"*"})");
  EXPECT_EQ(who_can("kms:Decrypt", key),
            (std::map<std::string, std::string>{{"arn:aws:iam::123456789012:root", "allow"},
                                                {"arn:aws:iam::123456789012:role/batch", "allow"},
                                                {"arn:aws:iam::123456789012:role/idle", "depends"},
                                                {"arn:aws:iam::444455556666:root", "allow"},
                                                {"arn:aws:iam::444455556666:user/visitor", "depends"},
                                                {"arn:aws:sts::123456789012:assumed-role/idle/night", "allow"}}));
  const auto open = create_key(R"({"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"})");
  EXPECT_EQ(who_can("kms:Encrypt", open)["*"], "depends") << "on the policies of whoever it is";
}

TEST_F(Access, TellsOfGrants) {
  kms_.add_user("courier", "");
  const auto key = create_key(root_statement);
  const auto grant = [&](const std::string& more) {
    const auto answer =
        kms_.call("CreateGrant", R"({"KeyId":")" + key + R"(","GranteePrincipal":")" + user_arn("courier") +
                                     R"(","Operations":["Decrypt"])" + more + "}");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return kms_.text(answer, "GrantId");
  };
  const auto bound = grant(R"(,"Constraints":{"EncryptionContextSubset":{"domain":"cards"}})");
  EXPECT_EQ(who_can("kms:Decrypt", key)[user_arn("courier")], "depends");
  EXPECT_TRUE(who_can("kms:Encrypt", key).count(user_arn("courier")) == 0);
  EXPECT_EQ(who_can("kms:Decrypt", key, R"(,"EncryptionContext":{"domain":"loans"})").count(user_arn("courier")), 0U);
  const auto told = explain(user_arn("courier"), "kms:Decrypt", key, R"(,"EncryptionContext":{"domain":"cards"})");
  EXPECT_NE(told.find(R"("Verdict":"allow")"), std::string::npos) << told;
  EXPECT_NE(told.find(R"("Grant":")" + bound + "\""), std::string::npos) << told;
  EXPECT_EQ(lint().count("nobody-retires"), 1U);
  grant(R"(,"RetiringPrincipal":")" + user_arn("courier") + "\"");
  EXPECT_EQ(lint().count("nobody-retires"), 1U);
  EXPECT_EQ(who_can("kms:Decrypt", key)[user_arn("courier")], "allow");
}

TEST_F(Access, TellsWhichGrantsMayBeRetiredAndOfSessionsThatGrantsName) {
  kms_.add_user("courier", "");
  kms_.add_user("bystander", "");
  const std::string trust =
      policy_of(R"({"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"})");
  add_role("idle", "", trust);
  const auto key = create_key(root_statement);
  const auto grant = [&](const std::string& grantee, const std::string& operations, const std::string& more = "") {
    EXPECT_EQ(kms_.call("CreateGrant", R"({"KeyId":")" + key + R"(","GranteePrincipal":")" + grantee +
                                           R"(","Operations":[)" + operations + "]" + more + "}")
                  .status,
              200);
  };
  const std::string night = "arn:aws:sts::123456789012:assumed-role/idle/night";
  const std::string visitor = "arn:aws:iam::444455556666:user/visitor";
  const std::string root = "arn:aws:iam::123456789012:root";
  grant(visitor, R"("Encrypt")", R"(,"RetiringPrincipal":")" + user_arn("courier") + "\"");
  grant(night, R"("Decrypt","RetireGrant")");
  EXPECT_EQ(who_can("kms:RetireGrant", key),
            (std::map<std::string, std::string>{{root, "allow"},
                                                {user_arn("courier"), "allow"},
                                                {"arn:aws:iam::123456789012:role/idle", "depends"},
                                                {night, "allow"}}));
  EXPECT_EQ(who_can("kms:Decrypt", key),
            (std::map<std::string, std::string>{
                {root, "allow"}, {"arn:aws:iam::123456789012:role/idle", "depends"}, {night, "allow"}}));
  EXPECT_EQ(who_can("kms:Encrypt", key), (std::map<std::string, std::string>{{root, "allow"}, {visitor, "depends"}}))
      << "on his own account's policies";
}

TEST_F(Access, ExplainsOnePrincipal) {
  kms_.add_user(
      "reader",
      policy_of(
          R"({"Sid":"no","Effect":"Deny","Action":"kms:Decrypt","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}},)"
          R"({"Sid":"yes","Effect":"Allow","Action":"kms:*crypt","Resource":"*"})"));
  const auto key = create_key(root_statement);
  const auto about = [&](const std::string& more) { return explain(user_arn("reader"), "kms:Decrypt", key, more); };
  EXPECT_NE(about("").find(R"("Verdict":"depends")"), std::string::npos) << about("");
  EXPECT_NE(about("").find(R"("Key":"aws:SourceIp")"), std::string::npos) << about("");
  const auto inside = about(R"(,"Conditions":{"aws:SourceIp":"192.0.2.9"})");
  EXPECT_NE(inside.find(R"("Verdict":"allow")"), std::string::npos) << inside;
  EXPECT_NE(inside.find(R"("Statement":"yes")"), std::string::npos) << inside;
  const auto outside = about(R"(,"Conditions":{"aws:SourceIp":"198.51.100.1"})");
  EXPECT_NE(outside.find("with an explicit deny in an identity-based policy"), std::string::npos) << outside;
  EXPECT_EQ(explain(user_arn("gone"), "kms:Decrypt", key).substr(0, 17), "NotFoundException");
  EXPECT_EQ(explain("reader", "kms:Decrypt", key).substr(0, 19), "ValidationException");
  EXPECT_EQ(explain(user_arn("reader"), "kms:Decrypt", "alias/none").substr(0, 17), "NotFoundException");
}

TEST_F(Access, KnowsWhatAnOperationHasAndWhatItHasNot) {
  kms_.add_user("reader", policy_of(R"({"Effect":"Allow","Action":"kms:*","Resource":"*"})"));
  const auto reader = user_arn("reader");
  const auto told = [&](const std::string& action, const std::string& condition, const std::string& more = "") {
    const auto key =
        create_key(R"({"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"kms:*","Resource":"*",)"
                   R"("Condition":)" +
                   condition + "}");
    const auto found = who_can(action, key, more);
    return found.count(reader) == 0 ? "deny" : found.at(reader);
  };
  EXPECT_EQ(told("kms:Decrypt", R"({"NumericGreaterThan":{"aws:EpochTime":"1000"}})"), "allow") << "seconds, a number";
  EXPECT_EQ(told("kms:Decrypt", R"({"NumericLessThan":{"aws:EpochTime":"1000"}})"), "deny");
  EXPECT_EQ(told("kms:Decrypt", R"({"DateGreaterThan":{"aws:CurrentTime":"1999-01-01T00:00:00Z"}})"), "allow");
  const std::string of_context = R"({"StringEquals":{"kms:EncryptionContext:domain":"cards"}})";
  EXPECT_EQ(told("kms:Decrypt", of_context), "depends");
  EXPECT_EQ(told("kms:PutKeyPolicy", of_context), "deny") << "no request to put a policy has an encryption context";
  EXPECT_EQ(told("kms:Decrypt", R"({"StringEquals":{"kms:EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}})"), "allow");
  EXPECT_EQ(told("kms:DescribeKey", R"({"StringEquals":{"kms:EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}})"), "deny");
  EXPECT_EQ(told("kms:ListGrants", R"({"Bool":{"kms:GrantIsForAWSResource":"false"}})"), "allow");
  EXPECT_EQ(told("kms:Decrypt", R"({"StringEquals":{"aws:username":"reader"}})"), "allow");
  const auto key =
      create_key(R"({"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"kms:*","Resource":"*","Condition":)"
                 R"({"StringEquals":{"aws:username":"zed"}}})");
  EXPECT_TRUE(who_can("kms:Decrypt", key).empty()) << "the root has no user's name";
  // By a condition that no PutKeyPolicy meets: the past, the context twice, the algorithm twice, grants, and the name.
  EXPECT_EQ(lint().count("locked-out"), 7U);
}

TEST_F(Access, TakesActionsOnKeysInAnyCaseAndNothingElse) {
  const auto key = create_key(root_statement);
  EXPECT_EQ(who_can("KMS:decrypt", key), who_can("kms:Decrypt", key));
  for (const std::string action : {"kms:Decrpyt", "kms:ListKeys", "kms:Sign", "s3:GetObject", "kms:*"})
    EXPECT_EQ(explain(user_arn("a"), action, key).substr(0, 19), "ValidationException") << action;
  kms_.add_user("reader", "");
  const auto with_context = R"(,"EncryptionContext":{"a":"b"})";
  EXPECT_EQ(explain(user_arn("reader"), "kms:DescribeKey", key, with_context).substr(0, 19), "ValidationException");
  EXPECT_EQ(
      explain(user_arn("reader"), "kms:Decrypt", key, R"(,"Conditions":{"kms:EncryptionContext:a":"b"})").substr(0, 19),
      "ValidationException");
  for (const std::string arn : {"arn:aws:s3:::bucket", "arn:aws:iam::123456789012:group/g", "arn:aws:iam::1:user/"})
    EXPECT_EQ(explain(arn, "kms:Decrypt", key).substr(0, 19), "ValidationException") << arn;
}

TEST_F(Access, TellsNothingOfOtherAccounts) {
  const std::string other = "444455556666";
  kms_.add_user("falcon", policy_of(R"({"Sid":"secret","Effect":"Allow","Action":"kms:*","Resource":"*"})"), other);
  const auto key = create_key(
      root_statement + R"(,{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"kms:*","Resource":"*"})");
  std::string body;
  who_can("kms:Decrypt", key, "", &body);
  EXPECT_EQ(body.find("falcon"), std::string::npos) << body;
  EXPECT_EQ(body.find("secret"), std::string::npos) << body;
  EXPECT_NE(body.find("444455556666:root"), std::string::npos) << body;
  const std::string users = "arn:aws:iam::444455556666:user/";
  const auto of_one_there_is = explain(users + "falcon", "kms:Decrypt", key);
  const auto of_none = explain(users + "condor", "kms:Decrypt", key);
  EXPECT_EQ(of_one_there_is.substr(of_one_there_is.find(R"("Verdict")")), of_none.substr(of_none.find(R"("Verdict")")));
  EXPECT_NE(of_none.find(R"("Verdict":"depends")"), std::string::npos) << of_none;
  // What is for keys of the own account only, nobody else can do.
  for (const auto& [who, verdict] : who_can("kms:PutKeyPolicy", key))
    EXPECT_EQ(who, "arn:aws:iam::123456789012:root") << verdict;
}

TEST_F(Access, LintTellsOfManyAlikeThatThereAreMoreAndComesInPages) {
  const auto key = create_key(root_statement);
  for (int i = 0; i < 50; ++i)
    ASSERT_EQ(
        kms_.call("CreateGrant", R"({"KeyId":")" + key + R"(","GranteePrincipal":"arn:aws:iam::444455556666:user/u)" +
                                     std::to_string(i) + R"(","Operations":["Decrypt"]})")
            .status,
        200);
  for (int i = 0; i < 700; ++i)
    kms_.add_user("u" + std::to_string(i), policy_of(R"({"Effect":"Allow","Action":"kms:De*","Resource":"*"})"));
  const auto first = kms_.call("LintAccess", "{}");
  EXPECT_NE(first.body.find(R"("Truncated":true)"), std::string::npos);
  EXPECT_EQ(first.body.find("nobody-retires"), std::string::npos) << "keys come behind identities";
  const auto rules = lint();
  EXPECT_EQ(rules.count("nobody-retires"), 21U);
  EXPECT_EQ(rules.count("unbound-decrypt"), 700U);
}

TEST_F(Access, IsItselfUnderPolicyAndAudit) {
  const auto key = create_key(root_statement);
  const auto plain = kms_.add_user("plain", policy_of(R"({"Effect":"Allow","Action":"kms:*","Resource":"*"})"));
  const auto asker =
      kms_.add_user("asker", policy_of(R"({"Effect":"Allow","Action":"keyfold:WhoCan","Resource":"*"})"));
  const std::string body = R"({"Action":"kms:Decrypt","KeyId":")" + key + "\"}";
  EXPECT_EQ(kms_.call_as(plain, "WhoCan", body).error, "AccessDeniedException");
  EXPECT_EQ(kms_.call_as(asker, "WhoCan", body).status, 200);
  EXPECT_EQ(kms_.call_as(asker, "LintAccess", "{}").error, "AccessDeniedException");
  EXPECT_EQ(kms_.call("WhoCan", body, "111122223333").error, "NotFoundException") << "a key of another account";
  const auto leaves = kms_.leaves();
  const auto& leaf = leaves[leaves.size() - 3];
  EXPECT_NE(leaf.find(R"("eventName":"WhoCan")"), std::string::npos) << leaf;
  EXPECT_NE(leaf.find(R"("action":"kms:Decrypt")"), std::string::npos) << leaf;
}

TEST_F(Access, LintFindsNothingInWhatIsNewAndEverythingThatIsPlanted) {
  create_key(root_statement);
  EXPECT_TRUE(lint().empty());
  kms_.add_user("all",
                policy_of(R"({"Effect":"Allow","Action":"kms:*","Resource":"*"})"));  // Also administers and decrypts.
  create_key(R"({"Effect":"Allow","Principal":{"AWS":")" + user_arn("gone") +
             R"("},"Action":"kms:Encrypt","Resource":"*"})");
  const auto rules = lint();
  for (const std::string rule : {"every-action", "unbound-decrypt", "unbound-grants", "administrator-decrypts",
                                 "unknown-principal", "locked-out"})
    EXPECT_EQ(rules.count(rule), 1U) << rule;
}

// Against the calls themselves: 1,000 set-ups of policies, each principal asked about and then tried with every
// context.
TEST_F(Access, WhoCanIsWhoCan) {
  std::mt19937 random(20261124);
  const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  const std::vector<std::string> contexts = {"{}", R"({"domain":"cards"})", R"({"domain":"loans","tenant":"1"})"};
  const auto condition = [&]() -> std::string {
    if (random() % 2 == 0) return "";
    return R"(,"Condition":{")" +
           pick({"StringEquals", "StringNotEquals", "StringLike", "ForAllValues:StringEquals", "Null",
                 "StringEqualsIfExists"}) +
           R"(":{")";
  };
  const auto conditioned = [&](std::string statement) {
    auto text = condition();
    if (!text.empty()) {
      const bool null = text.find("Null") != std::string::npos;
      const bool set = text.find("ForAll") != std::string::npos;
      text +=
          set ? "kms:EncryptionContextKeys"
              : pick({"kms:EncryptionContext:domain", "kms:EncryptionContext:tenant", "aws:SourceIp", "aws:username"});
      text += R"(":)" +
              (null ? pick({"true", "false"})
                    : pick({R"("cards")", R"("domain")", R"("192.0.2.7")", R"("u1")", R"("*a*")"})) +
              "}}";
    }
    return statement + text + "}";
  };
  std::vector<identity::NewAccessKey> keys;
  const std::vector<std::string> names = {"u0", "u1", "u2", "u3"};
  for (const auto& name : names) keys.push_back(kms_.add_user(name, ""));
  std::size_t decided = 0, depending = 0;
  for (int setup = 0; setup < 1000; ++setup) {
    std::string statements;
    if (random() % 2 == 0) statements = root_statement;
    for (std::size_t i = random() % 4; i > 0; --i) {
      if (!statements.empty()) statements += ",";
      statements += conditioned(R"({"Effect":")" + pick({"Allow", "Allow", "Deny"}) + R"(",")" +
                                pick({"Principal", "Principal", "NotPrincipal"}) + R"(":{"AWS":)" +
                                pick({json_text(user_arn("u0")), json_text(user_arn("u1")), "\"123456789012\"",
                                      "[" + json_text(user_arn("u2")) + ",\"123456789012\"]", "\"*\""}) +
                                R"(},"Action":)" + pick({R"("kms:Encrypt")", R"("kms:*")", R"("kms:Decrypt")"}) +
                                R"(,"Resource":"*")");
    }
    if (statements.empty()) statements = root_statement;
    const auto key = create_key(statements);
    for (const auto& name : names) {
      const std::string policy =
          random() % 3 == 0
              ? ""
              : policy_of(conditioned(R"({"Effect":")" + pick({"Allow", "Allow", "Deny"}) + R"(","Action":)" +
                                      pick({R"("kms:Encrypt")", R"("kms:*")"}) + R"(,"Resource":"*")"));
      ASSERT_TRUE(kms_.put_policy(name, policy));
    }
    const auto whatever = who_can("kms:Encrypt", key);
    std::vector<std::map<std::string, std::string>> with;
    for (const auto& context : contexts)
      with.push_back(who_can("kms:Encrypt", key, R"(,"EncryptionContext":)" + context));
    for (std::size_t u = 0; u < names.size(); ++u) {
      const auto told = whatever.find(user_arn(names[u]));
      for (std::size_t c = 0; c < contexts.size(); ++c) {
        const auto answer = kms_.call_as(
            keys[u], "Encrypt",
            R"({"KeyId":")" + key + R"(","Plaintext":"AA==","DryRun":true,"EncryptionContext":)" + contexts[c] + "}");
        const bool allowed = answer.error == "DryRunOperationException";
        ASSERT_TRUE(allowed || answer.error == "AccessDeniedException") << answer.error;
        const std::string what = statements + "\n" + names[u] + " " + contexts[c] + " " + answer.body;
        const auto precise = with[c].find(user_arn(names[u]));
        if (told == whatever.end() || precise == with[c].end()) {
          ASSERT_FALSE(allowed) << what;
        }
        const bool promised = (told != whatever.end() && told->second == "allow") ||
                              (precise != with[c].end() && precise->second == "allow");
        ASSERT_TRUE(allowed || !promised) << what;
        ++(precise != with[c].end() && precise->second == "depends" ? depending : decided);
      }
    }
  }
  EXPECT_GT(decided, 9000U);
  EXPECT_GT(depending, 100U);
}

}  // namespace
}  // namespace keyfold::server
