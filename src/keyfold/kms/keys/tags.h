#pragma once
// The rules of tags (KMS developer guide, "Tagging keys"): at most 50 a key, keys unique, "aws:" reserved.

#include <string>
#include <vector>

#include "keyfold/core/base/result.h"
#include "keyfold/kms/keys/record.h"

namespace keyfold::keys {

// `tags` with `added` put in, or over what has the same key; sorted by key. Fails with `tag` in AWS's words, and with
// `validation` for a key that is not 1 to 128 characters or a value above 256.
Result<std::vector<Tag>> with_tags(std::vector<Tag> tags, const std::vector<Tag>& added);
// `tags` without these keys; one that is not there is passed over. Fails with `tag` for a reserved one.
Result<std::vector<Tag>> without_tags(std::vector<Tag> tags, const std::vector<std::string>& removed);

}  // namespace keyfold::keys
