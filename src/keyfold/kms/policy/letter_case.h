#pragma once
// Texts that are compared without case: of ASCII letters, as AWS does.

#include <cstdint>
#include <string>
#include <string_view>

namespace keyfold::policy {

enum class LetterCase : std::uint8_t { matters, ignored };

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace keyfold::policy
