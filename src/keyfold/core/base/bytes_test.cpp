#include "keyfold/core/base/bytes.h"

#include <gtest/gtest.h>

namespace keyfold {
namespace {

Bytes sample() {
  Bytes bytes;
  Writer(bytes)
      .u8(0x01)
      .u16(0x0203)
      .u32(0x04050607)
      .u64(0x08090a0b0c0d0e0f)
      .sized16(as_bytes("ab"))
      .sized32(as_bytes("cde"))
      .text("!");
  return bytes;
}

// Everything sample() is made of; false at the first that fails.
bool read_sample(Reader& in) {
  return in.u8() && in.u16() && in.u32() && in.u64() && in.sized16() && in.sized32() && in.array<1>() && in.end();
}

TEST(Writer, WritesBigEndian) {
  EXPECT_EQ(to_hex(sample()),
            "0102030405060708090a0b0c0d0e0f"
            "00026162"
            "00000003636465"
            "21");
}

TEST(Reader, TakesApartWhatWriterPutTogether) {
  const Bytes bytes = sample();
  Reader in(bytes);
  EXPECT_EQ(*in.u8(), 0x01);
  EXPECT_EQ(*in.u16(), 0x0203);
  EXPECT_EQ(*in.u32(), 0x04050607U);
  EXPECT_EQ(*in.u64(), 0x08090a0b0c0d0e0fU);
  EXPECT_EQ(in.position(), 15U);
  EXPECT_EQ(as_text(*in.sized16()), "ab");
  EXPECT_EQ(as_text(*in.sized32()), "cde");
  EXPECT_FALSE(in.end());
  EXPECT_EQ(in.remaining(), 1U);
  EXPECT_EQ((*in.array<1>())[0], std::byte{'!'});
  EXPECT_TRUE(in.end());
  EXPECT_TRUE(in.done());
  EXPECT_EQ(in.taken().size(), bytes.size());
}

TEST(Reader, RefusesEveryTruncationAndEveryAddition) {
  Bytes bytes = sample();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Reader in(BytesView(bytes).first(size));
    EXPECT_FALSE(read_sample(in)) << size;
  }
  Reader whole(bytes);
  EXPECT_TRUE(read_sample(whole));
  bytes.push_back(std::byte{0});
  Reader more(bytes);
  EXPECT_FALSE(read_sample(more));
}

TEST(Reader, TakesNothingWhenItFails) {
  Bytes bytes;
  Writer(bytes).u32(0xFFFFFFFF).u8(1);
  Reader in(bytes);
  EXPECT_FALSE(in.sized32());
  EXPECT_FALSE(in.sized16());
  EXPECT_FALSE(in.u64());
  EXPECT_FALSE(in.array<6>());
  EXPECT_FALSE(in.bytes(SIZE_MAX));
  EXPECT_EQ(in.position(), 0U);
  EXPECT_EQ(*in.u32(), 0xFFFFFFFFU);
}

TEST(WriterDeathTest, StopsAboveTheLengthThatFits) {
  Bytes out;
  Writer(out).sized16(Bytes(65535));
  EXPECT_EQ(out.size(), 65537U);
  EXPECT_DEATH(Writer(out).sized16(Bytes(65536)), "CHECK failed");
}

TEST(Hex, GoesThereAndBack) {
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::byte>(i));
  EXPECT_EQ(*from_hex(to_hex(all)), all);
  EXPECT_EQ(to_hex(*from_hex("00fFAb")), "00ffab");
  std::string out = "x";
  append_hex(out, all);
  EXPECT_EQ(out, "x" + to_hex(all));
  EXPECT_TRUE(from_hex("")->empty());
}

TEST(Hex, RefusesEverythingElse) {
  for (unsigned c = 0; c < 256; ++c) {
    const bool digit = std::isxdigit(static_cast<int>(c)) != 0;
    EXPECT_EQ(from_hex(std::string("0") + static_cast<char>(c)).has_value(), digit) << c;
    EXPECT_EQ(from_hex(std::string(1, static_cast<char>(c)) + "0").has_value(), digit) << c;
    EXPECT_FALSE(from_hex(std::string("00") + static_cast<char>(c)));
  }
}

TEST(ConstantTimeComparison, SeesEveryDifference) {
  const Bytes a = sample();
  EXPECT_TRUE(equal_in_constant_time(a, sample()));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
  for (std::size_t bit = 0; bit < a.size() * 8; ++bit) {
    Bytes b = a;
    b[bit / 8] ^= std::byte{1} << bit % 8;
    EXPECT_FALSE(equal_in_constant_time(a, b)) << bit;
  }
  EXPECT_FALSE(equal_in_constant_time(a, BytesView(a).first(a.size() - 1)));
}

TEST(Wipe, OverwritesTheWholeCapacity) {
  const auto zero_to_capacity = [](auto& container) {
    const auto* memory = container.data();
    const std::size_t capacity = container.capacity();
    wipe(container);
    EXPECT_TRUE(container.empty());
    // Up to its capacity the memory is still the container's.
    EXPECT_EQ(container.data(), memory);
    EXPECT_EQ(container.capacity(), capacity);
    return std::all_of(memory, memory + capacity, [](auto c) { return static_cast<unsigned char>(c) == 0; });
  };
  std::string text(100, 'x');
  text.resize(50);
  EXPECT_TRUE(zero_to_capacity(text));
  Bytes bytes(100, std::byte{1});
  bytes.resize(50);
  EXPECT_TRUE(zero_to_capacity(bytes));
  ByteArray<8> array;
  array.fill(std::byte{9});
  wipe(array);
  EXPECT_EQ(array, ByteArray<8>{});
}

}  // namespace
}  // namespace keyfold
