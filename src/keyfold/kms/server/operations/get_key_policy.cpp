#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::get_key_policy>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::GetKeyPolicyRequest>());
  TRY_ASSIGN(const auto key, read_key<op::GetKeyPolicy>(call, request.key_id));
  TRY(only_default_policy(request.policy_name));
  protocol::JsonWriter(call.reply())
      .begin_object()
      .text("Policy", key->policy->text)
      .text("PolicyName", default_policy_name)
      .end_object();
  return ok();
}

}  // namespace keyfold::server
