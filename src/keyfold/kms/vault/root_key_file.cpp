// The root key as a file. docs/formats/root-key.md, "Root key file".

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/storage/data_directory.h"
#include "keyfold/kms/storage/os_error.h"
#include "keyfold/kms/vault/private_file.h"
#include "keyfold/kms/vault/root_key.h"

namespace keyfold::vault {
namespace {

constexpr std::string_view file_first_line = "keyfold root key, format 1\n";
constexpr std::string_view id_prefix = "id ";
constexpr std::string_view key_prefix = "key ";
constexpr std::size_t id_at = file_first_line.size();
constexpr std::size_t key_at = id_at + id_prefix.size() + 32 + 1;
constexpr std::size_t file_size = key_at + key_prefix.size() + 64 + 1;

Result<SecretBytes> file_text(const RootKey& root) {
  TRY_ASSIGN(auto text, SecretBytes::zeroed(file_size));
  const auto put = [&](std::size_t at, std::string_view part) {
    std::ranges::copy(as_bytes(part), text.fill().subspan(at).begin());
  };
  std::string key_hex;
  key_hex.reserve(64);  // So that growing leaves no copy behind.
  append_hex(key_hex, root.bytes().reveal());
  put(0, file_first_line);
  put(id_at, std::string(id_prefix) + to_hex(root.id()) + "\n");
  put(key_at, key_prefix);
  put(key_at + key_prefix.size(), key_hex);
  put(file_size - 1, "\n");
  wipe(key_hex);
  return text;
}

Result<RootKey> parse(const SecretBytes& file, const std::string& name) {
  const Error error{ErrorCode::invalid_input, name + " is not a keyfold root key file, or was altered"};
  const auto text = as_text(file.reveal());
  if (text.size() != file_size || !text.starts_with(file_first_line) ||
      text.substr(id_at, id_prefix.size()) != id_prefix || text.substr(key_at, key_prefix.size()) != key_prefix ||
      text[key_at - 1] != '\n' || text.back() != '\n')
    return error;
  const auto id = from_hex(text.substr(id_at + id_prefix.size(), 32));
  auto key = from_hex(text.substr(key_at + key_prefix.size(), 64));
  if (!key) return error;
  auto secret = SecretBytes::copy_of(*key);
  wipe(*key);
  if (!secret) return secret.error();
  TRY_ASSIGN(auto root, RootKey::of(*std::move(secret)));
  if (!id || !equal_in_constant_time(*id, root.id())) return error;
  return root;
}

Outcome write_and_sync(int fd, BytesView text, const std::filesystem::path& path) {
  if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return storage::os_error("cannot write", path);
  if (fsync(fd) != 0) return storage::os_error("cannot sync", path);
  return ok();
}

}  // namespace

Result<RootKey> read_root_key_file(const std::filesystem::path& path) {
  TRY_ASSIGN(const auto text, read_private_file(path, file_size + 1));
  return parse(text, path.string());
}

// Written under another name, then linked: the name either is not there or names a whole key.
Result<RootKey> create_root_key_file(const std::filesystem::path& path, Random& random) {
  TRY_ASSIGN(auto bytes, random.secret(RootKey::size));
  TRY_ASSIGN(auto root, RootKey::of(std::move(bytes)));
  TRY_ASSIGN(const auto text, file_text(root));
  const std::string unfinished = path.string() + ".new";
  unlink(unfinished.c_str());
  const int fd = open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return storage::os_error("cannot create", unfinished);
  auto written = write_and_sync(fd, text.reveal(), unfinished);
  close(fd);
  if (written && link(unfinished.c_str(), path.c_str()) != 0) {
    written = errno == EEXIST ? Error{ErrorCode::already_exists, path.string() + " is there already"}
                              : storage::os_error("cannot create", path);
  }
  unlink(unfinished.c_str());
  TRY(written);
  TRY(storage::sync_directory(path.has_parent_path() ? path.parent_path() : "."));
  return root;
}

}  // namespace keyfold::vault
