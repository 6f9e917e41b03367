#pragma once
// The data directory of a keyfold-kms: who may open it, and what lies where in it.

#include <sys/types.h>

#include <filesystem>

#include "keyfold/core/base/result.h"

namespace keyfold::storage {

// Held open by one process at a time. Immutable: may be shared between threads.
class DataDirectory {
 public:
  // Creates the directory (mode 0700) when it is absent and its parent is there, and takes its lock for as long as this
  // lives. Fails with `invalid_input` when it is not a directory, belongs to another user, or group or others may write
  // to it; with `unavailable`, naming the process, when another one holds it; with `io` otherwise.
  static Result<DataDirectory> open(const std::filesystem::path& path);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&& other) noexcept;
  ~DataDirectory();

  const std::filesystem::path& path() const { return path_; }  // Absolute, without symbolic links.
  std::filesystem::path store_file() const { return path_ / "store.sqlite"; }
  std::filesystem::path audit_directory() const { return path_ / "audit"; }
  std::filesystem::path admin_socket() const { return path_ / "admin.sock"; }

 private:
  DataDirectory(std::filesystem::path path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
  std::filesystem::path path_;
  int lock_fd_ = -1;  // The kernel gives the lock back when the process ends, however it ends.
};

// The directory entry of a file that was created or renamed survives a crash only after this.
Outcome sync_directory(const std::filesystem::path& directory);

}  // namespace keyfold::storage
