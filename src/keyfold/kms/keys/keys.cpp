#include "keyfold/kms/keys/keys.h"

#include <unordered_map>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/keys/keys_state.h"

namespace keyfold::keys {
namespace {

using SealedByName = std::unordered_map<std::string, std::shared_ptr<const vault::SealedRecord>>;

Error not_sound(std::string_view name, const char* what) {
  return Error{ErrorCode::corrupt, std::string(name) + ": " + what};
}

// Gives the key's materials their sealed bytes, taking them from `sealed`.
Outcome take_materials(KeyRecord& key, SealedByName& sealed) {
  for (auto& material : key.materials) {
    const auto name = material_name(key, material.rotation_index);
    const auto found = sealed.find(name.text());
    if (found == sealed.end()) return not_sound(name.text(), "the key's material is missing");
    material.sealed = std::move(found->second);
    sealed.erase(found);
  }
  return ok();
}

}  // namespace

Result<std::shared_ptr<const KeyPolicy>> PolicyTable::intern(std::string text) {
  if (const auto found = policies_.find(text); found != policies_.end())
    if (auto known = found->second.lock()) return known;
  TRY_ASSIGN(auto document, policy::Document::parse(text, policy::PolicyKind::key));
  auto made = std::make_shared<const KeyPolicy>(KeyPolicy{.text = text, .document = std::move(document)});
  policies_.insert_or_assign(std::move(text), made);
  if (policies_.size() >= purge_at_) {
    std::erase_if(policies_, [](const auto& entry) { return entry.second.expired(); });
    purge_at_ = 2 * policies_.size() + 64;
  }
  return std::shared_ptr<const KeyPolicy>(std::move(made));
}

Keys::Keys(std::unique_ptr<State> state) : state_(std::move(state)) {}
Keys::~Keys() = default;

Result<std::unique_ptr<Keys>> Keys::open(vault::SealedStore& store, const Clock& clock, Random& random) {
  auto state = std::make_unique<State>(store, clock, random);
  SealedByName sealed;
  TRY(store.scan_sealed(vault::RecordType::material, [&](vault::SealedRecord record) {
    auto shared = std::make_shared<const vault::SealedRecord>(std::move(record));
    sealed.emplace(shared->name.text(), std::move(shared));
    return ok();
  }));
  TRY(store.scan(vault::RecordType::key, [&](const vault::OpenedRecord& opened) -> Outcome {
    TRY_ASSIGN(auto stored, read_key(opened.name, opened.version, opened.value));
    TRY(take_materials(stored.record, sealed));
    auto policy = state->policies.intern(std::move(stored.policy));
    if (!policy) return not_sound(opened.name.text(), "its policy does not parse");
    stored.record.policy = *std::move(policy);
    state->directory.put(std::make_shared<const KeyRecord>(std::move(stored.record)));
    return ok();
  }));
  if (!sealed.empty()) return not_sound(sealed.begin()->first, "a material that no key has");
  TRY(store.scan(vault::RecordType::alias, [&](const vault::OpenedRecord& opened) -> Outcome {
    TRY_ASSIGN(const auto alias, read_alias(opened.name, opened.version, opened.value));
    const auto key = state->directory.find(alias.place.region, alias.target);
    if (!key || key->place != alias.place) return not_sound(opened.name.text(), "an alias of no key");
    state->directory.put(std::make_shared<const Alias>(alias));
    return ok();
  }));
  std::vector<Grant> grants;
  TRY(store.scan(vault::RecordType::grant, [&](const vault::OpenedRecord& opened) -> Outcome {
    TRY_ASSIGN(auto grant, read_grant(opened.name, opened.version, opened.value));
    if (!state->directory.find(grant->key())) return not_sound(opened.name.text(), "a grant on no key");
    grants.push_back(std::move(grant));
    return ok();
  }));
  state->grants.change({}, grants);
  WitnessRecord witnessed{.total = {}, .written = clock.now()};
  TRY(store.scan(vault::RecordType::meta, [&](const vault::OpenedRecord& opened) -> Outcome {
    if (opened.name != witness_name()) return ok();
    TRY_ASSIGN(witnessed, read_witness(opened.value));
    state->witness_epoch = opened.version;
    return ok();
  }));
  state->witness = std::make_unique<Witness>(clock, witnessed);
  return std::unique_ptr<Keys>(new Keys(std::move(state)));
}

Result<Found> Keys::find(const Place& place, std::string_view identifier) const {
  TRY_ASSIGN(const auto named, parse_identifier(place, identifier));
  if (named.key) {
    auto key = state_->directory.find(place.region, *named.key);
    // A bare id names a key of the caller's account only.
    if (!key || key->place.account != named.account)
      return no_such_key(key_arn(place.region, named.account, *named.key).text());
    return Found{.key = std::move(key), .by = named.by};
  }
  const Place of_alias{.account = named.account, .region = place.region};
  const auto alias = state_->directory.find_alias(of_alias, *named.alias);
  if (!alias) return no_such_alias(alias_arn(place.region, named.account, *named.alias).text());
  auto key = state_->directory.find(place.region, alias->target);
  if (!key) return no_such_alias(alias->arn().text());  // It went, with its aliases, between the two look-ups.
  return Found{.key = std::move(key), .by = named.by, .alias = named.alias};
}

Result<Found> Keys::find_key(const Place& place, std::string_view identifier, Accounts accounts) const {
  TRY_ASSIGN(const auto named, parse_identifier(place, identifier));
  if (named.alias) return not_a_key_id(identifier);
  if (accounts == Accounts::own && named.account != place.account) return no_such_key(identifier);
  return find(place, identifier);
}

Result<Found> Keys::find_alias_target(const Place& place, std::string_view identifier) const {
  const auto named = parse_identifier(place, identifier);
  const bool alias_text = identifier.starts_with(alias_name_prefix);
  if (alias_text || (named && named->alias))
    return Error{ErrorCode::validation, "Aliases must refer to keys. Not aliases"};
  return find_key(place, identifier);
}

Error no_key_for_ciphertext() {
  return {ErrorCode::access_denied,
          "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you "
          "are not allowed to access."};
}

Result<Found> Keys::find_for_blob(const Place& place, BytesView blob) const {
  const auto header = blob::read_header(blob);
  if (!header) return Error{ErrorCode::invalid_ciphertext, {}};
  auto key = state_->directory.find(place.region, header->key);
  if (!key) return no_key_for_ciphertext();
  return Found{.key = std::move(key), .by = AddressedBy::ciphertext};
}

Result<Alias> Keys::find_alias(const Place& place, const AliasName& alias) const {
  const auto found = state_->directory.find_alias(place, alias);
  if (!found) return no_such_alias(alias_arn(place.region, place.account, alias).text());
  return *found;
}

std::size_t Keys::size() const { return state_->directory.size(); }

}  // namespace keyfold::keys
