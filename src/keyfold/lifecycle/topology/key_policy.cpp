#include "keyfold/lifecycle/topology/key_policy.h"

#include <algorithm>
#include <initializer_list>
#include <span>

#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/lifecycle/topology/names.h"
#include "keyfold/lifecycle/topology/policy_text.h"

namespace keyfold::topology {
namespace {

using protocol::JsonWriter;
using Texts = std::span<const std::string>;
using Actions = std::span<const std::string_view>;

// Named one by one: what a KMS learns later is not given to today's administrators unseen. No CreateGrant: a grant is a
// way to use the key.
constexpr std::string_view administration[] = {
    "kms:CancelKeyDeletion", "kms:CreateAlias",          "kms:DeleteAlias",  "kms:DescribeKey",
    "kms:DisableKey",        "kms:DisableKeyRotation",   "kms:EnableKey",    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",      "kms:GetKeyRotationStatus", "kms:ListGrants",   "kms:ListKeyPolicies",
    "kms:ListKeyRotations",  "kms:ListResourceTags",     "kms:PutKeyPolicy", "kms:RevokeGrant",
    "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion",  "kms:TagResource",  "kms:UntagResource",
    "kms:UpdateAlias",       "kms:UpdateKeyDescription"};
// What changes a key, who may use it, or by which name it is found: all of the above that does not only look, and what
// else AWS has of the kind.
constexpr std::string_view changes[] = {
    "kms:CancelKeyDeletion", "kms:CreateAlias",          "kms:DeleteAlias",        "kms:DeleteImportedKeyMaterial",
    "kms:DisableKey",        "kms:DisableKeyRotation",   "kms:EnableKey",          "kms:EnableKeyRotation",
    "kms:ImportKeyMaterial", "kms:PutKeyPolicy",         "kms:ReplicateKey",       "kms:RevokeGrant",
    "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion",  "kms:TagResource",        "kms:UntagResource",
    "kms:UpdateAlias",       "kms:UpdateKeyDescription", "kms:UpdatePrimaryRegion"};
constexpr std::string_view encryption[] = {"kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
                                           "kms:ReEncryptTo"};
constexpr std::string_view decryption[] = {"kms:Decrypt", "kms:ReEncryptFrom"};
constexpr std::string_view making[] = {"kms:GenerateDataKeyWithoutPlaintext"};
constexpr std::string_view rewrapping[] = {"kms:ReEncryptFrom", "kms:ReEncryptTo"};
constexpr std::string_view keeping[] = {"kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"};
constexpr std::string_view reading[] = {"kms:Decrypt"};
constexpr std::string_view describing[] = {"kms:DescribeKey"};
constexpr std::string_view granting[] = {"kms:CreateGrant"};
constexpr std::string_view not_of_branch_keys[] = {"kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair*"};
// What Denies are about: with what else AWS has of the kind.
constexpr std::string_view all_encryption[] = {"kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncryptTo"};
constexpr std::string_view all_use[] = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"};

struct ContextBinding {
  std::string_view domain_key, environment_key;
};
// Whether what a ReEncrypt reads and what it writes are under one key: else it would be a way to decrypt.
constexpr std::string_view same_key_condition = "kms:ReEncryptOnSameKey";
constexpr ContextBinding of_messages{.domain_key = domain_context_key, .environment_key = environment_context_key};
constexpr ContextBinding of_branch_keys{.domain_key = branch_key_domain_context_key,
                                        .environment_key = branch_key_environment_context_key};

std::string context_condition(std::string_view key) { return "kms:EncryptionContext:" + std::string(key); }

std::vector<std::string> union_of(std::initializer_list<Texts> lists) {
  std::vector<std::string> all;
  for (const auto list : lists) all.insert(all.end(), list.begin(), list.end());
  std::ranges::sort(all);
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  return all;
}

class PolicyBuilder {
 public:
  explicit PolicyBuilder(const Domain& domain) : domain_(domain), json_(text_) {
    json_.begin_object().text("Version", "2012-10-17").name("Statement").begin_array();
  }

