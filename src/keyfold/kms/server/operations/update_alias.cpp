#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

template <>
Outcome run<Operation::update_alias>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::AliasRequest>());
  call.record().request.emplace_back("aliasName", request.alias_name);
  call.record().request.emplace_back("targetKeyId", request.target_key_id);
  TRY_ASSIGN(const auto alias, keys::parse_new_alias(request.alias_name));
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(auto permit, call.authorize<op::UpdateAlias>(alias));
    TRY_ASSIGN(const auto former, call.keys().find_alias(call.place(), alias));
    TRY_ASSIGN(const auto from, call.keys().find_key(call.place(), former.target.text()));
    TRY_ASSIGN(auto from_permit, call.authorize<op::UpdateAlias>(from));
    TRY_ASSIGN(const auto to, call.find_alias_target(request.target_key_id));
    TRY_ASSIGN(auto to_permit, call.authorize<op::UpdateAlias>(to));
    TRY(call.keys().update_alias(std::move(permit), std::move(from_permit), std::move(to_permit), alias, call.event()));
    call.committed();
    return ok();
  });
}

}  // namespace keyfold::server
