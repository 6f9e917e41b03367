#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

template <>
Outcome run<Operation::rotate_key_on_demand>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::KeyIdRequest>());
  return change_key<op::RotateKeyOnDemand>(
      call, request.key_id,
      [&](auto permit, const OutboxRecord& event) { return call.keys().rotate_on_demand(std::move(permit), event); },
      [&](const KeyRecord& key) { protocol::append_key_id(call.reply(), key.arn.text()); });
}

}  // namespace keyfold::server
