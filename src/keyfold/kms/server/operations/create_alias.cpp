#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

template <>
Outcome run<Operation::create_alias>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::AliasRequest>());
  call.record().request.emplace_back("aliasName", request.alias_name);
  call.record().request.emplace_back("targetKeyId", request.target_key_id);
  TRY_ASSIGN(const auto alias, keys::parse_new_alias(request.alias_name));
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(auto permit, call.authorize<op::CreateAlias>(alias));
    TRY_ASSIGN(const auto target, call.find_alias_target(request.target_key_id));
    TRY_ASSIGN(auto key, call.authorize<op::CreateAlias>(target));
    TRY(call.keys().create_alias(std::move(permit), std::move(key), alias, call.event()));
    call.committed();
    return ok();
  });
}

}  // namespace keyfold::server
