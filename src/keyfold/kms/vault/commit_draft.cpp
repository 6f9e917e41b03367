#include "keyfold/kms/vault/commit_draft.h"

#include "keyfold/core/base/try.h"
#include "keyfold/kms/vault/root_record.h"
#include "keyfold/kms/vault/sealed_record.h"

namespace keyfold::vault {

CommitDraft::CommitDraft(VerifiedStore& store, const RootKey& root, Random& random)
    : store_(store),
      root_(root),
      random_(random),
      version_(store.revision + 1),
      sum_before_(store.sum.value()),
      records_(store.manifest.size()) {}

CommitDraft::~CommitDraft() {
  if (!applied_) store_.sum.set(sum_before_);
}

// Seals a record and adds it to what is written.
Result<Entry> CommitDraft::seal(BytesView key, const SealingKeyId& key_id, const RecordName& name, BytesView value) {
  const SealedHeader header{.key = key_id, .n = random_.bytes<16>()};
  TRY_ASSIGN(auto sealed, seal_record(key, header, {.store = store_.id, .name = name, .version = version_}, value));
  const Entry entry{.version = version_, .tag = tag_of(sealed)};
  writes_.push_back({.name = name.text(), .value = std::move(sealed)});
  return entry;
}

// What becomes of a record that a page lists.
void CommitDraft::note(const RecordName& name, const std::optional<Entry>& entry) {
  if (const auto* before = store_.manifest.find(name.text())) {
    store_.sum.subtract(name.text(), *before);
    --records_;
  }
  if (entry) {
    store_.sum.add(name.text(), *entry);
    ++records_;
  }
  entries_.push_back({.name = name.text(), .entry = entry});
}

Result<const StorageKey*> CommitDraft::storage_key_for(const RecordName& name) {
  if (const auto* key = store_.keys->current_for(name)) return key;
  const auto scope = std::string(name.account()).append("/").append(name.region());
  if (const auto found = new_keys_.find(scope); found != new_keys_.end()) return &found->second.key;
  const auto id = random_.bytes<16>();
  TRY_ASSIGN(auto bytes, random_.secret(StorageKeys::key_size));
  auto key_name = storage_key_name(name, id);
  TRY_ASSIGN(const auto entry, seal(root_.bytes().reveal(), root_.id(), key_name, bytes.reveal()));
  note(key_name, entry);
  const auto added =
      new_keys_.emplace(scope, NewKey{.name = std::move(key_name), .key = {.id = id, .bytes = std::move(bytes)}});
  return &added.first->second.key;
}

Outcome CommitDraft::put(const RecordName& name, BytesView value) {
  TRY_ASSIGN(const auto* key, storage_key_for(name));
  TRY_ASSIGN(const auto entry, seal(key->bytes.reveal(), key->id, name, value));
  note(name, entry);
  return ok();
}

Outcome CommitDraft::make_storage_key(const RecordName& name) {
  TRY(storage_key_for(name));
  return ok();
}

Outcome CommitDraft::put_root_record() {
  const auto name = root_record_name();
  TRY_ASSIGN(auto value, write_root_record(root_, store_.id));
  note(name, Entry{.version = version_, .tag = tag_of(value)});
  writes_.push_back({.name = name.text(), .value = std::move(value)});
  return ok();
}

void CommitDraft::remove(const RecordName& name) {
  note(name, std::nullopt);
  writes_.push_back({.name = name.text(), .value = std::nullopt});
}

Outcome CommitDraft::finish() {
  // The manifest's records are global to the process. Before planning: the key may be new, and then it is listed as
  // well.
  TRY_ASSIGN(const auto* key, storage_key_for(page_name(0)));
  update_ = store_.manifest.plan(std::move(entries_));
  TRY(finish_pages(*key));
  TRY(finish_directories(*key));
  return finish_head();
}

Outcome CommitDraft::finish_pages(const StorageKey& key) {
  const auto& before = store_.manifest.pages();
  for (const auto& [number, entries] : update_.pages) {
    const auto name = page_name(number);
    if (number < before.size()) store_.sum.subtract(name.text(), before[number]);
    TRY_ASSIGN(const auto entry, seal(key.bytes.reveal(), key.id, name, write_page(entries)));
    store_.sum.add(name.text(), entry);
    update_.page_entries.emplace(number, entry);
  }
  return ok();
}

Outcome CommitDraft::finish_directories(const StorageKey& key) {
  const auto& before = store_.manifest.directories();
  for (const auto& [number, pages] : store_.manifest.directories_after(update_)) {
    const auto name = directory_name(number);
    if (number < before.size()) store_.sum.subtract(name.text(), before[number]);
    TRY_ASSIGN(const auto entry, seal(key.bytes.reveal(), key.id, name, write_directory(pages)));
    store_.sum.add(name.text(), entry);
    update_.directory_entries.emplace(number, entry);
  }
  return ok();
}

Outcome CommitDraft::finish_head() {
  const Head head{.revision = version_,
                  .records = records_,
                  .sum = store_.sum.value(),
                  .directories = store_.manifest.all_directories_after(update_)};
  TRY(seal(root_.bytes().reveal(), root_.id(), head_name(), write_head(head)));
  return ok();
}

void CommitDraft::apply() {
  store_.manifest.apply(update_);
  for (auto& [scope, added] : new_keys_) store_.keys->add(added.name, version_, std::move(added.key));
  store_.revision = version_;
  applied_ = true;
}

}  // namespace keyfold::vault
