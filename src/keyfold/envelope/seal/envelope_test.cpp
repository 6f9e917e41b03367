// Sealing and opening whole messages, in memory and in streams.

#include "keyfold/envelope/seal/envelope.h"

#include <sstream>
#include <thread>

#include "keyfold/envelope/seal/messages_test.h"
#include "keyfold/keyfold.h"

namespace keyfold::seal {
namespace {

using namespace keyfold::seal::testing;

// A KMS of one's own, with the names of keyfold.h alone: it wraps by adding a byte.
class OwnKms final : public keyfold::KmsClient {
 public:
  keyfold::Result<keyfold::GeneratedDataKey> generate_data_key(std::string_view, std::size_t size,
                                                               const keyfold::ContextView&) override {
    auto key = keyfold::SecretBytes::copy_of(keyfold::Bytes(size, std::byte{1}));
    if (!key) return key.error();
    return keyfold::GeneratedDataKey{
        .plaintext = *std::move(key), .ciphertext = keyfold::Bytes(size + 1, std::byte{1}), .key_arn = arn};
  }
  keyfold::Result<keyfold::WrappedDataKey> encrypt(std::string_view, const keyfold::SecretBytes&,
                                                   const keyfold::ContextView&) override {
    return keyfold::Error{keyfold::ErrorCode::access_denied, "not asked here"};
  }
  keyfold::Result<keyfold::UnwrappedDataKey> decrypt(std::string_view, keyfold::BytesView ciphertext,
                                                     const keyfold::ContextView&) override {
    auto key = keyfold::SecretBytes::copy_of(ciphertext.subspan(1));
    if (!key) return key.error();
    return keyfold::UnwrappedDataKey{.plaintext = *std::move(key), .key_arn = arn};
  }

 private:
  static constexpr auto arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
};

TEST(PublicHeader, IsEnoughForAKmsOfOnesOwn) {
  const keyfold::Envelope envelope(
      keyfold::kms_keyring(std::make_shared<OwnKms>(), *keyfold::KmsKeyName::parse("alias/ledger")));
  const auto sealed = envelope.seal("x");
  ASSERT_TRUE(sealed) << sealed.error().message;
  EXPECT_EQ(envelope.open(*sealed)->text(), "x");
}

TEST(Envelope, SealsAndOpensInThreeLines) {
  const keyfold::Envelope envelope(raw_keyring());
  const auto sealed = envelope.seal("The north door is blue.", {.encryption_context = {{"tenant", "4711"}}});
  const auto opened = envelope.open(*sealed, {.required_context = {{"tenant", "4711"}}});
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->text(), "The north door is blue.");
}

TEST(Envelope, OpensWhatItSealsAtEveryEdgeOfAFrame) {
  const Envelope envelope(raw_keyring());
  constexpr std::size_t frame = 64;
  for (const auto suite : both_suites)
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, frame - 1, frame, frame + 1, 2 * frame - 1,
                                   2 * frame, 2 * frame + 1, 10 * frame}) {
      const auto plaintext = some_plaintext(size);
      const auto sealed = envelope.seal(plaintext, {.encryption_context = {{"größe", "\U0001F511"}},
                                                    .suite = suite,
                                                    .frame_length = static_cast<std::uint32_t>(frame)});
      ASSERT_TRUE(sealed) << sealed.error().message;
      const auto opened = envelope.open(*sealed);
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(opened->plaintext, plaintext) << size;
      EXPECT_EQ(*opened->info.encryption_context.find("größe"), "\U0001F511");
      // The last frame is full when the plaintext is a multiple of the frame length.
      EXPECT_EQ(take_apart(*sealed).frames.size(), std::max<std::size_t>(1, (size + frame - 1) / frame));
    }
}

