#pragma once
// What is looked at before a TOML text goes to toml++ 3.3, which has undefined behaviour where letters beyond ASCII
// stand outside of strings, and recurses once for each part of a dotted key and each bracket: a stack that a file of
// 262 kB overflows.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyfold {

inline constexpr std::size_t toml_dots_max = 64;   // In one line, outside of strings and comments.
inline constexpr std::size_t toml_depth_max = 16;  // Of brackets, likewise.

// Where characters beyond ASCII may stand.
enum class BeyondAscii : std::uint8_t { nowhere, in_strings_and_comments };

struct TomlFault {
  std::size_t line;  // From 1.
  std::string what;
};

// What is wrong first, or nothing. Total on any bytes; says nothing of whether the text is TOML otherwise.
std::optional<TomlFault> toml_fault(std::string_view text, BeyondAscii beyond_ascii);

}  // namespace keyfold
