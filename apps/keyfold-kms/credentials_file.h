#pragma once
// A new file for one new access key, in AWS's shared-credentials format (profile "default"), its owner's alone. It is
// begun before the key is made, so that a place which cannot be written is found out while nothing has happened yet;
// and it has its name only once the key is in it, so that a process that is killed leaves no empty file in the way.

#include <filesystem>
#include <string_view>

#include "keyfold-kms/temporary_file.h"

namespace keyfold::app {

class CredentialsFile {
 public:
  // Fails with `already_exists` when there is something of that name, be it a link; with `io` when it cannot be made.
  static Result<CredentialsFile> create(const std::filesystem::path& path);
  CredentialsFile(CredentialsFile&& other) noexcept;
  CredentialsFile& operator=(CredentialsFile&&) = delete;
  ~CredentialsFile();  // The file goes, unless it was kept.

  // Once. The key is on disk when this returns, in a file of mode 0600 that has its name. Fails with `io`, and with
  // `already_exists` when another has taken the name meanwhile.
  Outcome write(std::string_view access_key_id, std::string_view secret_access_key);
  void keep() { named_ = Named::to_stay; }

 private:
  enum class Named : std::uint8_t { not_yet, for_now, to_stay };
  CredentialsFile(std::filesystem::path path, TemporaryFile file) : path_(std::move(path)), file_(std::move(file)) {}
  std::filesystem::path path_;
  TemporaryFile file_;
  Named named_ = Named::not_yet;
};

}  // namespace keyfold::app
