#pragma once
// From what the command line says to a KMS and to keyrings.

#include <memory>

#include "keyfold/command_line.h"
#include "keyfold/core/base/encryption_context.h"
#include "keyfold/envelope/client/keyring_config.h"
#include "keyfold/envelope/client/kms.h"

namespace keyfold::cli {

// Each fails with `invalid_input`, saying which option or variable.
// `key`: a key whose ARN names the Region when nothing else does; may be empty.
Result<std::shared_ptr<client::Kms>> connect(const ConnectionOptions& connection, std::string_view key);
Result<client::ConfiguredKeyring> keyring_of(const KeyOptions& keys, const ConnectionOptions& connection);
Result<EncryptionContext> context_of(const std::vector<std::string>& pairs);

}  // namespace keyfold::cli
