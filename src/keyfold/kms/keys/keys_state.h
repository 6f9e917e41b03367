#pragma once
// What Keys is made of. For the .cpp files of this room only.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "keyfold/kms/keys/directory.h"
#include "keyfold/kms/keys/grant_directory.h"
#include "keyfold/kms/keys/identifier.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/keys/material.h"
#include "keyfold/kms/keys/record_codec.h"
#include "keyfold/kms/keys/witness.h"

namespace keyfold::keys {

// Policies by their text, so that 100,000 keys with the same policy hold it once. Not safe to use from several threads
// at once.
class PolicyTable {
 public:
  // Fails as policy::Document::parse.
  Result<std::shared_ptr<const KeyPolicy>> intern(std::string text);

 private:
  std::map<std::string, std::weak_ptr<const KeyPolicy>, std::less<>> policies_;
  std::size_t purge_at_ = 64;
};

struct Keys::State {
  State(vault::SealedStore& sealed, const Clock& time, Random& source)
      : store(sealed), clock(time), random(source), materials(sealed, directory) {}

  vault::SealedStore& store;
  const Clock& clock;
  Random& random;
  Directory directory;
  GrantDirectory grants;
  MaterialCache materials;
  std::unique_ptr<Witness> witness;  // Never null after open().
  std::atomic<bool> truncation_owed = false;

  std::mutex change;                // Held by every mutator, from its checks to the publishing.
  PolicyTable policies;             // Under `change`.
  std::uint64_t witness_epoch = 0;  // Likewise: the version of the witness record.

  // The key a permit is for, as it is now, if its state allows the operation and the permit is for this version and
  // context.
  template <class Op>
  Result<Record> admit(Permit<Op>& permit, StateRule rule, const ContextView& context = {}) const {
    auto digest = digest_of(context);
    if (!digest) return std::move(digest).error();
    auto key = directory.find(permit.key());
    if (!key) return no_such_key(permit.key().text());
    if (auto spent = permit.spend(key->arn, *digest, key->epoch); !spent) return std::move(spent).error();
    if (auto allowed = state_allows(rule, key->state, key->arn); !allowed) return std::move(allowed).error();
    return key;
  }

  // Commits `next` over `old` together with `event`, then publishes it.
  Result<Record> commit(const Record& old, KeyRecord next, const OutboxRecord& event);
  // The same with a new material, which becomes current.
  Result<Record> commit_rotation(const Record& old, KeyRecord next, RotationType type, const OutboxRecord& event);
  Record publish(KeyRecord next, std::uint64_t revision);

  // The commit and the forgetting of a grant that was looked up for a permit.
  Outcome remove_grant(const Grant& grant, const OutboxRecord& event);

  Result<MaterialId> seal(const KeyRecord& key, BytesView plaintext, const ContextView& context, Bytes& blob);
  Result<Decrypted> open_blob(const KeyRecord& key, BytesView blob, const ContextView& context);
};

}  // namespace keyfold::keys
