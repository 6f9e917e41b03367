#include "keyfold/kms/server/access/describe.h"

namespace keyfold::server::access {
namespace {

using policy::Remaining;
using protocol::JsonWriter;

void append_statement(JsonWriter& json, const policy::Statement& statement, policy::PolicyKind kind,
                      const Subject& subject) {
  json.text("Policy", policy::to_text(kind));
  if (const auto name = subject.name_of_policy(statement); !name.empty()) json.text("PolicyName", name);
  json.text("Statement", statement.label).text("Effect", statement.effect == policy::Effect::allow ? "Allow" : "Deny");
}

void append_because(JsonWriter& json, const policy::Reason& reason, const Subject& subject) {
  json.name("Because").begin_object();
  if (reason.statement != nullptr) append_statement(json, *reason.statement, reason.policy, subject);
  if (reason.grant != nullptr) json.text("Grant", reason.grant->id());
  if (reason.cause == policy::Cause::account_root) json.boolean("AccountRoot", true);
  json.end_object();
}

// In a person's words: what would settle it.
std::string_view words_for(Remaining::What what) {
  switch (what) {
    case Remaining::What::principal:
      return "who exactly it is";
    case Remaining::What::action:
      return "the action";
    case Remaining::What::resource:
      return "the key";
    case Remaining::What::condition:
      return "a condition";
    case Remaining::What::identity_policies:
      return "policies of a principal that is not known here";
    case Remaining::What::grants:
      return "which grants there are";
    case Remaining::What::constraint:
      return "the encryption context";
    case Remaining::What::new_grant:
      return "what the new grant is to give";
  }
  return {};
}

void append_condition(JsonWriter& json, const policy::Condition& condition) {
  json.name("Condition").begin_object();
  json.text("Operator", condition.name()).text("Key", condition.key());
  json.name("Values").begin_array();
  for (const auto& value : condition.values()) json.text(value);
  json.end_array().end_object();
}

void append_remaining(JsonWriter& json, const std::vector<Remaining>& remaining, const Subject& subject) {
  json.name("Remaining").begin_array();
  for (const auto& one : remaining) {
    json.begin_object().text("What", words_for(one.what));
    if (one.statement != nullptr) append_statement(json, *one.statement, one.policy, subject);
    if (one.grant != nullptr) json.text("Grant", one.grant->id());
    if (one.statement == nullptr && one.what == Remaining::What::identity_policies)
      json.text("Policy", policy::to_text(one.policy));
    if (one.condition != nullptr) append_condition(json, *one.condition);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string_view to_text(policy::Verdict verdict) {
  switch (verdict) {
    case policy::Verdict::allow:
      return "allow";
    case policy::Verdict::deny:
      return "deny";
    case policy::Verdict::unknown:
      return "depends";
  }
  return {};
}

void append_key(JsonWriter& json, const keys::KeyRecord& key, const KeyAction& action) {
  json.text("KeyArn", key.arn.text()).text("KeyState", keys::to_text(key.state)).text("Action", action.name);
}

void append_judgement(JsonWriter& json, const Judgement& judgement, const Subject& subject) {
  const auto& decision = judgement.decision;
  json.text("Verdict", to_text(decision.verdict));
  if (decision.verdict != policy::Verdict::unknown) append_because(json, decision.reason, subject);
  if (judgement.until) json.time("Until", *judgement.until);
  if (!decision.remaining.empty()) append_remaining(json, decision.remaining, subject);
  if (!judgement.why_not.empty()) json.text("Text", judgement.why_not);
}

}  // namespace keyfold::server::access
