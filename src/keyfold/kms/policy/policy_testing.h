#pragma once
// For the tests of this room and of those above it. Sample data: an account, a key in it, a few principals.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "keyfold/kms/policy/authorizer.h"

namespace keyfold::policy {

inline const AccountId& home() {
  static const auto account = *AccountId::parse("111122223333");
  return account;
}
inline const AccountId& abroad() {
  static const auto account = *AccountId::parse("444455556666");
  return account;
}
inline const KeyArn& sample_key() {
  static const auto key = *KeyArn::parse("arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
  return key;
}
inline std::string user_of(const AccountId& account, std::string_view name) {
  return "arn:aws:iam::" + std::string(account.text()) + ":user/" + std::string(name);
}
inline std::string root_of(const AccountId& account) { return "arn:aws:iam::" + std::string(account.text()) + ":root"; }

inline Document document(std::string_view text, PolicyKind kind = PolicyKind::key) {
  auto parsed = Document::parse(text, kind);
  if (!parsed) ADD_FAILURE() << parsed.error().message << "\n" << text;
  KEYFOLD_CHECK(parsed.has_value());
  return *std::move(parsed);
}
// A policy of these statements, separated by commas.
inline std::string policy_of(std::string_view statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + std::string(statements) + "]}";
}
inline Document key_policy(std::string_view statements) { return document(policy_of(statements)); }
inline Document identity_policy(std::string_view statements) {
  return document(policy_of(statements), PolicyKind::identity);
}

// One document, or none, as a caller has them. `document` must outlive what it is used for.
inline Documents only(const Document* document) {
  static std::vector<std::unique_ptr<const Document*>> kept;
  if (document == nullptr) return {};
  kept.push_back(std::make_unique<const Document*>(document));
  return {kept.back().get(), 1};
}

// A call, decided: "allow", or the text of the refusal.
template <KeyOperation Op>
std::string call(const Caller& caller, const Document& policy, const EncryptionContext& context = {}) {
  std::vector<ContextPair> pairs;
  const KeyAccess access{
      .key = sample_key(), .policy = policy, .epoch = 7, .context = context.view(pairs), .digest = {}, .facts = {}};
  Reason reason;
  const auto permit = Authorizer().authorize<Op>(caller, access, reason);
  if (permit) return "allow";
  EXPECT_EQ(permit.error().code, ErrorCode::access_denied);
  return permit.error().message;
}

inline std::string no_resource_policy(std::string_view arn, std::string_view action) {
  return "User: " + std::string(arn) + " is not authorized to perform: " + std::string(action) +
         " on resource: " + std::string(sample_key().text()) + " because no resource-based policy allows the " +
         std::string(action) + " action";
}
inline std::string no_identity_policy(std::string_view arn, std::string_view action) {
  return "User: " + std::string(arn) + " is not authorized to perform: " + std::string(action) +
         " on resource: " + std::string(sample_key().text()) + " because no identity-based policy allows the " +
         std::string(action) + " action";
}

}  // namespace keyfold::policy
