// Keys, changing: aliases.

#include <array>
#include <string>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/keys/keys_state.h"

namespace keyfold::keys {
namespace {

constexpr std::string_view reserved_alias_prefix = "alias/aws/";

Outcome check_not_reserved(const AliasName& alias) {
  if (alias.text().starts_with(reserved_alias_prefix)) return Error{ErrorCode::not_authorized, {}};
  return ok();
}

Outcome check_quota(const Directory& directory, const KeyRecord& key) {
  if (directory.count_aliases_of(key) < aliases_max) return ok();
  return Error{ErrorCode::limit_exceeded, "The limit of " + std::to_string(aliases_max) +
                                              " aliases has been reached for the key: " + std::string(key.arn.text())};
}

Error moved(const AliasArn& alias) {
  return {ErrorCode::conflict, std::string(alias.text()) + " has moved to another key meanwhile."};
}

}  // namespace

Result<AliasName> parse_new_alias(std::string_view text) {
  if (!text.starts_with(alias_name_prefix))
    return Error{ErrorCode::validation,
                 "Alias must start with the prefix \"alias/\". Please see "
                 "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"};
  if (text.starts_with(reserved_alias_prefix)) return Error{ErrorCode::not_authorized, {}};
  auto alias = AliasName::parse(text);
  if (!alias)
    return Error{ErrorCode::invalid_alias_name, std::string(text) + " contains invalid characters for an alias"};
  return *alias;
}

Result<Alias> Keys::create_alias(AccountPermit<op::CreateAlias> permit, Permit<op::CreateAlias> key,
                                 const AliasName& alias, const OutboxRecord& event) {
  TRY(check_not_reserved(alias));
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto target, state_->admit(key, StateRule::edit));
  const auto now = state_->clock.now();
  Alias made{.place = target->place, .name = alias, .target = target->id, .created = now, .updated = now};
  const auto arn = made.arn();
  TRY(permit.spend(arn));
  if (state_->directory.find_alias(made.place, alias))
    return Error{ErrorCode::already_exists, "An alias with the name " + std::string(arn.text()) + " already exists"};
  TRY(check_quota(state_->directory, *target));
  const Bytes value = write_alias(made);
  const std::array changes{vault::Change{.name = alias_name(made.place, alias), .expected_version = 0, .value = value}};
  TRY_ASSIGN(const auto committed, state_->store.commit(changes, &event));
  made.epoch = committed.revision;
  state_->directory.put(std::make_shared<const Alias>(made));
  return made;
}

Result<Alias> Keys::update_alias(AccountPermit<op::UpdateAlias> permit, Permit<op::UpdateAlias> from,
                                 Permit<op::UpdateAlias> to, const AliasName& alias, const OutboxRecord& event) {
  TRY(check_not_reserved(alias));
  const std::lock_guard lock(state_->change);
  // Away from a key in any state: that is how an alias is saved from a key that is to be deleted.
  TRY_ASSIGN(const auto source, state_->admit(from, StateRule::any_state));
  TRY_ASSIGN(const auto target, state_->admit(to, StateRule::edit));
  const auto arn = alias_arn(target->place.region, target->place.account, alias);
  TRY(permit.spend(arn));
  const auto current = state_->directory.find_alias(target->place, alias);
  if (!current) return no_such_alias(arn.text());
  if (current->target != source->id || current->place != source->place) return moved(arn);
  if (source->id != target->id) TRY(check_quota(state_->directory, *target));
  Alias next = *current;
  next.target = target->id;
  next.updated = state_->clock.now();
  const Bytes value = write_alias(next);
  const std::array changes{
      vault::Change{.name = alias_name(next.place, alias), .expected_version = current->epoch, .value = value}};
  TRY_ASSIGN(const auto committed, state_->store.commit(changes, &event));
  next.epoch = committed.revision;
  state_->directory.put(std::make_shared<const Alias>(next));
  return next;
}

Outcome Keys::delete_alias(AccountPermit<op::DeleteAlias> permit, Permit<op::DeleteAlias> key, const AliasName& alias,
                           const OutboxRecord& event) {
  TRY(check_not_reserved(alias));
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto target, state_->admit(key, StateRule::any_state));
  const auto arn = alias_arn(target->place.region, target->place.account, alias);
  TRY(permit.spend(arn));
  const auto current = state_->directory.find_alias(target->place, alias);
  if (!current) return no_such_alias(arn.text());
  if (current->target != target->id) return moved(arn);
  const std::array changes{vault::Change{
      .name = alias_name(current->place, alias), .expected_version = current->epoch, .value = std::nullopt}};
  TRY(state_->store.commit(changes, &event));
  state_->directory.remove(current);
  return ok();
}

}  // namespace keyfold::keys
