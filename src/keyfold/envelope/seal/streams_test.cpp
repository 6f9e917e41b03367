// Sources and sinks, with any number of threads: what comes out is what one thread would have made.

#include <gtest/gtest.h>

#include <set>

#include "keyfold/envelope/seal/frames.h"
#include "keyfold/envelope/seal/messages_test.h"

namespace keyfold::seal {
namespace {

using namespace keyfold::seal::testing;

// Gives as little at a time as it likes.
class DribblingSource final : public Source {
 public:
  DribblingSource(BytesView bytes, std::size_t most) : inner_(bytes), most_(most) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return inner_.read(out.first(std::min<std::size_t>(out.size(), 1 + (state_ >> 33) % most_)));
  }

 private:
  BytesSource inner_;
  std::size_t most_;
  std::uint64_t state_ = 7;
};

// Fails after so many bytes.
class FailingSource final : public Source {
 public:
  FailingSource(BytesView bytes, std::size_t good) : inner_(bytes.first(good)) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    auto got = inner_.read(out);
    if (got && *got == 0) return Error{ErrorCode::io, "the disk is gone"};
    return got;
  }

 private:
  BytesSource inner_;
};

class FailingSink final : public Sink {
 public:
  explicit FailingSink(std::size_t good) : left_(good) {}
  Outcome write(BytesView bytes) override {
    if (bytes.size() > left_) return Error{ErrorCode::io, "the disk is full"};
    left_ -= bytes.size();
    return ok();
  }

 private:
  std::size_t left_;
};

