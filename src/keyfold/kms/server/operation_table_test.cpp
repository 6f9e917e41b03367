#include "keyfold/kms/server/operation_table.h"

#include <gtest/gtest.h>

#include <set>

#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

using policy::ResourceKind;

TEST(OperationTable, EveryOperationIsFoundByItsTargetAndNothingElseIs) {
  for (const auto& row : operation_table()) {
    const std::string name(row.name);
    const bool ours = row.api == Api::keyfold;
    EXPECT_EQ(find_operation("TrentService." + name), ours ? nullptr : &row_of(row.operation));
    EXPECT_EQ(find_operation("Keyfold." + name), ours ? &row_of(row.operation) : nullptr);
    EXPECT_EQ(find_operation(name), nullptr);
    EXPECT_EQ(find_operation(target_of(name) + "x"), nullptr);
    EXPECT_EQ(find_operation("trentservice." + name), nullptr);
  }
  EXPECT_EQ(find_operation("TrentService.Sign"), nullptr);
  EXPECT_EQ(find_operation(""), nullptr);
}

TEST(OperationTable, WhateverWritesIsSlowAndRecordedAsAWrite) {
  for (const auto& row : operation_table())
    if (row.access == audit::Access::write) {
      EXPECT_EQ(row.lane, http::Lane::slow) << row.name;
    }
}

// A body that gets each operation as far as its authorization.
std::string body_for(const OperationRow& row, const std::string& arn, const std::string& blob,
                     const std::string& alias) {
  const std::string key = R"("KeyId":")" + arn + "\"";
  switch (row.operation) {
    case Operation::create_key:
    case Operation::list_keys:
    case Operation::list_aliases:
    case Operation::lint_access:
      return "{}";
    case Operation::who_can:
      return R"({"Action":"kms:Decrypt",)" + key + "}";
    case Operation::explain_access:
      return R"({"Action":"kms:Decrypt","Principal":"arn:aws:iam::123456789012:root",)" + key + "}";
    case Operation::generate_random:
      return R"({"NumberOfBytes":8})";
    case Operation::create_grant:
      return "{" + key + R"(,"GranteePrincipal":"arn:aws:iam::123456789012:user/a","Operations":["Decrypt"]})";
    case Operation::list_retirable_grants:
      return R"({"RetiringPrincipal":"arn:aws:iam::123456789012:user/a"})";
    case Operation::retire_grant:
    case Operation::revoke_grant:
      return "{" + key + R"(,"GrantId":")" + std::string(64, '0') + "\"}";
    case Operation::create_alias:
      return R"({"AliasName":"alias/new","TargetKeyId":")" + arn + "\"}";
    case Operation::update_alias:
      return R"({"AliasName":")" + alias + R"(","TargetKeyId":")" + arn + "\"}";
    case Operation::delete_alias:
      return R"({"AliasName":")" + alias + "\"}";
    case Operation::encrypt:
      return "{" + key + R"(,"Plaintext":"AA=="})";
    case Operation::decrypt:
      return R"({"CiphertextBlob":")" + blob + "\"}";
    case Operation::re_encrypt:
      return R"({"CiphertextBlob":")" + blob + R"(","DestinationKeyId":")" + arn + "\"}";
    case Operation::generate_data_key:
    case Operation::generate_data_key_without_plaintext:
      return "{" + key + R"(,"KeySpec":"AES_256"})";
    case Operation::put_key_policy:
      return "{" + key + R"(,"Policy":"{}"})";
    case Operation::tag_resource:
      return "{" + key + R"(,"Tags":[{"TagKey":"a","TagValue":"b"}]})";
    case Operation::untag_resource:
      return "{" + key + R"(,"TagKeys":["a"]})";
    case Operation::update_key_description:
      return "{" + key + R"(,"Description":"d"})";
    default:
      return "{" + key + "}";
  }
}

std::string allowing(const std::string& actions) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":)" + actions + R"(,"Resource":"*"}]})";
}
std::string denying(std::string_view action) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},)"
         R"({"Sid":"no","Effect":"Deny","Action":")" +
         std::string(action) + R"(","Resource":"*"}]})";
}

// For each operation: with no signature, with no permission, with all but its own, with its own alone, from another
// account.
TEST(OperationTable, EachOperationNeedsItsOwnActionAndNoOther) {
  Kms kms;
  const auto nobody = kms.add_user("nobody", "");
  for (const auto& row : operation_table()) {
    SCOPED_TRACE(row.name);
    const std::string name(row.name);
    const std::string arn = kms.create_key();
    const std::string blob =
        kms.text(kms.call("Encrypt", R"({"KeyId":")" + arn + R"(","Plaintext":"AA=="})"), "CiphertextBlob");
    const std::string alias = "alias/" + name;
    ASSERT_EQ(kms.call("CreateAlias", R"({"AliasName":")" + alias + R"(","TargetKeyId":")" + arn + "\"}").status, 200);
    const std::string body = body_for(row, arn, blob, alias);

    Signed unsigned_request = kms.sign(name, body);
    unsigned_request.headers.resize(4);
    EXPECT_EQ(kms.send(unsigned_request).error, "MissingAuthenticationTokenException");

    EXPECT_EQ(kms.call_as(nobody, name, body).error, "AccessDeniedException");
    std::string actions = "[\"" + std::string(row.actions[0]) + "\"";
    if (!row.actions[1].empty()) actions += ",\"" + std::string(row.actions[1]) + "\"";
    for (const std::string_view action : row.actions)
      if (!action.empty()) {
        const auto without =
            kms.add_user("without-" + std::string(action.substr(action.find(':') + 1)), denying(action));
        const auto denied = kms.call_as(without, name, body);
        EXPECT_EQ(denied.error, "AccessDeniedException");
        EXPECT_NE(denied.body.find("with an explicit deny in an identity-based policy"), std::string::npos)
            << denied.body;
      }
    const auto only = kms.add_user("only-" + name, allowing(actions + "]"));
    EXPECT_NE(kms.call_as(only, name, body).error, "AccessDeniedException") << kms.reply().body;

    // The other account finds no permission, or no such key of its own: never the key.
    if (row.resource == ResourceKind::key) {
      const auto foreign = kms.call(name, body, "111122223333");
      EXPECT_TRUE(foreign.error == "AccessDeniedException" || foreign.error == "NotFoundException") << foreign.body;
    }
  }
}

TEST(OperationTable, ManagementOperationsTakeNoAlias) {
  Kms kms;
  const std::string arn = kms.create_key();
  ASSERT_EQ(kms.call("CreateAlias", R"({"AliasName":"alias/a","TargetKeyId":")" + arn + "\"}").status, 200);
  for (const auto& row : operation_table()) {
    if (row.resource != ResourceKind::key || row.operation == Operation::decrypt ||
        row.operation == Operation::re_encrypt)
      continue;
    const auto answer = kms.call(row.name, body_for(row, "alias/a", "", ""));
    if (row.identifiers == Identifiers::key_or_alias) {
      EXPECT_EQ(answer.status, 200) << row.name << answer.body;
    } else {
      EXPECT_EQ(answer.error, "NotFoundException") << row.name;
      EXPECT_NE(answer.body.find("Invalid keyId 'alias/a'"), std::string::npos) << row.name << answer.body;
    }
  }
}

}  // namespace
}  // namespace keyfold::server
