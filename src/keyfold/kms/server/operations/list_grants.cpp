#include "keyfold/core/base/try.h"
#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {
namespace {

// One grant, if the key has it and the grantee is the one asked for.
Result<keys::Page<keys::Grant>> the_one(Call& call, const KeyArn& key, std::string_view id,
                                        const protocol::Text& grantee) {
  auto grant = call.keys().find_grant(key, id);
  if (!grant && grant.error().code != ErrorCode::not_found) return std::move(grant).error();
  keys::Page<keys::Grant> page;
  if (grant && grantee.value_or((*grant)->what().grantee) == (*grant)->what().grantee) page.items.push_back(*grant);
  return page;
}

}  // namespace

template <>
Outcome run<Operation::list_grants>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::ListGrantsRequest>());
  call.note_if_any("grantId", request.grant_id);
  call.note_if_any("granteePrincipal", request.grantee_principal);
  TRY(no_service_principal(request.grantee_service_principal));
  TRY_ASSIGN(const auto limit, page_limit(request.limit, {.usual = 50, .max = 100}));
  TRY_ASSIGN(const auto found, call.find(request.key_id));
  TRY(call.authorize<op::ListGrants>(found));
  TRY(call.state_allows(*found.key));
  keys::Page<keys::Grant> page;
  if (request.grant_id) {
    TRY_ASSIGN(page, the_one(call, found.key->arn, *request.grant_id, request.grantee_principal));
  } else {
    TRY_ASSIGN(page,
               call.keys().list_grants(*found.key, request.grantee_principal, limit, request.marker.value_or("")));
  }
  append_grants(call.reply(), page);
  return ok();
}

}  // namespace keyfold::server
