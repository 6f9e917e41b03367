#pragma once
// What the operating system said, as an Error.

#include <filesystem>
#include <string>

#include "keyfold/core/base/result.h"

namespace keyfold::storage {

// `io`: "<doing> <path>: <errno in words>". Call it before errno changes.
Error os_error(const std::string& doing, const std::filesystem::path& path);

}  // namespace keyfold::storage
