// How a sealed directory is changed: an edit, one transaction of the store, then the next snapshot.
#include "keyfold/core/base/try.h"
#include "keyfold/kms/identity/changes.h"
#include "keyfold/kms/identity/sealed_directory.h"

namespace keyfold::identity {

Outcome SealedDirectory::change(FunctionRef<Outcome(Edit&)> edit) {
  const std::scoped_lock lock(mutex_);
  const auto now = published_.get();
  Edit draft(*now, compiler_, store_);
  TRY(edit(draft));
  if (draft.is_empty()) return ok();
  TRY(draft.resolve());
  const auto changes = draft.changes();
  TRY_ASSIGN(auto committed, store_.commit(changes, std::span(draft.events())));
  publish(draft.finish(std::move(committed)));
  return ok();
}

Outcome SealedDirectory::change(FunctionRef<Outcome(Edit&)> edit, std::span<const storage::OutboxRecord> events) {
  return change([&](Edit& draft) -> Outcome {
    TRY(edit(draft));
    for (const auto& event : events) draft.record(event);
    return ok();
  });
}

Outcome SealedDirectory::add_user(const User& user, const storage::OutboxRecord* event) {
  return change([&](Edit& edit) { return create(edit, user); }, event);
}

Outcome SealedDirectory::add_user_with_key(const User& user, const NewAccessKey& key,
                                           std::span<const storage::OutboxRecord> events) {
  if (is_reserved(key.id)) return Error{ErrorCode::already_exists, "this access key id is a known one"};
  return change(
      [&](Edit& edit) -> Outcome {
        TRY(create(edit, user));
        return add_key(edit, user.account, user.name, key, clock_.now());
      },
      events);
}

Outcome SealedDirectory::remove_user(const AccountId& account, const UserName& name,
                                     const storage::OutboxRecord* event) {
  return change([&](Edit& edit) { return remove_whole_user(edit, account, name); }, event);
}

Outcome SealedDirectory::add_access_key(const AccountId& account, const std::optional<UserName>& user,
                                        const NewAccessKey& key, const storage::OutboxRecord* event) {
  if (is_reserved(key.id)) return Error{ErrorCode::already_exists, "this access key id is a known one"};
  return change([&](Edit& edit) { return add_key(edit, account, user, key, clock_.now()); }, event);
}

Outcome SealedDirectory::set_status(const AccountId& account, const AccessKeyId& id, KeyStatus status,
                                    const storage::OutboxRecord* event) {
  return change([&](Edit& edit) { return set_key_status(edit, account, id, status); }, event);
}

Outcome SealedDirectory::remove_access_key(const AccountId& account, const AccessKeyId& id,
                                           const storage::OutboxRecord* event) {
  return change([&](Edit& edit) { return remove_key(edit, account, id); }, event);
}

Outcome SealedDirectory::reset_root(const AccountId& account, const NewAccessKey& key,
                                    const storage::OutboxRecord* event) {
  if (is_reserved(key.id)) return Error{ErrorCode::already_exists, "this access key id is a known one"};
  return change(
      [&](Edit& edit) -> Outcome {
        if (edit.snapshot().find(key.id) != nullptr)
          return Error{ErrorCode::already_exists, "there is an access key " + std::string(key.id.text()) + " already"};
        for (const auto* old : edit.snapshot().keys_of(account, std::nullopt))
          edit.remove_key(AccessKeyId(old->key.id));
        return add_key(edit, account, std::nullopt, key, clock_.now());
      },
      event);
}

Result<Entities::Credentials> SealedDirectory::seal_session(const SessionClaims& claims, Random& random) {
  TRY_ASSIGN(auto key, make_access_key(random));
  SessionClaims complete = claims;
  complete.access_key = make_session_access_key_id(random);
  TRY_ASSIGN(const auto value, write_session_claims(complete, key.secret));
  const vault::TokenScope scope{.account = claims.account, .region = std::nullopt};
  TRY_ASSIGN(const auto token, store_.seal_token(session_token_label, scope, value.reveal()));
  return Credentials{.id = complete.access_key, .secret = std::move(key.secret), .token = to_base64(token)};
}

// In bundles: each is one commit.
Outcome SealedDirectory::write_last_used() {
  constexpr std::size_t bundle = 500;
  for (bool more = true; more;) {
    std::vector<std::pair<std::shared_ptr<LastUsed>, KeyUse>> written;
    TRY(change([&](Edit& edit) -> Outcome {
      const auto now = published_.get();
      for (const auto& [id, entry] : now->access_keys) {
        if (written.size() == bundle) break;
        const auto use = entry->last_used->unwritten();
        if (!use) continue;
        TRY(edit.put_key_use(*entry, *use));
        written.emplace_back(entry->last_used, *use);
      }
      return ok();
    }));
    for (const auto& [last_used, use] : written) last_used->written(use);
    more = written.size() == bundle;
  }
  return ok();
}

}  // namespace keyfold::identity
