#pragma once
// A file that becomes whole before it has its name. Until then it has none at all (O_TMPFILE), so that nothing is left
// of it however the process ends; where the file system cannot do that, it is a hidden file in the same folder that
// goes with this object, and with SIGINT, SIGTERM and SIGHUP.

#include <sys/types.h>

#include <string>

#include "keyfold/core/base/result.h"

namespace keyfold::app {

// One at a time in a process: signal handlers know of one name.
class TemporaryFile {
 public:
  // In the folder where `path` will be. Fails with `io`, naming `path`.
  static Result<TemporaryFile> create(const std::string& path);
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  int fd() const { return fd_; }
  // Flushes it to disk, gives it its permissions and its name, in place of a file that has it. Last call. Fails with
  // `io`.
  Outcome become_permanent(mode_t permissions);

 private:
  TemporaryFile(std::string path, std::string name, int fd) : path_(std::move(path)), name_(std::move(name)), fd_(fd) {}
  Outcome take_a_name();
  std::string path_;
  std::string name_;  // Empty: none yet.
  int fd_;
};

}  // namespace keyfold::app
