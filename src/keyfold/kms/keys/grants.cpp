// Keys, grants: making, finding and ending them, and their tokens.

#include <array>
#include <string>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/keys/keys_state.h"

namespace keyfold::keys {
namespace {

using policy::GrantConstraint;
using policy::GrantOperation;

constexpr std::string_view token_label = "keyfold/grant-token/v1";
constexpr std::uint8_t token_format_version = 1;

// What a key of each kind can do (KMS Developer Guide, "Grant operations").
constexpr policy::GrantOperations of_symmetric_keys = [] {
  policy::GrantOperations operations;
  for (const auto operation :
       {GrantOperation::decrypt, GrantOperation::encrypt, GrantOperation::generate_data_key,
        GrantOperation::generate_data_key_without_plaintext, GrantOperation::re_encrypt_from,
        GrantOperation::re_encrypt_to, GrantOperation::create_grant, GrantOperation::retire_grant,
        GrantOperation::describe_key, GrantOperation::generate_data_key_pair,
        GrantOperation::generate_data_key_pair_without_plaintext})
    operations.add(operation);
  return operations;
}();

Error invalid(std::string message) { return {ErrorCode::validation, std::move(message)}; }

Outcome check_operations(const KeyRecord& key, policy::GrantOperations operations) {
  if (operations.empty()) return invalid("A grant must allow at least one operation.");
  if (of_symmetric_keys.has_all_of(operations)) return ok();
  return invalid("The grant operations include one that is not valid for a key with key spec " +
                 std::string(to_text(key.spec)) + ".");
}

// UTF-16 units, as AWS counts characters.
std::size_t characters(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) ++count;
    if (byte >= 0xF0) ++count;
  }
  return count;
}

Outcome check_constraint(const NewGrant& grant) {
  if (grant.constraint == GrantConstraint::Kind::none) return ok();
  if (grant.pairs.empty()) return invalid("A grant constraint must have at least one encryption context pair.");
  if (grant.pairs.size() > constraint_pairs_max)
    return invalid("A grant constraint may have at most " + std::to_string(constraint_pairs_max) +
                   " encryption context pairs.");
  std::size_t size = 0;
  for (const auto& [key, value] : grant.pairs) size += characters(key) + characters(value);
  if (size > constraint_size_max)
    return invalid("The encryption context of a grant constraint may have at most " +
                   std::to_string(constraint_size_max) + " characters.");
  return ok();
}

Error no_such_grant(std::string_view id) {
  return {ErrorCode::not_found, "Grant ID " + std::string(id) + " not found"};
}

Error not_a_token() { return {ErrorCode::invalid_grant_token, "The grant token is not valid."}; }

Result<GrantReference> read_token(BytesView value) {
  Reader in(value);
  TRY_ASSIGN(const auto format, in.u8());
  if (format != token_format_version) return not_a_token();
  TRY_ASSIGN(const auto key_text, in.sized16());
  TRY_ASSIGN(const auto key, KeyArn::parse(as_text(key_text)));
  TRY_ASSIGN(const auto grant_text, in.sized16());
  TRY_ASSIGN(const auto grant, GrantId::parse(as_text(grant_text)));
  TRY(in.end());
  return GrantReference{.key = key, .grant = grant};
}

}  // namespace

void Keys::collect_grants(const KeyArn& key, std::string_view principal, GrantOperation operation,
                          const ContextView& context, std::vector<Grant>& out) const {
  state_->grants.collect(key, principal, operation, context, out);
}

std::vector<Grant> Keys::grants_on(const KeyArn& key) const { return state_->grants.all_of(key); }

Result<Grant> Keys::find_grant(const KeyArn& key, std::string_view id) const {
  const auto parsed = GrantId::parse(id);
  if (!parsed) return Error{ErrorCode::invalid_grant_id, "Invalid grant ID " + std::string(id)};
  auto grant = state_->grants.find(key, *parsed);
  if (!grant) return no_such_grant(id);
  return grant;
}

