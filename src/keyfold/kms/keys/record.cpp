#include "keyfold/kms/keys/record.h"

#include <algorithm>

namespace keyfold::keys {

std::string_view to_text(KeyState state) {
  switch (state) {
    case KeyState::creating:
      return "Creating";
    case KeyState::enabled:
      return "Enabled";
    case KeyState::disabled:
      return "Disabled";
    case KeyState::pending_deletion:
      return "PendingDeletion";
    case KeyState::pending_import:
      return "PendingImport";
    case KeyState::pending_replica_deletion:
      return "PendingReplicaDeletion";
    case KeyState::unavailable:
      return "Unavailable";
    case KeyState::updating:
      return "Updating";
  }
  return "";
}

std::string_view to_text(KeyUsage usage) { return usage == KeyUsage::encrypt_decrypt ? "ENCRYPT_DECRYPT" : ""; }
std::string_view to_text(KeySpec spec) { return spec == KeySpec::symmetric_default ? "SYMMETRIC_DEFAULT" : ""; }
std::string_view to_text(KeyOrigin origin) { return origin == KeyOrigin::aws_kms ? "AWS_KMS" : ""; }

std::string_view to_text(RotationType type) {
  switch (type) {
    case RotationType::none:
      return "";
    case RotationType::automatic:
      return "AUTOMATIC";
    case RotationType::on_demand:
      return "ON_DEMAND";
  }
  return "";
}

const Material* KeyRecord::find(const MaterialId& material) const {
  const auto found = std::ranges::find(materials, material, &Material::id);
  return found == materials.end() ? nullptr : &*found;
}

RotationStatus rotation_status(const KeyRecord& key) {
  const bool pending = key.state == KeyState::pending_deletion || key.state == KeyState::pending_replica_deletion;
  if (pending || key.rotation.automatic == Switch::off) return {};
  return {.automatic = Switch::on, .period_days = key.rotation.period_days, .next = key.rotation.next};
}

}  // namespace keyfold::keys
