// Parts of messages: each is what opening the whole would give there, from as few frames as it lies in.

#include "keyfold/envelope/seal/range_reader.h"

#include <gtest/gtest.h>

#include "keyfold/envelope/seal/messages_test.h"

namespace keyfold::seal {
namespace {

using namespace keyfold::seal::testing;

constexpr std::uint32_t frame_length = 10;

// Counts what is read.
class CountingAccess final : public RandomAccess {
 public:
  explicit CountingAccess(Bytes given) : bytes(std::move(given)), inner_(bytes) {}
  std::uint64_t size() const override { return inner_.size(); }
  Outcome read_at(std::uint64_t offset, std::span<std::byte> out) override {
    read += out.size();
    ++reads;
    return inner_.read_at(offset, out);
  }
  std::uint64_t read = 0;
  int reads = 0;
  Bytes bytes;  // May be changed where they are.

 private:
  BytesAccess inner_;
};

class Ranges : public ::testing::Test {
 protected:
  std::shared_ptr<const CountingKeyring> keyring = std::make_shared<CountingKeyring>(raw_keyring());
  Envelope envelope{keyring};

  Bytes seal(BytesView plaintext, const SealOptions& options = {.frame_length = frame_length}) {
    return *envelope.seal(plaintext, options);
  }
  Result<RangeReader> reader(Bytes sealed, const OpenOptions& options = {}) {
    return envelope.range_reader(std::make_shared<CountingAccess>(std::move(sealed)), options);
  }
};

TEST_F(Ranges, EveryPartOfEverySizeIsThere) {
  for (const std::size_t size : {0U, 1U, 9U, 10U, 11U, 20U, 35U, 40U}) {
    const auto plaintext = some_plaintext(size);
    auto reading = reader(seal(plaintext));
    ASSERT_TRUE(reading) << size << ": " << reading.error().message;
    EXPECT_EQ(reading->plaintext_size(), size);
    for (std::size_t offset = 0; offset <= size + 2; ++offset)
      for (std::size_t count = 0; count <= size + 2; ++count) {
        Bytes out(count);
        const auto got = reading->read(offset, out);
        ASSERT_TRUE(got);
        const auto expected = offset >= size ? 0 : std::min(count, size - offset);
        ASSERT_EQ(*got, expected) << offset << " " << count;
        EXPECT_TRUE(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(expected),
                               plaintext.begin() + static_cast<std::ptrdiff_t>(std::min(offset, size))));
      }
    Bytes beyond(5);
    EXPECT_EQ(*reading->read(UINT64_MAX, beyond), 0U);
  }
}

TEST_F(Ranges, EmptyFinalFramesAfterFullOnesAreUnderstood) {
  const auto plaintext = some_plaintext(20);
  SealStart start;
  SystemRandom random;
  const auto manager = keyrings::default_materials_manager(raw_keyring());
  ASSERT_TRUE(start.start(*manager, random, {.frame_length = frame_length}, std::nullopt));
  Bytes message(start.header().begin(), start.header().end());
  for (std::uint32_t i = 0; i < 3; ++i) {
    const message::FrameHead head{.kind = i == 2 ? message::FrameKind::final : message::FrameKind::regular,
                                  .sequence = i + 1,
                                  .content_size = i == 2 ? 0 : frame_length};
    Bytes frame(head.size());
    ASSERT_TRUE(start.cipher().seal_frame(
        head, BytesView(plaintext).subspan(std::size_t{i} * frame_length, head.content_size), frame));
    message.insert(message.end(), frame.begin(), frame.end());
  }
  auto reading = reader(message);
  ASSERT_TRUE(reading) << reading.error().message;
  EXPECT_EQ(reading->plaintext_size(), 20U);
  Bytes out(30);
  EXPECT_EQ(*reading->read(0, out), 20U);
  EXPECT_TRUE(std::equal(plaintext.begin(), plaintext.end(), out.begin()));
}

TEST_F(Ranges, EverySuiteThatDoesNotSign) {
  const auto plaintext = some_plaintext(95);
  for (const auto suite : every_suite()) {
    const auto policy = policy_for(suite);
    const auto sealed = seal(plaintext, {.suite = suite, .frame_length = frame_length, .commitment_policy = policy});
    keyring->calls = 0;
    auto reading = reader(sealed, {.commitment_policy = policy});
    EXPECT_EQ(reading.has_value(), !materials::suite_of(suite).signs()) << materials::to_string(suite);
    EXPECT_EQ(keyring->calls, reading ? 1 : 0);
    if (!reading) continue;
    Bytes out(50);
    ASSERT_EQ(*reading->read(42, out), 50U);
    EXPECT_TRUE(std::equal(out.begin(), out.end(), plaintext.begin() + 42));
  }
}

TEST_F(Ranges, OnlyTheFramesOfAPartAreRead) {
  const auto plaintext = some_plaintext(10'000'000);
  const auto access = std::make_shared<CountingAccess>(seal(plaintext, {.frame_length = 4096}));
  auto reading = envelope.range_reader(access);
  ASSERT_TRUE(reading);
  EXPECT_LE(access->read, 4096U + 4096 + 40);
  access->read = 0;
  access->reads = 0;
  Bytes out(100);
  ASSERT_TRUE(reading->read(5'000'000, out));
  EXPECT_LE(access->read, 2 * (4096U + 32));
  EXPECT_LE(access->reads, 2);
  EXPECT_TRUE(std::equal(out.begin(), out.end(), plaintext.begin() + 5'000'000));
}

TEST_F(Ranges, AnAlteredFrameIsRefusedWhereItIsAndNowhereElse) {
  const auto plaintext = some_plaintext(95);
  const auto sealed = seal(plaintext);
  const auto header_size = inspect(sealed)->header_size;
  for (std::size_t frame = 0; frame < 9; ++frame) {
    auto altered = sealed;
    altered[header_size + frame * 42 + 20] ^= std::byte{1};
    auto reading = reader(altered);
    ASSERT_TRUE(reading);
    for (std::size_t other = 0; other < 9; ++other) {
      Bytes out(10);
      const auto got = reading->read(other * 10, out);
      EXPECT_EQ(got.has_value(), other != frame);
      if (!got) {
        EXPECT_EQ(got.error().code, ErrorCode::authentication);
      }
    }
    Bytes across(95);
    EXPECT_FALSE(reading->read(0, across));
    EXPECT_EQ(across, Bytes(95)) << "what was read before is wiped";
  }
}

TEST_F(Ranges, AnAlteredHeadOfAFrameFailsAuthenticationLikeItsContent) {
  const auto plaintext = some_plaintext(35);
  const auto access = std::make_shared<CountingAccess>(seal(plaintext));
  auto reading = envelope.range_reader(access);
  ASSERT_TRUE(reading);
  for (std::size_t frame = 0; frame < 4; ++frame) {
    const auto head_size = frame == 3 ? message::final_frame_head_size : message::regular_frame_head_size;
    for (std::size_t at = 0; at < head_size; ++at) {
      auto& altered = access->bytes[reading->info().header_size + frame * 42 + at];
      for (const auto flip : {std::byte{1}, std::byte{0xFF}}) {
        altered ^= flip;
        Bytes out(5, std::byte{1});
        const auto got = reading->read(frame * 10, out);
        ASSERT_FALSE(got) << frame << " " << at;
        EXPECT_EQ(got.error().code, ErrorCode::authentication) << frame << " " << at << ": " << got.error().message;
        EXPECT_EQ(out, Bytes(5));
        altered ^= flip;
      }
    }
  }
  Bytes all(35);
  EXPECT_EQ(*reading->read(0, all), 35U);
  EXPECT_EQ(all, plaintext);
}

TEST_F(Ranges, EveryFlippedBitOfHeaderAndFinalFrameIsRefusedBeforeAnythingIsRead) {
  const auto sealed = seal(some_plaintext(25));
  const auto header_size = inspect(sealed)->header_size;
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    const bool in_middle = bit / 8 >= header_size && bit / 8 < header_size + 84;
    if (in_middle) continue;
    auto altered = sealed;
    altered[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(reader(altered)) << bit;
  }
}

TEST_F(Ranges, NoMessageCutShortOrContinuedIsTakenForWhole) {
  const auto sealed = seal(some_plaintext(95));
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(reader(Bytes(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
  for (std::size_t more = 1; more < 100; ++more) {
    auto longer = sealed;
    longer.resize(longer.size() + more);
    EXPECT_FALSE(reader(longer)) << more;
  }
  // Frames left out, from the front, the middle and before the end.
  for (std::size_t frame = 0; frame < 9; ++frame) {
    auto pieces = testing::take_apart(sealed);
    pieces.frames.erase(pieces.frames.begin() + static_cast<std::ptrdiff_t>(frame));
    EXPECT_FALSE(reader(pieces.join())) << frame;
  }
}

TEST_F(Ranges, MessagesThatAreNotFramedAreRefusedBeforeAnyKeyringIsAsked) {
  const auto sealed = non_framed_message(*raw_keyring(), unsigned_suite, some_plaintext(100));
  keyring->calls = 0;
  EXPECT_EQ(reader(sealed).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(keyring->calls, 0);
}

TEST_F(Ranges, TheContextIsDemandedAsWhenOpening) {
  const auto sealed =
      seal(some_plaintext(50), {.encryption_context = {{"tenant", "4711"}}, .frame_length = frame_length});
  EXPECT_TRUE(reader(sealed, {.required_context = {{"tenant", "4711"}}}));
  EXPECT_FALSE(reader(sealed, {.required_context = {{"tenant", "4712"}}}));
}

}  // namespace
}  // namespace keyfold::seal
