#include "keyfold-kms/data.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/try.h"
#include "keyfold/kms/audit/segment_file.h"

namespace keyfold::app {
namespace {

constexpr std::string_view temporary_pattern = "keyfold-dev-XXXXXX";

bool is_temporary_name(std::string_view name) {
  return name.size() == temporary_pattern.size() &&
         name.starts_with(temporary_pattern.substr(0, temporary_pattern.find('X')));
}

// Removes `directory` if it is one that a killed process left: a real directory of this user's with a log in it that
// nobody holds, for a lock goes with its process. One that is being made has no log before it is locked.
void remove_leftover(const std::filesystem::path& directory) {
  const audit::Descriptor lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (!lock || fstat(lock.get(), &status) != 0 || status.st_uid != geteuid()) return;
  const auto log = audit::list_segments(directory);
  if (!log || log->empty() || flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return;
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
}

Result<std::filesystem::path> make_temporary_directory() {
  const auto parent = std::filesystem::temp_directory_path();
  std::error_code ended;
  for (std::filesystem::directory_iterator at(parent, ended), end; !ended && at != end; at.increment(ended))
    if (is_temporary_name(at->path().filename().native())) remove_leftover(at->path());
  std::string pattern = (parent / temporary_pattern).native();
  if (mkdtemp(pattern.data()) == nullptr) return Error{ErrorCode::io, "cannot make a temporary directory " + pattern};
  return std::filesystem::path(pattern);
}

Result<vault::RootKey> root_key_in_memory(Random& random) {
  TRY_ASSIGN(auto bytes, random.secret(vault::RootKey::size));
  return vault::RootKey::of(std::move(bytes));
}

// docs/formats/sealed-record.md, "meta/-/-/audit".
vault::RecordName log_record_name() { return {vault::RecordType::meta, "audit"}; }
constexpr std::uint8_t log_record_format = 1;

// The id of the log that belongs to this store, if it has been given one.
Result<std::optional<audit::LogId>> log_of(vault::SealedStore& store) {
  TRY_ASSIGN(const auto record, store.get(log_record_name()));
  if (!record) return std::optional<audit::LogId>();
  TRY_ASSIGN(const auto value, store.open_secret(*record));
  Reader in(value.reveal());
  TRY_ASSIGN(const auto format, in.u8());
  TRY_ASSIGN(const auto id, in.array<16>());
  TRY(in.end());
  if (format != log_record_format)
    return Error{ErrorCode::invalid_input, log_record_name().text() + ": of an unknown format"};
  return std::optional(id);
}

// As list_segments(), but where there is no directory there are none.
Result<std::vector<std::uint64_t>> segments_if_any(const std::filesystem::path& directory) {
  auto segments = audit::list_segments(directory);
  if (!segments && segments.error().code == ErrorCode::not_found) return std::vector<std::uint64_t>();
  return segments;
}

// The log of a store that holds nothing is the log of a store that is lost.
Error store_is_gone(const storage::DataDirectory& directory) {
  return {ErrorCode::corrupt, "the store is gone: " + directory.store_file().native() + " holds nothing, but " +
                                  directory.audit_directory().native() + " is the log of one that did"};
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
  TRY_ASSIGN(const auto segments, segments_if_any(directory_->audit_directory()));
  const bool has_log = !segments.empty();
  std::error_code unknown;  // Whether it is there: then opening it says why.
  if (has_log && !std::filesystem::exists(directory_->store_file(), unknown) && !unknown)
    return store_is_gone(*directory_);
  TRY_ASSIGN(store_, storage::open_sqlite_store(directory_->store_file()));
  if (has_log) {
    TRY_ASSIGN(const auto some, store_->scan("", "", 1));
    if (some.empty()) return store_is_gone(*directory_);
  }
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
  TRY_ASSIGN(const auto log_id, own_log_id(world.random));
  audit::Options options;
  options.id = log_id;
  options.directory = directory_ ? directory_->audit_directory() : temporary_;
  options.sync = options_.sync;
  // A log that has vanished must not be replaced by an empty one. Whatever is in the store left a record in it.
  options.missing = empty_ || !directory_ ? audit::Missing::create : audit::Missing::refuse;
  TRY_ASSIGN(audit_, audit::AuditLog::open(options, world.random, world.clock, world.log));
  sealed_->set_health_check([log = audit_.get()] { return log->healthy(); });
  // What was committed before a crash and had not reached the log.
  return audit_->drain(*sealed_);
}

// Store and log know each other: the log's id is in the store before there is a log.
Result<audit::LogId> Data::own_log_id(Random& random) {
  TRY_ASSIGN(const auto known, log_of(*sealed_));
  if (known) return *known;
  const audit::LogId id = random.bytes<16>();
  Bytes value;
  Writer(value).u8(log_record_format).bytes(id);
  const vault::Change change{.name = log_record_name(), .expected_version = 0, .value = value};
  TRY(sealed_->commit({&change, 1}, nullptr));
  return id;
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
