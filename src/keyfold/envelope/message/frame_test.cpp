#include "keyfold/envelope/message/frame.h"

#include <gtest/gtest.h>

#include "keyfold/envelope/message/body.h"

namespace keyfold::message {
namespace {

constexpr std::uint32_t frame_length = 10;

Bytes frame(FrameKind kind, std::uint32_t sequence, std::uint32_t size) {
  const FrameHead head{.kind = kind, .sequence = sequence, .content_size = size};
  Bytes bytes(head.size(), std::byte{0x55});
  write_frame_head(std::span(bytes).first(head.head_size()), head);
  return bytes;
}
Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
HeaderBody framed(std::uint16_t suite) { return {.suite = materials::find_suite(suite), .frame_length = frame_length}; }
Result<BodyShape> shape_of(BytesView body, const HeaderBody& header, const Limits& limits = {}) {
  return read_body_shape(body, header, limits);
}

TEST(Frame, HeadsAreTheBytesOfTheSpecification) {
  EXPECT_EQ(to_hex(frame(FrameKind::regular, 2, 0)).substr(0, 32),
            "00000002"
            "000000000000000000000002");
  EXPECT_EQ(to_hex(frame(FrameKind::final, 3, 7)).substr(0, 48),
            "ffffffff"
            "00000003"
            "000000000000000000000003"
            "00000007");
}

TEST(Frame, ReadsTheHeadsThatItWrites) {
  for (const auto kind : {FrameKind::regular, FrameKind::final}) {
    const auto bytes = frame(kind, 9, frame_length);
    const auto read = read_frame_head(bytes, frame_length, 9);
    ASSERT_TRUE(read);
    const auto& head = std::get<FrameHead>(*read);
    EXPECT_EQ(head.kind, kind);
    EXPECT_EQ(head.sequence, 9U);
    EXPECT_EQ(head.size(), bytes.size());
  }
}

TEST(Frame, AsksForMoreWhileTheHeadIsIncomplete) {
  for (const auto kind : {FrameKind::regular, FrameKind::final}) {
    const auto bytes = frame(kind, 1, frame_length);
    const std::size_t head_size = kind == FrameKind::regular ? regular_frame_head_size : final_frame_head_size;
    for (std::size_t size = 0; size < head_size; ++size) {
      const auto read = read_frame_head(BytesView(bytes).first(size), frame_length, 1);
      ASSERT_TRUE(read) << size;
      ASSERT_TRUE(std::holds_alternative<NeedsMore>(*read)) << size;
      EXPECT_GT(std::get<NeedsMore>(*read).at_least, size);
      EXPECT_LE(std::get<NeedsMore>(*read).at_least, head_size);
    }
  }
}

TEST(Frame, RefusesAnotherNumberAnotherIvAndAnOversizedEnd) {
  EXPECT_FALSE(read_frame_head(frame(FrameKind::regular, 2, frame_length), frame_length, 1));
  EXPECT_FALSE(read_frame_head(frame(FrameKind::regular, 1, frame_length), frame_length, 2));
  EXPECT_FALSE(read_frame_head(frame(FrameKind::final, 1, 0), frame_length, 2));
  EXPECT_FALSE(read_frame_head(frame(FrameKind::regular, 0, frame_length), frame_length, 1));
  for (const auto kind : {FrameKind::regular, FrameKind::final})
    for (std::size_t i = 0; i < iv_size; ++i) {
      auto bytes = frame(kind, 1, frame_length);
      bytes[(kind == FrameKind::regular ? 4 : 8) + i] ^= std::byte{1};
      EXPECT_FALSE(read_frame_head(bytes, frame_length, 1)) << i;
    }
  EXPECT_TRUE(read_frame_head(frame(FrameKind::final, 1, frame_length), frame_length, 1));
  EXPECT_FALSE(read_frame_head(frame(FrameKind::final, 1, frame_length + 1), frame_length, 1));
}

TEST(Frame, OnlyAFinalFrameCanBeTheLastPossibleOne) {
  EXPECT_TRUE(read_frame_head(frame(FrameKind::final, frames_max, 0), frame_length, frames_max));
  EXPECT_TRUE(
      read_frame_head(frame(FrameKind::regular, regular_frames_max, frame_length), frame_length, regular_frames_max));
  const auto read = read_frame_head(frame(FrameKind::regular, frames_max, frame_length), frame_length, frames_max);
  EXPECT_FALSE(read) << "0xFFFFFFFF marks a final frame; what follows is then no number of one";
}

TEST(Frame, AadIsMessageIdLabelNumberAndLength) {
  ByteArray<32> id;
  id.fill(std::byte{0xAB});
  FrameAad aad{MessageId(id)};
  const std::string id_hex = to_hex(id);
  EXPECT_EQ(to_hex(aad.of({.kind = FrameKind::regular, .sequence = 0x01020304, .content_size = 4096})),
            id_hex + to_hex(as_bytes("AWSKMSEncryptionClient Frame")) +
                "01020304"
                "0000000000001000");
  EXPECT_EQ(to_hex(aad.of({.kind = FrameKind::final, .sequence = 5, .content_size = 0})),
            id_hex + to_hex(as_bytes("AWSKMSEncryptionClient Final Frame")) +
                "00000005"
                "0000000000000000");
  EXPECT_EQ(to_hex(aad.of_non_framed(0x0123456789)), id_hex + to_hex(as_bytes("AWSKMSEncryptionClient Single Block")) +
                                                         "00000001"
                                                         "0000000123456789");
}

TEST(Frame, AadOfVersion1HasAMessageIdOf16Bytes) {
  FrameAad aad{MessageId(Bytes(16, std::byte{0xAB}))};
  EXPECT_EQ(to_hex(aad.of({.kind = FrameKind::regular, .sequence = 1, .content_size = 1})),
            to_hex(Bytes(16, std::byte{0xAB})) + to_hex(as_bytes("AWSKMSEncryptionClient Frame")) +
                "00000001"
                "0000000000000001");
}

Bytes non_framed(std::uint64_t announced, std::size_t size) {
  Bytes bytes(iv_size, std::byte{9});
  Writer(bytes).u64(announced);
  bytes.resize(bytes.size() + size + tag_size);
  return bytes;
}

TEST(NonFramed, ReadsTheHeadThatIsThereAndAsksForMoreWhileItIsNot) {
  const auto bytes = non_framed(7, 7);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = read_non_framed_head(BytesView(bytes).first(size), {});
    ASSERT_TRUE(read);
    EXPECT_EQ(std::holds_alternative<NeedsMore>(*read), size < NonFramedHead::head_size) << size;
  }
  const auto head = std::get<NonFramedHead>(*read_non_framed_head(bytes, {}));
  EXPECT_EQ(head.content_size, 7U);
  EXPECT_EQ(to_hex(head.iv), "090909090909090909090909");
  EXPECT_EQ(head.size(), bytes.size());
}

TEST(NonFramed, KeepsItsLimitToTheByteAndNeverPassesTheCiphers) {
  EXPECT_TRUE(read_non_framed_head(non_framed(100, 0), {.non_framed_size_max = 100}));
  EXPECT_FALSE(read_non_framed_head(non_framed(101, 0), {.non_framed_size_max = 100}));
  constexpr std::uint64_t gcm_max = (std::uint64_t{1} << 36) - 32;
  EXPECT_TRUE(read_non_framed_head(non_framed(gcm_max, 0), {.non_framed_size_max = UINT64_MAX}));
  EXPECT_FALSE(read_non_framed_head(non_framed(gcm_max + 1, 0), {.non_framed_size_max = UINT64_MAX}));
  EXPECT_FALSE(read_non_framed_head(non_framed(UINT64_MAX, 0), {.non_framed_size_max = UINT64_MAX}));
}

TEST(NonFramed, ItsShapeIsAllOfItAndNothingMore) {
  const HeaderBody header{.suite = materials::find_suite(0x0178), .content_type = ContentType::non_framed};
  const auto body = non_framed(5, 5);
  const auto shape = shape_of(body, header);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->plaintext_size, 5U);
  EXPECT_EQ(shape->frames, 0U);
  EXPECT_EQ(shape->body_size, body.size());
  for (std::size_t size = 0; size < body.size(); ++size) EXPECT_FALSE(shape_of(BytesView(body).first(size), header));
  EXPECT_FALSE(shape_of(body + Bytes(1), header));
}

