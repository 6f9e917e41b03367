#include "keyfold/kms/keys/material.h"

#include <algorithm>
#include <string>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/kdf.h"

namespace keyfold::keys {
namespace {

constexpr std::string_view material_id_label = "keyfold/material-id";

}  // namespace

Result<MaterialId> material_id_of(const SecretBytes& material, const KeyId& key) {
  MaterialId id;
  TRY(crypto::kbkdf_hmac_sha256(material.reveal(), material_id_label, as_bytes(key.text()), id));
  return id;
}

MaterialCache::MaterialCache(const vault::SealedStore& store, const Directory& directory)
    : store_(store), directory_(directory) {
  retired_.reserve(retired_max + 1);
}

// A material id is as good as random.
std::size_t MaterialCache::set_of(const MaterialId& material) {
  return (std::to_integer<std::size_t>(material[0]) << 8 | std::to_integer<std::size_t>(material[1])) %
         (capacity / ways_per_set);
}

const MaterialCache::Entry* MaterialCache::look_up(const ReadGate::Pass& pass, const KeyRecord& key,
                                                   const Material& material) const {
  for (const auto& way : sets_[set_of(material.id)].ways) {
    const Entry* entry = way.read(pass);
    if (entry != nullptr && entry->epoch == key.epoch && entry->material == material.id && entry->key == key.id &&
        entry->region == key.place.region)
      return entry;
  }
  return nullptr;
}

Result<SecretBytes> MaterialCache::unwrap(const KeyRecord& key, const Material& material) const {
  TRY_ASSIGN(auto secret, store_.open_secret(*material.sealed));
  TRY_ASSIGN(const auto id, material_id_of(secret, key.id));
  if (!equal_in_constant_time(id, material.id))
    return Error{ErrorCode::corrupt, material.sealed->name.text() + ": the material is not the one that its id names"};
  return secret;
}

void MaterialCache::keep(const KeyRecord& key, const Material& material, SecretBytes secret) {
  auto entry = std::make_unique<const Entry>(Entry{.region = key.place.region,
                                                   .key = key.id,
                                                   .material = material.id,
                                                   .epoch = key.epoch,
                                                   .secret = std::move(secret)});
  {
    const std::lock_guard lock(mutex_);
    auto& set = sets_[set_of(material.id)].ways;
    // The same material under an older version of its key, an empty place, or whoever's turn it is.
    auto place = std::ranges::find_if(set, [&](const auto& way) {
      const Entry* held = way.read_as_writer();
      return held != nullptr && held->material == material.id && held->region == key.place.region;
    });
    if (place == set.end())
      place = std::ranges::find_if(set, [](const auto& way) { return way.read_as_writer() == nullptr; });
    if (place == set.end()) place = set.begin() + static_cast<std::ptrdiff_t>(victim_++ % ways_per_set);
    if (auto old = place->exchange(std::move(entry))) retired_.push_back(std::move(old));
    if (retired_.size() > retired_max) wipe_retired();
  }
  // The key may have changed, or gone, since it was looked up. Whoever changes it publishes first and drops afterwards:
  // either that drop comes after what was kept here, or the change is seen now.
  const auto current = directory_.find(key.arn);
  if (!current || current->epoch != key.epoch) drop(key);
}

void MaterialCache::drop(const KeyRecord& key) {
  const std::lock_guard lock(mutex_);
  for (auto& set : sets_)
    for (auto& way : set.ways) {
      const Entry* held = way.read_as_writer();
      if (held != nullptr && held->key == key.id && held->region == key.place.region)
        retired_.push_back(way.exchange(nullptr));
    }
  wipe_retired();
}

// Under the lock.
void MaterialCache::wipe_retired() {
  gate_.wait_for_readers();
  retired_.clear();
}

std::size_t MaterialCache::size() const {
  std::size_t held = 0;
  for (const auto& set : sets_)
    for (const auto& way : set.ways) held += way.read_as_writer() != nullptr ? 1 : 0;
  return held;
}

}  // namespace keyfold::keys
