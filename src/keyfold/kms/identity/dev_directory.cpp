// The directory of `keyfold-kms-dev`: known credentials before all others.
#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/identity/sealed_directory.h"

namespace keyfold::identity {
namespace {

constexpr std::string_view known = "test";

class DevDirectory final : public Directory {
 public:
  DevDirectory(std::unique_ptr<SealedDirectory> users, const AccountId& account, SecretBytes secret)
      : users_(std::move(users)), account_(account), secret_(std::move(secret)) {}

  std::optional<Caller> find(const AccessKeyId& id) const override {
    const auto account = account_of(id);
    if (!account) return users_->find(id);
    return Caller{.account = *account,
                  .arn = root_arn(*account),
                  .type = PrincipalType::root,
                  .access_key_id = id,
                  .user_id = {},
                  .user_name = {},
                  .entitlements = nullptr};
  }

  Result<std::shared_ptr<const SecretBytes>> signing_key(const AccessKeyId& id, std::string_view date,
                                                         const Region& region,
                                                         std::string_view service) const override {
    if (!account_of(id)) return users_->signing_key(id, date, region, service);
    return users_->signing_key_of(secret_, known_id_, date, region, service);  // One secret for all of them.
  }

  std::vector<User> users(const AccountId& account) const override { return users_->users(account); }
  std::vector<AccessKey> access_keys(const AccountId& account) const override { return users_->access_keys(account); }
  Outcome add_user(const User& user, const storage::OutboxRecord* event) override {
    return users_->add_user(user, event);
  }
  Outcome add_user_with_key(const User& user, const NewAccessKey& key,
                            std::span<const storage::OutboxRecord> events) override {
    if (account_of(key.id)) return Error{ErrorCode::already_exists, "this access key id is a known one"};
    return users_->add_user_with_key(user, key, events);
  }
  Outcome remove_user(const AccountId& account, const UserName& name, const storage::OutboxRecord* event) override {
    return users_->remove_user(account, name, event);
  }
  Outcome put_identity_policy(const AccountId& account, const UserName& name, std::string_view text,
                              const storage::OutboxRecord* event) override {
    return users_->put_identity_policy(account, name, text, event);
  }
  Outcome add_access_key(const AccountId& account, const std::optional<UserName>& user, const NewAccessKey& key,
                         const storage::OutboxRecord* event) override {
    if (account_of(key.id)) return Error{ErrorCode::already_exists, "this access key id is a known one"};
    return users_->add_access_key(account, user, key, event);
  }
  Outcome set_status(const AccountId& account, const AccessKeyId& id, KeyStatus status,
                     const storage::OutboxRecord* event) override {
    return users_->set_status(account, id, status, event);
  }
  Outcome remove_access_key(const AccountId& account, const AccessKeyId& id,
                            const storage::OutboxRecord* event) override {
    return users_->remove_access_key(account, id, event);
  }
  Outcome reset_root(const AccountId& account, const NewAccessKey& key, const storage::OutboxRecord* event) override {
    if (account_of(key.id)) return Error{ErrorCode::already_exists, "this access key id is a known one"};
    return users_->reset_root(account, key, event);
  }

 private:
  // Whose root a known access key id is.
  std::optional<AccountId> account_of(const AccessKeyId& id) const {
    if (id == known_id_) return account_;
    if (!AccountIdTag::valid(id.text())) return std::nullopt;
    return *AccountId::parse(id.text());
  }
  const std::unique_ptr<SealedDirectory> users_;
  const AccountId account_;
  const AccessKeyId known_id_ = *AccessKeyId::parse(known);
  const SecretBytes secret_;
};

}  // namespace

Result<std::unique_ptr<Directory>> open_dev_directory(vault::SealedStore& store, const Clock& clock, Random& random,
                                                      const AccountId& account) {
  if (store.mode() != vault::Mode::dev)
    return Error{ErrorCode::invalid_input, "known credentials are for a development server's data only"};
  TRY_ASSIGN(auto unknown, make_access_key(random));
  auto users = std::make_unique<SealedDirectory>(store, clock, std::move(unknown.secret));
  TRY(users->load());
  TRY_ASSIGN(auto secret, SecretBytes::copy_of(as_bytes(known)));
  return std::unique_ptr<Directory>(std::make_unique<DevDirectory>(std::move(users), account, std::move(secret)));
}

}  // namespace keyfold::identity
