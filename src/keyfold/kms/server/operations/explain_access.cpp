#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/access_requests.h"
#include "keyfold/kms/server/access/describe.h"
#include "keyfold/kms/server/access/subjects.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

template <>
Outcome run<Operation::explain_access>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::ExplainAccessRequest>());
  call.record().request.emplace_back("principal", request.principal);
  call.record().request.emplace_back("action", request.action);
  TRY(call.authorize<op::ExplainAccess>());
  TRY_ASSIGN(const auto key, call.find(request.key_id));
  TRY_ASSIGN(const auto action, access::key_action(request.action));
  TRY_ASSIGN(const auto context, access::assumed_context(action, request.assumed_context));
  const auto identities = call.identities();
  TRY_ASSIGN(const auto subject, access::subject_of(*identities, key.key->place.account, request.principal));
  std::vector<policy::ConditionValue> conditions;
  for (const auto& pair : request.conditions) {
    if (access::is_about_context(pair.key))
      return Error{ErrorCode::validation, "The encryption context is said by EncryptionContext, not by Conditions."};
    conditions.push_back({.key = pair.key, .values = policy::Values(&pair.value, 1)});
  }
  const access::Judge judge(
      call.keys(), key.key,
      {.action = action, .context = context, .conditions = conditions, .now = call.clock().now()});
  protocol::JsonWriter json(call.reply());
  json.begin_object().text("Principal", subject.arn).text("Kind", access::to_text(subject.kind));
  access::append_key(json, *key.key, action);
  access::append_judgement(json, judge.judge(subject), subject);
  json.end_object();
  return ok();
}

}  // namespace keyfold::server
