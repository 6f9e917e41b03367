#include "keyfold/kms/keys/identifier.h"

#include <string>

#include "keyfold/core/base/try.h"

namespace keyfold::keys {
namespace {

constexpr std::string_view key_prefix = "key/";

Error not_an_arn(std::string_view text) { return {ErrorCode::not_found, "Invalid arn " + std::string(text)}; }

// The name of an alias that may not even be one: for a message.
std::string alias_arn_text(const Place& place, std::string_view alias) {
  std::string arn("arn:aws:kms:");
  arn.append(place.region.text()).append(":").append(place.account.text()).append(":").append(alias);
  return arn;
}

Result<Identifier> parse_arn(const Place& place, std::string_view text) {
  const auto arn = split_arn(text);
  if (!arn || arn->partition != "aws" || arn->service != "kms") return not_an_arn(text);
  if (arn->region != place.region.text()) return not_an_arn(arn->region);
  const auto account = AccountId::parse(arn->account);
  if (!account) return not_an_arn(text);
  if (arn->resource.starts_with(key_prefix)) {
    const auto id_text = arn->resource.substr(key_prefix.size());
    const auto id = KeyId::parse(id_text);
    if (!id) return not_a_key_id(id_text);
    return Identifier{.by = AddressedBy::key_arn, .account = *account, .key = *id};
  }
  if (arn->resource.starts_with(alias_name_prefix)) {
    const auto alias = AliasName::parse(arn->resource);
    if (!alias) return no_such_alias(text);
    return Identifier{.by = AddressedBy::alias_arn, .account = *account, .alias = *alias};
  }
  return not_an_arn(text);
}

}  // namespace

Error no_such_key(std::string_view arn) {
  return {ErrorCode::not_found, "Key '" + std::string(arn) + "' does not exist"};
}
Error no_such_alias(std::string_view arn) {
  return {ErrorCode::not_found, "Alias " + std::string(arn) + " is not found."};
}
Error not_a_key_id(std::string_view text) {
  return {ErrorCode::not_found, "Invalid keyId '" + std::string(text) + "'"};
}

Result<Identifier> parse_identifier(const Place& place, std::string_view text) {
  if (text.starts_with("arn:")) return parse_arn(place, text);
  if (text.starts_with(alias_name_prefix)) {
    const auto alias = AliasName::parse(text);
    if (!alias) return no_such_alias(alias_arn_text(place, text));
    return Identifier{.by = AddressedBy::alias_name, .account = place.account, .alias = *alias};
  }
  const auto id = KeyId::parse(text);
  if (!id) return not_a_key_id(text);
  return Identifier{.by = AddressedBy::key_id, .account = place.account, .key = *id};
}

}  // namespace keyfold::keys
