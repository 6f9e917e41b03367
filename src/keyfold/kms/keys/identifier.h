#pragma once
// The four ways to name a key in a request, told apart (KMS API reference, "KeyId"; the texts are AWS's).

#include <optional>
#include <string_view>

#include "keyfold/kms/keys/keys.h"

namespace keyfold::keys {

inline constexpr std::string_view alias_name_prefix = "alias/";

struct Identifier {
  AddressedBy by = AddressedBy::key_id;
  AccountId account;           // The caller's, or the ARN's.
  std::optional<KeyId> key{};  // One of these two.
  std::optional<AliasName> alias{};
};

// Fails with `not_found`. Allocates nothing when it succeeds.
Result<Identifier> parse_identifier(const Place& place, std::string_view text);

Error no_such_key(std::string_view arn);
Error no_such_alias(std::string_view arn);
Error not_a_key_id(std::string_view text);

}  // namespace keyfold::keys
