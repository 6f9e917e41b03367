#include "keyfold/envelope/materials/context_codec.h"

#include <gtest/gtest.h>

namespace keyfold::materials {
namespace {

Bytes serialized(const EncryptionContext& context) {
  Bytes out;
  std::vector<ContextPair> pairs;
  EXPECT_TRUE(append_serialized_context(out, context.view(pairs)));
  EXPECT_EQ(serialized_context_size(context), out.size());
  return out;
}

TEST(ContextCodec, WritesThePairsOfTheSpecificationsExampleInTheOrderOfTheirBytes) {
  // data-format/message-header.md, "Example Bytes".
  const auto bytes = serialized({{"2context", "a"}, {"0This", "is"}, {"1an", "encryption"}});
  EXPECT_EQ(to_hex(bytes),
            "0003"
            "0005"
            "3054686973"
            "0002"
            "6973"
            "0003"
            "31616e"
            "000a"
            "656e6372797074696f6e"
            "0008"
            "32636f6e74657874"
            "0001"
            "61");
}

TEST(ContextCodec, AnEmptyContextIsNoBytes) { EXPECT_TRUE(serialized({}).empty()); }

TEST(ContextCodec, ReadsWhatItWrites) {
  const EncryptionContext context{{"mandant", "4711"}, {"größe", "Ünïcödé"}, {"", ""}, {"\U0001F511", "key"}};
  const auto bytes = serialized(context);
  std::vector<ContextPair> pairs;
  const auto read = read_serialized_context(bytes, pairs);
  ASSERT_TRUE(read);
  EXPECT_EQ(EncryptionContext(*read), context);
}

TEST(ContextCodec, ReadsAnyOrderButNoKeyTwice) {
  std::vector<ContextPair> pairs;
  const auto unsorted = *from_hex(
      "0002"
      "0001"
      "62"
      "0001"
      "31"
      "0001"
      "61"
      "0001"
      "32");
  const auto read = read_serialized_context(unsorted, pairs);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read->find("a"), "2");
  EXPECT_EQ(*read->find("b"), "1");
  EXPECT_FALSE(read_serialized_context(*from_hex("0002"
                                                 "0001"
                                                 "61"
                                                 "0001"
                                                 "31"
                                                 "0001"
                                                 "61"
                                                 "0001"
                                                 "31"),
                                       pairs));
}

TEST(ContextCodec, RefusesEveryTruncationAndWhateverFollows) {
  auto whole = serialized({{"tenant", "4711"}, {"purpose", "ledger"}});
  std::vector<ContextPair> pairs;
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_FALSE(read_serialized_context(BytesView(whole).first(size), pairs)) << size;
  whole.push_back(std::byte{0});
  EXPECT_FALSE(read_serialized_context(whole, pairs));
  EXPECT_FALSE(read_serialized_context(*from_hex("0000"), pairs)) << "a count of no pairs";
}

TEST(ContextCodec, RefusesTextThatIsNotUtf8BothWays) {
  std::vector<ContextPair> pairs;
  EXPECT_FALSE(read_serialized_context(*from_hex("0001"
                                                 "0001"
                                                 "ff"
                                                 "0001"
                                                 "31"),
                                       pairs));
  EXPECT_FALSE(read_serialized_context(*from_hex("0001"
                                                 "0001"
                                                 "61"
                                                 "0001"
                                                 "80"),
                                       pairs));
  Bytes out;
  const EncryptionContext context{{"a", "fine"}, {"b", "\xC3"}};
  EXPECT_FALSE(append_serialized_context(out, context.view(pairs)));
  EXPECT_TRUE(out.empty());
}

TEST(ContextCodec, HoldsExactly65535Bytes) {
  std::vector<ContextPair> pairs;
  for (const int over : {0, 1}) {
    const EncryptionContext context{{"k", std::string(static_cast<std::size_t>(65535 - 2 - 4 - 1 + over), 'v')}};
    Bytes out;
    EXPECT_EQ(append_serialized_context(out, context.view(pairs)).has_value(), over == 0);
    EXPECT_EQ(out.size(), over == 0 ? 65535U : 0U);
  }
}

TEST(Utf8, AcceptsExactlyTheSequencesOfRfc3629) {
  // Every lead and second byte, completed by continuations, against a decoder written from the ranges of code points.
  for (unsigned lead = 0; lead < 256; ++lead)
    for (unsigned second = 0; second < 256; ++second) {
      const std::size_t size = lead < 0x80   ? 1
                               : lead < 0xC0 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF8 ? 4
                                             : 0;
      if (size < 2) continue;
      std::string text{static_cast<char>(lead), static_cast<char>(second)};
      text.append(size - 2, '\x80');
      const std::uint32_t top = lead & (0x7FU >> size);
      const std::uint32_t point = (top << 6 | (second & 0x3F)) << (6 * (size - 2));
      const std::uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
      const bool valid =
          (second & 0xC0) == 0x80 && point >= least && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
      EXPECT_EQ(is_utf8(text), valid) << to_hex(as_bytes(text));
      EXPECT_FALSE(is_utf8(std::string_view(text).substr(0, size - 1)));
    }
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_utf8("\x80"));
}

}  // namespace
}  // namespace keyfold::materials