constexpr std::uint32_t frame_length = 65536;
constexpr std::size_t piece = frames_in_piece(frame_length) * frame_length;
const std::vector<std::size_t> edges{
    0,     1,         frame_length - 1, frame_length, frame_length + 1, piece - 1,
    piece, piece + 1, 2 * piece - 1,    2 * piece,    2 * piece + 1,    5 * piece + 12'345};

class Threads : public ::testing::TestWithParam<unsigned> {
 protected:
  Envelope envelope{raw_keyring()};
  unsigned threads = GetParam();

  Result<Bytes> seal(BytesView plaintext, materials::SuiteId suite, std::size_t most = 1'000'000) {
    DribblingSource source(plaintext, most);
    Bytes sealed;
    BytesSink sink(sealed);
    auto done = envelope.seal(source, sink,
                              {.encryption_context = {{"tenant", "4711"}},
                               .suite = suite,
                               .frame_length = frame_length,
                               .commitment_policy = policy_for(suite),
                               .threads = threads});
    if (!done) return std::move(done).error();
    return sealed;
  }
  Result<MessageInfo> open(BytesView sealed, Bytes& released, std::size_t most = 1'000'000, OpenOptions options = {}) {
    DribblingSource source(sealed, most);
    BytesSink sink(released);
    options.threads = threads;
    return envelope.open(source, sink, options);
  }
};
INSTANTIATE_TEST_SUITE_P(Several, Threads, ::testing::Values(1U, 2U, 3U, 8U));

TEST_P(Threads, SealAndOpenWhatOneWouldAtEveryEdge) {
  for (const auto suite : both_suites)
    for (const auto size : edges) {
      const auto plaintext = some_plaintext(size);
      const auto sealed = seal(plaintext, suite);
      ASSERT_TRUE(sealed) << size << ": " << sealed.error().message;
      EXPECT_EQ(envelope.open(*sealed)->plaintext, plaintext) << size;
      Bytes released;
      const auto info = open(*sealed, released);
      ASSERT_TRUE(info) << size << ": " << info.error().message;
      EXPECT_EQ(released, plaintext) << size;
      EXPECT_EQ(info->suite->id, suite);
      // The last frame is full when the plaintext is a multiple of the frame length.
      EXPECT_EQ(testing::take_apart(*sealed).frames.size(),
                std::max<std::size_t>(1, (size + frame_length - 1) / frame_length));
    }
}

TEST_P(Threads, InMemoryToo) {
  for (const auto suite : both_suites)
    for (const auto size : edges) {
      const auto plaintext = some_plaintext(size);
      const auto sealed = envelope.seal(plaintext, {.suite = suite, .frame_length = frame_length, .threads = threads});
      ASSERT_TRUE(sealed);
      const auto opened = envelope.open(*sealed, {.threads = threads});
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(opened->plaintext, plaintext) << size;
      Bytes released;
      ASSERT_TRUE(open_in_steps(envelope, *sealed, 100'000, released));
      EXPECT_EQ(released, plaintext);
    }
}

TEST_P(Threads, TakeWhateverLittleASourceGives) {
  const auto plaintext = some_plaintext(3 * piece + 7);
  for (const std::size_t most : {1'000U, 65'536U}) {
    const auto sealed = seal(plaintext, unsigned_suite, most);
    ASSERT_TRUE(sealed);
    Bytes released;
    ASSERT_TRUE(open(*sealed, released, most));
    EXPECT_EQ(released, plaintext);
  }
}

TEST_P(Threads, EmptyFinalFramesAfterFullOnesAreRead) {
  // As the SDKs for C and JavaScript write them.
  for (const std::size_t frames : {1U, 4U, 8U, 9U}) {
    const auto plaintext = some_plaintext(frames * frame_length);
    SealStart start;
    SystemRandom random;
    const auto manager = keyrings::default_materials_manager(raw_keyring());
    ASSERT_TRUE(start.start(*manager, random, {.frame_length = frame_length}, std::nullopt));
    Bytes message(start.header().begin(), start.header().end());
    const auto header_size = message.size();
    message.resize(header_size + frames * (frame_length + frame_overhead) + 40);
    const auto body = std::span(message).subspan(header_size);
    ASSERT_TRUE(seal_frames(start.cipher(), frame_length, 1, Ends::no, plaintext, body.first(body.size() - 40)));
    ASSERT_TRUE(seal_frames(start.cipher(), frame_length, static_cast<std::uint32_t>(frames + 1), Ends::yes, {},
                            body.last(40)));
    Bytes released;
    ASSERT_TRUE(open(message, released));
    EXPECT_EQ(released, plaintext);
    EXPECT_EQ(envelope.open(message, {.threads = threads})->plaintext, plaintext);
  }
}

TEST_P(Threads, WhatWasReleasedBeforeAnAlteredFrameIsTheTrueBeginning) {
  const auto plaintext = some_plaintext(5 * piece + 12'345);
  for (const auto suite : both_suites) {
    const auto sealed = *seal(plaintext, suite);
    const auto header_size = inspect(sealed)->header_size;
    for (std::size_t at = header_size; at < sealed.size(); at += piece / 2 + 1) {
      auto altered = sealed;
      altered[at] ^= std::byte{1};
      Bytes released;
      EXPECT_FALSE(open(altered, released)) << at;
      ASSERT_LE(released.size(), at);
      EXPECT_TRUE(std::equal(released.begin(), released.end(), plaintext.begin()));
      EXPECT_TRUE(suite == unsigned_suite || released.empty());
      // Everything before the altered piece has come.
      if (suite == unsigned_suite) {
        EXPECT_GE(released.size() + 2 * piece, at - header_size);
      }
      EXPECT_FALSE(envelope.open(altered, {.threads = threads}));
    }
  }
}

TEST_P(Threads, EveryTruncationAndWhateverFollowsIsRefused) {
  const auto plaintext = some_plaintext(2 * piece + 10);
  for (const auto suite : both_suites) {
    const auto sealed = *seal(plaintext, suite);
    std::vector<std::size_t> sizes;
    for (std::size_t size = 0; size < sealed.size(); size += 9'973) sizes.push_back(size);
    for (std::size_t less = 1; less < 200; ++less) sizes.push_back(sealed.size() - less);
    const auto header_size = inspect(sealed)->header_size;
    for (std::size_t frames = 0; frames < 8; ++frames)
      for (const std::size_t more : {0U, 1U, 4U, 16U, 20U, 24U})
        sizes.push_back(header_size + frames * (frame_length + frame_overhead) + more);
    for (const auto size : sizes) {
      Bytes released;
      const auto opened = open(BytesView(sealed).first(size), released);
      ASSERT_FALSE(opened) << size;
      EXPECT_EQ(opened.error().code, ErrorCode::invalid_input) << opened.error().message;
    }
    for (const std::size_t more : {1U, 40U, 100'000U}) {
      auto longer = sealed;
      longer.resize(longer.size() + more);
      Bytes released;
      EXPECT_FALSE(open(longer, released)) << more;
      EXPECT_TRUE(suite == unsigned_suite || released.empty());
    }
  }
}

TEST_P(Threads, SignedPlaintextWaitsUpToItsLimitExactly) {
  const auto plaintext = some_plaintext(3 * piece);
  const auto sealed = *seal(plaintext, signed_suite);
  Bytes released;
  EXPECT_TRUE(open(sealed, released, 1'000'000, {.signed_plaintext_max = 3 * piece}));
  EXPECT_EQ(released, plaintext);
  released.clear();
  EXPECT_EQ(open(sealed, released, 1'000'000, {.signed_plaintext_max = 3 * piece - 1}).error().code,
            ErrorCode::limit_exceeded);
  EXPECT_TRUE(released.empty());
  EXPECT_TRUE(
      open(sealed, released, 1'000'000, {.signed_release = SignedRelease::to_quarantine, .signed_plaintext_max = 0}));
  EXPECT_EQ(released, plaintext);
  released.clear();
  EXPECT_FALSE(open(sealed, released, 1'000'000, {.signed_release = SignedRelease::refused}));
  EXPECT_TRUE(released.empty());
}

TEST_P(Threads, ASourceOrSinkThatFailsEndsIt) {
  const auto plaintext = some_plaintext(4 * piece);
  const auto sealed = *seal(plaintext, unsigned_suite);
  for (const std::size_t good : {std::size_t{0}, std::size_t{1}, piece, 3 * piece + 5}) {
    Bytes out;
    BytesSink sink(out);
    FailingSource source(plaintext, good);
    EXPECT_EQ(envelope.seal(source, sink, {.frame_length = frame_length, .threads = threads}).error().message,
              "the disk is gone");
    FailingSource sealed_source(sealed, good);
    EXPECT_EQ(envelope.open(sealed_source, sink, {.threads = threads}).error().message, "the disk is gone");
    FailingSink full(good);
    BytesSource whole(plaintext), whole_sealed(sealed);
    EXPECT_EQ(envelope.seal(whole, full, {.frame_length = frame_length, .threads = threads}).error().message,
              "the disk is full");
    FailingSink full_too(good);
    EXPECT_EQ(envelope.open(whole_sealed, full_too, {.threads = threads}).error().message, "the disk is full");
  }
}

TEST_P(Threads, SealAsMuchAsWasAnnouncedAndNotAByteMore) {
  const auto plaintext = some_plaintext(2 * piece);
  for (const std::size_t announced : {2 * piece - 1, 2 * piece, 3 * piece}) {
    BytesSource source(plaintext);
    Bytes sealed;
    BytesSink sink(sealed);
    EXPECT_EQ(
        envelope.seal(source, sink, {.frame_length = frame_length, .plaintext_size_max = announced, .threads = threads})
            .has_value(),
        announced >= 2 * piece);
  }
}

TEST_P(Threads, ReadMessagesThatAreNotFramed) {
  for (const std::size_t size : {0U, 1U, 300'000U}) {
    const auto plaintext = some_plaintext(size);
    const auto sealed = non_framed_message(*raw_keyring(), unsigned_suite, plaintext);
    Bytes released;
    ASSERT_TRUE(open(sealed, released));
    EXPECT_EQ(released, plaintext);
    for (const std::size_t less : {1U, 15U, 17U}) {
      Bytes none;
      EXPECT_FALSE(open(BytesView(sealed).first(sealed.size() - less), none));
      EXPECT_TRUE(none.empty());
    }
    auto longer = sealed;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(open(longer, released));
  }
}

TEST(Pull, GivesWhatPushingGivesInReadsOfAnySize) {
  const Envelope envelope(raw_keyring());
  const auto plaintext = some_plaintext(300'000);
  for (const auto suite : both_suites)
    for (const std::size_t step : {1'000U, 77'777U}) {
      const auto read_all = [&](Source& source) {
        Bytes all;
        Bytes part(step);
        for (;;) {
          const auto got = source.read(part);
          EXPECT_TRUE(got) << got.error().message;
          if (!got || *got == 0) return all;
          all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(*got));
        }
      };
      BytesSource plain(plaintext);
      auto sealing = envelope.sealing(plain, {.suite = suite, .frame_length = 5'000});
      ASSERT_TRUE(sealing);
      const auto sealed = read_all(**sealing);
      EXPECT_EQ(envelope.open(sealed)->plaintext, plaintext);
      BytesSource sealed_source(sealed);
      auto opening = envelope.opening(sealed_source);
      EXPECT_EQ(read_all(*opening), plaintext);
    }
}

TEST(Pull, NeverEndsWellWhenTheMessageDoesNot) {
  const Envelope envelope(raw_keyring());
  const auto plaintext = some_plaintext(20'000);
  for (const auto suite : both_suites) {
    const auto sealed = *envelope.seal(plaintext, {.suite = suite, .frame_length = 1'000});
    for (std::size_t size = 0; size < sealed.size(); size += 97) {
      BytesSource source(BytesView(sealed).first(size));
      auto opening = envelope.opening(source);
      Bytes part(700);
      auto got = opening->read(part);
      std::size_t released = 0;
      while (got && *got != 0) {
        released += *got;
        got = opening->read(part);
      }
      EXPECT_FALSE(got) << size;
      EXPECT_FALSE(opening->read(part));
      EXPECT_TRUE(suite == unsigned_suite || released == 0);
    }
  }
}

TEST(PullDeathTest, ASourceThatSaysItGaveMoreThanThereIsRoomForStops) {
  class Boasting final : public Source {
   public:
    Result<std::size_t> read(std::span<std::byte> out) override { return out.size() + 1; }
  };
  const Envelope envelope(raw_keyring());
  Boasting source;
  Bytes part(10'000);
  const auto sealing = *envelope.sealing(source);
  ASSERT_TRUE(sealing->read(part)) << "the header, for which nothing is read";
  EXPECT_DEATH((void)sealing->read(part), "CHECK failed");
  EXPECT_DEATH((void)envelope.opening(source)->read(part), "CHECK failed");
}

class Batch : public ::testing::TestWithParam<unsigned> {
 protected:
  std::shared_ptr<const CountingKeyring> keyring = std::make_shared<CountingKeyring>(raw_keyring());
  Envelope envelope{keyring};

  static std::vector<Bytes> some_plaintexts(std::size_t count) {
    std::vector<Bytes> plaintexts;
    for (std::size_t i = 0; i < count; ++i) plaintexts.push_back(some_plaintext(i * 37 % 500, i));
    return plaintexts;
  }
  static std::vector<BytesView> views(const std::vector<Bytes>& all) { return {all.begin(), all.end()}; }
};
INSTANTIATE_TEST_SUITE_P(Several, Batch, ::testing::Values(1U, 2U, 4U));

TEST_P(Batch, SealsWithOneDataKeyMessagesLikeAnyOther) {
  const auto plaintexts = some_plaintexts(1000);
  for (const auto suite : both_suites) {
    keyring->calls = 0;
    const auto sealed = envelope.seal_batch(
        views(plaintexts), {.encryption_context = {{"tenant", "4711"}}, .suite = suite, .threads = GetParam()});
    ASSERT_TRUE(sealed) << sealed.error().message;
    EXPECT_EQ(keyring->calls, 1);
    std::set<std::string> ids;
    for (std::size_t i = 0; i < plaintexts.size(); i += suite == signed_suite ? 50 : 1) {
      const auto opened = envelope.open((*sealed)[i]);
      ASSERT_TRUE(opened);
      EXPECT_EQ(opened->plaintext, plaintexts[i]);
      ids.insert(to_hex(opened->info.message_id.view()));
    }
    EXPECT_EQ(ids.size(), suite == signed_suite ? 20U : 1000U);
  }
}

TEST_P(Batch, OpensEachOnItsOwn) {
  const auto plaintexts = some_plaintexts(200);
  auto sealed = *envelope.seal_batch(views(plaintexts));
  sealed[7].back() ^= std::byte{1};
  sealed[100].clear();
  const auto opened = envelope.open_batch(views(sealed), {.threads = GetParam()});
  ASSERT_EQ(opened.size(), sealed.size());
  for (std::size_t i = 0; i < opened.size(); ++i) {
    EXPECT_EQ(opened[i].has_value(), i != 7 && i != 100) << i;
    if (opened[i]) {
      EXPECT_EQ(opened[i]->plaintext, plaintexts[i]);
    }
  }
}

TEST_P(Batch, KeepsItsLimitsAndIsNotForSuitesThatSealUnderTheDataKey) {
  EXPECT_TRUE(envelope.seal_batch({})->empty());
  keyring->calls = 0;
  std::vector<BytesView> many(batch_messages_max + 1);
  EXPECT_EQ(envelope.seal_batch(many).error().code, ErrorCode::invalid_input);
  const SealOptions identity{.suite = materials::SuiteId::aes_256_gcm_no_kdf,
                             .commitment_policy = materials::CommitmentPolicy::forbid_encrypt_allow_decrypt,
                             .threads = GetParam()};
  many.resize(2);
  EXPECT_EQ(envelope.seal_batch(many, identity).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(keyring->calls, 0);
  many.resize(1);
  EXPECT_TRUE(envelope.seal_batch(many, identity));
  many.resize(batch_messages_max);
  EXPECT_TRUE(envelope.seal_batch(many, {.threads = GetParam()}));
}

}  // namespace
}  // namespace keyfold::seal
