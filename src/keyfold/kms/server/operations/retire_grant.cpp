#include "keyfold/core/base/try.h"
#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {
namespace {

// Which grant: by its token, or by key and id.
struct Named {
  std::string key;
  std::string grant;
};

Result<Named> named_in(Call& call, const protocol::RetireGrantRequest& request) {
  if (request.grant_token.has_value() == (request.key_id.has_value() || request.grant_id.has_value()) ||
      request.key_id.has_value() != request.grant_id.has_value())
    return Error{ErrorCode::validation, "Specify either the GrantToken or both the KeyId and the GrantId."};
  if (request.key_id) return Named{.key = std::string(*request.key_id), .grant = std::string(*request.grant_id)};
  TRY_ASSIGN(const auto reference, call.keys().read_grant_token(*request.grant_token));
  return Named{.key = std::string(reference.key.text()), .grant = std::string(reference.grant.text())};
}

}  // namespace

template <>
Outcome run<Operation::retire_grant>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::RetireGrantRequest>());
  call.note_if_any("grantId", request.grant_id);
  TRY_ASSIGN(const auto named, named_in(call, request));
  if (const auto id = GrantId::parse(named.grant)) call.record().grant = *id;
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(const auto found, call.find(named.key));
    const auto grant = call.keys().find_grant(found.key->arn, named.grant);
    // Who may not retire it does not hear whether there is one.
    ContextView pairs;
    policy::FactList<1> facts;
    if (grant) {
      pairs = (*grant)->pairs();
      if (const auto type = constraint_type((*grant)->what().constraint); !type.empty())
        facts.add(policy::condition_key::grant_constraint_type, type);
    }
    TRY_ASSIGN(auto permit, call.authorize<op::RetireGrant>(found, pairs, facts.view(),
                                                            {.retires = grant ? &(*grant)->for_policy() : nullptr}));
    if (!grant) return grant.error();
    TRY(call.state_allows(*found.key));
    if (request.dry_run) return dry_run_succeeded();
    TRY(call.keys().retire_grant(std::move(permit), (*grant)->id(), call.event()));
    call.committed();
    return ok();
  });
}

}  // namespace keyfold::server
