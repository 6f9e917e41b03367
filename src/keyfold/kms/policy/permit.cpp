#include "keyfold/kms/policy/permit.h"

namespace keyfold::policy {

Error detail::refused_permit(std::string_view why) { return {ErrorCode::internal, "the permit " + std::string(why)}; }

Error detail::outdated_permit() {
  return {ErrorCode::conflict, "the key has changed since the request was authorized"};
}

Outcome MaintenancePermit::spend(const KeyArn& key, MaintenanceTask task) {
  if (once_.take() == detail::Spent::yes) return detail::refused_permit("was spent before");
  if (key != key_) return detail::refused_permit("is for another key");
  if (task != task_) return detail::refused_permit("is for another task");
  return ok();
}

}  // namespace keyfold::policy
