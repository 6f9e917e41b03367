// Keys, changing: every mutator but those of aliases.

#include <array>
#include <string>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/keys/keys_state.h"
#include "keyfold/kms/keys/tags.h"

namespace keyfold::keys {
namespace {

constexpr std::size_t description_bytes_max = description_size_max * 4;  // A character is at most four bytes.
constexpr auto rotation_soon = std::chrono::minutes(20);
constexpr std::string_view multi_region_prefix = "mrk-";

Error out_of_range(std::string_view member, std::uint32_t value, std::uint32_t min, std::uint32_t max) {
  return {ErrorCode::validation, "1 validation error detected: Value '" + std::to_string(value) + "' at '" +
                                     std::string(member) + "' failed to satisfy constraint: Member must have value " +
                                     (value < min ? "greater than or equal to " + std::to_string(min)
                                                  : "less than or equal to " + std::to_string(max))};
}

Outcome check_description(std::string_view description) {
  if (description.size() > description_bytes_max)
    return Error{ErrorCode::validation, "The description must be at most 8192 characters long."};
  return ok();
}

Outcome check_may_rotate_automatically(const KeyRecord& key) {
  if (key.multi_region == MultiRegion::replica)
    return Error{ErrorCode::unsupported_operation, std::string(key.arn.text()) + " is not a multi-region primary key."};
  return ok();
}

}  // namespace

Keys::Record Keys::State::publish(KeyRecord next, std::uint64_t revision) {
  next.epoch = revision;
  auto published = std::make_shared<const KeyRecord>(std::move(next));
  directory.put(published);
  return published;
}

Result<Keys::Record> Keys::State::commit(const Record& old, KeyRecord next, const OutboxRecord& event) {
  const Bytes value = write_key(next);
  const std::array changes{vault::Change{.name = key_name(next), .expected_version = old->epoch, .value = value}};
  TRY_ASSIGN(const auto committed, store.commit(changes, &event));
  return publish(std::move(next), committed.revision);
}

Result<Keys::Record> Keys::State::commit_rotation(const Record& old, KeyRecord next, RotationType type,
                                                  const OutboxRecord& event) {
  TRY_ASSIGN(const auto secret, random.secret(material_size));
  TRY_ASSIGN(const auto id, material_id_of(secret, next.id));
  const auto index = static_cast<std::uint32_t>(next.materials.size());
  next.materials.push_back(
      {.id = id, .rotation_index = index, .created = clock.now(), .rotation_type = type, .sealed = {}});
  const Bytes value = write_key(next);
  const std::array changes{
      vault::Change{.name = material_name(next, index), .expected_version = 0, .value = secret.reveal()},
      vault::Change{.name = key_name(next), .expected_version = old ? old->epoch : 0, .value = value}};
  TRY_ASSIGN(auto committed, store.commit(changes, &event));
  next.materials.back().sealed = std::make_shared<const vault::SealedRecord>(std::move(committed.records.front()));
  return publish(std::move(next), committed.revision);
}

KeyId Keys::new_key_id(MultiRegion multi_region) {
  const auto text = [&]() -> InlineString<KeyIdTag::size_max> {
    if (multi_region == MultiRegion::no) return random_uuid(state_->random);
    InlineString<KeyIdTag::size_max> id(multi_region_prefix);
    return id.append(to_hex(state_->random.bytes<16>()));
  }();
  auto id = KeyId::parse(text.view());
  KEYFOLD_CHECK(id.has_value());
  return *id;
}

Result<Keys::Record> Keys::create_key(AccountPermit<op::CreateKey> permit, NewKey key, const OutboxRecord& event) {
  TRY(permit.spend(key.place.account));
  KEYFOLD_CHECK(key.id.text().starts_with(multi_region_prefix) == (key.multi_region != MultiRegion::no));
  KEYFOLD_CHECK(key.multi_region != MultiRegion::replica);  // ReplicateKey makes those.
  TRY(check_description(key.description));
  const std::lock_guard lock(state_->change);
  KEYFOLD_CHECK(state_->directory.find(key.place.region, key.id) == nullptr);
  KeyRecord made{.arn = key_arn(key.place.region, key.place.account, key.id), .id = key.id, .place = key.place};
  made.description = std::move(key.description);
  made.created = state_->clock.now();
  made.multi_region = key.multi_region;
  TRY_ASSIGN(made.policy, state_->policies.intern(std::move(key.policy)));
  TRY_ASSIGN(made.tags, with_tags({}, key.tags));
  return state_->commit_rotation(nullptr, std::move(made), RotationType::none, event);
}

Result<Keys::Record> Keys::update_description(Permit<op::UpdateKeyDescription> permit, std::string description,
                                              const OutboxRecord& event) {
  TRY(check_description(description));
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::edit));
  KeyRecord next = *key;
  next.description = std::move(description);
  return state_->commit(key, std::move(next), event);
}

