#include "keyfold/envelope/keyrings/kms_key_name.h"

#include <algorithm>

#include "keyfold/core/base/named.h"

namespace keyfold::keyrings {
namespace {

constexpr std::string_view key_prefix = "key/";
constexpr std::string_view alias_prefix = "alias/";
constexpr std::size_t identifier_size_max = 2048;  // Bytes, as KMS takes it (API reference, KeyId).

bool is_clean(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_kms_arn(std::string_view text, std::string_view resource_prefix) {
  const auto arn = split_arn(text);
  return arn && is_clean(text) && arn->partition.starts_with("aws") && arn->service == "kms" && !arn->region.empty() &&
         !arn->account.empty() && arn->resource.starts_with(resource_prefix) &&
         arn->resource.size() > resource_prefix.size();
}

}  // namespace

bool is_kms_key_arn(std::string_view text) {
  return text.size() <= identifier_size_max && is_kms_arn(text, key_prefix);
}

Result<KmsKeyName> KmsKeyName::parse(std::string_view text) {
  if (text.size() <= identifier_size_max && is_clean(text)) {
    if (is_kms_arn(text, key_prefix)) return KmsKeyName(Form::key_arn, text);
    if (is_kms_arn(text, alias_prefix)) return KmsKeyName(Form::alias_arn, text);
    if (AliasName::parse(text)) return KmsKeyName(Form::alias_name, text);
    if (KeyId::parse(text)) return KmsKeyName(Form::key_id, text);
  }
  return Error{ErrorCode::invalid_input, "not a KMS key: \"" + std::string(text.substr(0, 100)) +
                                             "\" (a key ARN, a key id, alias/NAME or an alias ARN)"};
}

bool KmsKeyName::may_be(std::string_view key_arn) const {
  const auto arn = split_arn(key_arn);
  if (!arn) return false;
  switch (form_) {
    case Form::key_arn:
      return key_arn == text_;
    case Form::key_id:
      return arn->resource.substr(std::min(key_prefix.size(), arn->resource.size())) == text_;
    case Form::alias_name:
      return true;
    case Form::alias_arn: {
      const auto alias = split_arn(text_);
      return alias && alias->partition == arn->partition && alias->region == arn->region &&
             alias->account == arn->account;
    }
  }
  return false;
}

}  // namespace keyfold::keyrings
