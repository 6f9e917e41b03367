#include "keyfold-kms/data.h"

#include <cstdlib>
#include <system_error>

#include "keyfold/core/base/try.h"

namespace keyfold::app {
namespace {

Result<std::filesystem::path> make_temporary_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "keyfold-dev-XXXXXX").native();
  if (mkdtemp(pattern.data()) == nullptr) return Error{ErrorCode::io, "cannot make a temporary directory " + pattern};
  return std::filesystem::path(pattern);
}

Result<vault::RootKey> root_key_in_memory(Random& random) {
  TRY_ASSIGN(auto bytes, random.secret(vault::RootKey::size));
  return vault::RootKey::of(std::move(bytes));
}

}  // namespace

Result<std::unique_ptr<Data>> Data::open(DataOptions options, World world) {
  std::unique_ptr<Data> data(new Data(std::move(options)));
  TRY(data->open_store(world));
  const bool dev = data->options_.mode == vault::Mode::dev;
  TRY_ASSIGN(data->callers_, dev ? identity::open_dev_directory(*data->sealed_, world.clock, world.random,
                                                                data->options_.accounts.at(0))
                                 : identity::open_directory(*data->sealed_, world.clock, world.random));
  TRY_ASSIGN(data->keys_, keys::Keys::open(*data->sealed_, world.clock, world.random));
  TRY(data->open_audit(world));
  return data;
}

Outcome Data::open_store(World world) {
  if (options_.directory.empty()) {
    store_ = storage::open_memory_store();
    TRY_ASSIGN(auto root, root_key_in_memory(world.random));
    TRY_ASSIGN(sealed_, vault::SealedStore::open(*store_, std::move(root), world.random, options_.mode));
    return ok();
  }
  // Before anything is made there.
  if (const auto* file = std::get_if<vault::RootKeyFile>(&*options_.root_key))
    TRY(vault::check_outside("root key", file->path, options_.directory));
  TRY_ASSIGN(directory_, storage::DataDirectory::open(options_.directory));
  TRY_ASSIGN(store_, storage::open_sqlite_store(directory_->store_file()));
  TRY_ASSIGN(auto root, vault::obtain_root_key(*store_, *options_.root_key, directory_->path(), world.random));
  TRY_ASSIGN(sealed_, vault::SealedStore::open(*store_, std::move(root), world.random, options_.mode));
  return ok();
}

Outcome Data::open_audit(World world) {
  empty_ = keys_->size() == 0;
  // Of any account, whichever this process serves.
  for (const auto type : {vault::RecordType::user, vault::RecordType::accesskey}) {
    TRY_ASSIGN(const auto some, store_->scan(std::string(vault::text_of(type)) + "/", "", 1));
    empty_ = empty_ && some.empty();
  }
  if (!directory_) {
    TRY_ASSIGN(temporary_, make_temporary_directory());
  }
  audit::Options options;
  options.directory = directory_ ? directory_->audit_directory() : temporary_;
  options.sync = options_.sync;
  // A log that has vanished must not be replaced by an empty one. Whatever is in the store left a record in it.
  options.missing = empty_ || !directory_ ? audit::Missing::create : audit::Missing::refuse;
  TRY_ASSIGN(audit_, audit::AuditLog::open(options, world.random, world.clock, world.log));
  sealed_->set_health_check([log = audit_.get()] { return log->healthy(); });
  // What was committed before a crash and had not reached the log.
  return audit_->drain(*sealed_);
}

Result<std::vector<AccountId>> Data::accounts() const {
  const std::string prefix = std::string(vault::text_of(vault::RecordType::accesskey)) + "/";
  std::vector<AccountId> found;
  for (std::string after;;) {
    TRY_ASSIGN(const auto records, store_->scan(prefix, after, 1));
    if (records.empty()) return found;
    TRY_ASSIGN(const auto name, vault::RecordName::parse(records.front().name));
    TRY_ASSIGN(const auto account, AccountId::parse(name.account()));
    found.push_back(account);
    after = prefix + std::string(account.text()) + "0";  // The character behind '/': past the account's last record.
  }
}

Data::~Data() {
  if (audit_ != nullptr) static_cast<void>(audit_->stop());
  if (sealed_ != nullptr) sealed_->set_health_check({});
  audit_.reset();
  if (!temporary_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(temporary_, ignored);
  }
}

}  // namespace keyfold::app
