#pragma once
// Directory: which keys and aliases there are, in memory. Finding one takes no lock and allocates nothing: keys and
// aliases lie in 1,024 shards each, every shard an immutable sorted array that is replaced whole by a write (100,000
// keys: about 100 entries copied). Listing and deadlines go by ordered indexes under a lock of their own, which no
// lookup takes.
//
// Safe to call from several threads, except that those who change it must take turns.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <vector>

#include "keyfold/kms/keys/published.h"
#include "keyfold/kms/keys/record.h"

namespace keyfold::keys {

class Directory {
 public:
  using Key = std::shared_ptr<const KeyRecord>;
  using AliasEntry = std::shared_ptr<const Alias>;

  // Null when there is none. A key id is unique within a Region, whatever the account.
  Key find(const Region& region, const KeyId& id) const;
  Key find(const KeyArn& arn) const;
  AliasEntry find_alias(const Place& place, const AliasName& alias) const;

  // Adds, or replaces the one of the same name. Returns when no reader sees the old one any more.
  void put(Key key);
  void put(AliasEntry alias);
  void remove(const Key& key);
  void remove(const AliasEntry& alias);

  std::size_t size() const;
  // At most `limit` of what comes after `after`, in order.
  std::vector<KeyArn> list_keys(const Place& place, const std::optional<KeyId>& after, std::size_t limit) const;
  std::vector<Alias> list_aliases(const Place& place, const std::optional<AliasName>& after, std::size_t limit) const;
  std::vector<Alias> list_aliases_of(const KeyRecord& key, const std::optional<AliasName>& after,
                                     std::size_t limit) const;
  std::size_t count_aliases_of(const KeyRecord& key) const;
  // The keys whose next rotation, or deletion date, is not after `now`; the earliest first.
  std::vector<KeyArn> rotations_due(Timestamp now, std::size_t limit) const;
  std::vector<KeyArn> deletions_due(Timestamp now, std::size_t limit) const;

 private:
  static constexpr std::size_t shard_count = 1024;
  template <class T>
  struct Entry {
    std::uint64_t hash;
    std::shared_ptr<const T> value;
  };
  template <class T>
  using Shard = std::vector<Entry<T>>;  // Sorted by hash.
  template <class T>
  using Shards = std::array<Published<Shard<T>>, shard_count>;
  template <class T>
  void replace(Shards<T>& shards, std::uint64_t hash, const std::shared_ptr<const T>& old,
               std::shared_ptr<const T> next);
  void index(const KeyRecord* old, const KeyRecord* next);
  void unindex(const Alias& alias);

  ReadGate gate_;
  Shards<KeyRecord> keys_;
  Shards<Alias> aliases_;

  struct Indexes {
    std::map<Place, std::set<KeyId>> keys;
    std::map<Place, std::map<AliasName, AliasEntry>> aliases;
    std::map<std::pair<Place, KeyId>, std::map<AliasName, AliasEntry>> aliases_of;
    std::set<std::pair<Timestamp, KeyArn>> rotations;  // Of enabled keys with automatic rotation.
    std::set<std::pair<Timestamp, KeyArn>> deletions;
    std::size_t size = 0;
  };
  mutable std::shared_mutex index_mutex_;
  Indexes indexes_;  // Under index_mutex_.
};

}  // namespace keyfold::keys
