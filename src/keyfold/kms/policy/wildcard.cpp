#include "keyfold/kms/policy/wildcard.h"

#include <algorithm>

namespace keyfold::policy {

// Takes each * to stand for as little as will do, and comes back only to the last one: what an earlier one could stand
// for, the last can as well.
bool matches_wildcard(std::string_view pattern, std::string_view text, LetterCase letter_case) {
  const auto same = [letter_case](char p, char t) {
    return p == '?' || p == (letter_case == LetterCase::ignored ? to_lower(t) : t);
  };
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t after_star = std::string_view::npos;  // In the pattern, behind the last *.
  std::size_t taken_up_to = 0;                      // In the text: where what that * stands for ends.
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      taken_up_to = t;
    } else if (p < pattern.size() && same(pattern[p], text[t])) {
      ++p;
      ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = ++taken_up_to;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(), [](char c) { return c == '*'; });
}

std::string without_repeated_stars(std::string_view pattern) {
  std::string shorter;
  for (const char c : pattern)
    if (c != '*' || !shorter.ends_with('*')) shorter += c;
  return shorter;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return to_lower(c); });
  return lower;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace keyfold::policy
