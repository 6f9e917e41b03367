#pragma once
// Edit: one change of what there is of identities, in the making. It sees what it has changed already; nobody else does
// before it is committed. Rules and quotas are changes.h's; this only keeps entities, records and what is resolved from
// them together. Not safe to use from several threads at once.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "keyfold/kms/identity/snapshot.h"

namespace keyfold::identity {

class Edit {
 public:
  // `now` and what else is given outlive it.
  Edit(const Snapshot& now, Compiler& compiler, const vault::SealedStore& store)
      : now_(now), compiler_(compiler), store_(store), next_(std::make_shared<Snapshot>(now)) {}
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;

  // With what was changed so far. What find() gives lives until the next change of it.
  const Snapshot& snapshot() const { return *next_; }

  // New, or in the place of the one of this name. Fails with `malformed_policy_document`.
  Outcome put(User user);
  Outcome put(Group group);
  Outcome put(Role role);
  Outcome put(ManagedPolicy policy);
  void remove(const User& user);
  void remove(const Group& group);
  void remove(const Role& role);
  void remove(const ManagedPolicy& policy);

  Outcome put_key(const AccessKey& key, const SecretBytes& secret);
  // The key with its secret, in another status; there must be one. Fails as SealedStore::open_secret.
  Outcome set_key_status(const AccessKeyId& id, KeyStatus status);
  void remove_key(const AccessKeyId& id);
  Outcome put_key_use(const AccessKeyEntry& entry, const KeyUse& use);

  // An audit event, committed with the change.
  void record(storage::OutboxRecord event) { events_.push_back(std::move(event)); }

  // Resolves what the change means for each principal. Then it may be committed.
  Outcome resolve();
  bool is_empty() const { return pending_.empty() && events_.empty(); }
  std::vector<vault::Change> changes() const;
  const std::vector<storage::OutboxRecord>& events() const { return events_; }
  // What to publish, once `committed`.
  std::shared_ptr<const Snapshot> finish(vault::Committed committed);

 private:
  struct Pending {
    vault::RecordName name;
    std::uint64_t expected_version = 0;
    std::optional<Bytes> value;
    SecretBytes secret;  // The value, where that is secret.
  };
  template <class Name>
  using Key = std::pair<AccountId, Name>;
  template <class Name, class Entry>
  using Fresh = std::map<Key<Name>, std::shared_ptr<Entry>>;

  void write(const vault::RecordName& name, std::uint64_t expected_version, std::optional<Bytes> value);
  template <class Entity, class Mine, class All>
  void remove_from(Mine& mine, All& all, const Entity& entity);
  Outcome write_key(const AccessKey& key, const SecretBytes& secret, std::shared_ptr<LastUsed> last_used);
  template <class Name, class Entry>
  std::shared_ptr<Entry> fresh(Fresh<Name, Entry>& mine, ByName<Name, Entry>& all, const Key<Name>& key);
  bool is_affected(const Policies& policies, const std::optional<std::string>& boundary) const;
  bool is_affected(const User& user) const;
  Outcome compile(const Policies& policies);

  const Snapshot& now_;
  Compiler& compiler_;
  const vault::SealedStore& store_;
  std::shared_ptr<Snapshot> next_;
  std::map<std::string, Pending> pending_;  // By record name.
  std::vector<storage::OutboxRecord> events_;
  // What was made here, and may still change.
  Fresh<UserName, UserEntry> users_;
  Fresh<GroupName, GroupEntry> groups_;
  Fresh<RoleName, RoleEntry> roles_;
  Fresh<PolicyName, PolicyEntry> policies_;
  std::map<AccessKeyId, std::shared_ptr<AccessKeyEntry>> keys_;
  std::set<std::string> policies_changed_;  // ARNs.
  // Compiled policies of this change, so that they are compiled once.
  std::vector<std::shared_ptr<const policy::Document>> compiled_;
};

}  // namespace keyfold::identity
