#pragma once
// What makes an SQLite file a store of ours, and how a new one comes to be.

#include <cstdint>
#include <filesystem>

#include "keyfold/core/base/result.h"

namespace keyfold::storage {

inline constexpr std::uint32_t application_id = 0x4b464f4c;  // "KFOL", at offset 68 of the file.
inline constexpr std::uint32_t schema_version = 1;           // At offset 60.

// Makes `file` if it is absent: beside it, then renamed, so that a crash leaves either no file or a whole one.
Outcome make_sqlite_file(const std::filesystem::path& file);
// Looks at the file's header only, because opening a file with SQLite may already change it (recovery). Fails with
// `invalid_input` when it is not one of ours, or of another version.
Outcome check_sqlite_file(const std::filesystem::path& file);

}  // namespace keyfold::storage
