#pragma once
// Keys: the KMS keys of every account and Region that this process serves. Finding them (metadata only), using them
// (each use needs its Permit), changing them (each change is one transaction with its audit event), and keeping their
// appointments. The only place where key material is unwrapped. Values go in and come out: it could move into a process
// of its own.
//
// All of it is safe to call from several threads. find… and the cryptographic calls take no lock and, in steady state,
// allocate nothing when they succeed; everything else may wait for the disk.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/encryption_context.h"
#include "keyfold/core/base/random.h"
#include "keyfold/core/base/result.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/kms/keys/grant.h"
#include "keyfold/kms/keys/page.h"
#include "keyfold/kms/keys/record.h"
#include "keyfold/kms/keys/state.h"
#include "keyfold/kms/policy/operation.h"
#include "keyfold/kms/policy/permit.h"
#include "keyfold/kms/storage/outbox.h"
#include "keyfold/kms/vault/sealed_store.h"

namespace keyfold::keys {

namespace op = policy::op;
using policy::AccountPermit;
using policy::Permit;
using storage::OutboxRecord;

inline constexpr std::size_t plaintext_size_max = 4096;    // Bytes; Encrypt's limit.
inline constexpr std::size_t data_key_size_max = 1024;     // Bytes; GenerateDataKey's and GenerateRandom's limit.
inline constexpr std::size_t description_size_max = 8192;  // Characters.
inline constexpr std::size_t tags_max = 50;                // Per key.
inline constexpr std::size_t aliases_max = 50;             // Per key.

// The name of an alias as CreateAlias takes it. Fails with `validation` without the prefix "alias/", with
// `not_authorized` (no message) for alias/aws/…, and with `invalid_alias_name`, in AWS's words.
Result<AliasName> parse_new_alias(std::string_view text);

// What a permit for a call with this encryption context is bound to. Fails with `validation` when the context is larger
// than a blob can be bound to (blob::context_size_max).
Result<policy::ContextDigest> digest_of(const ContextView& context);

// `access_denied` with AWS's text: what the key of a ciphertext is to those to whom it does not exist.
Error no_key_for_ciphertext();

enum class AddressedBy : std::uint8_t { key_id, key_arn, alias_name, alias_arn, ciphertext };

struct Found {
  std::shared_ptr<const KeyRecord> key;  // Never null.
  AddressedBy by = AddressedBy::key_id;
  std::optional<AliasName> alias{};  // When it was addressed by one: kms:RequestAlias.
};

struct Decrypted {
  SecretBytes plaintext;
  MaterialId material;
};
struct DataKey {
  SecretBytes plaintext;
  MaterialId material;
};
struct ReEncrypted {
  MaterialId source;
  MaterialId destination;
};

// What CreateKey asks for. `id` comes from new_key_id(), so that the audit event can name it.
struct NewKey {
  Place place;
  KeyId id;
  std::string description{};
  std::string policy{};  // JSON text; policy::default_key_policy(account) when the request has none.
  std::vector<Tag> tags{};
  MultiRegion multi_region = MultiRegion::no;
};

// What a grant token says: which grant it is of.
struct GrantReference {
  KeyArn key;
  GrantId grant;
};

class Keys {
 public:
  using Record = std::shared_ptr<const KeyRecord>;

  // Reads every key, alias and material (still sealed) of `store`. All three must outlive it.
  // Fails with `corrupt` when a record that was verified does not make sense, and as SealedStore::scan.
  static Result<std::unique_ptr<Keys>> open(vault::SealedStore& store, const Clock& clock, Random& random);
  ~Keys();
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  // ---- Finding. Metadata only. Identifiers of another account or Region than `place` must be ARNs; one of another
  // Region is refused. Errors are `not_found` with AWS's texts.

  // A key id, key ARN, alias name or alias ARN: for the operations that take all four.
  Result<Found> find(const Place& place, std::string_view identifier) const;
  // A key id or key ARN: for the management operations. An alias is "Invalid keyId 'alias/…'". Most of them serve only
  // the account's own keys: to those a key of another account does not exist.
  enum class Accounts : std::uint8_t { own, any };
  Result<Found> find_key(const Place& place, std::string_view identifier, Accounts accounts = Accounts::own) const;
  // The same for what CreateAlias and UpdateAlias point to; an alias is `validation`.
  Result<Found> find_alias_target(const Place& place, std::string_view identifier) const;
  // The key a ciphertext blob claims to be made under. Fails with `invalid_ciphertext` (no message) when it is not a
  // blob, with `access_denied` and AWS's text when there is no such key in the Region.
  Result<Found> find_for_blob(const Place& place, BytesView blob) const;
  // `not_found`: "Alias arn:… is not found."
  Result<Alias> find_alias(const Place& place, const AliasName& alias) const;

