#include "keyfold/envelope/client/aws_endpoint.h"

#include <algorithm>
#include <iterator>

namespace keyfold::client {
namespace {

// Source: botocore, data/partitions.json, which also has the patterns of their Regions' names.
struct Partition {
  std::string_view dns_suffix, dual_stack_suffix;
};
constexpr Partition aws{.dns_suffix = "amazonaws.com", .dual_stack_suffix = "api.aws"};  // aws-us-gov has the same.
constexpr Partition aws_china{.dns_suffix = "amazonaws.com.cn", .dual_stack_suffix = "api.amazonwebservices.com.cn"};
constexpr std::string_view aws_areas[] = {"us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"};

// "central-1": a word, and a number.
bool is_place(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == 0 || dash == std::string_view::npos) return false;
  const auto number = text.substr(dash + 1);
  return !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
}

// Null: not one of these. "us-iso-east-1" is not, nor is "eusc-de-east-1", and what AWS adds later is not guessed.
const Partition* partition_of(std::string_view region) {
  const auto area = region.substr(0, region.find('-'));
  if (area.size() == region.size()) return nullptr;
  auto place = region.substr(area.size() + 1);
  if (region.starts_with("us-gov-")) place.remove_prefix(4);
  if (!is_place(place)) return nullptr;
  if (area == "cn") return &aws_china;
  return std::ranges::find(aws_areas, area) != std::end(aws_areas) ? &aws : nullptr;
}

}  // namespace

// Source: AWS SDKs and Tools Reference Guide, "Dual-stack and FIPS endpoints".
Result<std::string> aws_kms_endpoint(std::string_view region, EndpointVariant variant) {
  const auto* partition = partition_of(region);
  if (partition == nullptr || (variant.fips && partition == &aws_china))
    return Error{ErrorCode::invalid_input, std::string("AWS's ") + (variant.fips ? "FIPS " : "") +
                                               "endpoint in the Region " + std::string(region) +
                                               " is not known here; say which with an endpoint URL"};
  std::string endpoint = variant.fips ? "https://kms-fips." : "https://kms.";
  endpoint.append(region).append(".");
  return endpoint.append(variant.dual_stack ? partition->dual_stack_suffix : partition->dns_suffix);
}

}  // namespace keyfold::client
