#pragma once
// GrantDirectory: which grants there are, in memory. The grants of one grantee on one key lie together, sorted by what
// they are applied by, in an immutable array of their own: what applies to a call is found by binary search, without a
// lock and without allocating, however many grants the key or the grantee has. Arrays lie in 1,024 shards, as keys do
// (directory.h). Lists go by ordered indexes under a lock of their own, which no call takes.
//
// Safe to call from several threads, except that those who change it must take turns.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "keyfold/kms/keys/grant.h"
#include "keyfold/kms/keys/published.h"

namespace keyfold::keys {

class GrantDirectory {
 public:
  // Appends to `out` what gives `operation` on the key to this grantee (an ARN, exactly) under this context: one that
  // does, if any does. For CreateGrant, whose bounds are not looked at here, all that do.
  void collect(const KeyArn& key, std::string_view grantee, policy::GrantOperation operation,
               const ContextView& context, std::vector<Grant>& out) const;

  // Returns when no reader sees what was removed any more. Each of `removed` is there, none of `added` is.
  void change(std::span<const Grant> removed, std::span<const Grant> added);

  // Null when there is none.
  Grant find(const KeyArn& key, const GrantId& id) const;
  std::size_t count(const KeyArn& key) const;
  std::vector<Grant> all_of(const KeyArn& key) const;
  // One on the key that says exactly this, its name included; null when there is none, or when it has no name.
  Grant find_same(const KeyArn& key, const NewGrant& what) const;
  // At most `limit` behind the one with the record id `after`, in the order of record ids.
  std::vector<Grant> list(const KeyArn& key, std::string_view after, std::size_t limit) const;
  std::vector<Grant> list_of_grantee(const KeyArn& key, std::string_view grantee, std::string_view after,
                                     std::size_t limit) const;
  std::vector<Grant> list_of_retiring(const Region& region, std::string_view retiring, std::string_view after,
                                      std::size_t limit) const;

 private:
  // A grant under one of the things it is applied by; see selectors_of.
  struct Entry {
    std::uint64_t selector;
    policy::GrantOperations operations;
    Grant grant;
  };
  struct Holding {  // The grants of one grantee on one key.
    KeyArn key;
    std::string grantee;
    std::vector<Entry> entries;  // Sorted by selector.
  };
  struct Slot {
    std::uint64_t hash;
    std::shared_ptr<const Holding> holding;
  };
  using Shard = std::vector<Slot>;  // Sorted by hash.
  struct Edit {
    std::set<const GrantRecord*> removed;
    std::vector<Grant> added;
  };
  static constexpr std::size_t shard_count = 1024;

  static void add_entries(std::vector<Entry>& entries, const Grant& grant);
  static std::shared_ptr<const Holding> edited(const KeyArn& key, std::string_view grantee, const Holding* old,
                                               const Edit& edit);
  void index(std::span<const Grant> removed, std::span<const Grant> added);

  ReadGate gate_;
  std::array<Published<Shard>, shard_count> shards_;

  struct ByRecordId {
    using is_transparent = void;
    static std::string_view of(const Grant& grant) { return grant->record_id(); }
    static std::string_view of(std::string_view id) { return id; }
    bool operator()(const auto& a, const auto& b) const { return of(a) < of(b); }
  };
  using Ordered = std::set<Grant, ByRecordId>;
  template <class Scope>
  using Index = std::map<std::pair<Scope, std::string>, Ordered>;
  template <class Scope>
  static void edit(Index<Scope>& index, const std::pair<Scope, std::string>& where, const Grant& grant, bool add);
  template <class Scope>
  std::vector<Grant> list(const Index<Scope>& index, const std::pair<Scope, std::string>& where, std::string_view after,
                          std::size_t limit) const;
  mutable std::shared_mutex index_mutex_;
  Index<KeyArn> of_keys_;  // This and the others under index_mutex_. The text is empty.
  Index<KeyArn> of_grantees_;
  Index<KeyArn> of_names_;
  Index<Region> of_retiring_;
};

}  // namespace keyfold::keys
