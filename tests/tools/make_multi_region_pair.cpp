// Makes a pair of multi-Region keys below the wire, in the data of a keyfold-kms that is not running: one key id, one
// material, one policy, in two Regions of an account. For tests of what stands above it.
//
//   make_multi_region_pair DATA ROOT_KEY_FILE MODEL_KEY_ARN OTHER_REGION
//
// The primary goes into the Region of MODEL_KEY_ARN, whose policy both get; the replica into OTHER_REGION. Prints the
// two ARNs, one to a line.

#include <iostream>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/keys/material.h"
#include "keyfold/kms/keys/record_codec.h"
#include "keyfold/kms/storage/data_directory.h"
#include "keyfold/kms/storage/store.h"
#include "keyfold/kms/vault/root_key.h"
#include "keyfold/kms/vault/sealed_store.h"

namespace keyfold {
namespace {

Result<std::shared_ptr<const keys::KeyPolicy>> policy_of(vault::SealedStore& store, const KeyArn& key) {
  const vault::RecordName name(vault::RecordType::key, account_of(key), region_of(key), key_id_of(key).text());
  TRY_ASSIGN(const auto record, store.get(name));
  if (!record) return Error{ErrorCode::not_found, "no key " + std::string(key.text())};
  TRY_ASSIGN(const auto value, store.open_secret(*record));
  TRY_ASSIGN(auto stored, keys::read_key(name, record->version, value.reveal()));
  TRY_ASSIGN(auto document, policy::Document::parse(stored.policy));
  return std::make_shared<const keys::KeyPolicy>(
      keys::KeyPolicy{.text = std::move(stored.policy), .document = std::move(document)});
}

Outcome add_key(vault::SealedStore& store, const keys::KeyRecord& key, const SecretBytes& material) {
  const Bytes value = keys::write_key(key);
  const std::array changes{
      vault::Change{.name = keys::material_name(key, 0), .expected_version = 0, .value = material.reveal()},
      vault::Change{.name = keys::key_name(key), .expected_version = 0, .value = value}};
  TRY(store.commit(changes, nullptr));
  std::cout << key.arn.text() << '\n';
  return ok();
}

Outcome make_pair(vault::SealedStore& store, Random& random, const KeyArn& model, const Region& other_region) {
  TRY_ASSIGN(const auto policy, policy_of(store, model));
  TRY_ASSIGN(const auto id, KeyId::parse("mrk-" + to_hex(random.bytes<16>())));
  TRY_ASSIGN(const auto material, random.secret(keys::material_size));
  TRY_ASSIGN(const auto material_id, keys::material_id_of(material, id));
  const auto account = account_of(model);
  for (const auto& [region, role] :
       {std::pair(region_of(model), keys::MultiRegion::primary), std::pair(other_region, keys::MultiRegion::replica)}) {
    keys::KeyRecord key{.arn = key_arn(region, account, id), .id = id, .place = {.account = account, .region = region}};
    key.created = SystemClock().now();
    key.multi_region = role;
    key.policy = policy;
    key.materials.push_back({.id = material_id, .rotation_index = 0, .created = key.created, .sealed = {}});
    TRY(add_key(store, key, material));
  }
  return ok();
}

Outcome run(const std::filesystem::path& data, const std::filesystem::path& root_key_file, std::string_view model,
            std::string_view other_region) {
  TRY_ASSIGN(const auto key, KeyArn::parse(model));
  TRY_ASSIGN(const auto region, Region::parse(other_region));
  SystemRandom random;
  TRY_ASSIGN(const auto directory, storage::DataDirectory::open(data));
  TRY_ASSIGN(const auto store, storage::open_sqlite_store(directory.store_file()));
  TRY_ASSIGN(auto root, vault::obtain_root_key(*store, vault::RootKeyFile{root_key_file}, directory.path(), random));
  TRY_ASSIGN(const auto sealed, vault::SealedStore::open(*store, std::move(root), random, vault::Mode::production));
  return make_pair(*sealed, random, key, region);
}

}  // namespace
}  // namespace keyfold

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: make_multi_region_pair DATA ROOT_KEY_FILE MODEL_KEY_ARN OTHER_REGION\n";
    return 2;
  }
  const auto outcome = keyfold::run(argv[1], argv[2], argv[3], argv[4]);
  if (outcome) return 0;
  std::cerr << "make_multi_region_pair: " << outcome.error().message << '\n';
  return 1;
}
