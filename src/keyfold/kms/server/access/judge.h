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
#include "keyfold/kms/server/access/subject.h"

namespace keyfold::server::access {

struct Question {
  std::string_view action;  // "kms:Decrypt"
  policy::Attribute<ContextView> context{};
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
  policy::Decision decide(const Subject& subject, Timestamp at, std::string* why_not) const;
  std::vector<Timestamp> dates(const Subject& subject) const;

  const keys::Keys& keys_;
  const keys::Keys::Record key_;
  const Question question_;
  const std::vector<keys::Grant> held_;             // Those on the key.
  const std::vector<const policy::Grant*> grants_;  // The same.
};

}  // namespace keyfold::server::access
