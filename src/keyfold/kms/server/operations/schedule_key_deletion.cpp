#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::schedule_key_deletion>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::ScheduleKeyDeletionRequest>());
  const auto days =
      static_cast<std::uint32_t>(request.pending_window_in_days.value_or(keys::deletion_window_days_default));
  call.record().request.push_back(audit::EventField::number("pendingWindowInDays", days));
  const std::string days_text = std::to_string(days);
  policy::FactList<1> facts;
  facts.add(condition_key::pending_window_in_days, std::string_view(days_text));
  return change_key<op::ScheduleKeyDeletion>(
      call, request.key_id,
      [&](auto permit, const OutboxRecord& event) {
        return call.keys().schedule_deletion(std::move(permit), days, event);
      },
      [&](const KeyRecord& key) {
        protocol::append(call.reply(), protocol::ScheduleKeyDeletionResponse{.key_id = key.arn.text(),
                                                                             .deletion_date = key.deletion->date,
                                                                             .key_state = keys::to_text(key.state),
                                                                             .pending_window_in_days = days});
      },
      facts.view());
}

}  // namespace keyfold::server
