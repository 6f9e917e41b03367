#include "keyfold/kms/vault/root_key.h"

#include "keyfold/core/base/try.h"
#include "keyfold/kms/vault/root_record.h"

namespace keyfold::vault {
namespace {

constexpr std::string_view id_label = "keyfold/root-key-id";

constexpr std::string_view called = "root key";

constexpr int links_max = 40;  // As Linux follows them.

// The first part of `path` that is a symbolic link; empty when there is none.
std::filesystem::path first_link(const std::filesystem::path& path) {
  std::filesystem::path link;
  for (const auto& part : path) {
    link /= part;
    std::error_code ignored;
    if (std::filesystem::is_symlink(std::filesystem::symlink_status(link, ignored))) return link;
  }
  return {};
}

// What is not there yet is resolved as far as it is.
Result<std::filesystem::path> resolved(const std::filesystem::path& path) {
  std::error_code failed;
  auto absolute = std::filesystem::absolute(path, failed);
  for (int links = 0; !failed; ++links) {
    absolute = std::filesystem::weakly_canonical(absolute, failed);
    if (failed) break;
    // It leaves only links to what is not there yet.
    const auto link = first_link(absolute);
    if (link.empty()) return absolute.has_filename() ? absolute : absolute.parent_path();
    if (links == links_max) failed = std::make_error_code(std::errc::too_many_symbolic_link_levels);
    if (!failed)
      absolute = link.parent_path() / std::filesystem::read_symlink(link, failed) / absolute.lexically_relative(link);
  }
  return Error{ErrorCode::io, "cannot resolve " + path.string() + ": " + failed.message()};
}

// Where the file's name is, whatever the name leads to.
Result<std::filesystem::path> place_of_name(const std::filesystem::path& file) {
  TRY_ASSIGN(const auto folder, resolved(file.has_parent_path() ? file.parent_path() : "."));
  return folder / file.filename();
}

Error wrong_root_key(const RootKey& given, const RootRecord& record) {
  if (given.passphrase()) return {ErrorCode::authentication, "the passphrase is not the one of this store"};
  return {ErrorCode::authentication,
          "the root key " + to_hex(given.id()) + " is not the one of this store, " + to_hex(record.root_key)};
}

Result<RootKey> obtain_from(const RootKeyFile& file, const std::optional<RootRecord>& record,
                            const std::filesystem::path& data_directory, Random& random) {
  if (!data_directory.empty()) TRY(check_outside(called, file.path, data_directory));
  if (record && record->passphrase)
    return Error{ErrorCode::invalid_input, "this store's root key is a passphrase, not a file"};
  auto found = read_root_key_file(file.path);
  if (found || found.error().code != ErrorCode::not_found) return found;
  // A key made now could open nothing of what is there, and would only hide that the right one is lost.
  if (record)
    return Error{ErrorCode::not_found, "the store has data, but its root key is not at " + file.path.string() +
                                           ": bring back the file with id " + to_hex(record->root_key)};
  return create_root_key_file(file.path, random);
}

Result<RootKey> obtain_from(const RootPassphrase& passphrase, const std::optional<RootRecord>& record, Random& random) {
  if (record && !record->passphrase)
    return Error{ErrorCode::invalid_input, "this store's root key is a file, not a passphrase"};
  if (record) return derive_root_key(passphrase.text, *record->passphrase);
  if (passphrase.text.size() < passphrase_size_min)
    return Error{ErrorCode::invalid_input,
                 "a passphrase for a new store needs at least " + std::to_string(passphrase_size_min) + " bytes"};
  return derive_root_key(passphrase.text, {.salt = random.bytes<32>(), .scrypt = passphrase.scrypt});
}

// What the store says of its root key; none: the store is empty.
Result<std::optional<RootRecord>> root_record_of(storage::Store& store) {
  TRY_ASSIGN(const auto revision, store.revision());
  TRY_ASSIGN(const auto any, store.scan("", "", 1));
  if (revision == 0 && any.empty()) return std::optional<RootRecord>();
  TRY_ASSIGN(const auto stored, store.get(root_record_name().text()));
  if (!stored) return Error{ErrorCode::corrupt, root_record_name().text() + ": missing, though the store has data"};
  auto record = read_root_record(stored->value);
  if (!record) return Error{ErrorCode::corrupt, root_record_name().text() + ": " + record.error().message};
  return std::optional(*record);
}

}  // namespace

Outcome check_outside(std::string_view what, const std::filesystem::path& file,
                      const std::filesystem::path& data_directory) {
  TRY_ASSIGN(const auto data, resolved(data_directory));
  TRY_ASSIGN(const auto content, resolved(file));
  TRY_ASSIGN(const auto name, place_of_name(file));
  for (const auto& where : {content, name})
    for (auto folder = where; folder.has_relative_path(); folder = folder.parent_path())
      if (folder == data)
        return Error{ErrorCode::invalid_input, "the " + std::string(what) +
                                                   " may not lie in the data directory: whoever copies " +
                                                   data.string() + " would have both (" + where.string() + ")"};
  return ok();
}

Result<RootKey> RootKey::of(SecretBytes bytes, std::optional<PassphraseParameters> passphrase) {
  if (bytes.size() != size) return Error{ErrorCode::invalid_input, "a root key has 32 bytes"};
  SealingKeyId id;
  TRY(crypto::kbkdf_hmac_sha256(bytes.reveal(), id_label, {}, id));
  return RootKey(std::move(bytes), id, passphrase);
}

Result<RootKey> derive_root_key(const SecretBytes& passphrase, const PassphraseParameters& parameters) {
  TRY_ASSIGN(auto bytes, crypto::scrypt(passphrase.reveal(), parameters.salt, parameters.scrypt, RootKey::size));
  return RootKey::of(std::move(bytes), parameters);
}

Result<RootKey> obtain_root_key(storage::Store& store, const RootKeySource& source,
                                const std::filesystem::path& data_directory, Random& random) {
  TRY_ASSIGN(const auto record, root_record_of(store));
  const auto* file = std::get_if<RootKeyFile>(&source);
  auto root = file != nullptr ? obtain_from(*file, record, data_directory, random)
                              : obtain_from(std::get<RootPassphrase>(source), record, random);
  if (root && record && root->id() != record->root_key) {
    // The store's word is not authenticated: an altered root record is SealedStore::open's to name.
    TRY_ASSIGN(const auto head, store.get("head/-/-/head"));
    const bool head_agrees =
        head && head->value.size() >= 22 && equal_in_constant_time(std::span(head->value).subspan(6, 16), root->id());
    if (!head_agrees) return wrong_root_key(*root, *record);
  }
  return root;
}

}  // namespace keyfold::vault
