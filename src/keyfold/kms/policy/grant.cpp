#include "keyfold/kms/policy/grant.h"

#include <algorithm>
#include <string>

#include "keyfold/core/base/named.h"

namespace keyfold::policy {
namespace {

bool has_all_of(const ContextView& context, const ContextView& pairs) {
  return std::ranges::all_of(pairs, [&](const ContextPair& pair) {
    const auto* const value = context.find(pair.key);
    return value != nullptr && *value == pair.value;
  });
}

}  // namespace

bool GrantConstraint::holds(const ContextView& context) const {
  switch (kind) {
    case Kind::none:
      return true;
    case Kind::equals:
      return context == pairs;
    case Kind::subset:
      return has_all_of(context, pairs);
  }
  return false;
}

Tri GrantConstraint::holds(const Request& request) const {
  if (kind == Kind::none || request.context_extent == Extent::complete) return tri(holds(request.context));
  // A pair that is there stays there, whatever else turns out to be: it may be one too many, or another value.
  const bool still_may = std::ranges::all_of(request.context, [&](const ContextPair& pair) {
    const auto* const wanted = pairs.find(pair.key);
    return wanted == nullptr ? kind == Kind::subset : *wanted == pair.value;
  });
  if (!still_may) return Tri::no;
  return kind == Kind::subset && has_all_of(request.context, pairs) ? Tri::yes : Tri::unknown;
}

bool GrantConstraint::at_least_as_strict_as(const GrantConstraint& other) const {
  switch (other.kind) {
    case Kind::none:
      return true;
    case Kind::equals:
      return kind == Kind::equals && pairs == other.pairs;
    case Kind::subset:
      return kind != Kind::none && has_all_of(pairs, other.pairs);
  }
  return false;
}

Result<GrantPrincipal> GrantPrincipal::parse(std::string_view text) {
  const Error invalid{ErrorCode::invalid_arn, "ARN does not refer to a valid principal: " + std::string(text)};
  if (text.size() > grant_principal_size_max || !PrincipalArnTag::valid(text)) return invalid;
  const auto arn = split_arn(text);
  if (!arn) return invalid;
  if (arn->resource == "root") return GrantPrincipal{.kind = Kind::account, .text = arn->account};
  if (arn->service == "sts") {
    const auto slash = arn->resource.find('/', arn->resource.find('/') + 1);
    if (slash == std::string_view::npos || slash + 1 == arn->resource.size()) return invalid;
  }
  return GrantPrincipal{.kind = Kind::arn, .text = text};
}

}  // namespace keyfold::policy