  // ---- Using. A permit is spent by the call, whatever comes of it. The key, its state and its epoch are looked up
  // again: each call fails with what state_allows(StateRule::use) says, with `not_found` when the key is gone, with
  // `conflict` when it has changed since the permit was made (find it and authorize anew), with `internal` when the
  // permit is for another context, and with `unavailable` when the secret arena is full. `blob` is replaced, its memory
  // reused. Nothing is kept of plaintexts.

  // 1 to plaintext_size_max bytes, else `validation`.
  Result<MaterialId> encrypt(Permit<op::Encrypt> permit, BytesView plaintext, const ContextView& context, Bytes& blob);
  // Whatever is wrong with the blob, its key or its context, it is `invalid_ciphertext` without a message.
  Result<Decrypted> decrypt(Permit<op::Decrypt> permit, BytesView blob, const ContextView& context);
  // 1 to data_key_size_max bytes, else `validation`.
  Result<DataKey> generate_data_key(Permit<op::GenerateDataKey> permit, std::size_t size, const ContextView& context,
                                    Bytes& blob);
  Result<MaterialId> generate_data_key_without_plaintext(Permit<op::GenerateDataKeyWithoutPlaintext> permit,
                                                         std::size_t size, const ContextView& context, Bytes& blob);
  // The plaintext does not leave. `new_blob` must not be the memory of `blob`.
  Result<ReEncrypted> re_encrypt(Permit<op::ReEncryptFrom> from, Permit<op::ReEncryptTo> to, BytesView blob,
                                 const ContextView& source_context, const ContextView& destination_context,
                                 Bytes& new_blob);
  // 1 to data_key_size_max bytes, else `validation`.
  Result<SecretBytes> generate_random(AccountPermit<op::GenerateRandom> permit, const AccountId& account,
                                      std::size_t size);

  // ---- Changing. Record and `event` are one transaction, on disk when the call returns; only then is the new record
  // found. A commit that fails changes nothing and publishes nothing. Each returns the key as it then is. The permit
  // names the key; what was said of it above holds here, with the operation's own row of the state table and the empty
  // context.

  KeyId new_key_id(MultiRegion multi_region);
  // Fails with `malformed_policy_document`, `limit_exceeded`, `tag`, `validation`.
  Result<Record> create_key(AccountPermit<op::CreateKey> permit, NewKey key, const OutboxRecord& event);
  Result<Record> update_description(Permit<op::UpdateKeyDescription> permit, std::string description,
                                    const OutboxRecord& event);
  Result<Record> enable(Permit<op::EnableKey> permit, const OutboxRecord& event);
  Result<Record> disable(Permit<op::DisableKey> permit, const OutboxRecord& event);
  // 7 to 30 days, else `validation`.
  Result<Record> schedule_deletion(Permit<op::ScheduleKeyDeletion> permit, std::uint32_t window_days,
                                   const OutboxRecord& event);
  Result<Record> cancel_deletion(Permit<op::CancelKeyDeletion> permit, const OutboxRecord& event);
  Result<Record> put_policy(Permit<op::PutKeyPolicy> permit, std::string policy, const OutboxRecord& event);
  Result<Record> tag(Permit<op::TagResource> permit, const std::vector<Tag>& tags, const OutboxRecord& event);
  Result<Record> untag(Permit<op::UntagResource> permit, const std::vector<std::string>& tag_keys,
                       const OutboxRecord& event);
  // 90 to 2560 days, else `validation`. A call with the period that is set already keeps the next date.
  Result<Record> enable_rotation(Permit<op::EnableKeyRotation> permit, std::uint32_t period_days,
                                 const OutboxRecord& event);
  Result<Record> disable_rotation(Permit<op::DisableKeyRotation> permit, const OutboxRecord& event);
  // Complete when it returns: the new material is current, the old ones go on decrypting. At most 25 times in a key's
  // life.
  Result<Record> rotate_on_demand(Permit<op::RotateKeyOnDemand> permit, const OutboxRecord& event);

  // `already_exists`, `limit_exceeded` (50 per key), `not_authorized` (alias/aws/…, no message).
  // The alias is made in the key's account and Region.
  Result<Alias> create_alias(AccountPermit<op::CreateAlias> permit, Permit<op::CreateAlias> key, const AliasName& alias,
                             const OutboxRecord& event);
  // Moves an alias to the key of `to`; `from` names the key that has it now, else `conflict`.
  Result<Alias> update_alias(AccountPermit<op::UpdateAlias> permit, Permit<op::UpdateAlias> from,
                             Permit<op::UpdateAlias> to, const AliasName& alias, const OutboxRecord& event);
  // `key` names the key that has it now, else `conflict`.
  Outcome delete_alias(AccountPermit<op::DeleteAlias> permit, Permit<op::DeleteAlias> key, const AliasName& alias,
                       const OutboxRecord& event);

  // ---- Grants. Consistent at once: what was created applies to the next call, what was retired or revoked to none.

