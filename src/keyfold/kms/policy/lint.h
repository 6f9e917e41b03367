#pragma once
// What in a policy allows more than its author is likely to have meant, or less: found by reading the document alone.
// What only shows once one knows who there is (administrators who can also decrypt, keys that nobody can administer) is
// server/access/lint.h.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/named.h"
#include "keyfold/kms/policy/document.h"

namespace keyfold::policy {

// Stable names: tools filter by them.
namespace rule {
inline constexpr std::string_view every_action = "every-action";  // An Allow of kms:* (or *) to whoever is no root.
inline constexpr std::string_view anyone = "anyone";              // Principal "*", and nothing says whose.
inline constexpr std::string_view unbound_decrypt = "unbound-decrypt";  // Decrypt with neither context nor key named.
inline constexpr std::string_view all_others = "all-others";            // An Allow of all but what it lists.
inline constexpr std::string_view no_effect = "no-effect";              // A statement without actions or resources.
inline constexpr std::string_view never_applies = "never-applies";      // It waits for what no request here ever has.
inline constexpr std::string_view foreign_account = "foreign-account";  // A whole other account may decrypt.
inline constexpr std::string_view unbound_grants = "unbound-grants";    // CreateGrant, and nothing says of what.
inline constexpr std::string_view confused_deputy = "confused-deputy";  // A foreign account may assume, no external id.
}  // namespace rule

enum class Severity : std::uint8_t { warning, error };  // An error opens data to somebody; a warning may.

struct Finding {
  std::string_view rule;
  Severity severity = Severity::warning;
  std::string statement;  // Its label; empty: of the whole policy.
  std::string text;       // A sentence for a person.
};

// Whether some statement may allow the action, on some condition.
bool may_allow(const Document& document, std::string_view action);

// `account`: whose policy it is. Pure; in the order of the statements.
std::vector<Finding> lint(const Document& document, const AccountId& account);

}  // namespace keyfold::policy