TEST(Envelope, ReadsAnEmptyFinalFrameAfterFullOnes) {
  // As the SDKs for C and JavaScript write it.
  auto keyring = raw_keyring();
  const auto manager = keyrings::default_materials_manager(keyring);
  SystemRandom random;
  for (const std::size_t frames : {1U, 3U}) {
    auto start = start_seal(*manager, random, {.frame_length = 16});
    ASSERT_TRUE(start);
    auto message = start->header;
    const auto plaintext = some_plaintext(std::size_t{frames} * 16);
    for (std::uint32_t i = 0; i <= frames; ++i) {
      const bool last = i == frames;
      const message::FrameHead head{.kind = last ? message::FrameKind::final : message::FrameKind::regular,
                                    .sequence = i + 1,
                                    .content_size = last ? 0U : 16U};
      Bytes frame(head.size());
      ASSERT_TRUE(
          start->cipher.seal_frame(head, BytesView(plaintext).subspan(std::size_t{i} * 16, head.content_size), frame));
      message.insert(message.end(), frame.begin(), frame.end());
    }
    const auto opened = Envelope(keyring).open(message);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->plaintext, plaintext);
  }
}

TEST(Opener, ItsInfoIsThereFromTheHeaderOnAndAfterTheEnd) {
  const Envelope envelope(raw_keyring());
  for (const auto suite : both_suites) {
    const auto sealed = envelope.seal("x", {.encryption_context = {{"tenant", "4711"}}, .suite = suite});
    const auto header_size = take_apart(*sealed).header.size();
    Bytes released;
    BytesSink sink(released);
    auto opener = envelope.opener(sink);
    ASSERT_TRUE(opener.update(BytesView(*sealed).first(header_size - 1)));
    EXPECT_EQ(opener.info(), nullptr);
    ASSERT_TRUE(opener.update(BytesView(*sealed).subspan(header_size - 1)));
    const auto* info = opener.info();
    ASSERT_NE(info, nullptr);
    const auto finished = opener.finish();
    ASSERT_TRUE(finished) << finished.error().message;
    EXPECT_EQ(opener.info(), info);
    EXPECT_EQ(*info->encryption_context.find("tenant"), "4711");
    EXPECT_EQ(info->encrypted_data_keys.size(), 1U);
    EXPECT_EQ(info->encryption_context, finished->encryption_context);
  }
}

TEST(Envelope, StreamsGiveTheSameInPiecesOfAnySize) {
  const Envelope envelope(raw_keyring());
  const auto plaintext = some_plaintext(200);
  for (const auto suite : both_suites)
    for (std::size_t step = 1; step <= 100; ++step) {
      const auto sealed = seal_in_steps(envelope, plaintext, step, {.suite = suite, .frame_length = 64});
      ASSERT_TRUE(sealed) << sealed.error().message;
      EXPECT_EQ(envelope.open(*sealed)->plaintext, plaintext) << step;
      Bytes released;
      const auto info = open_in_steps(envelope, *sealed, step, released);
      ASSERT_TRUE(info) << step << ": " << info.error().message;
      EXPECT_EQ(released, plaintext);
    }
}

