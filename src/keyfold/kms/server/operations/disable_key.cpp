#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

template <>
Outcome run<Operation::disable_key>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::KeyIdRequest>());
  return change_key<op::DisableKey>(call, request.key_id, [&](auto permit, const OutboxRecord& event) {
    return call.keys().disable(std::move(permit), event);
  });
}

}  // namespace keyfold::server
