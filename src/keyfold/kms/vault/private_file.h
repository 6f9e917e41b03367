#pragma once
// Reading a small file that holds a secret.

#include <filesystem>

#include "keyfold/core/base/result.h"
#include "keyfold/core/base/secret.h"

namespace keyfold::vault {

// At most `size_max` bytes of it. Fails with `not_found` when it is absent, with `invalid_input` when it is not a
// regular file, belongs to neither this user nor root, or when group or others may read or write it.
Result<SecretBytes> read_private_file(const std::filesystem::path& path, std::size_t size_max);

}  // namespace keyfold::vault