TEST(Envelope, IostreamsGoThrough) {
  const Envelope envelope(raw_keyring());
  for (const std::size_t size : {0U, 1U, 4096U, 700'000U}) {
    const auto plaintext = some_plaintext(size);
    std::istringstream in{std::string(as_text(plaintext))};
    std::stringstream sealed;
    ASSERT_TRUE(envelope.seal_stream(in, sealed, {.suite = signed_suite}));
    std::ostringstream out;
    const auto info = envelope.open_stream(sealed, out);
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(out.str(), as_text(plaintext));
  }
}

TEST(Envelope, AStreamThatCannotBeReadOrWrittenIsAnErrorNotAnEmptyMessage) {
  const Envelope envelope(raw_keyring());
  std::istringstream broken;
  broken.setstate(std::ios::failbit);
  std::ostringstream out;
  EXPECT_EQ(envelope.seal_stream(broken, out).error().code, ErrorCode::io);
  std::istringstream in("text");
  std::ostringstream full;
  full.setstate(std::ios::badbit);
  EXPECT_EQ(envelope.seal_stream(in, full).error().code, ErrorCode::io);
}

TEST(Envelope, UsesMemoryOfTheCallers) {
  const Envelope envelope(raw_keyring());
  const auto plaintext = some_plaintext(1000);
  for (const auto suite : both_suites) {
    const SealOptions options{.suite = suite, .frame_length = 100};
    Bytes sealed(4000);
    const auto used = envelope.seal_into(plaintext, sealed, options);
    ASSERT_TRUE(used);
    sealed.resize(*used);
    Bytes opened(1000);
    ASSERT_EQ(*envelope.open_into(sealed, opened), 1000U);
    EXPECT_EQ(opened, plaintext);
    EXPECT_FALSE(envelope.seal_into(plaintext, opened, options));
    EXPECT_FALSE(envelope.open_into(sealed, std::span(opened).first(999)));
    sealed.back() ^= std::byte{1};
    EXPECT_FALSE(envelope.open_into(sealed, opened));
    EXPECT_EQ(opened, Bytes(1000)) << "what was opened before the end proved bad is wiped";
  }
}

TEST(Envelope, TellsWhatItOpened) {
  const Envelope envelope(*keyrings::multi_keyring(raw_keyring("one"), {raw_keyring("two")}));
  const auto sealed =
      envelope.seal("x", {.encryption_context = {{"a", "b"}}, .suite = signed_suite, .frame_length = 77});
  const auto opened = envelope.open(*sealed);
  ASSERT_TRUE(opened);
  const auto inspected = inspect(*sealed);
  ASSERT_TRUE(inspected);
  std::istringstream in{std::string(as_text(*sealed))};
  const auto streamed = inspect(in);
  ASSERT_TRUE(streamed);
  for (const auto* info : {&opened->info, &*inspected, &*streamed}) {
    EXPECT_EQ(info->format_version, 2);
    EXPECT_EQ(info->suite->id, signed_suite);
    EXPECT_EQ(*info->encryption_context.find("a"), "b");
    EXPECT_TRUE(info->encryption_context.contains("aws-crypto-public-key"));
    EXPECT_EQ(info->encrypted_data_keys.size(), 2U);
    EXPECT_EQ(info->frame_length, 77U);
    EXPECT_EQ(info->message_id, opened->info.message_id);
  }
  for (std::size_t size = 0; size < inspected->header_size; ++size)
    EXPECT_FALSE(inspect(BytesView(*sealed).first(size))) << size;
}

TEST(Envelope, NoTwoMessagesShareAnIdOrACommitment) {
  const Envelope envelope(raw_keyring());
  const auto one = *envelope.seal("same"), two = *envelope.seal("same");
  const auto read_one = std::get<message::Header>(*message::read_header(one, {}));
  const auto read_two = std::get<message::Header>(*message::read_header(two, {}));
  EXPECT_NE(read_one.body.message_id, read_two.body.message_id);
  EXPECT_NE(read_one.body.commit_key, read_two.body.commit_key);
}

TEST(Envelope, RefusesFrameLengthsAndSizesBeyondTheLimits) {
  const Envelope envelope(raw_keyring());
  EXPECT_FALSE(envelope.seal("x", {.frame_length = 0}));
  EXPECT_TRUE(envelope.seal("x", {.frame_length = 1}));
  EXPECT_TRUE(envelope.seal("x", {.frame_length = message::Limits{}.frame_length_max}));
  EXPECT_FALSE(envelope.seal("x", {.frame_length = message::Limits{}.frame_length_max + 1}));
  const EncryptionContext large{{"k", std::string(65530, 'v')}};
  EXPECT_FALSE(envelope.seal("x", {.encryption_context = large}));
  EXPECT_FALSE(envelope.seal("x", {.encryption_context = {{"k", "\xff"}}}));
  EXPECT_FALSE(envelope.seal("x", {.suite = materials::SuiteId::aes_256_gcm_hkdf_sha256}));
}

TEST(Envelope, MayBeSharedByThreads) {
  const Envelope envelope(raw_keyring());
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&envelope, t] {
      for (std::size_t i = 0; i < 50; ++i) {
        const auto plaintext = some_plaintext(100 * t + i);
        const auto sealed = envelope.seal(plaintext, {.suite = i % 10 == 0 ? signed_suite : unsigned_suite});
        EXPECT_TRUE(sealed && envelope.open(*sealed)->plaintext == plaintext);
      }
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace keyfold::seal
