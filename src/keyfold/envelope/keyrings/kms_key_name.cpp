#include "keyfold/envelope/keyrings/kms_key_name.h"

#include <algorithm>

namespace keyfold::keyrings {
namespace {

constexpr std::string_view key_prefix = "key/";
constexpr std::string_view multi_region_prefix = "key/mrk-";
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

Result<KmsKeyArn> KmsKeyArn::parse(std::string_view text) {
  if (!is_kms_key_arn(text))
    return Error{ErrorCode::invalid_input, "not the ARN of a KMS key: \"" + std::string(text.substr(0, 100)) + "\""};
  return KmsKeyArn(std::string(text));
}

bool KmsKeyArn::is_multi_region() const { return resource().starts_with(multi_region_prefix); }

KmsKeyArn KmsKeyArn::in_region(std::string_view region) const {
  const auto from = parts();
  std::string text("arn:");
  text.append(from.partition).append(":").append(from.service).append(":").append(region).append(":");
  text.append(from.account).append(":").append(from.resource);
  return KmsKeyArn(std::move(text));
}

bool KmsKeyArn::matches_for_decrypt(const KmsKeyArn& other) const {
  if (*this == other) return true;
  return is_multi_region() && in_region(other.region()) == other;
}

Outcome check_multi_region_keys_are_unique(std::span<const KmsKeyArn> keys) {
  const auto is_twice = [&](const KmsKeyArn& key) {
    return key.is_multi_region() &&
           std::ranges::count(keys, key.resource(), [](const KmsKeyArn& other) { return other.resource(); }) > 1;
  };
  std::string twice;
  for (const auto& key : keys)
    if (is_twice(key)) twice.append(twice.empty() ? "" : ", ").append(key.text());
  if (twice.empty()) return ok();
  return Error{ErrorCode::invalid_input, "a multi-Region key may be named in one Region only: " + twice};
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
