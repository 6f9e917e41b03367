#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::enable_key_rotation>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::EnableKeyRotationRequest>());
  // The reader has seen to the limits.
  const auto days =
      static_cast<std::uint32_t>(request.rotation_period_in_days.value_or(keys::rotation_period_days_default));
  call.record().request.push_back(audit::EventField::number("rotationPeriodInDays", days));
  const std::string days_text = std::to_string(days);
  policy::FactList<1> facts;
  facts.add(condition_key::rotation_period_in_days, std::string_view(days_text));
  return change_key<op::EnableKeyRotation>(
      call, request.key_id,
      [&](auto permit, const OutboxRecord& event) {
        return call.keys().enable_rotation(std::move(permit), days, event);
      },
      facts.view());
}

}  // namespace keyfold::server
