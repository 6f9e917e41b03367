// Which permission each operation needs, by the table of operations: whoever has every single permission but its own is
// denied, and whoever has its own alone succeeds; for every way by which a permission can come.

#include <gtest/gtest.h>

#include "keyfold/kms/policy/grant.h"
#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

using policy::ResourceKind;

constexpr std::string_view own_account = "123456789012";
constexpr std::string_view other_account = "111122223333";

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts) text.append(part);
  return text;
}

std::string statement(std::string_view sid, std::string_view effect, std::string_view principal,
                      std::string_view actions) {
  return joined({R"({"Sid":")", sid, R"(","Effect":")", effect, "\",",
                 principal.empty() ? std::string() : joined({R"("Principal":{"AWS":")", principal, "\"},"}),
                 R"("Action":)", actions, R"(,"Resource":"*"})"});
}
std::string document(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}
std::string allowing(std::string_view actions) { return document(statement("A", "Allow", "", actions)); }
std::string denying(std::string_view action) {
  return document(statement("A", "Allow", "", R"("*")") + "," +
                  statement("No", "Deny", "", joined({"\"", action, "\""})));
}
std::string user_arn(std::string_view account, std::string_view name) {
  return joined({"arn:aws:iam::", account, ":user/", name});
}
std::string root_arn(std::string_view account) { return joined({"arn:aws:iam::", account, ":root"}); }

// One permission, or the two of ReEncrypt.
struct Permission {
  std::string name;                  // A user's name too.
  std::vector<std::string> actions;  // IAM's.

  std::string list() const {
    std::string text;
    for (const auto& action : actions) text += (text.empty() ? "[\"" : ",\"") + action + "\"";
    return text + "]";
  }
  bool is_for(const OperationRow& row) const {
    return std::ranges::all_of(row.actions, [&](auto action) {
      return action.empty() || std::ranges::find(actions, action) != actions.end();
    });
  }
};

// Every permission that some operation needs, alone; and what an operation needs, if that is two.
std::vector<Permission> permissions() {
  std::vector<Permission> all;
  for (const auto& row : operation_table()) {
    std::vector<std::string> needed;
    for (const auto action : row.actions)
      if (!action.empty()) {
        needed.emplace_back(action);
        all.push_back({.name = needed.back().substr(action.find(':') + 1), .actions = {needed.back()}});
      }
    if (needed.size() > 1) all.push_back({.name = std::string(row.name), .actions = needed});
  }
  return all;
}

// What the calls of a row are about: made anew for each row, by the account's root.
struct Scene {
  std::string arn, alias, blob, grant;
};

// A body with which the call succeeds, of whoever may make it.
std::string body_for(const OperationRow& row, const Scene& scene) {
  const std::string key = R"("KeyId":")" + scene.arn + "\"";
  const std::string nobody = user_arn(own_account, "nobody");
  switch (row.operation) {
    case Operation::create_key:
    case Operation::list_keys:
    case Operation::list_aliases:
    case Operation::lint_access:
      return "{}";
    case Operation::who_can:
      return R"({"Action":"kms:Decrypt",)" + key + "}";
    case Operation::explain_access:
      return joined({R"({"Action":"kms:Decrypt","Principal":")", root_arn(own_account), "\",", key, "}"});
    case Operation::generate_random:
      return R"({"NumberOfBytes":8})";
    case Operation::create_grant:
      return joined({"{", key, R"(,"GranteePrincipal":")", nobody, R"(","Operations":["CreateGrant"]})"});
    case Operation::list_retirable_grants:
      return joined({R"({"RetiringPrincipal":")", nobody, "\"}"});
    case Operation::retire_grant:
    case Operation::revoke_grant:
      return joined({"{", key, R"(,"GrantId":")", scene.grant, "\"}"});
    case Operation::create_alias:
      return joined({R"({"AliasName":"alias/new-)", scene.alias.substr(6), R"(","TargetKeyId":")", scene.arn, "\"}"});
    case Operation::update_alias:
      return joined({R"({"AliasName":")", scene.alias, R"(","TargetKeyId":")", scene.arn, "\"}"});
    case Operation::delete_alias:
      return joined({R"({"AliasName":")", scene.alias, "\"}"});
    case Operation::encrypt:
      return "{" + key + R"(,"Plaintext":"AA=="})";
    case Operation::decrypt:
      return joined({R"({"CiphertextBlob":")", scene.blob, "\"}"});
    case Operation::re_encrypt:
      return joined({R"({"CiphertextBlob":")", scene.blob, R"(","DestinationKeyId":")", scene.arn, "\"}"});
    case Operation::generate_data_key:
    case Operation::generate_data_key_without_plaintext:
      return "{" + key + R"(,"KeySpec":"AES_256"})";
    case Operation::put_key_policy:
      return joined({"{", key, R"(,"BypassPolicyLockoutSafetyCheck":true,"Policy":")",
                     R"({\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",)",
                     R"(\"Action\":\"kms:*\",\"Resource\":\"*\"}]}"})"});
    case Operation::tag_resource:
      return "{" + key + R"(,"Tags":[{"TagKey":"a","TagValue":"b"}]})";
    case Operation::untag_resource:
      return "{" + key + R"(,"TagKeys":["a"]})";
    case Operation::update_key_description:
      return "{" + key + R"(,"Description":"d"})";
    case Operation::schedule_key_deletion:
      return "{" + key + R"(,"PendingWindowInDays":7})";
    default:
      return "{" + key + "}";
  }
}

