#pragma once
// InlineString<N>: text of at most N bytes, held in place, so that copying it never allocates.

#include <array>
#include <compare>
#include <cstring>
#include <string_view>

#include "keyfold/core/base/result.h"

namespace keyfold {

template <std::size_t Capacity>
class InlineString {
  static_assert(Capacity < 65536);

 public:
  static constexpr std::size_t capacity = Capacity;
  constexpr InlineString() = default;
  // It is a CHECK that `text` fits.
  explicit InlineString(std::string_view text) { append(text); }

  InlineString& append(std::string_view text) {
    KEYFOLD_CHECK(text.size() <= Capacity - size_);
    if (!text.empty()) std::memcpy(text_.data() + size_, text.data(), text.size());
    size_ = static_cast<std::uint16_t>(size_ + text.size());
    return *this;
  }
  std::string_view view() const { return {text_.data(), size_}; }
  operator std::string_view() const { return view(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  friend bool operator==(const InlineString& a, const InlineString& b) { return a.view() == b.view(); }
  friend auto operator<=>(const InlineString& a, const InlineString& b) { return a.view() <=> b.view(); }

 private:
  std::uint16_t size_ = 0;
  std::array<char, Capacity> text_{};
};

}  // namespace keyfold
