#include "keyfold-kms/credentials_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"

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
  const auto failed = [&path](ErrorCode code, int reason) {
    return Error{code, "cannot create " + path.native() + " for the new access key: " + std::strerror(reason)};
  };
  struct stat info{};
  if (lstat(path.c_str(), &info) == 0) return failed(ErrorCode::already_exists, EEXIST);
  if (errno != ENOENT) return failed(ErrorCode::io, errno);
  auto file = TemporaryFile::create(path);
  if (!file) return Error{file.error().code, "cannot make a file for the new access key: " + file.error().message};
  return CredentialsFile(path, *std::move(file));
}

CredentialsFile::CredentialsFile(CredentialsFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::move(other.file_)),
      named_(std::exchange(other.named_, Named::not_yet)) {}

CredentialsFile::~CredentialsFile() {
  if (named_ == Named::for_now) unlink(path_.c_str());
}

Outcome CredentialsFile::write(std::string_view access_key_id, std::string_view secret_access_key) {
  std::string text;
  const WipeAtEnd wiped(text);
  for (const std::string_view part :
       {std::string_view("[default]\naws_access_key_id = "), access_key_id,
        std::string_view("\naws_secret_access_key = "), secret_access_key, std::string_view("\n")})
    append_wiping(text, part);
  if (!write_all(file_.fd(), text))
    return Error{ErrorCode::io, "cannot write " + path_.native() + ": " + std::strerror(errno)};
  TRY(file_.become_new(0600));
  named_ = Named::for_now;
  return ok();
}

}  // namespace keyfold::app
