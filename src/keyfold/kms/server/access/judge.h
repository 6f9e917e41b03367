#pragma once
// Judge: who may do what with a key, asked of the engine that decides calls (policy::evaluate), with what nobody said
// left unknown: the encryption context, where and how the call will come, what a request will say. So an answer is "he
// may", "he may not", or "it depends", and on what.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/server/access/held_grants.h"
#include "keyfold/kms/server/access/subject.h"
#include "keyfold/kms/server/operation_table.h"

namespace keyfold::server::access {

// An action that some operation on keys needs.
struct KeyAction {
  std::string_view name;    // "kms:Decrypt"
  const OperationRow* row;  // Of the operation.
  bool has_context() const { return row->carries(policy::condition_key::encryption_context_prefix); }
};
// In whatever case, as IAM reads it. Fails with `validation` when no operation on keys needs it.
Result<KeyAction> key_action(std::string_view name);

// What a request says of the context: unknown when it says nothing. Fails with `validation` when the action has none.
Result<policy::Attribute<ContextView>> assumed_context(const KeyAction& action,
                                                       const std::optional<ContextView>& context);
// Whether a condition key is "kms:EncryptionContext:…" or the names of the context.
bool is_about_context(std::string_view key);

struct Question {
  KeyAction action;
  policy::Attribute<ContextView> context{};              // Of an action that has none: whatever it says, there is none.
  std::span<const policy::ConditionValue> conditions{};  // What the asker assumes of the call: "aws:SourceIp".
  Timestamp now;
};

struct Judgement {
  policy::Decision decision;
  std::string why_not;             // The text that a call would be refused with, when the verdict is deny.
  std::optional<Timestamp> until;  // When it is not deny: the first second of which it is, by dates in policies.
};

// Safe to use from several threads; `keys` outlives it, and views of the question do.
class Judge {
 public:
  Judge(const keys::Keys& keys, keys::Keys::Record key, const Question& question);

  // The decision points into the key's policy and its grants, and the subject's.
  Judgement judge(const Subject& subject) const;
  policy::Verdict verdict(const Subject& subject) const;

  const keys::KeyRecord& key() const { return *key_; }

 private:
  class Facts;
  // Whether the operation is for keys of the own account, and this is another's.
  bool is_out_of_reach(const Subject& subject) const;
  policy::Decision decide(const Subject& subject, Timestamp at, std::string* why_not) const;
  void append_dates(const Subject& subject, std::vector<Timestamp>& dates) const;

  const keys::Keys& keys_;
  const keys::Keys::Record key_;
  const Question question_;
  std::vector<Timestamp> dates_;  // Of the key's policy.
  const HeldGrants grants_;       // Those on the key.
};

}  // namespace keyfold::server::access
