#include "keyfold/envelope/client/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace keyfold::client {

Result<std::size_t> read_file(const std::string& path, std::span<std::byte> out) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return Error{errno == ENOENT || errno == ENOTDIR ? ErrorCode::not_found : ErrorCode::io,
                 path + ": " + std::strerror(errno)};
  std::size_t size = 0;
  int reason = 0;
  while (size < out.size() && reason == 0) {
    const ssize_t got = ::read(fd, out.data() + size, out.size() - size);
    if (got == 0) break;
    if (got > 0) size += static_cast<std::size_t>(got);
    if (got < 0 && errno != EINTR) reason = errno;
  }
  ::close(fd);
  if (reason != 0) return Error{ErrorCode::io, path + ": " + std::strerror(reason)};
  return size;
}

}  // namespace keyfold::client
