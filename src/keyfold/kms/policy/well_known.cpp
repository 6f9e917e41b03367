// The policies that nobody has to write.
#include "keyfold/kms/policy/document.h"

namespace keyfold::policy {

std::string default_key_policy(const AccountId& account) {
  std::string text = R"({
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::)";
  text.append(account.text()).append(R"(:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
})");
  return text;
}

// Named one by one: what later versions add is not given to the administrators of today unseen.
const std::string_view administrator_policy = R"({
  "Version": "2012-10-17",
  "Id": "keyfold-administrator",
  "Statement": [{
    "Sid": "Administrator",
    "Effect": "Allow",
    "Action": [
      "kms:CreateKey", "kms:DescribeKey", "kms:ListKeys", "kms:UpdateKeyDescription",
      "kms:EnableKey", "kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion",
      "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias", "kms:ListAliases",
      "kms:TagResource", "kms:UntagResource", "kms:ListResourceTags",
      "kms:GetKeyPolicy", "kms:PutKeyPolicy", "kms:ListKeyPolicies",
      "kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:GetKeyRotationStatus",
      "kms:RotateKeyOnDemand", "kms:ListKeyRotations", "kms:GenerateRandom"
    ],
    "Resource": "*"
  }]
})";

}  // namespace keyfold::policy
