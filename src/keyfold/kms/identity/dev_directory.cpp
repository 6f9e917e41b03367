// The directory of `keyfold-kms-dev`: known credentials before all others.
#include "keyfold/core/base/try.h"
#include "keyfold/kms/identity/sealed_directory.h"

namespace keyfold::identity {
namespace {

constexpr std::string_view known = "test";

class DevDirectory final : public SealedDirectory {
 public:
  DevDirectory(vault::SealedStore& store, const Clock& clock, SecretBytes unknown, const AccountId& account,
               SecretBytes secret)
      : SealedDirectory(store, clock, std::move(unknown)), account_(account), secret_(std::move(secret)) {}

  std::optional<Caller> find(const AccessKeyId& id, std::string_view token) const override {
    const auto account = account_of(id);
    if (!account) return SealedDirectory::find(id, token);
    return Caller{.account = *account,
                  .arn = root_arn(*account),
                  .type = PrincipalType::root,
                  .access_key_id = id,
                  .user_id = {},
                  .user_name = {}};
  }

  Result<std::shared_ptr<const SecretBytes>> signing_key(const AccessKeyId& id, std::string_view date,
                                                         const Region& region, std::string_view service,
                                                         std::string_view token) const override {
    if (!account_of(id)) return SealedDirectory::signing_key(id, date, region, service, token);
    return signing_key_of(secret_, known_id_, date, region, service);  // One secret for all of them.
  }

 private:
  bool is_reserved(const AccessKeyId& id) const override { return account_of(id).has_value(); }

  // Whose root a known access key id is.
  std::optional<AccountId> account_of(const AccessKeyId& id) const {
    if (id == known_id_) return account_;
    if (!AccountIdTag::valid(id.text())) return std::nullopt;
    return *AccountId::parse(id.text());
  }
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
  TRY_ASSIGN(auto secret, SecretBytes::copy_of(as_bytes(known)));
  auto directory = std::make_unique<DevDirectory>(store, clock, std::move(unknown.secret), account, std::move(secret));
  TRY(directory->load());
  return std::unique_ptr<Directory>(std::move(directory));
}

}  // namespace keyfold::identity
