#include "keyfold/kms/vault/sealed_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/vault/commit_draft.h"
#include "keyfold/kms/vault/record_opener.h"
#include "keyfold/kms/vault/verification.h"

namespace keyfold::vault {
namespace {

constexpr std::size_t scan_batch = 500;

RecordName meta_name() { return {RecordType::meta, "store"}; }
constexpr std::uint8_t meta_format_version = 1;

std::string_view text_of(Mode mode) { return mode == Mode::dev ? "keyfold-kms-dev" : "keyfold-kms"; }

// In the order of the commits: the revision first, all its digits.
RecordName outbox_name(std::uint64_t revision, std::string_view event_id) {
  ByteArray<8> number;
  for (std::size_t i = 0; i < number.size(); ++i) number[i] = static_cast<std::byte>(revision >> (56 - 8 * i));
  return {RecordType::outbox, to_hex(number).append(".").append(event_id)};
}

bool valid_event_id(std::string_view id) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !id.empty() && id.size() <= 128 && id.find_first_not_of(allowed) == std::string_view::npos;
}

// Records that only this file may write.
bool is_our_own(const RecordName& name) {
  switch (name.type()) {
    case RecordType::outbox:
    case RecordType::storagekey:
    case RecordType::manifest:
    case RecordType::head:
    case RecordType::root:
      return true;
    default:
      return name == meta_name();
  }
}

class SealedStoreImpl final : public SealedStore {
 public:
  SealedStoreImpl(storage::Store& store, RootKey root, Random& random, Mode mode, VerifiedStore verified)
      : store_(store), root_(std::move(root)), random_(random), mode_(mode), verified_(std::move(verified)) {}
  Outcome create();   // In an empty store.
  Outcome take_up();  // What was verified.

  Outcome scan(RecordType type, const std::function<Outcome(const OpenedRecord&)>& visit) override;
  Outcome scan_sealed(RecordType type, const std::function<Outcome(SealedRecord)>& visit) override;
  Result<std::optional<SealedRecord>> get(const RecordName& name) override;
  Result<SecretBytes> open_secret(const SealedRecord& record) const override {
    return opener_.open_secret(record.name, record.version, record.sealed);
  }
  Result<Committed> commit(std::span<const Change> changes, std::span<const storage::OutboxRecord> events) override;
  void set_health_check(std::function<Outcome()> check) override { health_check_ = std::move(check); }
  Result<Bytes> seal_token(std::string_view label, const TokenScope& scope, BytesView value) override;
  Result<SecretBytes> open_token(std::string_view label, BytesView token) const override;
  Outcome truncate_log() override { return store_.truncate_log(); }

  Result<std::vector<storage::OutboxRecord>> pending(std::size_t limit) override;
  Outcome forget(std::span<const std::string> event_ids) override;

  std::uint64_t revision() const override {
    const std::lock_guard lock(mutex_);
    return verified_.revision;
  }
  const StoreId& id() const override { return verified_.id; }
  Mode mode() const override { return mode_; }

 private:
  Outcome usable() const;
  Outcome check_mode();
  Outcome check_changes(std::span<const Change> changes) const;
  Outcome check_events(std::span<const storage::OutboxRecord> events) const;
  Outcome check_listed(const storage::Record& record) const;
  Outcome commit_draft(CommitDraft& draft);
  Result<std::vector<storage::Record>> read_batch(RecordType type, const std::string& after);

