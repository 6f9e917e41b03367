#include "keyfold-kms/credentials_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"
#include "keyfold/kms/storage/data_directory.h"

namespace keyfold::app {
namespace {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<CredentialsFile> CredentialsFile::create(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return Error{errno == EEXIST ? ErrorCode::already_exists : ErrorCode::io,
                 "cannot create " + path.native() + " for the new access key: " + std::strerror(errno)};
  CredentialsFile file(path, fd);  // From here on it removes what was made.
  TRY(storage::sync_directory(path.has_parent_path() ? path.parent_path() : "."));
  return file;
}

CredentialsFile::CredentialsFile(CredentialsFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), fate_(other.fate_) {}

CredentialsFile::~CredentialsFile() {
  if (fd_ < 0) return;
  close(fd_);
  if (fate_ == Fate::goes) unlink(path_.c_str());
}

Outcome CredentialsFile::write(std::string_view access_key_id, std::string_view secret_access_key) {
  std::string text;
  const WipeAtEnd wiped(text);
  for (const std::string_view part :
       {std::string_view("[default]\naws_access_key_id = "), access_key_id,
        std::string_view("\naws_secret_access_key = "), secret_access_key, std::string_view("\n")})
    append_wiping(text, part);
  if (!write_all(fd_, text) || fsync(fd_) != 0)
    return Error{ErrorCode::io, "cannot write " + path_.native() + ": " + std::strerror(errno)};
  return ok();
}

}  // namespace keyfold::app
