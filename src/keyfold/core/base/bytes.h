#pragma once
// Bytes, and the ways to take them apart and put them together: Reader, Writer, hex and base64.
// Numbers are big-endian throughout, as in every format of ours and of the AWS Encryption SDK.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/result.h"

namespace keyfold {

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;
template <std::size_t N>
using ByteArray = std::array<std::byte, N>;

inline BytesView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(BytesView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes to_bytes(std::string_view text) {
  const auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

// Takes big-endian fields off the front of a byte string, one at a time. Views point into that string.
// Each fails with `invalid_input`, and takes nothing, when fewer bytes remain than it needs.
class Reader {
 public:
  explicit Reader(BytesView bytes) : whole_(bytes), rest_(bytes) {}

  Result<std::uint8_t> u8() { return number<std::uint8_t>(); }
  Result<std::uint16_t> u16() { return number<std::uint16_t>(); }
  Result<std::uint32_t> u32() { return number<std::uint32_t>(); }
  Result<std::uint64_t> u64() { return number<std::uint64_t>(); }
  Result<BytesView> bytes(std::size_t count);
  // A byte string behind its own length.
  Result<BytesView> sized16();
  Result<BytesView> sized32();
  template <std::size_t N>
  Result<ByteArray<N>> array() {
    auto taken = bytes(N);
    if (!taken) return std::move(taken).error();
    ByteArray<N> copy;
    std::ranges::copy(*taken, copy.begin());
    return copy;
  }

  // Fails with `invalid_input` unless everything has been taken.
  Outcome end() const;
  bool done() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }
  std::size_t position() const { return whole_.size() - rest_.size(); }
  BytesView taken() const { return whole_.first(position()); }

 private:
  template <class Unsigned>
  Result<Unsigned> number() {
    auto taken = bytes(sizeof(Unsigned));
    if (!taken) return std::move(taken).error();
    std::uint64_t value = 0;
    for (const std::byte b : *taken) value = value << 8 | std::to_integer<std::uint64_t>(b);
    return static_cast<Unsigned>(value);
  }
  BytesView whole_;
  BytesView rest_;
};

// Appends big-endian fields to a byte string of the caller's, which may be reused: clear() keeps its memory.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  Writer& u8(std::uint8_t value) { return number(value, 1); }
  Writer& u16(std::uint16_t value) { return number(value, 2); }
  Writer& u32(std::uint32_t value) { return number(value, 4); }
  Writer& u64(std::uint64_t value) { return number(value, 8); }
  Writer& bytes(BytesView value) {
    out_.insert(out_.end(), value.begin(), value.end());
    return *this;
  }
  Writer& text(std::string_view value) { return bytes(as_bytes(value)); }
  // A byte string behind its own length. It is a CHECK that it fits: limits are the business of whoever took it in.
  Writer& sized16(BytesView value);
  Writer& sized32(BytesView value);
  std::size_t size() const { return out_.size(); }

 private:
  Writer& number(std::uint64_t value, std::size_t size) {
    ByteArray<8> digits;
    for (std::size_t i = 0; i < digits.size(); ++i) digits[i] = static_cast<std::byte>(value >> (56 - 8 * i));
    return bytes(std::span(digits).last(size));
  }
  Bytes& out_;
};

std::string to_hex(BytesView bytes);                 // Lower case.
void append_hex(std::string& out, BytesView bytes);  // Allocates only when `out` must grow.
Result<Bytes> from_hex(std::string_view hex);        // Fails with `invalid_input`.

// Standard base64 with padding (RFC 4648 section 4). Encoding and decoding do not branch on, or index by, the data:
// data keys pass through here. Decoding is strict: no white space, no missing padding, no stray bits.
std::string to_base64(BytesView bytes);
void append_base64(std::string& out, BytesView bytes);
constexpr std::size_t base64_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }
Result<Bytes> from_base64(std::string_view text);  // Fails with `invalid_input`.
// Appends what `text` encodes to `out`. On failure `out` is as it was.
Outcome append_from_base64(Bytes& out, std::string_view text);

// Compares without revealing, by its time, where two byte strings differ. Their lengths are not secret.
bool equal_in_constant_time(BytesView a, BytesView b);
// Overwrites, and is not optimised away.
void wipe(std::span<std::byte> bytes);
void wipe(std::string& text);  // Its whole capacity; leaves it empty.
void wipe(Bytes& bytes);       // Likewise.

}  // namespace keyfold
