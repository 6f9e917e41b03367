// Keys, appointments: automatic rotation, destruction, witnessed time.

#include <algorithm>
#include <array>
#include <string>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/keys/keys_state.h"

namespace keyfold::keys {
namespace {

Error not_due(const KeyArn& key, const char* what) {
  return {ErrorCode::invalid_state, std::string(key.text()) + " is not due for " + what + "."};
}

bool rotation_is_due(const KeyRecord& key, Timestamp now) {
  return key.enabled() && key.rotation.automatic == Switch::on && key.rotation.next <= now;
}

bool deletion_is_due(const KeyRecord& key, Timestamp now, Duration witnessed) {
  return key.state == KeyState::pending_deletion && key.deletion && key.deletion->date <= now &&
         key.deletion->witnessed <= witnessed;
}

// The changes that take everything of a key out of the store.
std::vector<vault::Change> removals(const KeyRecord& key, const std::vector<Alias>& aliases,
                                    const std::vector<Grant>& grants) {
  std::vector<vault::Change> changes;
  changes.push_back({.name = key_name(key), .expected_version = key.epoch, .value = std::nullopt});
  for (const auto& material : key.materials)
    changes.push_back(
        {.name = material.sealed->name, .expected_version = material.sealed->version, .value = std::nullopt});
  for (const auto& alias : aliases)
    changes.push_back(
        {.name = alias_name(alias.place, alias.name), .expected_version = alias.epoch, .value = std::nullopt});
  for (const auto& grant : grants)
    changes.push_back(
        {.name = grant_name(grant->key(), grant->id()), .expected_version = grant->epoch(), .value = std::nullopt});
  return changes;
}

}  // namespace

std::vector<KeyArn> Keys::due_rotations(std::size_t limit) const {
  return state_->directory.rotations_due(state_->clock.now(), limit);
}

Result<Keys::Record> Keys::rotate_due(policy::MaintenancePermit permit, const OutboxRecord& event) {
  const KeyArn arn = permit.key();
  TRY(permit.spend(arn, policy::MaintenanceTask::rotate));
  const std::lock_guard lock(state_->change);
  const auto key = state_->directory.find(arn);
  if (!key) return no_such_key(arn.text());
  const auto now = state_->clock.now();
  if (!rotation_is_due(*key, now)) return not_due(arn, "rotation");
  KeyRecord next = *key;
  // From now on, not from when it was due: one rotation makes up for a downtime of any length.
  next.rotation.next = now + std::chrono::days(next.rotation.period_days);
  return state_->commit_rotation(key, std::move(next), RotationType::automatic, event);
}

std::vector<KeyArn> Keys::due_deletions(std::size_t limit) const {
  const auto now = state_->clock.now();
  const auto witnessed = state_->witness->now();
  std::vector<KeyArn> due;
  // Those that are due by the wall clock alone stay in the way of none: all are looked at.
  for (const auto& arn : state_->directory.deletions_due(now, state_->directory.size())) {
    if (due.size() == limit) break;
    const auto key = state_->directory.find(arn);
    if (key && deletion_is_due(*key, now, witnessed)) due.push_back(arn);
  }
  return due;
}

Outcome Keys::destroy_due(policy::MaintenancePermit permit, const OutboxRecord& event) {
  const KeyArn arn = permit.key();
  TRY(permit.spend(arn, policy::MaintenanceTask::destroy));
  const std::lock_guard lock(state_->change);
  const auto key = state_->directory.find(arn);
  if (!key) return no_such_key(arn.text());
  if (!deletion_is_due(*key, state_->clock.now(), state_->witness->now())) return not_due(arn, "deletion");
  const auto aliases = state_->directory.list_aliases_of(*key, std::nullopt, aliases_max);
  const auto grants = state_->grants.all_of(arn);
  TRY(state_->store.commit(removals(*key, aliases, grants), &event));
  for (const auto& alias : aliases)
    if (const auto entry = state_->directory.find_alias(alias.place, alias.name)) state_->directory.remove(entry);
  state_->directory.remove(key);
  state_->grants.change(grants, {});
  state_->materials.drop(*key);
  // The key is gone whatever comes of this; what is still in the log is sealed, and goes with the next attempt.
  state_->truncation_owed = !state_->store.truncate_log();
  return ok();
}

Outcome Keys::keep_witnessed_time() {
  const std::lock_guard lock(state_->change);
  const Bytes value = write_witness(state_->witness->record());
  const std::array changes{
      vault::Change{.name = witness_name(), .expected_version = state_->witness_epoch, .value = value}};
  TRY_ASSIGN(const auto committed, state_->store.commit(changes, nullptr));
  state_->witness_epoch = committed.revision;
  if (state_->truncation_owed) {
    TRY(state_->store.truncate_log());
    state_->truncation_owed = false;
  }
  return ok();
}

}  // namespace keyfold::keys