  storage::Store& store_;
  const RootKey root_;
  Random& random_;
  const Mode mode_;
  std::function<Outcome()> health_check_;
  mutable std::mutex
      mutex_;  // Held through a whole commit. Guards what follows, but for verified_.id and *verified_.keys.
  VerifiedStore verified_;
  std::map<std::string, std::string> outbox_;          // Record name → event id: in the order of the commits.
  std::map<std::string, std::string> outbox_records_;  // Event id → record name.
  std::optional<std::string> broken_;
  const RecordOpener opener_{verified_.id, root_, *verified_.keys};
};

Outcome SealedStoreImpl::create() {
  CommitDraft draft(verified_, root_, random_);
  TRY(draft.put_root_record());
  Bytes meta;
  Writer(meta).u8(meta_format_version).u8(static_cast<std::uint8_t>(mode_));
  TRY(draft.put(meta_name(), meta));
  return commit_draft(draft);
}

Outcome SealedStoreImpl::take_up() {
  const std::string prefix = std::string(vault::text_of(RecordType::outbox)) + "/";
  verified_.manifest.for_each([&](const std::string& name, const Entry&) {
    if (!name.starts_with(prefix)) return;
    const auto event_id = name.substr(name.find('.') + 1);
    outbox_.emplace(name, event_id);
    outbox_records_.emplace(event_id, name);
  });
  return check_mode();
}

Outcome SealedStoreImpl::check_mode() {
  TRY_ASSIGN(const auto record, get(meta_name()));
  if (!record) return Error{ErrorCode::corrupt, meta_name().text() + ": missing"};
  Bytes value;
  TRY(opener_.open_into(value, record->name, record->version, record->sealed));
  Reader in(value);
  TRY_ASSIGN(const auto format, in.u8());
  TRY_ASSIGN(const auto mode, in.u8());
  if (format != meta_format_version) return Error{ErrorCode::invalid_input, "the store is of an unknown format"};
  if (mode != static_cast<std::uint8_t>(mode_)) {
    const auto other = mode_ == Mode::dev ? Mode::production : Mode::dev;
    return Error{ErrorCode::invalid_input, "the store belongs to " + std::string(text_of(other)) + "; " +
                                               std::string(text_of(mode_)) + " does not open it"};
  }
  return in.end();
}

Outcome SealedStoreImpl::usable() const {
  if (!broken_) return ok();
  return Error{ErrorCode::internal, *broken_};
}

// Whether the record is the one that was verified, or written since.
Outcome SealedStoreImpl::check_listed(const storage::Record& record) const {
  const auto* entry = verified_.manifest.find(record.name);
  if (entry == nullptr) return Error{ErrorCode::corrupt, record.name + ": not one of this store's records"};
  if (record.version != entry->version || record.value.size() < sizeof(RecordTag) || tag_of(record.value) != entry->tag)
    return Error{ErrorCode::corrupt, record.name + ": altered while the store was open"};
  return ok();
}

Result<std::vector<storage::Record>> SealedStoreImpl::read_batch(RecordType type, const std::string& after) {
  const std::lock_guard lock(mutex_);
  TRY(usable());
  TRY_ASSIGN(auto records, store_.scan(std::string(vault::text_of(type)) + "/", after, scan_batch));
  for (const auto& record : records) TRY(check_listed(record));
  return records;
}

Outcome SealedStoreImpl::scan_sealed(RecordType type, const std::function<Outcome(SealedRecord)>& visit) {
  std::string after;
  for (;;) {
    TRY_ASSIGN(auto records, read_batch(type, after));
    if (records.empty()) return ok();
    after = records.back().name;
    for (auto& record : records) {
      TRY_ASSIGN(auto name, RecordName::parse(record.name));
      TRY(visit({.name = std::move(name), .version = record.version, .sealed = std::move(record.value)}));
    }
  }
}

Outcome SealedStoreImpl::scan(RecordType type, const std::function<Outcome(const OpenedRecord&)>& visit) {
  Bytes value;
  const auto done = scan_sealed(type, [&](const SealedRecord& record) -> Outcome {
    if (const auto opened = opener_.open_into(value, record.name, record.version, record.sealed); !opened)
      return Error{ErrorCode::corrupt, record.name.text() + ": " + opened.error().message};
    return visit({.name = record.name, .version = record.version, .value = value});
  });
  wipe(value);
  return done;
}

Result<std::optional<SealedRecord>> SealedStoreImpl::get(const RecordName& name) {
  const std::lock_guard lock(mutex_);
  TRY(usable());
  TRY_ASSIGN(auto record, store_.get(name.text()));
  if (!record) {
    if (verified_.manifest.find(name.text()) != nullptr)
      return Error{ErrorCode::corrupt, name.text() + ": removed while the store was open"};
    return std::optional<SealedRecord>();
  }
  TRY(check_listed(*record));
  return std::optional(SealedRecord{.name = name, .version = record->version, .sealed = std::move(record->value)});
}

Outcome SealedStoreImpl::check_changes(std::span<const Change> changes) const {
  std::set<std::string_view> names;
  for (const auto& change : changes) {
    const auto& name = change.name.text();
    if (is_our_own(change.name)) return Error{ErrorCode::invalid_input, "the vault alone writes " + name};
    if (!names.insert(name).second) return Error{ErrorCode::invalid_input, "changed twice in one commit: " + name};
    if (change.value && change.value->size() > storage::value_size_max - sealed_overhead)
      return Error{ErrorCode::invalid_input, "too large for a record: " + name};
    const auto* entry = verified_.manifest.find(name);
    const std::uint64_t version = entry == nullptr ? 0 : entry->version;
    if (version != change.expected_version)
      return Error{ErrorCode::conflict, name + " is at version " + std::to_string(version) + ", not " +
                                            std::to_string(change.expected_version)};
  }
  return ok();
}

Outcome SealedStoreImpl::check_events(std::span<const storage::OutboxRecord> events) const {
  std::set<std::string_view> ids;
  for (const auto& event : events) {
    if (!valid_event_id(event.event_id)) return Error{ErrorCode::invalid_input, "not an event id"};
    if (outbox_records_.contains(event.event_id) || !ids.insert(event.event_id).second)
      return Error{ErrorCode::conflict, "the outbox has an event " + event.event_id + " already"};
  }
  return ok();
}

Outcome SealedStoreImpl::commit_draft(CommitDraft& draft) {
  TRY(draft.finish());
  const auto condition = storage::Condition::store_at(verified_.revision);
  const auto revision = store_.commit({&condition, 1}, draft.writes());
  if (!revision && revision.error().code == ErrorCode::conflict)
    broken_ = "somebody else changed the store while it was open (" + revision.error().message +
              "); nothing more is read or written";
  TRY(usable());
  if (!revision) return revision.error();
  KEYFOLD_CHECK(*revision == draft.version());
  draft.apply();
  return ok();
}

Result<Committed> SealedStoreImpl::commit(std::span<const Change> changes,
                                          std::span<const storage::OutboxRecord> events) {
  const std::lock_guard lock(mutex_);
  TRY(usable());
  TRY(check_changes(changes));
  TRY(check_events(events));
  if (!events.empty() && health_check_) TRY(health_check_());

  CommitDraft draft(verified_, root_, random_);
  Committed committed{.revision = draft.version(), .records = {}};
  for (const auto& change : changes) {
    if (!change.value) {
      draft.remove(change.name);
      continue;
    }
    TRY(draft.put(change.name, *change.value));
    committed.records.push_back(
        {.name = change.name, .version = draft.version(), .sealed = *draft.writes().back().value});
  }
  for (const auto& event : events) TRY(draft.put(outbox_name(draft.version(), event.event_id), event.body));
  TRY(commit_draft(draft));
  for (const auto& event : events) {
    const auto name = outbox_name(committed.revision, event.event_id);
    outbox_.emplace(name.text(), event.event_id);
    outbox_records_.emplace(event.event_id, name.text());
  }
  return committed;
}

Result<Bytes> SealedStoreImpl::seal_token(std::string_view label, const TokenScope& scope, BytesView value) {
  // Any name of the scope serves to find its key.
  constexpr std::string_view any = "token";
  const RecordName name = scope.region ? RecordName(RecordType::storagekey, scope.account, *scope.region, any)
                                       : RecordName(RecordType::storagekey, scope.account, any);
  const auto* key = verified_.keys->current_for(name);
  if (key == nullptr) {
    const std::lock_guard lock(mutex_);
    TRY(usable());
    if (verified_.keys->current_for(name) == nullptr) {
      CommitDraft draft(verified_, root_, random_);
      TRY(draft.make_storage_key(name));
      TRY(commit_draft(draft));
    }
    key = verified_.keys->current_for(name);
    KEYFOLD_CHECK(key != nullptr);
  }
  const SealedTokenHeader header{.key = key->id, .n = random_.bytes<16>()};
  return vault::seal_token(key->bytes.reveal(), header, verified_.id, label, value);
}

Result<SecretBytes> SealedStoreImpl::open_token(std::string_view label, BytesView token) const {
  TRY_ASSIGN(const auto header, read_sealed_token_header(token));
  const auto* key = verified_.keys->find(header.key);
  if (key == nullptr) return Error{ErrorCode::authentication, "sealed under a key that is not there"};
  TRY_ASSIGN(auto value, SecretBytes::zeroed(token.size() - sealed_token_overhead));
  TRY(vault::open_token(key->bytes.reveal(), verified_.id, label, token, value.fill()));
  return value;
}

Result<std::vector<storage::OutboxRecord>> SealedStoreImpl::pending(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  TRY(usable());
  std::vector<storage::OutboxRecord> events;
  for (const auto& [name, event_id] : outbox_) {
    if (events.size() == limit) break;
    TRY_ASSIGN(const auto record, store_.get(name));
    if (!record) return Error{ErrorCode::corrupt, name + ": removed while the store was open"};
    TRY(check_listed(*record));
    TRY_ASSIGN(const auto record_name, RecordName::parse(name));
    storage::OutboxRecord event{.event_id = event_id, .body = {}};
    TRY(opener_.open_into(event.body, record_name, record->version, record->value));
    events.push_back(std::move(event));
  }
  return events;
}

Outcome SealedStoreImpl::forget(std::span<const std::string> event_ids) {
  const std::lock_guard lock(mutex_);
  TRY(usable());
  CommitDraft draft(verified_, root_, random_);
  std::set<std::string> forgotten;  // Each once, however often it is named.
  for (const auto& event_id : event_ids) {
    const auto found = outbox_records_.find(event_id);
    if (found == outbox_records_.end() || !forgotten.insert(event_id).second) continue;
    TRY_ASSIGN(const auto name, RecordName::parse(found->second));
    draft.remove(name);
  }
  if (forgotten.empty()) return ok();
  TRY(commit_draft(draft));
  for (const auto& event_id : forgotten) {
    const auto found = outbox_records_.find(event_id);
    outbox_.erase(found->second);
    outbox_records_.erase(found);
  }
  return ok();
}

}  // namespace

Result<std::unique_ptr<SealedStore>> SealedStore::open(storage::Store& store, RootKey root, Random& random, Mode mode) {
  TRY_ASSIGN(const auto revision, store.revision());
  TRY_ASSIGN(const auto any, store.scan("", "", 1));
  if (revision == 0 && any.empty()) {
    VerifiedStore nothing;
    nothing.id = random.bytes<16>();
    TRY_ASSIGN(nothing.sum, RecordSum::of_nothing(root, nothing.id));
    auto made = std::make_unique<SealedStoreImpl>(store, std::move(root), random, mode, std::move(nothing));
    TRY(made->create());
    return std::unique_ptr<SealedStore>(std::move(made));
  }
  TRY_ASSIGN(auto verified, verify_store(store, root));
  auto opened = std::make_unique<SealedStoreImpl>(store, std::move(root), random, mode, std::move(verified));
  TRY(opened->take_up());
  return std::unique_ptr<SealedStore>(std::move(opened));
}

}  // namespace keyfold::vault