Outcome Keys::check_grant(const KeyRecord& key, const NewGrant& grant) const {
  TRY(policy::GrantPrincipal::parse(grant.grantee));
  if (!grant.retiring.empty()) TRY(policy::GrantPrincipal::parse(grant.retiring));
  if (grant.name.size() > grant_name_size_max) return invalid("The name of a grant may have at most 256 characters.");
  TRY(check_operations(key, grant.operations));
  TRY(check_constraint(grant));
  if (state_->grants.count(key.arn) >= grants_max)
    return Error{ErrorCode::limit_exceeded,
                 "The key " + std::string(key.arn.text()) + " has " + std::to_string(grants_max) + " grants already."};
  return ok();
}

Grant Keys::find_same_grant(const KeyArn& key, const NewGrant& grant) const {
  return state_->grants.find_same(key, grant);
}

GrantId Keys::new_grant_id() {
  const auto id = GrantId::parse(to_hex(state_->random.bytes<32>()));
  KEYFOLD_CHECK(id.has_value());
  return *id;
}

Result<Grant> Keys::create_grant(Permit<op::CreateGrant> permit, const GrantId& id, NewGrant grant,
                                 const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  std::vector<ContextPair> pairs;
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::create_grant, grant.pairs.view(pairs)));
  if (find_same_grant(key->arn, grant)) return Error{ErrorCode::conflict, "the same grant was made meanwhile"};
  TRY(check_grant(*key, grant));
  const auto now = state_->clock.now();
  const Bytes value = write_grant(grant, now);
  const std::array changes{vault::Change{.name = grant_name(key->arn, id), .expected_version = 0, .value = value}};
  TRY_ASSIGN(const auto committed, state_->store.commit(changes, &event));
  Grant made = std::make_shared<const GrantRecord>(key->arn, id, std::move(grant), now, committed.revision);
  state_->grants.change({}, {&made, 1});
  return made;
}

// Under the lock.
Outcome Keys::State::remove_grant(const Grant& grant, const OutboxRecord& event) {
  const std::array changes{vault::Change{
      .name = grant_name(grant->key(), grant->id()), .expected_version = grant->epoch(), .value = std::nullopt}};
  TRY(store.commit(changes, &event));
  grants.change({&grant, 1}, {});
  return ok();
}

Outcome Keys::retire_grant(Permit<op::RetireGrant> permit, const GrantId& grant, const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  const auto found = state_->grants.find(permit.key(), grant);
  if (!found) return no_such_grant(grant.text());
  TRY(state_->admit(permit, StateRule::any_state, found->pairs()));
  return state_->remove_grant(found, event);
}

Outcome Keys::revoke_grant(Permit<op::RevokeGrant> permit, const GrantId& grant, const OutboxRecord& event) {
  const std::lock_guard lock(state_->change);
  TRY_ASSIGN(const auto key, state_->admit(permit, StateRule::any_state));
  const auto found = state_->grants.find(key->arn, grant);
  if (!found) return no_such_grant(grant.text());
  return state_->remove_grant(found, event);
}

// docs/formats/key-records.md, "Grant tokens".
Result<std::string> Keys::make_grant_token(const KeyArn& key, const GrantId& grant) const {
  Bytes value;
  value.reserve(KeyArnTag::size_max + GrantIdTag::size_max + 8);
  Writer(value).u8(token_format_version).sized16(as_bytes(key.text())).sized16(as_bytes(grant.text()));
  TRY_ASSIGN(const auto token,
             state_->store.seal_token(token_label, {.account = account_of(key), .region = region_of(key)}, value));
  return to_base64(token);
}

Result<GrantReference> Keys::read_grant_token(std::string_view token) const {
  const auto sealed = from_base64(token);
  if (!sealed) return not_a_token();
  auto value = state_->store.open_token(token_label, *sealed);
  if (!value) {
    if (value.error().code == ErrorCode::unavailable) return std::move(value).error();
    return not_a_token();
  }
  auto reference = read_token(value->reveal());
  if (!reference) return not_a_token();
  return reference;
}

}  // namespace keyfold::keys
