#pragma once
// RootKey: the one secret that is kept outside the data, and where it comes from: a file, or a passphrase. Later: an
// HSM, shares. docs/formats/root-key.md has the formats.

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/random.h"
#include "keyfold/core/base/result.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/core/crypto/kdf.h"
#include "keyfold/kms/storage/store.h"
#include "keyfold/kms/vault/ids.h"

namespace keyfold::vault {

// How a root key comes from a passphrase. Not secret: lies unsealed in the store.
struct PassphraseParameters {
  ByteArray<32> salt{};
  crypto::ScryptParameters scrypt;
};

// 32 bytes, and an id derived from them that tells the right key from a wrong one. Moved, never copied.
class RootKey {
 public:
  static constexpr std::size_t size = 32;
  // Fails with `invalid_input` unless there are 32 bytes.
  static Result<RootKey> of(SecretBytes bytes, std::optional<PassphraseParameters> passphrase = std::nullopt);

  const SealingKeyId& id() const { return id_; }
  const SecretBytes& bytes() const { return bytes_; }
  const std::optional<PassphraseParameters>& passphrase() const { return passphrase_; }  // None: it is in a file.

 private:
  RootKey(SecretBytes bytes, SealingKeyId id, std::optional<PassphraseParameters> passphrase)
      : bytes_(std::move(bytes)), id_(id), passphrase_(passphrase) {}
  SecretBytes bytes_;
  SealingKeyId id_;
  std::optional<PassphraseParameters> passphrase_;
};

// Where the operator says the root key is.
struct RootKeyFile {
  std::filesystem::path path;
};
struct RootPassphrase {
  SecretBytes text;
  crypto::ScryptParameters scrypt;  // For a new store; an old one says its own.
};
using RootKeySource = std::variant<RootKeyFile, RootPassphrase>;

// Fails with `invalid_input` when `file`, which holds `what` ("root key"), lies inside `data_directory`, which need not
// be there yet: whoever copies the data would have both. A symbolic link may not lie there either, wherever it leads:
// what is written beside it (the first access key) would. With `io` when either cannot be resolved.
Outcome check_outside(std::string_view what, const std::filesystem::path& file,
                      const std::filesystem::path& data_directory);

// The root key of what `store` holds; for an empty store a new one: the file is created (mode 0600, on disk when this
// returns) unless it is there already. Fails, touching nothing, with `not_found` when the store has data and the file
// is absent, with `invalid_input` when the file lies inside `data_directory` (empty: the store is not in one), may be
// read by others, or is no root key, or when a new passphrase is shorter than passphrase_size_min; with
// `authentication` when the root key is not this store's.
Result<RootKey> obtain_root_key(storage::Store& store, const RootKeySource& source,
                                const std::filesystem::path& data_directory, Random& random);

inline constexpr std::size_t passphrase_size_min = 12;    // Bytes, for a new store.
inline constexpr std::size_t passphrase_size_max = 1024;  // Bytes.
// Reads a passphrase: the file's first line, without its end. Fails with `invalid_input` when it is empty or too long,
// or when others may read or write the file.
Result<SecretBytes> read_passphrase_file(const std::filesystem::path& file);

// The pieces of obtain_root_key, for tools.
Result<RootKey> read_root_key_file(const std::filesystem::path& path);
Result<RootKey> create_root_key_file(const std::filesystem::path& path,
                                     Random& random);  // `already_exists` when it does.
Result<RootKey> derive_root_key(const SecretBytes& passphrase, const PassphraseParameters& parameters);

}  // namespace keyfold::vault
