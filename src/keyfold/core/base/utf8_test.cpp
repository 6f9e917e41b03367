#include "keyfold/core/base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace keyfold {
namespace {

// Of one, two, three and four bytes.
const std::string sample = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x91z";

TEST(Utf8, IsCutWhereACharacterEnds) {
  const std::vector<std::size_t> ends = {0, 1, 3, 6, 10, 11};
  for (std::size_t size = 0; size <= sample.size() + 1; ++size) {
    std::size_t expected = 0;
    for (const auto end : ends)
      if (end <= size) expected = end;
    EXPECT_EQ(cut_utf8(sample, size), std::string_view(sample).substr(0, expected)) << size;
  }
}

TEST(Utf8, IsCountedAndLookedAtInCharacters) {
  EXPECT_EQ(utf8_characters(""), 0U);
  EXPECT_EQ(utf8_characters(sample), 5U);
  std::u32string seen;
  EXPECT_TRUE(all_utf8_characters(sample, [&](char32_t c) {
    seen += c;
    return true;
  }));
  EXPECT_EQ(seen, U"a\u00E9\u20AC\U0001F511z");
  for (const char32_t one : seen)
    EXPECT_FALSE(all_utf8_characters(sample, [one](char32_t c) { return c != one; })) << static_cast<unsigned>(one);
}

}  // namespace
}  // namespace keyfold
