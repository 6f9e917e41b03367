#pragma once
// Records in one SQLite file: for one machine, any number of processes. Write-ahead log, synchronous=FULL: a branch key
// whose loss would cost data is on disk before anybody seals under it.

#include <filesystem>

#include "keyfold/envelope/keystore/record_store.h"

namespace keyfold::keystore {

enum class IfAbsent : std::uint8_t { fail, create };

// A file that is made is its owner's alone (0600), and is there whole or not at all. Fails with `not_found` when there
// is none; with `invalid_input` when it is no key store, or one with another logical name; with `io`.
Result<std::shared_ptr<RecordStore>> open_sqlite_records(const std::filesystem::path& file,
                                                         const std::string& logical_name, IfAbsent if_absent);

}  // namespace keyfold::keystore
