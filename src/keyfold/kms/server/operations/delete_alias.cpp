#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

template <>
Outcome run<Operation::delete_alias>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::DeleteAliasRequest>());
  call.record().request.emplace_back("aliasName", request.alias_name);
  TRY_ASSIGN(const auto alias, keys::parse_new_alias(request.alias_name));
  return on_current_key(call, [&]() -> Outcome {
    TRY_ASSIGN(auto permit, call.authorize<op::DeleteAlias>(alias));
    TRY_ASSIGN(const auto known, call.keys().find_alias(call.place(), alias));
    TRY_ASSIGN(const auto target, call.keys().find_key(call.place(), known.target.text()));
    TRY_ASSIGN(auto key, call.authorize<op::DeleteAlias>(target));
    TRY(call.keys().delete_alias(std::move(permit), std::move(key), alias, call.event()));
    call.committed();
    return ok();
  });
}

}  // namespace keyfold::server
