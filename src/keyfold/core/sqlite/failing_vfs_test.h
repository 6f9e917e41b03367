#pragma once
// A disk that fails when told: a layer over SQLite's own file system, which is the default for as long as this lives.

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "keyfold/core/base/result.h"

namespace keyfold::sqlite {

class FailingVfs {
 public:
  FailingVfs() : below_(sqlite3_vfs_find(nullptr)), vfs_(*below_) {
    KEYFOLD_CHECK(current() == nullptr);
    current() = this;
    vfs_.zName = "failing";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + below_->szOsFile;
    vfs_.xOpen = &open;
    vfs_.xGetLastError = [](sqlite3_vfs*, int, char*) { return current()->last_error_; };
    sqlite3_vfs_register(&vfs_, 1);
  }
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;
  ~FailingVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(below_, 1);
    current() = nullptr;
  }

  // The first `count` writes succeed, every one after them fails.
  void fail_write_after(int count, int os_code) { writes_left_ = count, write_error_ = os_code; }
  void fail_syncs() { sync_fails_ = true; }
  void fail_syncs_of_the_main_file() { main_sync_fails_ = true; }
  void fail_nothing() { writes_left_ = -1, sync_fails_ = main_sync_fails_ = false; }

 private:
  struct File {
    sqlite3_file base;
    sqlite3_io_methods methods;
    bool is_main;
  };
  static FailingVfs*& current() {
    static FailingVfs* vfs = nullptr;
    return vfs;
  }
  // The file of the layer below lies behind ours.
  static sqlite3_file* below(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
  }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* ours = reinterpret_cast<File*>(file);
    ours->base.pMethods = nullptr;
    ours->is_main = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    const int opened = current()->below_->xOpen(current()->below_, name, below(file), flags, out_flags);
    if (opened != SQLITE_OK) return opened;
    set_methods(ours->methods, below(file)->pMethods->iVersion);
    ours->base.pMethods = &ours->methods;
    return SQLITE_OK;
  }

  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    auto& self = *current();
    if (self.writes_left_ == 0) {
      self.last_error_ = self.write_error_;
      return self.write_error_ == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    if (self.writes_left_ > 0) --self.writes_left_;
    return below(file)->pMethods->xWrite(below(file), data, size, at);
  }
  static int sync(sqlite3_file* file, int flags) {
    if (current()->sync_fails_ || (current()->main_sync_fails_ && reinterpret_cast<File*>(file)->is_main)) {
      current()->last_error_ = EIO;
      return SQLITE_IOERR_FSYNC;
    }
    return below(file)->pMethods->xSync(below(file), flags);
  }

  static void set_methods(sqlite3_io_methods& m, int version) {
    m = {};
    m.iVersion = version;
    m.xClose = [](sqlite3_file* f) { return below(f)->pMethods->xClose(below(f)); };
    m.xRead = [](sqlite3_file* f, void* data, int size, sqlite3_int64 at) {
      return below(f)->pMethods->xRead(below(f), data, size, at);
    };
    m.xWrite = &write;
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return below(f)->pMethods->xTruncate(below(f), size); };
    m.xSync = &sync;
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return below(f)->pMethods->xFileSize(below(f), size); };
    m.xLock = [](sqlite3_file* f, int lock) { return below(f)->pMethods->xLock(below(f), lock); };
    m.xUnlock = [](sqlite3_file* f, int lock) { return below(f)->pMethods->xUnlock(below(f), lock); };
    m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      return below(f)->pMethods->xCheckReservedLock(below(f), out);
    };
    m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
      return below(f)->pMethods->xFileControl(below(f), op, arg);
    };
    m.xSectorSize = [](sqlite3_file* f) { return below(f)->pMethods->xSectorSize(below(f)); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) { return below(f)->pMethods->xDeviceCharacteristics(below(f)); };
    m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return below(f)->pMethods->xShmMap(below(f), page, size, extend, out);
    };
    m.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
      return below(f)->pMethods->xShmLock(below(f), offset, n, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) { below(f)->pMethods->xShmBarrier(below(f)); };
    m.xShmUnmap = [](sqlite3_file* f, int remove) { return below(f)->pMethods->xShmUnmap(below(f), remove); };
    m.xFetch = [](sqlite3_file*, sqlite3_int64, int, void** out) { return *out = nullptr, SQLITE_OK; };
    m.xUnfetch = [](sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; };
  }

  sqlite3_vfs* below_;
  sqlite3_vfs vfs_;
  int writes_left_ = -1;
  int write_error_ = 0;
  bool sync_fails_ = false;
  bool main_sync_fails_ = false;
  int last_error_ = 0;
};

}  // namespace keyfold::sqlite
