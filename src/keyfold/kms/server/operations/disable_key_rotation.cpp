#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

template <>
Outcome run<Operation::disable_key_rotation>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::KeyIdRequest>());
  return change_key<op::DisableKeyRotation>(call, request.key_id, [&](auto permit, const OutboxRecord& event) {
    return call.keys().disable_rotation(std::move(permit), event);
  });
}

}  // namespace keyfold::server
