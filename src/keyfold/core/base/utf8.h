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

}  // namespace keyfold
