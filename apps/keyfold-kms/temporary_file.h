#pragma once
// A file that becomes whole before it has its name. Until then it has none at all (O_TMPFILE), so that nothing is left
// of it however the process ends. Two exceptions leave a hidden file, `.keyfold-…`, beside it: replace() needs such a
// name for a moment, and SIGKILL in that moment leaves it; and where the file system has no nameless files, it is a
// hidden file all along, which goes with this object, and with SIGINT, SIGTERM and SIGHUP.

#include <sys/types.h>

#include <string>

#include "keyfold/core/base/result.h"

namespace keyfold::app {

struct HiddenName;  // One that signal handlers remove.

// Any number at a time, on any threads; signal handlers remove the hidden files of at most 64, and wait for a thread
// that is just giving one its name or taking it away.
class TemporaryFile {
 public:
  // In the folder where `path` will be, mode 0600. Fails with `io`, naming `path`.
  static Result<TemporaryFile> create(const std::string& path);
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  int fd() const { return fd_; }
  // Each flushes it to disk, gives it its permissions and its name, and flushes that. The last call.
  // In place of a file that has the name. Fails with `io`; the former file is there then, or, when it was only the
  // folder that could not be flushed, the new one, whole.
  Outcome replace(mode_t permissions);
  // Never in place of anything. Fails with `already_exists` when there is something of that name, be it a link, and
  // with `io`; there is nothing new then.
  Outcome become_new(mode_t permissions);

 private:
  TemporaryFile(std::string path, std::string name, HiddenName* remembered, int fd)
      : path_(std::move(path)), name_(std::move(name)), remembered_(remembered), fd_(fd) {}
  int link_to(const std::string& name) const;
  Outcome take_a_name();
  void remove_name();
  std::string path_;
  std::string name_;                  // Empty: none yet.
  HiddenName* remembered_ = nullptr;  // What handlers know of it; null: nothing.
  int fd_;
};

}  // namespace keyfold::app
