#include <gtest/gtest.h>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/random.h"

namespace keyfold {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

TEST(Base64, GivesTheAnswersOfRfc4648) {
  const std::pair<std::string_view, std::string_view> known[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [text, encoded] : known) {
    EXPECT_EQ(to_base64(as_bytes(text)), encoded);
    const auto decoded = from_base64(encoded);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(as_text(*decoded), text);
  }
}

TEST(Base64, GoesThereAndBackAtEveryLength) {
  SeededRandom random(5);
  for (std::size_t size = 0; size <= 300; ++size) {
    Bytes bytes(size);
    random.fill(bytes);
    const std::string text = to_base64(bytes);
    EXPECT_EQ(text.size(), base64_size(size));
    const auto back = from_base64(text);
    ASSERT_TRUE(back) << size;
    EXPECT_EQ(*back, bytes);
  }
}

// The straightforward rule, to compare with: the only texts that decode are those that encoding gives.
TEST(Base64, DecodesExactlyWhatEncodingGives) {
  for (const std::string whole : {"Zm9vYmFy", "Zm9vYmE=", "Zm9vYg=="}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (unsigned c = 0; c < 256; ++c) {
        std::string changed = whole;
        changed[i] = static_cast<char>(c);
        const auto decoded = from_base64(changed);
        if (decoded) {
          EXPECT_EQ(to_base64(*decoded), changed);
        } else {
          EXPECT_EQ(decoded.error().code, ErrorCode::invalid_input);
        }
        const bool digit = alphabet.find(static_cast<char>(c)) != std::string_view::npos;
        if (!digit && c != '=') {
          EXPECT_FALSE(decoded) << changed;
        }
        if (digit && i < 4) {
          EXPECT_TRUE(decoded) << changed;
        }
      }
    }
  }
}

TEST(Base64, RefusesStrayBitsMissingPaddingAndWhiteSpace) {
  for (const std::size_t padding : {1U, 2U}) {
    for (const char digit : alphabet) {
      const std::string text = padding == 1 ? std::string("AA") + digit + "=" : std::string("A") + digit + "==";
      const std::size_t value = alphabet.find(digit);
      EXPECT_EQ(from_base64(text).has_value(), value % (padding == 1 ? 4 : 16) == 0) << text;
    }
  }
  for (const auto* text : {"A", "AA", "AAA", "AAAA=", "=", "==", "===", "====", "A===", "AA=A", "=AAA",
                           "AAAA====", "AA==AAAA", " AAAA", "AAAA\n", "AA AA===", "AAAA AAA", "AA-_", "Zg==Zg=="})
    EXPECT_FALSE(from_base64(text)) << text;
}

TEST(Base64, AppendsAndOnFailureLeavesWhatWasThere) {
  std::string text = "x:";
  append_base64(text, as_bytes("foo"));
  EXPECT_EQ(text, "x:Zm9v");
  Bytes out = to_bytes("ab");
  EXPECT_TRUE(append_from_base64(out, "Zm9v"));
  EXPECT_EQ(as_text(out), "abfoo");
  EXPECT_FALSE(append_from_base64(out, "Zm9?"));
  EXPECT_EQ(as_text(out), "abfoo");
}

}  // namespace
}  // namespace keyfold