Result<Keys::Record> Keys::enable(Permit<op::EnableKey> permit, const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::enable_disable));
  KeyRecord next = *key;
  next.state = KeyState::enabled;
  return state_->commit(key, std::move(next), event);
}

Result<Keys::Record> Keys::disable(Permit<op::DisableKey> permit, const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::enable_disable));
  KeyRecord next = *key;
  next.state = KeyState::disabled;
  TRY_ASSIGN(auto published, state_->commit(key, std::move(next), event));
  state_->materials.drop(*key);
  return published;
}

Result<Keys::Record> Keys::schedule_deletion(Permit<op::ScheduleKeyDeletion> permit, std::uint32_t window_days,
                                             const OutboxRecord& event) {
  if (window_days < deletion_window_days_min || window_days > deletion_window_days_max)
    return out_of_range("pendingWindowInDays", window_days, deletion_window_days_min, deletion_window_days_max);
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::schedule_deletion));
  const auto window = std::chrono::days(window_days);
  KeyRecord next = *key;
  next.state = KeyState::pending_deletion;
  next.deletion = Deletion{
      .date = state_->clock.now() + window, .window_days = window_days, .witnessed = state_->witness->now() + window};
  TRY_ASSIGN(auto published, state_->commit(key, std::move(next), event));
  state_->materials.drop(*key);
  return published;
}

Result<Keys::Record> Keys::cancel_deletion(Permit<op::CancelKeyDeletion> permit, const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::cancel_key_deletion));
  KeyRecord next = *key;
  next.state = KeyState::disabled;
  next.deletion.reset();
  return state_->commit(key, std::move(next), event);
}

Result<Keys::Record> Keys::put_policy(Permit<op::PutKeyPolicy> permit, std::string policy, const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::any_state));
  KeyRecord next = *key;
  TRY_ASSIGN(next.policy, state_->policies.intern(std::move(policy)));
  return state_->commit(key, std::move(next), event);
}

Result<Keys::Record> Keys::tag(Permit<op::TagResource> permit, const std::vector<Tag>& tags,
                               const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::edit));
  KeyRecord next = *key;
  TRY_ASSIGN(next.tags, with_tags(key->tags, tags));
  return state_->commit(key, std::move(next), event);
}

Result<Keys::Record> Keys::untag(Permit<op::UntagResource> permit, const std::vector<std::string>& tag_keys,
                                 const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::edit));
  KeyRecord next = *key;
  TRY_ASSIGN(next.tags, without_tags(key->tags, tag_keys));
  return state_->commit(key, std::move(next), event);
}

Result<Keys::Record> Keys::enable_rotation(Permit<op::EnableKeyRotation> permit, std::uint32_t period_days,
                                           const OutboxRecord& event) {
  if (period_days < rotation_period_days_min || period_days > rotation_period_days_max)
    return out_of_range("rotationPeriodInDays", period_days, rotation_period_days_min, rotation_period_days_max);
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::rotation_setting));
  TRY(check_may_rotate_automatically(*key));
  KeyRecord next = *key;
  const bool as_before = next.rotation.automatic == Switch::on && next.rotation.period_days == period_days;
  if (!as_before) next.rotation.next = state_->clock.now() + std::chrono::days(period_days);
  next.rotation.automatic = Switch::on;
  next.rotation.period_days = period_days;
  return state_->commit(key, std::move(next), event);
}

Result<Keys::Record> Keys::disable_rotation(Permit<op::DisableKeyRotation> permit, const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::rotation_setting));
  TRY(check_may_rotate_automatically(*key));
  KeyRecord next = *key;
  next.rotation.automatic = Switch::off;
  return state_->commit(key, std::move(next), event);
}

Result<Keys::Record> Keys::rotate_on_demand(Permit<op::RotateKeyOnDemand> permit, const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::rotate_on_demand));
  TRY(check_may_rotate_automatically(*key));
  const std::string arn(key->arn.text());
  if (key->rotation.on_demand_count >= on_demand_rotations_max)
    return Error{
        ErrorCode::limit_exceeded,
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be "
        "performed for this key: " +
            arn};
  if (key->rotation.automatic == Switch::on && key->rotation.next <= state_->clock.now() + rotation_soon)
    return Error{ErrorCode::conflict, "An automatic rotation of " + arn + " is due within 20 minutes."};
  KeyRecord next = *key;
  ++next.rotation.on_demand_count;
  return state_->commit_rotation(key, std::move(next), RotationType::on_demand, event);
}

}  // namespace keyfold::keys
