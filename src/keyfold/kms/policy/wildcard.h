#pragma once
// Wildcards as IAM has them: * is any run of characters, the empty one too, ? is any one character.

#include <cstdint>
#include <string>
#include <string_view>

namespace keyfold::policy {

enum class LetterCase : std::uint8_t {
  matters,
  ignored,  // The pattern must be in lower case (ASCII); the text may be in any.
};

// Takes time in proportion to the pattern and to the square of the text, at worst: texts are ARNs and actions.
bool matches_wildcard(std::string_view pattern, std::string_view text, LetterCase letter_case);

// The same pattern without runs of *, which mean no more than one.
std::string without_repeated_stars(std::string_view pattern);

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII.

}  // namespace keyfold::policy
