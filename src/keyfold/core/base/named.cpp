#include "keyfold/core/base/named.h"

#include <algorithm>

#include "keyfold/core/base/try.h"

namespace keyfold {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }

constexpr std::string_view key_prefix = "key/";
constexpr std::string_view alias_prefix = "alias/";
constexpr std::string_view multi_region_prefix = "mrk-";

template <class Text>
bool valid_resource_arn(std::string_view text, std::string_view resource_prefix, Text&& valid_resource) {
  const auto arn = split_arn(text);
  return arn && arn->partition == "aws" && arn->service == "kms" && Region::parse(arn->region) &&
         AccountId::parse(arn->account) && arn->resource.starts_with(resource_prefix) && valid_resource(arn->resource);
}

template <class Name>
Name certain(std::string_view text) {
  auto name = Name::parse(text);
  KEYFOLD_CHECK(name.has_value());
  return *name;
}

InlineString<512> kms_arn(const Region& region, const AccountId& account, std::string_view prefix,
                          std::string_view name) {
  InlineString<512> arn("arn:aws:kms:");
  arn.append(region.text()).append(":").append(account.text()).append(":").append(prefix).append(name);
  return arn;
}

}  // namespace

bool AccountIdTag::valid(std::string_view text) { return text.size() == 12 && std::ranges::all_of(text, is_digit); }

bool RegionTag::valid(std::string_view text) {
  return !text.empty() && is_lower(text.front()) && !text.ends_with('-') &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool KeyIdTag::valid(std::string_view text) {
  if (text.size() != 36) return false;
  if (text.starts_with(multi_region_prefix))
    return std::ranges::all_of(text.substr(multi_region_prefix.size()), is_lower_hex);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_lower_hex(text[i])) return false;
  }
  return true;
}

bool KeyArnTag::valid(std::string_view text) {
  return valid_resource_arn(text, key_prefix,
                            [](std::string_view r) { return KeyIdTag::valid(r.substr(key_prefix.size())); });
}

bool AliasNameTag::valid(std::string_view text) {
  return text.starts_with(alias_prefix) && text.size() > alias_prefix.size() &&
         std::ranges::all_of(text.substr(alias_prefix.size()),
                             [](char c) { return is_alphanumeric(c) || c == '/' || c == '_' || c == '-'; });
}

bool AliasArnTag::valid(std::string_view text) {
  return valid_resource_arn(text, alias_prefix, [](std::string_view r) {
    return r.size() <= AliasNameTag::size_max && AliasNameTag::valid(r);
  });
}

bool PrincipalArnTag::valid(std::string_view text) {
  const auto arn = split_arn(text);
  if (!arn || arn->partition != "aws" || !arn->region.empty() || !AccountId::parse(arn->account)) return false;
  if (arn->service == "iam") {
    const bool kind = arn->resource == "root" || (arn->resource.starts_with("user/") && arn->resource.size() > 5) ||
                      (arn->resource.starts_with("role/") && arn->resource.size() > 5);
    return kind && std::ranges::all_of(arn->resource,
                                       [](char c) { return c > ' ' && c < 0x7f && c != '*' && c != '?' && c != '"'; });
  }
  return arn->service == "sts" && arn->resource.starts_with("assumed-role/") &&
         std::ranges::all_of(arn->resource,
                             [](char c) { return c > ' ' && c < 0x7f && c != '*' && c != '?' && c != '"'; });
}

bool GrantIdTag::valid(std::string_view text) {
  return text.size() == size_max && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool AccessKeyIdTag::valid(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

Result<ArnParts> split_arn(std::string_view arn) {
  const Error malformed{ErrorCode::invalid_input, "not an ARN"};
  std::string_view fields[5];
  std::string_view rest = arn;
  for (auto& field : fields) {
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos) return malformed;
    field = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  if (fields[0] != "arn" || rest.empty()) return malformed;
  return ArnParts{
      .partition = fields[1], .service = fields[2], .region = fields[3], .account = fields[4], .resource = rest};
}

KeyArn key_arn(const Region& region, const AccountId& account, const KeyId& key) {
  return certain<KeyArn>(kms_arn(region, account, key_prefix, key.text()));
}

AliasArn alias_arn(const Region& region, const AccountId& account, const AliasName& alias) {
  return certain<AliasArn>(kms_arn(region, account, "", alias.text()));
}

KeyId key_id_of(const KeyArn& arn) { return certain<KeyId>(arn.text().substr(arn.text().size() - KeyIdTag::size_max)); }
Region region_of(const KeyArn& arn) { return certain<Region>(split_arn(arn.text())->region); }
AccountId account_of(const KeyArn& arn) { return certain<AccountId>(split_arn(arn.text())->account); }

}  // namespace keyfold
