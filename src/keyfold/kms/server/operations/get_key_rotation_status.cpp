#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

template <>
Outcome run<Operation::get_key_rotation_status>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::KeyIdRequest>());
  TRY_ASSIGN(const auto key, read_key<op::GetKeyRotationStatus>(call, request.key_id));
  const auto status = keys::rotation_status(*key);
  protocol::KeyRotationStatus response{.enabled = status.automatic == keys::Switch::on,
                                       .key_id = key->arn.text(),
                                       .rotation_period_in_days = {},
                                       .next_rotation_date = {},
                                       .on_demand_rotation_start_date = {}};  // Rotations complete at once.
  if (response.enabled) {
    response.rotation_period_in_days = status.period_days;
    response.next_rotation_date = status.next;
  }
  protocol::append(call.reply(), response);
  return ok();
}

}  // namespace keyfold::server
