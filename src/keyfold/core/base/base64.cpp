// Base64 without tables or branches on the data: the character of a sextet, and the sextet of a character, by
// arithmetic. RFC 4648 section 4.

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/try.h"

namespace keyfold {
namespace {

// All ones where a < b, else zero; for values below 2^31.
constexpr std::uint32_t mask_below(std::uint32_t a, std::uint32_t b) { return 0U - ((a - b) >> 31); }
constexpr std::uint32_t mask_within(std::uint32_t c, std::uint32_t low, std::uint32_t high) {
  return ~mask_below(c, low) & ~mask_below(high, c);
}

constexpr std::uint64_t in_each_byte(std::uint64_t value) { return 0x0101010101010101 * value; }

// Eight sextets, one in each byte, to their characters.
constexpr std::uint64_t digits_of(std::uint64_t sextets) {
  const auto above = [sextets](std::uint64_t limit) {
    return (sextets + in_each_byte(127 - limit)) >> 7 & in_each_byte(1);
  };
  std::uint64_t c = sextets + in_each_byte('A');  // 0..25
  c += above(25) * 6;                             // 26..51: 'a' - 'Z' - 1
  c -= above(51) * 75;                            // 52..61: to '0'
  c -= above(61) * 15;                            // 62: '+'
  c += above(62) * 3;                             // 63: '/'
  return c;
}
constexpr char digit_of(std::uint32_t sextet) { return static_cast<char>(digits_of(sextet) & 0xff); }

// The sextet of a character, or a value above 63 when it is not one of the alphabet.
constexpr std::uint32_t sextet_of(char digit) {
  const std::uint32_t c = static_cast<unsigned char>(digit);
  std::uint32_t sextet = 0x100;
  sextet ^= mask_within(c, 'A', 'Z') & (0x100U ^ (c - 'A'));
  sextet ^= mask_within(c, 'a', 'z') & (0x100U ^ (c - 'a' + 26));
  sextet ^= mask_within(c, '0', '9') & (0x100U ^ (c - '0' + 52));
  sextet ^= mask_within(c, '+', '+') & (0x100U ^ 62U);
  sextet ^= mask_within(c, '/', '/') & (0x100U ^ 63U);
  return sextet;
}

static_assert(digit_of(0) == 'A' && digit_of(25) == 'Z' && digit_of(26) == 'a' && digit_of(51) == 'z');
static_assert(digit_of(52) == '0' && digit_of(61) == '9' && digit_of(62) == '+' && digit_of(63) == '/');
static_assert(sextet_of('A') == 0 && sextet_of('z') == 51 && sextet_of('/') == 63 && sextet_of('-') > 63);

Error malformed() { return Error{ErrorCode::invalid_input, "not base64"}; }

}  // namespace

void append_base64(std::string& out, BytesView bytes) {
  const std::size_t start = out.size();
  out.resize(start + base64_size(bytes.size()));
  char* to = out.data() + start;
  std::size_t i = 0;
  for (; i + 6 <= bytes.size(); i += 6) {
    std::uint64_t group = 0;
    for (std::size_t j = 0; j < 6; ++j) group = group << 8 | std::to_integer<std::uint64_t>(bytes[i + j]);
    std::uint64_t sextets = 0;
    for (int j = 0; j < 8; ++j) sextets |= (group >> (42 - 6 * j) & 63) << (8 * j);
    const std::uint64_t digits = digits_of(sextets);
    for (int j = 0; j < 8; ++j) *to++ = static_cast<char>(digits >> (8 * j));
  }
  for (; i + 3 <= bytes.size(); i += 3) {
    const auto group = std::to_integer<std::uint32_t>(bytes[i]) << 16 |
                       std::to_integer<std::uint32_t>(bytes[i + 1]) << 8 | std::to_integer<std::uint32_t>(bytes[i + 2]);
    *to++ = digit_of(group >> 18);
    *to++ = digit_of(group >> 12 & 63);
    *to++ = digit_of(group >> 6 & 63);
    *to++ = digit_of(group & 63);
  }
  if (const std::size_t left = bytes.size() - i; left > 0) {
    std::uint32_t group = std::to_integer<std::uint32_t>(bytes[i]) << 16;
    if (left == 2) group |= std::to_integer<std::uint32_t>(bytes[i + 1]) << 8;
    *to++ = digit_of(group >> 18);
    *to++ = digit_of(group >> 12 & 63);
    *to++ = left == 2 ? digit_of(group >> 6 & 63) : '=';
    *to++ = '=';
  }
}

std::string to_base64(BytesView bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

Outcome append_from_base64(Bytes& out, std::string_view text) {
  if (text.size() % 4 != 0) return malformed();
  if (text.empty()) return ok();
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::size_t digits = text.size() - padding;
  const std::size_t start = out.size();
  out.resize(start + text.size() / 4 * 3 - padding);
  std::byte* to = out.data() + start;
  std::uint32_t bad = 0;
  std::size_t i = 0;
  for (; i + 4 <= digits; i += 4) {
    const std::uint32_t a = sextet_of(text[i]), b = sextet_of(text[i + 1]), c = sextet_of(text[i + 2]),
                        d = sextet_of(text[i + 3]);
    bad |= a | b | c | d;
    const std::uint32_t group = a << 18 | b << 12 | c << 6 | d;
    *to++ = static_cast<std::byte>(group >> 16);
    *to++ = static_cast<std::byte>(group >> 8);
    *to++ = static_cast<std::byte>(group);
  }
  std::uint32_t stray = 0;
  if (padding > 0) {
    const std::uint32_t a = sextet_of(text[i]), b = sextet_of(text[i + 1]),
                        c = padding == 1 ? sextet_of(text[i + 2]) : 0;
    bad |= a | b | c;
    const std::uint32_t group = a << 18 | b << 12 | c << 6;
    *to++ = static_cast<std::byte>(group >> 16);
    if (padding == 1) *to++ = static_cast<std::byte>(group >> 8);
    stray = padding == 1 ? group & 0xff : group & 0xffff;
  }
  if (bad > 63 || stray != 0) {
    wipe(std::span(out).subspan(start));
    out.resize(start);
    return malformed();
  }
  return ok();
}

Result<Bytes> from_base64(std::string_view text) {
  Bytes out;
  TRY(append_from_base64(out, text));
  return out;
}

}  // namespace keyfold
