#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

template <>
Outcome run<Operation::enable_key_rotation>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::EnableKeyRotationRequest>());
  // The reader has seen to the limits.
  const auto days =
      static_cast<std::uint32_t>(request.rotation_period_in_days.value_or(keys::rotation_period_days_default));
  call.record().request.push_back(audit::EventField::number("rotationPeriodInDays", days));
  return change_key<op::EnableKeyRotation>(call, request.key_id, [&](auto permit, const OutboxRecord& event) {
    return call.keys().enable_rotation(std::move(permit), days, event);
  });
}

}  // namespace keyfold::server
