#pragma once
// A new file for one new access key, in AWS's shared-credentials format (profile "default"), its owner's alone. It is
// made before the key is, so that a place which cannot be written is found out while nothing has happened yet.

#include <filesystem>
#include <string_view>

#include "keyfold/core/base/result.h"

namespace keyfold::app {

class CredentialsFile {
 public:
  // Empty, mode 0600, and its name on disk. Fails with `already_exists` when there is something of that name, be it a
  // link; with `io` when it cannot be made.
  static Result<CredentialsFile> create(const std::filesystem::path& path);
  CredentialsFile(CredentialsFile&& other) noexcept;
  CredentialsFile& operator=(CredentialsFile&&) = delete;
  ~CredentialsFile();  // The file goes, unless it was kept.

  // The key is on disk when this returns. Fails with `io`.
  Outcome write(std::string_view access_key_id, std::string_view secret_access_key);
  void keep() { fate_ = Fate::stays; }

 private:
  enum class Fate : std::uint8_t { goes, stays };
  CredentialsFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::filesystem::path path_;
  int fd_;
  Fate fate_ = Fate::goes;
};

}  // namespace keyfold::app