class PermissionMatrix : public testing::Test {
 protected:
  // The key has an alias, a ciphertext, and a grant that nobody needs.
  Scene new_scene() {
    Scene scene;
    scene.arn = kms_.create_key();
    scene.alias = "alias/of-" + std::to_string(++scenes_);
    const std::string key = R"({"KeyId":")" + scene.arn + "\"";
    must("CreateAlias", joined({R"({"AliasName":")", scene.alias, R"(","TargetKeyId":")", scene.arn, "\"}"}));
    scene.blob = kms_.text(must("Encrypt", key + R"(,"Plaintext":"AA=="})"), "CiphertextBlob");
    scene.grant = granted(scene, user_arn(own_account, "nobody"), R"("Encrypt")");
    return scene;
  }
  // The row's state, and this policy unless it is empty.
  void finish(const Scene& scene, const OperationRow& row, const std::string& policy = "") {
    const std::string key = R"({"KeyId":")" + scene.arn + "\"";
    if (row.operation == Operation::cancel_key_deletion) must("ScheduleKeyDeletion", key + "}");
    if (!policy.empty())
      must("PutKeyPolicy",
           joined({key, R"(,"Policy":")", escaped(policy), R"(","BypassPolicyLockoutSafetyCheck":true})"}));
  }
  Scene scene_of(const OperationRow& row, const std::string& policy = "") {
    auto scene = new_scene();
    finish(scene, row, policy);
    return scene;
  }
  std::string granted(const Scene& scene, const std::string& grantee, std::string_view operations) {
    return kms_.text(must("CreateGrant", joined({R"({"KeyId":")", scene.arn, R"(","GranteePrincipal":")", grantee,
                                                 R"(","Operations":[)", operations, "]}"})),
                     "GrantId");
  }
  Answer must(std::string_view operation, const std::string& body) {
    auto answer = kms_.call(operation, body);
    EXPECT_EQ(answer.status, 200) << operation << body << answer.body;
    return answer;
  }
  void expect_denied(const identity::NewAccessKey& caller, const OperationRow& row, const Scene& scene) {
    const auto answer = kms_.call_as(caller, row.name, body_for(row, scene));
    EXPECT_EQ(answer.error, "AccessDeniedException") << row.name << answer.body;
  }
  void expect_allowed(const identity::NewAccessKey& caller, const OperationRow& row, const Scene& scene) {
    const auto answer = kms_.call_as(caller, row.name, body_for(row, scene));
    EXPECT_EQ(answer.status, 200) << row.name << answer.body;
  }
  // Each of the callers has one permission. Only then is a row changed by a success: its own permission comes last.
  void expect_its_own_alone(const OperationRow& row, const Scene& scene) {
    for (std::size_t i = 0; i < permissions_.size(); ++i) {
      SCOPED_TRACE("with " + permissions_[i].name);
      if (!permissions_[i].is_for(row)) expect_denied(callers_[i], row, scene);
    }
    for (std::size_t i = 0; i < permissions_.size(); ++i)
      if (permissions_[i].is_for(row)) expect_allowed(callers_[i], row, scene);
  }
  void expect_none(const OperationRow& row, const Scene& scene) {
    for (const auto& caller : callers_) expect_denied(caller, row, scene);
  }
  template <class PolicyOf>
  void add_callers(std::string_view account, PolicyOf policy_of) {
    for (const auto& permission : permissions_)
      callers_.push_back(kms_.add_user(permission.name, policy_of(permission), account));
  }
  // A statement for each caller, of its permission.
  std::string policy_for_callers(std::string_view account) const {
    std::string statements;
    for (const auto& permission : permissions_)
      statements += (statements.empty() ? "" : ",") +
                    statement(permission.name, "Allow", user_arn(account, permission.name), permission.list());
    return document(statements);
  }
  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '"' ? std::string("\\\"") : std::string(1, c);
    return out;
  }

  Kms kms_;
  const std::vector<Permission> permissions_ = permissions();
  std::vector<identity::NewAccessKey> callers_;  // In the order of permissions_.
  int scenes_ = 0;
};

