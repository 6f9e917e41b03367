#include "keyfold/core/base/json_text.h"

#include <gtest/gtest.h>

namespace keyfold {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

bool is_plain_byte(int byte) { return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\'; }

// Eight bytes are looked at at once, so each byte has to be seen in each of their places, among all its neighbours.
TEST(JsonText, StopsAtTheFirstByteThatIsNotPlainWhereverItIs) {
  for (const char around : {' ', '~', '!', '#', '[', ']', '\x7f'}) {
    for (std::size_t size = 1; size < 20; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        for (int byte = 0; byte < 256; ++byte) {
          std::string text(size, around);
          text[at] = static_cast<char>(byte);
          ASSERT_EQ(plain_json_size(text), is_plain_byte(byte) ? size : at) << size << ' ' << at << ' ' << byte;
        }
      }
    }
  }
  EXPECT_EQ(plain_json_size(""), 0U);
}

TEST(JsonText, EscapesWhatJsonDemandsAndNothingElse) {
  EXPECT_EQ(escaped(""), "");
  EXPECT_EQ(escaped("a\"b\\c/d"), R"(a\"b\\c/d)");
  EXPECT_EQ(escaped("\b\f\n\r\t"), R"(\b\f\n\r\t)");
  EXPECT_EQ(escaped(std::string_view("\0\x01\x1f\x7f", 4)), "\\u0000\\u0001\\u001f\x7f");
  EXPECT_EQ(escaped("größe ☃ \"日本語\""), "größe ☃ \\\"日本語\\\"");
}

}  // namespace
}  // namespace keyfold
