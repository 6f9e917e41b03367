#pragma once
// Making a key store's SQLite file.

#include <filesystem>

#include "keyfold/core/base/result.h"

namespace keyfold::keystore {

inline constexpr int sqlite_application_id = 0x4B46424B;  // "KFBK", in the file's header.
inline constexpr int sqlite_schema_version = 1;

// Makes the file, whole and synced, unless somebody else has done so just now.
Outcome create_sqlite_file(const std::filesystem::path& file, const std::string& logical_name);

}  // namespace keyfold::keystore
