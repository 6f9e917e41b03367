#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::put_key_policy>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::PutKeyPolicyRequest>());
  call.record().request.emplace_back("policyName", request.policy_name.value_or(default_policy_name));
  call.note_policy(request.policy);
  call.record().request.push_back(
      audit::EventField::boolean("bypassPolicyLockoutSafetyCheck", request.bypass_policy_lockout_safety_check));
  TRY(only_default_policy(request.policy_name));
  policy::FactList<1> facts;
  facts.add(condition_key::bypass_policy_lockout_safety_check,
            policy::text_of(request.bypass_policy_lockout_safety_check));
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(const auto found, call.find(request.key_id));
    TRY_ASSIGN(auto permit, call.authorize<op::PutKeyPolicy>(found, {}, facts.view()));
    TRY_ASSIGN(const auto document, policy::Document::parse(request.policy));
    if (!request.bypass_policy_lockout_safety_check)
      TRY(policy::keeps_put_key_policy(document, call.caller().for_policy(), found.key->arn));
    TRY(call.keys().put_policy(std::move(permit), std::string(request.policy), call.event()));
    call.committed();
    return ok();
  });
}

}  // namespace keyfold::server
