#include "keyfold/core/base/json_text.h"

#include <cstdint>
#include <cstring>

namespace keyfold {
namespace {

using Word = std::uint64_t;

constexpr Word in_each_byte(unsigned char byte) { return Word{0x0101010101010101} * byte; }

constexpr bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

// Whether is_plain() holds for each byte. A borrow between bytes comes only from one that it does not hold for.
constexpr bool are_plain(Word text) {
  const auto below = [](Word bytes, unsigned char limit) { return (bytes - in_each_byte(limit)) & ~bytes; };
  const Word found =
      text | below(text, 0x20) | below(text ^ in_each_byte('"'), 1) | below(text ^ in_each_byte('\\'), 1);
  return (found & in_each_byte(0x80)) == 0;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    default:
      out += "\\u00";
      out += hex[static_cast<unsigned char>(c) >> 4];
      out += hex[static_cast<unsigned char>(c) & 15];
  }
}

}  // namespace

std::size_t plain_json_size(std::string_view text) {
  std::size_t size = 0;
  for (; text.size() - size >= sizeof(Word); size += sizeof(Word)) {
    Word word = 0;
    std::memcpy(&word, text.data() + size, sizeof(Word));
    if (!are_plain(word)) break;
  }
  while (size < text.size() && is_plain(static_cast<unsigned char>(text[size]))) ++size;
  return size;
}

void append_json_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = plain_json_size(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    for (; !text.empty() && !is_plain(static_cast<unsigned char>(text.front())); text.remove_prefix(1)) {
      if (static_cast<unsigned char>(text.front()) < 0x80) {
        append_escape(out, text.front());
      } else {
        out += text.front();
      }
    }
  }
}

}  // namespace keyfold
