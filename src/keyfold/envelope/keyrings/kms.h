#pragma once
// The KMS keyring, strict: one KMS key, named. As generator it calls GenerateDataKey, as child Encrypt; it never tries
// a key that it was not given. Spec: framework/aws-kms/aws-kms-keyring.md.
//
// Sealing writes the ARN that KMS answered with into the message. Opening calls Decrypt with the key's name as it was
// given (a key ARN, or an alias, id or alias ARN: beyond the specification, for strict key names without a DescribeKey
// right), and the ARN that KMS answers with must be the one in the message.

#include "keyfold/envelope/keyrings/keyring.h"
#include "keyfold/envelope/keyrings/kms_client.h"
#include "keyfold/envelope/keyrings/kms_key_name.h"

namespace keyfold::keyrings {

inline constexpr std::string_view kms_provider_id = "aws-kms";

// Shareable between threads, as its client is.
std::shared_ptr<const Keyring> kms_keyring(std::shared_ptr<KmsClient> client, KmsKeyName key);

}  // namespace keyfold::keyrings
