#pragma once
// What a raw keyring may call its key. Spec: framework/keyring-interface.md, "Key Namespace", "Key Name".

#include <string_view>

#include "keyfold/core/base/result.h"

namespace keyfold::keyrings {

// Both are UTF-8 and not empty; the namespace does not begin with "aws-kms", and the name has at most `name_size_max`
// bytes. Fails with `invalid_input`.
Outcome check_raw_key_names(std::string_view key_namespace, std::string_view key_name, std::size_t name_size_max);

}  // namespace keyfold::keyrings
