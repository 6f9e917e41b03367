#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {
namespace {

namespace condition_key = policy::condition_key;
using Kind = policy::GrantConstraint::Kind;

void note(Call& call, const protocol::CreateGrantRequest& request) {
  auto& record = call.record();
  call.note_if_any("granteePrincipal", request.grantee_principal);
  call.note_if_any("retiringPrincipal", request.retiring_principal);
  record.request.push_back(audit::EventField::texts("operations", request.operations));
  call.note_if_any("name", request.name);
  const auto& [subset, equals, source_arn] = request.constraints;
  call.note_constraint("encryptionContextSubset", subset);
  call.note_constraint("encryptionContextEquals", equals);
  if (!record.constraints.empty())
    record.request.push_back(audit::EventField::fields("constraints", record.constraints));
}

Outcome refuse_unserved(const protocol::CreateGrantRequest& request) {
  TRY(no_service_principal(request.grantee_service_principal));
  TRY(no_service_principal(request.retiring_service_principal));
  if (request.constraints.source_arn)
    return Error{ErrorCode::unsupported_operation, "The SourceArn constraint is not supported by this service."};
  if (!request.grantee_principal) return Error{ErrorCode::validation, "GranteePrincipal is required."};
  if (request.constraints.encryption_context_subset && request.constraints.encryption_context_equals)
    return Error{ErrorCode::validation,
                 "A grant may have EncryptionContextSubset or EncryptionContextEquals, but not both."};
  return ok();
}

policy::GrantTerms terms_of(const protocol::CreateGrantRequest& request) {
  policy::GrantTerms terms;
  for (const auto name : request.operations)
    if (const auto operation = policy::grant_operation(name)) terms.operations.add(*operation);
  const auto& [subset, equals, source_arn] = request.constraints;
  if (subset) terms.constraint = {.kind = Kind::subset, .pairs = *subset};
  if (equals) terms.constraint = {.kind = Kind::equals, .pairs = *equals};
  return terms;
}

Outcome answer(Call& call, const KeyArn& key, const GrantId& grant) {
  TRY_ASSIGN(const auto token, call.keys().make_grant_token(key, grant));
  protocol::append(call.reply(), protocol::CreateGrantResponse{.grant_token = token, .grant_id = grant.text()});
  return ok();
}

}  // namespace

template <>
Outcome run<Operation::create_grant>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::CreateGrantRequest>());
  note(call, request);
  TRY(call.check_grant_tokens(request.grant_tokens));
  TRY(refuse_unserved(request));
  const auto terms = terms_of(request);
  const keys::NewGrant grant{.issuer = call.caller().account,
                             .name = std::string(request.name.value_or("")),
                             .grantee = std::string(*request.grantee_principal),
                             .retiring = std::string(request.retiring_principal.value_or("")),
                             .operations = terms.operations,
                             .constraint = terms.constraint.kind,
                             .pairs = EncryptionContext(terms.constraint.pairs)};
  policy::FactList<4> facts;
  facts.add(condition_key::grant_operations, request.operations);
  facts.add(condition_key::grantee_principal, *request.grantee_principal);
  if (request.retiring_principal) facts.add(condition_key::retiring_principal, *request.retiring_principal);
  if (const auto type = constraint_type(grant.constraint); !type.empty())
    facts.add(condition_key::grant_constraint_type, type);
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(const auto found, call.find(request.key_id));
    TRY_ASSIGN(auto permit,
               call.authorize<op::CreateGrant>(found, terms.constraint.pairs, facts.view(), {.creates = &terms}));
    const KeyArn& key = found.key->arn;
    const auto same = call.keys().find_same_grant(key, grant);
    if (!same) TRY(call.keys().check_grant(*found.key, grant));
    TRY(call.state_allows(*found.key));
    if (request.dry_run) return dry_run_succeeded();
    const GrantId id = same ? same->id() : call.keys().new_grant_id();
    call.record().grant = id;
    TRY(answer(call, key, id));
    if (same) return ok();
    TRY(call.keys().create_grant(std::move(permit), id, grant, call.event()));
    call.committed();
    return ok();
  });
}

}  // namespace keyfold::server