TEST(Body, SizeFollowsTheFrames) {
  const auto expected = [](std::uint64_t size) {
    const std::uint64_t frames = size == 0 ? 1 : (size + frame_length - 1) / frame_length;
    return size + (frames - 1) * 32 + 40;
  };
  for (std::uint64_t size = 0; size < 100; ++size) EXPECT_EQ(*body_size(size, frame_length), expected(size)) << size;
}

TEST(Body, HasAtMostTwoToThe32MinusOneFrames) {
  const std::uint64_t most = std::uint64_t{frames_max} * frame_length;
  EXPECT_EQ(*body_size(most, frame_length), most + std::uint64_t{regular_frames_max} * 32 + 40);
  EXPECT_FALSE(body_size(most + 1, frame_length));
  EXPECT_FALSE(body_size(UINT64_MAX, 0xFFFFFFFF));
}

TEST(Body, ShapeCountsFramesAndPlaintext) {
  const auto body = frame(FrameKind::regular, 1, frame_length) + frame(FrameKind::regular, 2, frame_length) +
                    frame(FrameKind::final, 3, 4);
  const auto shape = shape_of(body, framed(0x0478));
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->frames, 3U);
  EXPECT_EQ(shape->plaintext_size, 24U);
  EXPECT_EQ(shape->body_size, body.size());
}

