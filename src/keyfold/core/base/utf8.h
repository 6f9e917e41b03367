#pragma once
// Texts as UTF-8: where a character ends.

#include <cstddef>
#include <string_view>

namespace keyfold {

// Whether there is a byte at `at` that goes on with a character.
inline bool is_utf8_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

// At most `size` bytes of `text`, not cut inside a character.
inline std::string_view cut_utf8(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && is_utf8_continuation(text, size)) --size;
  return text.substr(0, size);
}

// How many characters well-formed `text` has.
inline std::size_t utf8_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++at) count += is_utf8_continuation(text, at) ? 0 : 1;
  return count;
}

// Whether allowed(character) for each of well-formed `text`.
template <class Allowed>
bool all_utf8_characters(std::string_view text, Allowed&& allowed) {
  char32_t character = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (is_utf8_continuation(text, at))
      character = character << 6 | (byte & 0x3FU);
    else
      character = byte < 0x80 ? byte : byte < 0xE0 ? byte & 0x1FU : byte < 0xF0 ? byte & 0x0FU : byte & 0x07U;
    if (!is_utf8_continuation(text, at + 1) && !allowed(character)) return false;
  }
  return true;
}

}  // namespace keyfold
