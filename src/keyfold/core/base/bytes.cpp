#include "keyfold/core/base/bytes.h"

#include <cstring>
#include <limits>

#include "keyfold/core/base/try.h"

namespace keyfold {

Result<BytesView> Reader::bytes(std::size_t count) {
  if (count > rest_.size()) return Error{ErrorCode::invalid_input, "truncated"};
  const auto taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

Result<BytesView> Reader::sized16() {
  Reader ahead = *this;
  TRY_ASSIGN(const auto length, ahead.u16());
  TRY_ASSIGN(const auto value, ahead.bytes(length));
  *this = ahead;
  return value;
}

Result<BytesView> Reader::sized32() {
  Reader ahead = *this;
  TRY_ASSIGN(const auto length, ahead.u32());
  TRY_ASSIGN(const auto value, ahead.bytes(length));
  *this = ahead;
  return value;
}

Outcome Reader::end() const {
  if (!rest_.empty()) return Error{ErrorCode::invalid_input, "bytes after the end"};
  return ok();
}

Writer& Writer::sized16(BytesView value) {
  KEYFOLD_CHECK(value.size() <= std::numeric_limits<std::uint16_t>::max());
  return u16(static_cast<std::uint16_t>(value.size())).bytes(value);
}

Writer& Writer::sized32(BytesView value) {
  KEYFOLD_CHECK(value.size() <= std::numeric_limits<std::uint32_t>::max());
  return u32(static_cast<std::uint32_t>(value.size())).bytes(value);
}

void append_hex(std::string& out, BytesView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const std::byte b : bytes) {
    out.push_back(digits[std::to_integer<std::size_t>(b >> 4)]);
    out.push_back(digits[std::to_integer<std::size_t>(b & std::byte{15})]);
  }
}

std::string to_hex(BytesView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  append_hex(out, bytes);
  return out;
}

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<Bytes> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return Error{ErrorCode::invalid_input, "hexadecimal text has an odd length"};
  Bytes out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return Error{ErrorCode::invalid_input, "not a hexadecimal digit"};
    out.push_back(static_cast<std::byte>(high << 4 | low));
  }
  return out;
}

bool equal_in_constant_time(BytesView a, BytesView b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= std::to_integer<unsigned>(a[i] ^ b[i]);
    __asm__ volatile("" : "+r"(difference));  // Or the compiler may leave the loop early.
  }
  return difference == 0;
}

void wipe(std::span<std::byte> bytes) {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) {
  text.resize(text.capacity());
  wipe(std::as_writable_bytes(std::span(text.data(), text.size())));
  text.clear();
}

void wipe(Bytes& bytes) {
  bytes.resize(bytes.capacity());
  wipe(std::span(bytes));
  bytes.clear();
}

}  // namespace keyfold
