#include "keyfold/kms/vault/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "keyfold/core/base/try.h"

namespace keyfold::vault {
namespace {

Error io_error(const std::string& what) {
  return {ErrorCode::io, what + ": " + std::generic_category().message(errno)};
}

Outcome check_private(int fd, const std::filesystem::path& path) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return io_error("cannot look at " + path.string());
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::invalid_input, path.string() + " is not a file"};
  if (status.st_uid != geteuid() && status.st_uid != 0)
    return Error{ErrorCode::invalid_input,
                 path.string() + " belongs to another user (uid " + std::to_string(status.st_uid) + ")"};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error{ErrorCode::invalid_input, "others may use " + path.string() + ": chmod 600 it"};
  return ok();
}

// Until the end of the file or size_max bytes.
Result<SecretBytes> read_secret(int fd, std::size_t size_max) {
  TRY_ASSIGN(auto buffer, SecretBytes::zeroed(size_max));
  std::size_t size = 0;
  while (size < size_max) {
    const ssize_t got = read(fd, buffer.fill().data() + size, size_max - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read a secret");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return SecretBytes::copy_of(buffer.reveal().first(size));
}

}  // namespace

Result<SecretBytes> read_private_file(const std::filesystem::path& path, std::size_t size_max) {
  // Without waiting, should it be a pipe.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) return Error{ErrorCode::not_found, path.string() + " is not there"};
  if (fd < 0) return io_error("cannot open " + path.string());
  const auto checked = check_private(fd, path);
  Result<SecretBytes> text = checked ? read_secret(fd, size_max) : Result<SecretBytes>(checked.error());
  close(fd);
  return text;
}

}  // namespace keyfold::vault