TEST_F(PermissionMatrix, IsOfMorePermissionsThanOperations) {
  EXPECT_EQ(permissions_.size(), operation_table().size() + 2) << "ReEncrypt's two, and both together";
}

TEST_F(PermissionMatrix, HoldsForIdentityPoliciesToWhichTheKeyPolicyDelegates) {
  add_callers(own_account, [](const Permission& permission) { return allowing(permission.list()); });
  for (const auto& row : operation_table()) expect_its_own_alone(row, scene_of(row));
}

// No identity policy, and the account is not delegated to. What is no key, or has an alias too, no key policy allows.
TEST_F(PermissionMatrix, HoldsForTheKeyPolicyAlone) {
  add_callers(own_account, [](const Permission&) { return std::string(); });
  for (const auto& row : operation_table()) {
    const auto scene = scene_of(row, policy_for_callers(own_account));
    if (row.resource == ResourceKind::key)
      expect_its_own_alone(row, scene);
    else
      expect_none(row, scene);
  }
}

// A grant for each permission that can be granted; the others have none.
TEST_F(PermissionMatrix, HoldsForGrants) {
  add_callers(own_account, [](const Permission&) { return std::string(); });
  std::size_t grantable = 0;
  for (const auto& row : operation_table()) {
    auto scene = new_scene();
    bool can_be_granted = true;
    for (std::size_t i = 0; i < permissions_.size(); ++i) {
      std::string operations;
      for (const auto& action : permissions_[i].actions)
        if (const auto operation = policy::grant_operation_of_action(action))
          operations += joined({operations.empty() ? "\"" : ",\"", policy::to_text(*operation), "\""});
      if (operations.empty()) {
        can_be_granted &= !permissions_[i].is_for(row);
        continue;
      }
      const auto grant = granted(scene, user_arn(own_account, permissions_[i].name), operations);
      // The grant that is retired is the one that allows that. Of the others, nobody's.
      if (row.operation == Operation::retire_grant && permissions_[i].is_for(row)) scene.grant = grant;
    }
    finish(scene, row);
    if (can_be_granted)
      expect_its_own_alone(row, scene);
    else
      expect_none(row, scene);
    grantable += can_be_granted ? 1 : 0;
  }
  EXPECT_EQ(grantable, 8U) << "ten operations of AWS's, of which ReEncrypt is two, and none for what is not here";
}

// Both accounts have to allow it: the one that has the key by its key policy, the caller's by an identity policy.
class AcrossAccounts : public PermissionMatrix {
 protected:
  void expect_matrix(const std::string& key_policy) {
    for (const auto& row : operation_table()) {
      if (row.resource == ResourceKind::account) continue;  // Of the caller's own account.
      const auto scene = scene_of(row, key_policy);
      if (row.accounts == keys::Keys::Accounts::any)
        expect_its_own_alone(row, scene);
      else
        expect_not_to_be_had(row, scene);
    }
  }
  // Of the other account's key as of none.
  void expect_not_to_be_had(const OperationRow& row, const Scene& scene) {
    for (const auto& caller : callers_) {
      const auto answer = kms_.call_as(caller, row.name, body_for(row, scene));
      EXPECT_TRUE(answer.error == "AccessDeniedException" || answer.error == "NotFoundException")
          << row.name << answer.body;
    }
  }
};

