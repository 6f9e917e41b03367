#pragma once
// A commit in the making: what is sealed for it, and what follows for the manifest and the head. Dropped without a
// trace when the store refuses it.

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "keyfold/core/base/random.h"
#include "keyfold/kms/storage/store.h"
#include "keyfold/kms/vault/verification.h"

namespace keyfold::vault {

class CommitDraft {
 public:
  // Nobody else may use what `store` holds while this lives. Until apply(), only its sum changes, and is set back.
  CommitDraft(VerifiedStore& store, const RootKey& root, Random& random);
  CommitDraft(const CommitDraft&) = delete;
  CommitDraft& operator=(const CommitDraft&) = delete;
  ~CommitDraft();

  // The revision that this commit makes, and so the version of all that it writes.
  std::uint64_t version() const { return version_; }
  // Each name once. `put` makes the scope's storage key if there is none.
  Outcome put(const RecordName& name, BytesView value);
  Outcome put_root_record();
  // Of the scope that `name` belongs to; there must be none.
  Outcome make_storage_key(const RecordName& name);
  void remove(const RecordName& name);
  // Adds the pages, the directories and the head. Then writes() is complete.
  Outcome finish();
  std::span<const storage::Write> writes() const { return writes_; }
  // The store has committed it.
  void apply();

 private:
  Result<Entry> seal(BytesView key, const SealingKeyId& key_id, const RecordName& name, BytesView value);
  Result<const StorageKey*> storage_key_for(const RecordName& name);
  void note(const RecordName& name, const std::optional<Entry>& entry);
  Outcome finish_pages(const StorageKey& key);
  Outcome finish_directories(const StorageKey& key);
  Outcome finish_head();

  struct NewKey {
    RecordName name;
    StorageKey key;
  };
  VerifiedStore& store_;
  const RootKey& root_;
  Random& random_;
  const std::uint64_t version_;
  const ByteArray<32> sum_before_;
  bool applied_ = false;
  std::vector<storage::Write> writes_;
  std::vector<EntryChange> entries_;
  std::map<std::string, NewKey, std::less<>> new_keys_;  // By scope.
  std::uint64_t records_ = 0;
  Manifest::Update update_;
};

}  // namespace keyfold::vault
