#pragma once
// A world for the tests of this room: a store in memory under a seal, a clock and randomness from a seed, one account.
// For tests only.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/storage/store.h"
#include "keyfold/kms/vault/sealed_store.h"

namespace keyfold::keys {

// The value of a Result that must have one.
template <class T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().message;
  return *std::move(result);
}

template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "no error" : result.error().message;
}
template <class T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::internal : result.error().code;
}

inline constexpr std::string_view test_account = "111122223333";
inline constexpr std::string_view other_account = "444455556666";
inline Place place_in(std::string_view region, std::string_view account = test_account) {
  return {.account = *AccountId::parse(account), .region = *Region::parse(region)};
}

struct World {
  std::unique_ptr<storage::Store> memory = storage::open_memory_store();
  ManualClock clock;
  SeededRandom random{1};
  SeededRandom vault_random{2};
  std::unique_ptr<vault::SealedStore> store;
  std::unique_ptr<Keys> keys;
  Place place = place_in("eu-central-1");
  std::vector<ContextPair> pairs;
  int events = 0;

  World() { reopen(); }

  // As after a restart: everything that is known comes from the store.
  void reopen() {
    keys.reset();
    store.reset();
    auto root = vault::RootKey::of(must(SecretBytes::copy_of(as_bytes("a root key that is 32 bytes long"))));
    store = must(vault::SealedStore::open(*memory, must(std::move(root)), vault_random, vault::Mode::dev));
    keys = must(Keys::open(*store, clock, random));
  }

  OutboxRecord event() { return {.event_id = "event-" + std::to_string(++events), .body = to_bytes("{}")}; }

  // Root of the key's account, which the default policy allows everything.
  template <class Op>
  Permit<Op> permit(const KeyRecord& key, const ContextView& context = {}) const {
    const std::string arn = "arn:aws:iam::" + std::string(key.place.account.text()) + ":root";
    policy::Reason reason;
    return must(policy::Authorizer().authorize<Op>(root_of(key.place.account, arn),
                                                   {.key = key.arn,
                                                    .policy = key.policy->document,
                                                    .epoch = key.epoch,
                                                    .context = context,
                                                    .digest = must(digest_of(context))},
                                                   reason));
  }
  template <class Op>
  AccountPermit<Op> account_permit(const AccountId& account) const {
    const std::string arn = "arn:aws:iam::" + std::string(account.text()) + ":root";
    policy::Reason reason;
    return must(policy::Authorizer().authorize<Op>(root_of(account, arn), reason));
  }
  template <class Op>
  AccountPermit<Op> alias_permit(const AliasName& alias) const {
    const std::string arn = "arn:aws:iam::" + std::string(place.account.text()) + ":root";
    policy::Reason reason;
    return must(policy::Authorizer().authorize<Op>(root_of(place.account, arn),
                                                   alias_arn(place.region, place.account, alias), reason));
  }
  static policy::Caller root_of(const AccountId& account, std::string_view arn) {
    return {.arn = arn, .account = account, .type = policy::PrincipalType::root};
  }
  policy::MaintenancePermit maintenance(const KeyArn& key, policy::MaintenanceTask task) const {
    return policy::Maintenance().permit(key, task);
  }

  Keys::Record create(Place where, std::vector<Tag> tags = {}, MultiRegion multi_region = MultiRegion::no) {
    NewKey key{.place = where, .id = keys->new_key_id(multi_region)};
    key.policy = policy::default_key_policy(where.account);
    key.tags = std::move(tags);
    key.multi_region = multi_region;
    return must(keys->create_key(account_permit<op::CreateKey>(where.account), std::move(key), event()));
  }
  Keys::Record create() { return create(place); }

  Keys::Record now(const KeyRecord& key) const { return must(keys->find(key.place, key.arn.text())).key; }

  Bytes encrypt(const KeyRecord& key, std::string_view plaintext, const ContextView& context = {}) {
    Bytes blob;
    must(keys->encrypt(permit<op::Encrypt>(key, context), as_bytes(plaintext), context, blob));
    return blob;
  }
  Result<std::string> decrypt(const KeyRecord& key, BytesView blob, const ContextView& context = {}) {
    auto decrypted = keys->decrypt(permit<op::Decrypt>(key, context), blob, context);
    if (!decrypted) return std::move(decrypted).error();
    return std::string(as_text(decrypted->plaintext.reveal()));
  }

  AliasName alias(std::string_view text) const { return *AliasName::parse(text); }
  Result<Alias> create_alias(std::string_view name, const KeyRecord& key) {
    return keys->create_alias(alias_permit<op::CreateAlias>(alias(name)), permit<op::CreateAlias>(key), alias(name),
                              event());
  }
  Result<Alias> update_alias(std::string_view name, const KeyRecord& from, const KeyRecord& to) {
    return keys->update_alias(alias_permit<op::UpdateAlias>(alias(name)), permit<op::UpdateAlias>(from),
                              permit<op::UpdateAlias>(to), alias(name), event());
  }
  Outcome delete_alias(std::string_view name, const KeyRecord& key) {
    return keys->delete_alias(alias_permit<op::DeleteAlias>(alias(name)), permit<op::DeleteAlias>(key), alias(name),
                              event());
  }

  Keys::Record disable(const KeyRecord& key) { return must(keys->disable(permit<op::DisableKey>(key), event())); }
  Keys::Record enable(const KeyRecord& key) { return must(keys->enable(permit<op::EnableKey>(key), event())); }
  Keys::Record schedule_deletion(const KeyRecord& key, std::uint32_t days = 7) {
    return must(keys->schedule_deletion(permit<op::ScheduleKeyDeletion>(key), days, event()));
  }
  Keys::Record rotate(const KeyRecord& key) {
    return must(keys->rotate_on_demand(permit<op::RotateKeyOnDemand>(key), event()));
  }
};

}  // namespace keyfold::keys