TEST_F(AcrossAccounts, TheCallersPolicyNeedsTheOperationsOwnPermission) {
  add_callers(other_account, [](const Permission& permission) { return allowing(permission.list()); });
  expect_matrix(document(statement("Other", "Allow", root_arn(other_account), R"("kms:*")")));
}

TEST_F(AcrossAccounts, TheKeysPolicyNeedsTheOperationsOwnPermission) {
  add_callers(other_account, [](const Permission&) { return allowing(R"("kms:*")"); });
  expect_matrix(policy_for_callers(other_account));
}

TEST_F(AcrossAccounts, OneSideIsNotEnough) {
  const auto without = kms_.add_user("without", "", other_account);
  const auto with = kms_.add_user("with", allowing(R"("kms:*")"), other_account);
  for (const auto& row : operation_table()) {
    if (row.resource != ResourceKind::key || row.accounts != keys::Keys::Accounts::any) continue;
    expect_denied(with, row, scene_of(row));
    expect_denied(without, row,
                  scene_of(row, document(statement("Other", "Allow", root_arn(other_account), R"("kms:*")"))));
  }
}

TEST_F(PermissionMatrix, TagsOfANewKeyNeedThePermissionToTag) {
  const std::string body = R"({"Tags":[{"TagKey":"clearance","TagValue":"top"}]})";
  const auto only = kms_.add_user("only-create", allowing(R"("kms:CreateKey")"));
  const auto both = kms_.add_user("both", allowing(R"(["kms:CreateKey","kms:TagResource"])"));
  const auto denied = kms_.add_user("denied", denying("kms:TagResource"));
  EXPECT_EQ(kms_.call_as(only, "CreateKey", "{}").status, 200);
  for (const auto* caller : {&only, &denied}) {
    const auto answer = kms_.call_as(*caller, "CreateKey", body);
    EXPECT_EQ(answer.error, "AccessDeniedException");
    EXPECT_NE(answer.body.find("kms:TagResource"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(kms_.call_as(both, "CreateKey", body).status, 200);
}

TEST_F(PermissionMatrix, WithoutASignatureOrAgainstADenyNothingIsDone) {
  for (const auto& row : operation_table()) {
    SCOPED_TRACE(row.name);
    const auto scene = scene_of(row);
    Signed unsigned_request = kms_.sign(row.name, body_for(row, scene));
    unsigned_request.headers.resize(4);
    EXPECT_EQ(kms_.send(unsigned_request).error, "MissingAuthenticationTokenException");
    for (const std::string_view action : row.actions) {
      if (action.empty()) continue;
      const auto without =
          kms_.add_user("without-" + std::string(action.substr(action.find(':') + 1)), denying(action));
      const auto denied = kms_.call_as(without, row.name, body_for(row, scene));
      EXPECT_EQ(denied.error, "AccessDeniedException");
      EXPECT_NE(denied.body.find("with an explicit deny in an identity-based policy"), std::string::npos)
          << denied.body;
    }
  }
}

TEST_F(PermissionMatrix, ManagementOperationsTakeNoAlias) {
  for (const auto& row : operation_table()) {
    if (row.resource != ResourceKind::key || row.operation == Operation::decrypt ||
        row.operation == Operation::re_encrypt)
      continue;
    auto scene = scene_of(row);
    scene.arn = scene.alias;
    const auto answer = kms_.call(row.name, body_for(row, scene));
    if (row.identifiers == Identifiers::key_or_alias) {
      EXPECT_EQ(answer.status, 200) << row.name << answer.body;
    } else {
      EXPECT_EQ(answer.error, "NotFoundException") << row.name;
      EXPECT_NE(answer.body.find("Invalid keyId '" + scene.alias + "'"), std::string::npos) << row.name << answer.body;
    }
  }
}

}  // namespace
}  // namespace keyfold::server
