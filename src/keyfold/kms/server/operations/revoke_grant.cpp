#include "keyfold/core/base/try.h"
#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::revoke_grant>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::RevokeGrantRequest>());
  call.note_if_any("grantId", request.grant_id);
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(const auto found, call.find(request.key_id));
    TRY_ASSIGN(auto permit, call.authorize<op::RevokeGrant>(found));
    TRY_ASSIGN(const auto grant, call.keys().find_grant(found.key->arn, request.grant_id));
    TRY(call.state_allows(*found.key));
    if (request.dry_run) return dry_run_succeeded();
    TRY(call.keys().revoke_grant(std::move(permit), grant->id(), call.event()));
    call.committed();
    return ok();
  });
}

}  // namespace keyfold::server
