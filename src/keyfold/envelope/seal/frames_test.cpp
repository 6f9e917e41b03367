// Frames in pieces: how many at once, how many in all, and bytes that change under the reader's hands.

#include "keyfold/envelope/seal/frames.h"

#include <gtest/gtest.h>

#include "keyfold/envelope/seal/messages_test.h"

namespace keyfold::seal {
namespace {

using namespace keyfold::seal::testing;

TEST(Frames, TheThreadsOfAStreamHoldNoMoreThanItsBytesHoweverLongItsFramesAre) {
  constexpr std::uint32_t mib = 1U << 20;
  EXPECT_EQ(threads_for_stream(12, 4096), 12U);
  EXPECT_EQ(threads_for_stream(12, 5 * mib), 12U);
  EXPECT_EQ(threads_for_stream(12, 6 * mib), 10U);
  EXPECT_EQ(threads_for_stream(12, 32 * mib), 2U);
  EXPECT_EQ(threads_for_stream(12, 64 * mib), 1U);
  EXPECT_EQ(threads_for_stream(12, UINT32_MAX), 1U);
  for (std::uint64_t length = 1; length <= stream_bytes_max; length = length * 3 / 2 + 1) {
    const auto frame_length = static_cast<std::uint32_t>(length);
    const auto held = threads_for_stream(threads_max, frame_length) * frames_in_piece(frame_length) * length;
    EXPECT_LE(held, stream_bytes_max) << length;
  }
}

TEST(Frames, AMessageHasAsManyAsTheirNumbersReach) {
  constexpr std::uint32_t frame_length = 10;
  constexpr std::uint64_t last = message::frames_max;
  for (std::uint64_t first = last - 3; first <= last + 2; ++first)
    for (std::size_t size = 0; size <= 30; ++size) {
      const auto end = first + (size == 0 ? 0 : (size - 1) / frame_length);
      EXPECT_EQ(check_frame_count(first, frame_length, Ends::yes, size).has_value(), end <= last)
          << first << " " << size;
      EXPECT_EQ(check_frame_count(first, frame_length, Ends::no, size).has_value(), end < last) << first << " " << size;
    }
  // A whole piece less than that is none too many: the last one is as large as its plaintext, not as a piece.
  const auto first = last - frames_in_piece(frame_length) + 2;
  EXPECT_TRUE(check_frame_count(first, frame_length, Ends::yes, 1));
}

// As if somebody wrote to the memory after the frames' heads had been read.
class Changed : public ::testing::Test {
 protected:
  static constexpr std::uint32_t frame_length = 16;
  SealStart start;
  Bytes plaintext = some_plaintext(40), sealed;

  void SetUp() override {
    SystemRandom random;
    const auto manager = keyrings::default_materials_manager(raw_keyring());
    ASSERT_TRUE(start.start(*manager, random, {.frame_length = frame_length}, std::nullopt));
    sealed.resize(sealed_frames_size(frame_length, Ends::yes, plaintext.size()));
    ASSERT_TRUE(seal_frames(start.cipher(), frame_length, 1, Ends::yes, plaintext, sealed));
  }
  Outcome open(BytesView bytes, std::span<std::byte> out) {
    return open_frames(start.cipher(), frame_length, 1, bytes, out);
  }
};

TEST_F(Changed, UnchangedTheyOpen) {
  Bytes out(plaintext.size());
  ASSERT_TRUE(open(sealed, out));
  EXPECT_EQ(out, plaintext);
}

TEST_F(Changed, HeadsThatReachBeyondTheSealedBytesAreRefused) {
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const Bytes cut(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size));
    Bytes out(plaintext.size());
    const auto opened = open(cut, out);
    ASSERT_FALSE(opened) << size;
    EXPECT_EQ(opened.error().code, ErrorCode::authentication) << size;
  }
}

TEST_F(Changed, HeadsThatReachBeyondTheOutputAreRefused) {
  for (std::size_t size = 0; size < plaintext.size(); ++size) {
    Bytes out(size);
    const auto opened = open(sealed, out);
    ASSERT_FALSE(opened) << size;
    EXPECT_EQ(opened.error().code, ErrorCode::authentication) << size;
  }
}

// Writes to the message just when its key is asked for: after its shape has been looked at.
class WritingKeyring final : public keyrings::Keyring {
 public:
  explicit WritingKeyring(std::shared_ptr<const keyrings::Keyring> inner) : inner_(std::move(inner)) {}
  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override { return inner_->on_encrypt(materials); }
  Result<SecretBytes> on_decrypt(const keyrings::WrappedKeys& wrapped) const override {
    if (target != nullptr) *target ^= flip;
    return inner_->on_decrypt(wrapped);
  }
  std::string describe() const override { return "writing"; }
  std::byte* target = nullptr;
  std::byte flip{};

 private:
  std::shared_ptr<const keyrings::Keyring> inner_;
};

TEST_F(Changed, NoByteOfABodyThatIsWrittenToWhileItIsOpenedGetsThrough) {
  const auto keyring = std::make_shared<WritingKeyring>(raw_keyring());
  const Envelope envelope(keyring);
  for (const auto& message : {*envelope.seal(plaintext, {.frame_length = frame_length}),
                              non_framed_message(*raw_keyring(), unsigned_suite, plaintext)})
    for (auto at = inspect(message)->header_size; at < message.size(); ++at)
      for (const auto flip : {std::byte{1}, std::byte{0x80}, std::byte{0xFF}}) {
        auto shared = message;
        keyring->target = &shared[at];
        keyring->flip = flip;
        const auto opened = envelope.open(shared);
        ASSERT_FALSE(opened) << at;
        EXPECT_TRUE(opened.error().code == ErrorCode::authentication || opened.error().code == ErrorCode::invalid_input)
            << at << ": " << opened.error().message;
      }
}

}  // namespace
}  // namespace keyfold::seal
