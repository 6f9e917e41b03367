#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::list_retirable_grants>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::ListRetirableGrantsRequest>());
  call.note_if_any("retiringPrincipal", request.retiring_principal);
  TRY(no_service_principal(request.retiring_service_principal));
  if (!request.retiring_principal) return Error{ErrorCode::validation, "RetiringPrincipal is required."};
  TRY_ASSIGN(const auto limit, page_limit(request.limit, {.usual = 50, .max = 100}));
  const std::string_view principal = *request.retiring_principal;
  TRY(policy::GrantPrincipal::parse(principal));
  TRY_ASSIGN(const auto arn, split_arn(principal));
  TRY_ASSIGN(const auto account, AccountId::parse(arn.account));
  TRY(call.authorize_listing(principal, account));
  TRY_ASSIGN(const auto page,
             call.keys().list_retirable_grants(call.place().region, principal, limit, request.marker.value_or("")));
  append_grants(call.reply(), page);
  return ok();
}

}  // namespace keyfold::server
