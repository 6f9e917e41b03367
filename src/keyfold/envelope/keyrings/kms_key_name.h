#pragma once
// KmsKeyName: how a caller names a KMS key. Spec: framework/aws-kms/aws-kms-key-arn.md, "A Valid AWS KMS Identifier".

#include <span>
#include <string>
#include <string_view>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/result.h"

namespace keyfold::keyrings {

class KmsKeyName {
 public:
  enum class Form { key_arn, alias_arn, key_id, alias_name };
  // Any partition ("aws", "aws-cn", …). Fails with `invalid_input`.
  static Result<KmsKeyName> parse(std::string_view text);

  Form form() const { return form_; }
  const std::string& text() const { return text_; }
  // Whether it can be the key of this ARN, as far as can be told without asking: the ARN itself, the Region and account
  // of an alias ARN, the key id at the ARN's end; any, for an alias name.
  bool may_be(std::string_view key_arn) const;

 private:
  KmsKeyName(Form form, std::string_view text) : form_(form), text_(text) {}
  Form form_;
  std::string text_;
};

// "arn:PARTITION:kms:REGION:ACCOUNT:key/ID", none of them empty.
bool is_kms_key_arn(std::string_view text);

// A KMS key by its ARN, and what the ARN says of it. Spec: framework/aws-kms/aws-kms-key-arn.md.
class KmsKeyArn {
 public:
  // Fails with `invalid_input`: not a key ARN.
  static Result<KmsKeyArn> parse(std::string_view text);

  const std::string& text() const { return text_; }
  std::string_view partition() const { return parts().partition; }
  std::string_view region() const { return parts().region; }
  std::string_view account() const { return parts().account; }
  std::string_view resource() const { return parts().resource; }  // "key/…"
  // "Identifying an AWS KMS multi-Region key": one of several keys with the same id and materials, one to a Region.
  bool is_multi_region() const;
  // The same key in another Region.
  KmsKeyArn in_region(std::string_view region) const;
  // Whether a data key wrapped by `other` can be unwrapped by this one: the same key, or a multi-Region key and itself
  // in another Region. Spec: framework/aws-kms/aws-kms-mrk-match-for-decrypt.md.
  bool matches_for_decrypt(const KmsKeyArn& other) const;
  friend bool operator==(const KmsKeyArn&, const KmsKeyArn&) = default;

 private:
  explicit KmsKeyArn(std::string text) : text_(std::move(text)) {}
  ArnParts parts() const { return *split_arn(text_); }
  std::string text_;
};

// Fails with `invalid_input`, naming them all, when a multi-Region key is there in two Regions: which is to be asked
// would be left to chance. Spec: framework/aws-kms/aws-kms-mrk-are-unique.md.
Outcome check_multi_region_keys_are_unique(std::span<const KmsKeyArn> keys);

}  // namespace keyfold::keyrings
