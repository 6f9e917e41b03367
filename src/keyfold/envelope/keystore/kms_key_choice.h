#pragma once
// KmsKeyChoice: under which KMS keys a key store lets branch keys be. Spec: framework/branch-key-store.md, "AWS KMS
// Configuration".

#include <string>
#include <string_view>

#include "keyfold/core/base/result.h"
#include "keyfold/envelope/keyrings/kms_discovery.h"

namespace keyfold::keystore {

class KmsKeyChoice {
 public:
  // This key and no other ("KMS Key ARN"). Fails with `invalid_input` when it is no key ARN.
  static Result<KmsKeyChoice> only(std::string key_arn);
  // This key or, when it is a multi-Region key, a related one ("KMS MRKey ARN"): records may name the key of any
  // Region, calls go to this one.
  static Result<KmsKeyChoice> multi_region(std::string key_arn);
  // Whichever key of the filter's accounts a record names ("Discovery"): for reading versions alone. Whoever writes the
  // database then chooses the key. Beyond the specification the filter is not optional, and nothing is sealed: else he
  // could put in a branch key that he knows, under a key of his own account. Fails with `invalid_input`.
  static Result<KmsKeyChoice> discovery(keyrings::DiscoveryFilter filter);
  // Likewise; of a multi-Region key, the one in this Region ("MRDiscovery").
  static Result<KmsKeyChoice> multi_region_discovery(std::string region, keyrings::DiscoveryFilter filter);

  // The key to call for a record that names `kms_arn`. Fails with `incorrect_key`.
  Result<std::string> key_for(std::string_view kms_arn) const;
  // The key that new branch keys go under, and those that are sealed under. Fails with `unsupported_operation` when any
  // would do.
  Result<std::string> key_for_sealing() const;

 private:
  enum class Kind { only, multi_region, discovery, multi_region_discovery };
  KmsKeyChoice(Kind kind, std::string text, keyrings::DiscoveryFilter filter = {})
      : kind_(kind), text_(std::move(text)), filter_(std::move(filter)) {}
  Kind kind_;
  std::string text_;                  // A key ARN, a Region, or nothing.
  keyrings::DiscoveryFilter filter_;  // Of either discovery.
};

}  // namespace keyfold::keystore