  // Appends to `out` what gives `operation` on the key, under this encryption context, to the principal with exactly
  // this ARN (a user's or session's, its role's, its account's root): one grant that does, if any does; all that do for
  // CreateGrant, whose bounds are not judged here. Takes no lock; allocates nothing but what `out` needs.
  void collect_grants(const KeyArn& key, std::string_view principal, policy::GrantOperation operation,
                      const ContextView& context, std::vector<Grant>& out) const;
  // All on the key, in the order of lists.
  std::vector<Grant> grants_on(const KeyArn& key) const;
  // Fails with `invalid_grant_id` when it cannot be one, with `not_found` when the key has no such grant.
  Result<Grant> find_grant(const KeyArn& key, std::string_view id) const;
  // Whether a grant on this key can be like this: fails with `validation`, `invalid_arn`, `limit_exceeded`.
  Outcome check_grant(const KeyRecord& key, const NewGrant& grant) const;
  // The one that a CreateGrant with a name made before, when everything else is the same too; else null.
  Grant find_same_grant(const KeyArn& key, const NewGrant& grant) const;
  GrantId new_grant_id();  // For create_grant, so that the audit event can name it.
  // The permit's context is that of the constraint. Fails as check_grant, and with `conflict` when find_same_grant()
  // finds one by now.
  Result<Grant> create_grant(Permit<op::CreateGrant> permit, const GrantId& id, NewGrant grant,
                             const OutboxRecord& event);
  // Both fail with `not_found` when the key has no such grant (any more). To retire one, the permit's context is that
  // of its constraint.
  Outcome retire_grant(Permit<op::RetireGrant> permit, const GrantId& grant, const OutboxRecord& event);
  Outcome revoke_grant(Permit<op::RevokeGrant> permit, const GrantId& grant, const OutboxRecord& event);
  // A token of the grant: text, another each time. It says which grant it is of, and gives nothing by itself.
  Result<std::string> make_grant_token(const KeyArn& key, const GrantId& grant) const;
  // Fails with `invalid_grant_token` when it is none of this store's. The grant may be gone.
  Result<GrantReference> read_grant_token(std::string_view token) const;

  // ---- Listing. At most `limit` (≥ 1) items after `marker` (empty: from the start), in a stable order;
  // `invalid_marker` for a marker that the same list did not hand out.

  Result<Page<KeyArn>> list_keys(const Place& place, std::size_t limit, std::string_view marker) const;  // By key id.
  // All of an account and Region, or one key's. By name.
  Result<Page<Alias>> list_aliases(const Place& place, const KeyRecord* of, std::size_t limit,
                                   std::string_view marker) const;
  static Result<Page<Tag>> list_tags(const KeyRecord& key, std::size_t limit, std::string_view marker);  // By tag key.
  // Oldest first; with_first also has the material the key was created with.
  enum class Rotations : std::uint8_t { rotations_only, all_key_material };
  static Result<Page<Material>> list_rotations(const KeyRecord& key, Rotations which, std::size_t limit,
                                               std::string_view marker);
  static Result<Page<std::string>> list_policies(const KeyRecord& key, std::size_t limit,
                                                 std::string_view marker);  // "default"

  // All grants on a key, or those of one grantee on it. By grant id.
  Result<Page<Grant>> list_grants(const KeyRecord& key, const std::optional<std::string_view>& grantee,
                                  std::size_t limit, std::string_view marker) const;
  // Of all keys of the Region, whosever they are. By key id, then by grant id.
  Result<Page<Grant>> list_retirable_grants(const Region& region, std::string_view retiring, std::size_t limit,
                                            std::string_view marker) const;

  // ---- Appointments, for the scheduler. At most `limit` keys, the most overdue first.

  // Enabled keys whose automatic rotation is due.
  std::vector<KeyArn> due_rotations(std::size_t limit) const;
  // (Their permits say MaintenanceTask::rotate or ::destroy.) Rotates once, however long it is overdue; the next date
  // lies in the future. Fails with `invalid_state` when it is not due.
  Result<Record> rotate_due(policy::MaintenancePermit permit, const OutboxRecord& event);
  // Keys whose deletion date has come by the wall clock and by witnessed time (witness.h).
  std::vector<KeyArn> due_deletions(std::size_t limit) const;
  // Destroys the key: its materials, aliases, grants and record leave the store and its log, and every cache. Fails
  // with `invalid_state` when it is not due. Final; what backups hold is not ours to say. When the log cannot be
  // truncated at once, keep_witnessed_time() tries again and fails while it cannot.
  Outcome destroy_due(policy::MaintenancePermit permit, const OutboxRecord& event);
  // Writes witnessed time down. To be called about once an hour, and at a graceful stop; what is not written counts as
  // downtime.
  Outcome keep_witnessed_time();

  std::size_t size() const;  // Keys, of all accounts and Regions.

 private:
  struct State;
  explicit Keys(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace keyfold::keys
