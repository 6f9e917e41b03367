#pragma once
// How parsers of streamed input answer: with what they read, with how much they lack, or with an Error.

#include <variant>

#include "keyfold/core/base/bytes.h"

namespace keyfold::message {

// Not an error: call again with at least this many bytes, counted from the same beginning. Always more than were given.
struct NeedsMore {
  std::size_t at_least;
};

template <class T>
using Progress = std::variant<T, NeedsMore>;

// A Reader that remembers what it lacked, so that "cut short" and "wrong" can be told apart.
class Fields {
 public:
  explicit Fields(BytesView bytes) : in_(bytes), available_(bytes.size()) {}

  Result<std::uint8_t> u8() { return wanted(1), in_.u8(); }
  Result<std::uint16_t> u16() { return wanted(2), in_.u16(); }
  Result<std::uint32_t> u32() { return wanted(4), in_.u32(); }
  Result<BytesView> bytes(std::size_t count) { return wanted(count), in_.bytes(count); }
  Result<BytesView> sized16() {
    auto size = u16();
    if (!size) return std::move(size).error();
    return bytes(*size);
  }

  std::size_t position() const { return in_.position(); }
  std::size_t needed() const { return needed_; }  // Bytes in all that the furthest field reaches to.
  bool cut_short() const { return needed_ > available_; }

 private:
  void wanted(std::size_t count) { needed_ = in_.position() + count; }
  Reader in_;
  std::size_t available_;
  std::size_t needed_ = 0;
};

}  // namespace keyfold::message
