#pragma once
// AWS's own endpoints of the KMS.

#include <string>
#include <string_view>

#include "keyfold/core/base/result.h"
#include "keyfold/envelope/client/aws_settings.h"

namespace keyfold::client {

// "https://kms.eu-central-1.amazonaws.com". Fails with `invalid_input` for a Region of a partition that is not known
// here (its calls must not leave for another's names), and where a variant is not known.
Result<std::string> aws_kms_endpoint(std::string_view region, EndpointVariant variant);

}  // namespace keyfold::client
