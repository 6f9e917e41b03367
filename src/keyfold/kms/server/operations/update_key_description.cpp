#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

template <>
Outcome run<Operation::update_key_description>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::UpdateKeyDescriptionRequest>());
  call.record().request.emplace_back("description", request.description);
  return change_key<op::UpdateKeyDescription>(call, request.key_id, [&](auto permit, const OutboxRecord& event) {
    return call.keys().update_description(std::move(permit), std::string(request.description), event);
  });
}

}  // namespace keyfold::server
