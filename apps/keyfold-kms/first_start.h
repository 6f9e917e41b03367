#pragma once
// The first start of a server: the first account's root needs an access key, and somebody must be able to read it once.

#include <filesystem>

#include "keyfold-kms/data.h"

namespace keyfold::app {

// If nothing is in `data` yet: makes the root's access key and writes it to `credentials` (AWS's shared-credentials
// format, mode 0600, profile "default"), which is beside the root key and so never under the data. The file is on disk
// before the key is in force. Fails with `already_exists` when the file is there: it may be another server's, or of a
// start that was killed before the key was in force.
Outcome make_first_access_key(Data& data, const AccountId& account, const std::filesystem::path& credentials,
                              World world);

}  // namespace keyfold::app
