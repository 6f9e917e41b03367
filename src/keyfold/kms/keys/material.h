#pragma once
// Key material, unwrapped: only here, only while it is used, and at most a bounded number of them at a time.

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "keyfold/core/base/secret.h"
#include "keyfold/kms/keys/directory.h"
#include "keyfold/kms/keys/published.h"
#include "keyfold/kms/keys/record.h"
#include "keyfold/kms/vault/sealed_store.h"

namespace keyfold::keys {

inline constexpr std::size_t material_size = 32;  // Bytes.

// What names a material: KBKDF-HMAC-SHA-256 of it, label "keyfold/material-id", context the key id's text. So a blob
// commits to its key, a second import is a comparison, and the replicas of a multi-Region key agree.
Result<MaterialId> material_id_of(const SecretBytes& material, const KeyId& key);

// Unwraps materials and keeps some, so that locked memory does not grow with the number of keys. An entry belongs to
// one version of one key: after any change of the key it is not used again. Looking one up takes no lock and allocates
// nothing. Safe to use from several threads.
class MaterialCache {
 public:
  static constexpr std::size_t capacity = 1024;

  MaterialCache(const vault::SealedStore& store, const Directory& directory);

  // Runs `use` (BytesView → Outcome) on the material, which must be of `key`, and returns what it returns. Fails with
  // `corrupt` when the material is not the one its id names, and as SealedStore::open_secret. `use` must not come back
  // here.
  template <class Use>
  Outcome with(const KeyRecord& key, const Material& material, Use&& use) {
    {
      const auto pass = gate_.enter();
      if (const Entry* entry = look_up(pass, key, material)) return use(entry->secret.reveal());
    }
    auto secret = unwrap(key, material);
    if (!secret) return std::move(secret).error();
    auto outcome = use(secret->reveal());
    keep(key, material, *std::move(secret));
    return outcome;
  }

  // Wipes what is held of this key, whatever its version. Done when it returns.
  void drop(const KeyRecord& key);
  std::size_t size() const;  // Entries in use: never above capacity.

 private:
  struct Entry {
    Region region;
    KeyId key;
    MaterialId material;
    std::uint64_t epoch;
    SecretBytes secret;
  };
  static constexpr std::size_t ways_per_set = 4;
  static constexpr std::size_t retired_max = 64;
  struct Set {
    std::array<Published<Entry>, ways_per_set> ways;
  };
  static std::size_t set_of(const MaterialId& material);
  const Entry* look_up(const ReadGate::Pass& pass, const KeyRecord& key, const Material& material) const;
  Result<SecretBytes> unwrap(const KeyRecord& key, const Material& material) const;
  void keep(const KeyRecord& key, const Material& material, SecretBytes secret);
  void wipe_retired();

  const vault::SealedStore& store_;
  const Directory& directory_;
  std::array<Set, capacity / ways_per_set> sets_;
  ReadGate gate_;
  std::mutex mutex_;  // For whoever changes entries: never taken on a hit.
  std::size_t victim_ = 0;
  std::vector<std::unique_ptr<const Entry>> retired_;  // Out of the sets, perhaps still being read.
};

}  // namespace keyfold::keys
