#pragma once
// Store: named records under one revision, changed by transactions that are on disk when they return. Small enough to
// be had from SQLite, from memory and from a consensus engine alike; one contract test runs on all of them
// (store_contract_test.cpp). It neither seals nor understands what it holds: `vault` does.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"

namespace keyfold::storage {

inline constexpr std::size_t name_size_max = 1024;                   // Bytes. A name is not empty and holds no NUL.
inline constexpr std::size_t value_size_max = std::size_t{1} << 20;  // Bytes.

struct Record {
  std::string name;
  std::uint64_t version = 0;  // The store's revision after the commit that wrote it last.
  Bytes value;
  friend bool operator==(const Record&, const Record&) = default;
};

// What must hold for a commit to happen: the record `name` has this version; 0: it is absent.
struct Condition {
  std::string name;
  std::uint64_t version = 0;
  // The store as a whole is at `revision`: this commit makes revision + 1, and its maker may say so inside what it
  // writes.
  static Condition store_at(std::uint64_t revision) { return {.name = {}, .version = revision}; }
};

// A record's new value; none: the record is removed (if it is there).
struct Write {
  std::string name;
  std::optional<Bytes> value;
};

// Safe to use from several threads. Every call may fail with `io`. After an error of the kind that leaves unknown what
// is on the disk (a failed fsync), every further call fails with `io`: only a restart, which reads the disk anew, goes
// on.
class Store {
 public:
  virtual ~Store() = default;

  virtual Result<std::optional<Record>> get(std::string_view name) = 0;
  // The records whose names start with `prefix` and come after `after` ("" for the first call), by the bytes of their
  // names, at most `limit`. Each call sees one revision; two calls may see two.
  virtual Result<std::vector<Record>> scan(std::string_view prefix, std::string_view after, std::size_t limit) = 0;

  // All or nothing: if every condition holds, writes everything and returns the new revision, which is greater than
  // every one before it and is the version of every record written. When it returns, the change has survived: a crash
  // cannot undo it. Without writes it only checks, and returns the revision as it is. Fails with `conflict`, naming the
  // record, when a condition does not hold; with `invalid_input` beyond the limits above or when a name is written
  // twice; with `io` when the disk is full or read-only: then nothing has changed.
  virtual Result<std::uint64_t> commit(std::span<const Condition> conditions, std::span<const Write> writes) = 0;

  // 0: nothing was ever written. Never goes back and is never used twice: a record that is removed and made anew has a
  // greater version than it ever had.
  virtual Result<std::uint64_t> revision() = 0;

  // What was overwritten or removed before this call is no longer in any file of the store when it returns (beyond
  // that, the file system and the device decide). Fails with `unavailable` when a reader is in the way: try again.
  virtual Outcome truncate_log() = 0;
};

// Forgets everything when it goes: for tests, and for `keyfold-kms-dev` without --data.
std::unique_ptr<Store> open_memory_store();

// One SQLite file (and its -wal and -shm beside it), created if it is absent, mode 0600: write-ahead log,
// synchronous=FULL, secure_delete. Meant for one process at a time (data_directory.h holds the lock). Fails with
// `invalid_input` when the file is not one of ours or of another version: it is not touched.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file);

}  // namespace keyfold::storage
