#include "keyfold/envelope/keystore/kms_key_choice.h"

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/kms_key_name.h"

namespace keyfold::keystore {
namespace {

Outcome check_key_arn(std::string_view text) {
  if (!keyrings::is_kms_key_arn(text))
    return Error{ErrorCode::invalid_input, "a key store takes a KMS key by its ARN, not by an alias or an id"};
  return ok();
}

}  // namespace

Result<KmsKeyChoice> KmsKeyChoice::only(std::string key_arn) {
  TRY(check_key_arn(key_arn));
  return KmsKeyChoice(Kind::only, std::move(key_arn));
}

Result<KmsKeyChoice> KmsKeyChoice::multi_region(std::string key_arn) {
  TRY(check_key_arn(key_arn));
  return KmsKeyChoice(Kind::multi_region, std::move(key_arn));
}

Result<KmsKeyChoice> KmsKeyChoice::discovery(keyrings::DiscoveryFilter filter) {
  TRY(keyrings::check_discovery_filter(filter));
  return KmsKeyChoice(Kind::discovery, {}, std::move(filter));
}

Result<KmsKeyChoice> KmsKeyChoice::multi_region_discovery(std::string region, keyrings::DiscoveryFilter filter) {
  TRY(Region::parse(region));
  TRY(keyrings::check_discovery_filter(filter));
  return KmsKeyChoice(Kind::multi_region_discovery, std::move(region), std::move(filter));
}

Result<std::string> KmsKeyChoice::key_for(std::string_view kms_arn) const {
  const auto arn = keyrings::KmsKeyArn::parse(kms_arn);
  if (!arn) return Error{ErrorCode::incorrect_key, "the record names no KMS key by its ARN"};
  const Error another{ErrorCode::incorrect_key,
                      "the record is under " + std::string(kms_arn) + ", not under the configured key " + text_};
  const Error stranger{ErrorCode::incorrect_key,
                       "the record is under " + std::string(kms_arn) + ", of none of the accounts that were given"};
  switch (kind_) {
    case Kind::only:
      return kms_arn == text_ ? Result<std::string>(text_) : another;
    case Kind::multi_region:
      return keyrings::KmsKeyArn::parse(text_)->matches_for_decrypt(*arn) ? Result<std::string>(text_) : another;
    case Kind::discovery:
      return filter_.lets_through(*arn) ? Result<std::string>(arn->text()) : stranger;
    case Kind::multi_region_discovery:
      if (!filter_.lets_through(*arn)) return stranger;
      return arn->is_multi_region() ? arn->in_region(text_).text() : arn->text();
  }
  return another;
}

Result<std::string> KmsKeyChoice::key_for_sealing() const {
  if (kind_ == Kind::only || kind_ == Kind::multi_region) return text_;
  return Error{ErrorCode::unsupported_operation,
               "a key store without a KMS key of its own (discovery) is for reading versions: it makes, rotates and"
               " seals under no branch keys"};
}

}  // namespace keyfold::keystore
