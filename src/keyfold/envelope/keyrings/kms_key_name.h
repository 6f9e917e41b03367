#pragma once
// KmsKeyName: how a caller names a KMS key. Spec: framework/aws-kms/aws-kms-key-arn.md, "A Valid AWS KMS Identifier".

#include <string>
#include <string_view>

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

}  // namespace keyfold::keyrings