TEST(Body, RefusesEveryTruncationAndWhateverFollows) {
  const auto footer = *from_hex(
      "0003"
      "010203");
  for (const auto id : {std::uint16_t{0x0478}, std::uint16_t{0x0578}}) {
    auto body = frame(FrameKind::regular, 1, frame_length) + frame(FrameKind::final, 2, 4);
    if (framed(id).suite->signs()) body = body + footer;
    EXPECT_TRUE(shape_of(body, framed(id)));
    for (std::size_t size = 0; size < body.size(); ++size)
      EXPECT_FALSE(shape_of(BytesView(body).first(size), framed(id))) << size;
    EXPECT_FALSE(shape_of(body + Bytes(1), framed(id)));
    EXPECT_FALSE(shape_of(body + frame(FrameKind::final, 3, 4), framed(id)));
  }
}

TEST(Body, RefusesFramesTwiceSwappedOrLeftOut) {
  const auto one = frame(FrameKind::regular, 1, frame_length), two = frame(FrameKind::regular, 2, frame_length),
             end = frame(FrameKind::final, 3, 1);
  EXPECT_TRUE(shape_of(one + two + end, framed(0x0478)));
  for (const auto& body :
       {one + one + end, two + one + end, one + end, two + end, one + two + two + end, end, one + two})
    EXPECT_FALSE(shape_of(body, framed(0x0478)));
}

TEST(Footer, HoldsASignatureAndNoMoreThanOne) {
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes bytes;
    Writer(bytes).u16(static_cast<std::uint16_t>(size)).bytes(Bytes(size));
    EXPECT_EQ(read_footer(bytes).has_value(), size >= 1 && size <= signature_size_max) << size;
  }
  Bytes written;
  append_footer(written, Bytes(103, std::byte{7}));
  for (std::size_t size = 0; size < written.size(); ++size) {
    const auto read = read_footer(BytesView(written).first(size));
    ASSERT_TRUE(read);
    EXPECT_TRUE(std::holds_alternative<NeedsMore>(*read)) << size;
  }
  EXPECT_EQ(std::get<Footer>(*read_footer(written)).size, 105U);
}

}  // namespace
}  // namespace keyfold::message