  enum class ReEncryption : std::uint8_t { to_any_key, on_same_key };
  // `binding`: null for what has no encryption context. A statement about nobody is none.
  void allow(std::string_view sid, Texts principals, Actions actions, const ContextBinding* binding,
             ReEncryption re_encryption = ReEncryption::to_any_key) {
    if (principals.empty()) return;
    begin(sid, "Allow");
    json_.name("Principal").begin_object();
    texts("AWS", principals);
    json_.end_object();
    finish(actions, [&] {
      if (binding == nullptr) return;
      json_.name("Condition").begin_object().name("StringEquals").begin_object();
      json_.text(context_condition(binding->domain_key), domain_.name);
      json_.text(context_condition(binding->environment_key), domain_.environment).end_object();
      if (re_encryption == ReEncryption::on_same_key)
        json_.name("Bool").begin_object().text(same_key_condition, "true").end_object();
      json_.end_object();
    });
  }
  // Whoever it is, unless the context has this pair. Where there is none at all, it has not.
  void deny_other_context(std::string_view sid, std::string_view key, std::string_view value) {
    begin(sid, "Deny");
    json_.text("Principal", "*");
    finish(all_use, [&] {
      json_.name("Condition").begin_object().name("StringNotEquals").begin_object();
      json_.text(context_condition(key), value).end_object().end_object();
    });
  }
  void deny_re_encryption_elsewhere(std::string_view sid) {
    begin(sid, "Deny");
    json_.text("Principal", "*");
    finish(rewrapping, [&] {
      json_.name("Condition").begin_object().name("Bool").begin_object();
      json_.text(same_key_condition, "false").end_object().end_object();
    });
  }
  void deny_all_but(std::string_view sid, Texts principals, Actions actions) {
    begin(sid, "Deny");
    json_.text("Principal", "*");
    finish(actions, [&] {
      if (!principals.empty()) principal_condition("ArnNotEquals", principals);
    });
  }
  // A statement about nobody is none.
  void deny(std::string_view sid, Texts principals, Actions actions) {
    if (principals.empty()) return;
    begin(sid, "Deny");
    json_.text("Principal", "*");
    finish(actions, [&] { principal_condition("ArnEquals", principals); });
  }

  std::string text() && {
    json_.end_array().end_object();
    return write_policy(read_policy(text_));
  }

 private:
  void begin(std::string_view sid, std::string_view effect) {
    json_.begin_object().text("Sid", sid).text("Effect", effect);
  }
  template <class Condition>
  void finish(Actions actions, const Condition& condition) {
    texts("Action", actions);
    json_.text("Resource", "*");
    condition();
    json_.end_object();
  }
  // Of a role's session aws:PrincipalArn is the role's ARN.
  void principal_condition(std::string_view condition_operator, Texts principals) {
    json_.name("Condition").begin_object().name(condition_operator).begin_object();
    texts("aws:PrincipalArn", principals);
    json_.end_object().end_object();
  }
  template <class List>
  void texts(std::string_view name, const List& list) {
    json_.name(name).begin_array();
    for (const auto& text : list) json_.text(text);
    json_.end_array();
  }

  const Domain& domain_;
  std::string text_;
  JsonWriter json_;
};

}  // namespace

std::string key_policy(const Topology& topology, const Domain& domain) {
  const auto& tenants = domain.tenants;
  const std::vector<std::string> nobody;
  const Texts keepers = tenants ? Texts(tenants->keepers) : Texts(nobody);
  const std::string account = "arn:aws:iam::" + std::string(topology.account.text()) + ":root";
  PolicyBuilder policy(domain);
  policy.allow("Administration", union_of({Texts(&account, 1), domain.administrators}), administration, nullptr);
  const auto users = union_of({domain.encryptors, domain.decryptors, keepers});
  policy.allow("Describe", users, describing, nullptr);
  const auto& binding = tenants ? of_branch_keys : of_messages;
  if (tenants) {
    policy.allow("ReadBranchKeys", domain.decryptors, reading, &binding);
    policy.allow("MakeBranchKeys", keepers, making, &binding);
    policy.allow("RewrapBranchKeys", keepers, rewrapping, &binding, PolicyBuilder::ReEncryption::on_same_key);
  } else {
    policy.allow("Encrypt", domain.encryptors, encryption, &binding);
    policy.allow("Decrypt", domain.decryptors, decryption, &binding);
  }
  policy.deny_other_context("OnlyThisDomain", binding.domain_key, domain.name);
  policy.deny_other_context("OnlyThisEnvironment", binding.environment_key, domain.environment);
  if (tenants) {
    policy.deny_all_but("OnlyReaders", domain.decryptors, reading);
    policy.deny_all_but("OnlyKeepers", keepers, keeping);
    policy.deny_re_encryption_elsewhere("OnlyOnThisKey");
    policy.deny_all_but("OnlyBranchKeys", {}, not_of_branch_keys);
  } else {
    policy.deny_all_but("OnlyEncryptors", domain.encryptors, all_encryption);
    policy.deny_all_but("OnlyDecryptors", domain.decryptors, decryption);
  }
  policy.deny_all_but("NoGrants", {}, granting);
  policy.deny("UsersDoNotAdminister", users, changes);
  return std::move(policy).text();
}

Outcome check_key_policies(const Topology& topology) {
  for (const auto& domain : topology.domains)
    if (const auto size = key_policy(topology, domain).size(); size > key_policy_size_max)
      return Error{ErrorCode::invalid_input, "the key policy of " + domain.name + ", " + domain.environment +
                                                 " would be " + std::to_string(size) + " bytes; a KMS takes " +
                                                 std::to_string(key_policy_size_max) + ". Name roles, and fewer"};
  return ok();
}

}  // namespace keyfold::topology
