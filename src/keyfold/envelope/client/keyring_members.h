#pragma once
// Taking a keyring's JSON apart, member by member. Each fails with `invalid_input`, naming the member; a member that is
// there and not as it should be is never passed over.

#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "keyfold/core/base/secret.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/envelope/keyrings/kms_key_name.h"

namespace keyfold::client {

inline constexpr std::size_t keyring_list_max = 64;       // Elements of an array, members of an inner object.
inline constexpr std::size_t pem_file_size_max = 16'384;  // Bytes.

Error keyring_error(std::string text);

// No members but these.
Outcome allow_only(const protocol::JsonValue& object, std::initializer_list<std::string_view> names);

Result<std::string> text_member(const protocol::JsonValue& object, std::string_view name);
Result<std::string> optional_text(const protocol::JsonValue& object, std::string_view name, std::string_view otherwise);
// Texts, none of them empty; none at all when the member is absent.
Result<std::vector<std::string>> text_list(const protocol::JsonValue& object, std::string_view name);
// An integer from `least` to `most`.
Result<std::int64_t> optional_number(const protocol::JsonValue& object, std::string_view name, std::int64_t otherwise,
                                     std::int64_t least, std::int64_t most);

Result<keyrings::KmsKeyArn> key_arn_member(const protocol::JsonValue& object, std::string_view name);
Result<std::vector<keyrings::KmsKeyArn>> key_arn_list(const protocol::JsonValue& object, std::string_view name);
// {"NAME": "TEXT", …}; none when the member is absent.
using TextMap = std::map<std::string, std::string, std::less<>>;
Result<TextMap> text_map(const protocol::JsonValue& object, std::string_view name);

// What files hold that a member names, relative to `folder`: a raw AES key of 16, 24 or 32 bytes; a key in PEM, empty
// when the member is absent.
Result<SecretBytes> aes_key_file(const protocol::JsonValue& object, std::string_view name,
                                 const std::filesystem::path& folder);
Result<SecretBytes> optional_pem_file(const protocol::JsonValue& object, std::string_view name,
                                      const std::filesystem::path& folder);

}  // namespace keyfold::client
