#include "keyfold/kms/policy/known_keys.h"

#include <algorithm>
#include <array>

#include "keyfold/kms/policy/letter_case.h"
#include "keyfold/kms/policy/request.h"

namespace keyfold::policy {

bool is_condition_key(std::string_view name) {
  using namespace condition_key;
  static constexpr std::array known = {caller_account, encryption_context_keys, principal_account, principal_arn,
                                       principal_type, resource_account,        username};
  const auto colon = name.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == name.size()) return false;
  if (name.starts_with(context_key_prefix)) return name.size() > context_key_prefix.size();
  if (!name.starts_with("kms:") && !name.starts_with("aws:")) return true;
  return std::ranges::any_of(known, [&](std::string_view one) { return equal_ignoring_case(one, name); });
}

}  // namespace keyfold::policy
