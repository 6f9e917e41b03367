// What somebody can do to a message who has it in his hands but not its key: every one of it is refused, and nothing
// unverified gets out.

#include <gtest/gtest.h>

#include "keyfold/envelope/seal/messages_test.h"

namespace keyfold::seal {
namespace {

using namespace keyfold::seal::testing;

class Tampering : public ::testing::TestWithParam<materials::SuiteId> {
 protected:
  std::shared_ptr<const CountingKeyring> keyring = std::make_shared<CountingKeyring>(raw_keyring());
  Envelope envelope{keyring};
  static constexpr std::uint32_t frame_length = 64;
  Bytes plaintext = some_plaintext(std::size_t{4} * frame_length);
  Bytes sealed = seal();
  bool is_signed() const { return materials::suite_of(GetParam()).signs(); }
  Bytes seal() const {
    return *envelope.seal(plaintext, {.encryption_context = {{"tenant", "4711"}},
                                      .suite = GetParam(),
                                      .frame_length = frame_length,
                                      .commitment_policy = policy_for(GetParam())});
  }
  OpenOptions options(OpenOptions more = {}) const {
    more.commitment_policy = policy_for(GetParam());
    return more;
  }

  // Refused whole, and in pieces; what a stream released before it noticed is a true beginning of the plaintext, and
  // nothing when the message is signed.
  void expect_refused(const Bytes& message, const std::string& what) {
    EXPECT_FALSE(envelope.open(message, options())) << what;
    Bytes released;
    EXPECT_FALSE(open_in_steps(envelope, message, 150, released, options())) << what;
    EXPECT_TRUE(!is_signed() || released.empty()) << what;
    ASSERT_LE(released.size(), plaintext.size()) << what;
    EXPECT_TRUE(std::equal(released.begin(), released.end(), plaintext.begin())) << what;
  }
};
INSTANTIATE_TEST_SUITE_P(EverySuite, Tampering, ::testing::ValuesIn(every_suite()), name_of);

TEST_P(Tampering, EveryFlippedBitIsRefused) {
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto message = sealed;
    message[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    expect_refused(message, "bit " + std::to_string(bit));
    if (HasFatalFailure()) return;
  }
}

TEST_P(Tampering, EveryTruncationIsRefused) {
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    expect_refused(Bytes(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size)),
                   std::to_string(size) + " bytes");
    if (HasFatalFailure()) return;
  }
}

TEST_P(Tampering, WhateverFollowsIsRefused) {
  for (const std::size_t more : {1U, 2U, 40U, 1000U}) {
    auto message = sealed;
    message.resize(message.size() + more);
    expect_refused(message, std::to_string(more) + " bytes more");
  }
  auto twice = sealed;
  twice.insert(twice.end(), sealed.begin(), sealed.end());
  expect_refused(twice, "the message twice");
}

TEST_P(Tampering, FramesTwiceSwappedOrLeftOutAreRefused) {
  const auto whole = take_apart(sealed);
  ASSERT_EQ(whole.frames.size(), 4U);
  const auto with = [&](std::initializer_list<std::size_t> order) {
    auto pieces = whole;
    pieces.frames.clear();
    for (const auto i : order) pieces.frames.push_back(whole.frames[i]);
    return pieces.join();
  };
  ASSERT_EQ(with({0, 1, 2, 3}), sealed);
  for (const auto& order : {std::initializer_list<std::size_t>{0, 0, 1, 2, 3},
                            {1, 0, 2, 3},
                            {0, 1, 3},
                            {1, 2, 3},
                            {3},
                            {0, 1, 2},
                            {0, 1, 2, 3, 3},
                            {}})
    expect_refused(with(order), std::to_string(order.size()) + " frames");
}

TEST_P(Tampering, RenumberedFramesAreRefused) {
  auto pieces = take_apart(sealed);
  std::swap(pieces.frames[0], pieces.frames[1]);
  for (std::uint32_t i = 0; i < 2; ++i)
    message::write_frame_head(std::span(pieces.frames[i]).first(message::regular_frame_head_size),
                              {.kind = message::FrameKind::regular, .sequence = i + 1, .content_size = frame_length});
  expect_refused(pieces.join(), "swapped and renumbered");
  // A regular frame passed off as the last one.
  auto cut = take_apart(sealed);
  const auto content = BytesView(cut.frames[1]).subspan(message::regular_frame_head_size);
  const message::FrameHead head{.kind = message::FrameKind::final, .sequence = 2, .content_size = frame_length};
  Bytes end(head.head_size());
  message::write_frame_head(end, head);
  end.insert(end.end(), content.begin(), content.end());
  cut.frames = {cut.frames[0], end};
  expect_refused(cut.join(), "an early end");
}

TEST_P(Tampering, PartsOfAnotherMessageUnderTheSameKeyAreRefused) {
  auto other = take_apart(seal());
  auto pieces = take_apart(sealed);
  for (std::size_t i = 0; i < pieces.frames.size(); ++i) {
    auto mixed = pieces;
    mixed.frames[i] = other.frames[i];
    expect_refused(mixed.join(), "frame " + std::to_string(i) + " of another message");
  }
  std::swap(pieces.header, other.header);
  expect_refused(pieces.join(), "the header of another message");
}

TEST_P(Tampering, TheDataKeysOfAnotherMessageAreRefused) {
  const auto read = std::get<message::Header>(*message::read_header(sealed, {}));
  const auto other_sealed = seal();
  const auto other = std::get<message::Header>(*message::read_header(other_sealed, {}));
  auto body = read.body;
  body.encrypted_data_keys = other.body.encrypted_data_keys;
  auto pieces = take_apart(sealed);
  pieces.header.clear();
  message::append_header_body(pieces.header, body);
  message::append_header_authentication(pieces.header, body, read.iv, read.tag);
  expect_refused(pieces.join(), "swapped data keys");
}

TEST_P(Tampering, OneKeyTooManyIsRefusedBeforeAnyKeyringIsAsked) {
  const Envelope two(*keyrings::multi_keyring(raw_keyring("one"), {raw_keyring("two")}));
  const auto message = *two.seal(plaintext, {.suite = GetParam(), .commitment_policy = policy_for(GetParam())});
  keyring->calls = 0;
  EXPECT_TRUE(envelope.open(message, options({.limits = {.encrypted_data_keys_max = 2}})));
  EXPECT_EQ(keyring->calls, 1);
  EXPECT_FALSE(envelope.open(message, options({.limits = {.encrypted_data_keys_max = 1}})));
  Bytes released;
  EXPECT_FALSE(open_in_steps(envelope, message, 1, released, options({.limits = {.encrypted_data_keys_max = 1}})));
  EXPECT_EQ(keyring->calls, 1);
  EXPECT_FALSE(two.seal("x", {.limits = {.encrypted_data_keys_max = 1}}));
}

TEST_P(Tampering, AMalformedWholeMessageCostsNoCall) {
  keyring->calls = 0;
  auto message = sealed;
  message.pop_back();
  EXPECT_FALSE(envelope.open(message, options()));
  EXPECT_EQ(keyring->calls, 0);
}

TEST_P(Tampering, AMessageForAnotherPlaceIsRefusedBeforeAnyKeyringIsAsked) {
  keyring->calls = 0;
  for (const EncryptionContext& required :
       {EncryptionContext{{"tenant", "4712"}}, {{"tenant", ""}}, {{"place", "here"}}}) {
    const auto opened = envelope.open(sealed, options({.required_context = required}));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::authentication);
  }
  EXPECT_EQ(keyring->calls, 0);
}

TEST_P(Tampering, AnotherKeyIsRefused) {
  EXPECT_EQ(Envelope(raw_keyring("one", std::byte{8})).open(sealed, options()).error().code, ErrorCode::authentication);
  EXPECT_EQ(Envelope(raw_keyring("two")).open(sealed, options()).error().code, ErrorCode::incorrect_key);
}

TEST_P(Tampering, OnceRefusedAStreamStaysRefused) {
  auto message = sealed;
  message[message.size() / 2] ^= std::byte{1};
  Bytes released;
  BytesSink sink(released);
  auto opener = envelope.opener(sink, options());
  const auto first = opener.update(message);
  ASSERT_FALSE(first);
  const auto size = released.size();
  EXPECT_FALSE(opener.update(sealed));
  EXPECT_FALSE(opener.finish());
  EXPECT_EQ(released.size(), size);
}

// Where the policy asks for commitment, nothing without it gets as far as a keyring.
TEST_P(Tampering, WithoutCommitmentTheDefaultPolicyRefusesBeforeAnyKeyringIsAsked) {
  keyring->calls = 0;
  const bool commits = materials::suite_of(GetParam()).commits();
  EXPECT_EQ(envelope.open(sealed).has_value(), commits);
  EXPECT_EQ(keyring->calls, commits ? 1 : 0);
  EXPECT_TRUE(envelope.open(sealed, {.commitment_policy = materials::CommitmentPolicy::require_encrypt_allow_decrypt}));
}

// A message that is sealed under one of two data keys, both of them wrapped in its header.
Bytes two_key_message(materials::SuiteId id, BytesView content) {
  const auto& suite = materials::suite_of(id);
  materials::EncryptionMaterials one, two;
  one.suite = two.suite = &suite;
  EXPECT_TRUE(raw_keyring("one")->on_encrypt(one));
  EXPECT_TRUE(raw_keyring("two")->on_encrypt(two));
  Bytes keys;
  for (const auto* made : {&one, &two})
    materials::append_encrypted_data_key(keys, made->encrypted_data_keys.at(0).view());
  const message::MessageId message_id(some_plaintext(suite.message_id_size, 5));
  MessageCipher cipher;
  EXPECT_TRUE(cipher.start(suite, one.data_key, message_id));
  const message::HeaderBody body{.suite = &suite,
                                 .message_id = message_id,
                                 .encrypted_data_keys = {keys, 2},
                                 .frame_length = 64,
                                 .commit_key = cipher.commit_key()};
  Bytes message;
  message::append_header_body(message, body);
  const auto tag = *cipher.header_tag(message, {});
  message::append_header_authentication(message, body, {}, tag);
  const message::FrameHead head{
      .kind = message::FrameKind::final, .sequence = 1, .content_size = static_cast<std::uint32_t>(content.size())};
  Bytes frame(head.size());
  EXPECT_TRUE(cipher.seal_frame(head, content, frame));
  message.insert(message.end(), frame.begin(), frame.end());
  return message;
}

TEST(Commitment, IsToOneDataKeyOnlyAndWhoeverGetsTheOtherIsTold) {
  const auto message = two_key_message(unsigned_suite, some_plaintext(64));
  EXPECT_TRUE(Envelope(raw_keyring("one")).open(message));
  const auto refused = Envelope(raw_keyring("two")).open(message);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::authentication);
  EXPECT_NE(refused.error().message.find("commit"), std::string::npos) << refused.error().message;
}

class NonFramed : public ::testing::TestWithParam<materials::SuiteId> {};
INSTANTIATE_TEST_SUITE_P(EveryUnsignedSuite, NonFramed,
                         ::testing::Values(materials::SuiteId::aes_128_gcm_no_kdf,
                                           materials::SuiteId::aes_192_gcm_no_kdf,
                                           materials::SuiteId::aes_256_gcm_no_kdf,
                                           materials::SuiteId::aes_128_gcm_hkdf_sha256,
                                           materials::SuiteId::aes_192_gcm_hkdf_sha256,
                                           materials::SuiteId::aes_256_gcm_hkdf_sha256, unsigned_suite),
                         name_of);

TEST_P(NonFramed, OpensWholeAndInPiecesAndNothingComesOutBeforeItsTag) {
  const Envelope envelope(raw_keyring());
  const OpenOptions options{.commitment_policy = policy_for(GetParam())};
  for (const std::size_t size : {0U, 1U, 300U}) {
    const auto plaintext = some_plaintext(size);
    const auto sealed = non_framed_message(*raw_keyring(), GetParam(), plaintext);
    const auto opened = envelope.open(sealed, options);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->plaintext, plaintext);
    EXPECT_EQ(opened->info.content_type, message::ContentType::non_framed);
    for (const std::size_t step : {1U, 50U, 1000U}) {
      Bytes released;
      ASSERT_TRUE(open_in_steps(envelope, sealed, step, released, options));
      EXPECT_EQ(released, plaintext);
    }
    Bytes released;
    BytesSink sink(released);
    auto opener = envelope.opener(sink, options);
    ASSERT_TRUE(opener.update(BytesView(sealed).first(sealed.size() - 1)));
    EXPECT_TRUE(released.empty());
    EXPECT_FALSE(opener.finish());
  }
}

TEST_P(NonFramed, EveryFlippedBitAndTruncationIsRefused) {
  const Envelope envelope(raw_keyring());
  const OpenOptions options{.commitment_policy = policy_for(GetParam())};
  const auto sealed = non_framed_message(*raw_keyring(), GetParam(), some_plaintext(40));
  const auto refused = [&](const Bytes& message) {
    Bytes released;
    return !envelope.open(message, options) && !open_in_steps(envelope, message, 100, released, options) &&
           released.empty();
  };
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto message = sealed;
    message[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_TRUE(refused(message)) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_TRUE(refused(Bytes(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
  auto longer = sealed;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(envelope.open(longer, options));
}

TEST_P(NonFramed, OneByteTooLargeIsRefusedBeforeAnyKeyringIsAskedWhenItIsThereAsAWhole) {
  const auto keyring = std::make_shared<CountingKeyring>(raw_keyring());
  const Envelope envelope(keyring);
  const auto sealed = non_framed_message(*raw_keyring(), GetParam(), some_plaintext(100));
  OpenOptions options{.commitment_policy = policy_for(GetParam()), .limits = {.non_framed_size_max = 99}};
  EXPECT_FALSE(envelope.open(sealed, options));
  EXPECT_EQ(keyring->calls, 0);
  Bytes released;
  EXPECT_FALSE(open_in_steps(envelope, sealed, 10, released, options));
  options.limits.non_framed_size_max = 100;
  EXPECT_TRUE(envelope.open(sealed, options));
}

TEST(SignedMessages, WithTheSignatureStrippedOrAnothersAreRefused) {
  const Envelope envelope(raw_keyring());
  const auto plaintext = some_plaintext(1000);
  const auto sealed = *envelope.seal(plaintext, {.suite = signed_suite, .frame_length = 100});
  auto pieces = take_apart(sealed);
  const auto other = take_apart(*envelope.seal(plaintext, {.suite = signed_suite, .frame_length = 100}));
  auto stripped = pieces;
  stripped.footer.clear();
  EXPECT_FALSE(envelope.open(stripped.join()));
  auto another = pieces;
  another.footer = other.footer;
  EXPECT_EQ(envelope.open(another.join()).error().code, ErrorCode::authentication);
}

// A reader of the message could make this one: he has the data key, but not the signing key.
TEST(SignedMessages, ResealedByAReaderAreRefused) {
  const auto keyring = raw_keyring();
  const Envelope envelope(keyring);
  const auto sealed = *envelope.seal(some_plaintext(100), {.suite = signed_suite, .frame_length = 200});
  const auto header = std::get<message::Header>(*message::read_header(sealed, {}));
  std::vector<ContextPair> pairs;
  const auto context = *materials::read_serialized_context(header.body.encryption_context, pairs);
  const std::array keys{header.body.encrypted_data_keys[0]};
  const auto data_key = *keyring->on_decrypt({.suite = *header.body.suite,
                                              .encryption_context = context,
                                              .serialized_context = header.body.encryption_context,
                                              .keys = keys});
  MessageCipher cipher;
  ASSERT_TRUE(cipher.start(*header.body.suite, data_key, header.body.message_id));
  const message::FrameHead head{.kind = message::FrameKind::final, .sequence = 1, .content_size = 100};
  auto forged = take_apart(sealed);
  ASSERT_TRUE(cipher.seal_frame(head, some_plaintext(100, 2), forged.frames[0]));
  const auto opened = envelope.open(forged.join());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::authentication);
  Bytes released;
  EXPECT_FALSE(open_in_steps(envelope, forged.join(), 50, released));
  EXPECT_TRUE(released.empty());
}

TEST(SignedMessages, AreRefusedBeforeAnyKeyringIsAskedWhereOnlyUnsignedOnesMayCome) {
  const auto keyring = std::make_shared<CountingKeyring>(raw_keyring());
  const Envelope envelope(keyring);
  const OpenOptions options{.signed_release = SignedRelease::refused};
  for (const auto suite : both_suites) {
    const auto sealed = *envelope.seal("x", {.suite = suite});
    keyring->calls = 0;
    EXPECT_EQ(envelope.open(sealed, options).has_value(), suite == unsigned_suite);
    Bytes released;
    EXPECT_EQ(open_in_steps(envelope, sealed, 10, released, options).has_value(), suite == unsigned_suite);
    EXPECT_EQ(keyring->calls, suite == unsigned_suite ? 2 : 0);
  }
}

TEST(SignedMessages, AreHeldUntilTheSignatureUpToTheLimitExactly) {
  const Envelope envelope(raw_keyring());
  const auto plaintext = some_plaintext(1000);
  const auto sealed = *envelope.seal(plaintext, {.suite = signed_suite, .frame_length = 100});
  Bytes released;
  EXPECT_TRUE(open_in_steps(envelope, sealed, 77, released, {.signed_plaintext_max = 1000}));
  EXPECT_EQ(released, plaintext);
  released.clear();
  const auto refused = open_in_steps(envelope, sealed, 77, released, {.signed_plaintext_max = 999});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded);
  EXPECT_TRUE(released.empty());
}

TEST(SignedMessages, ReachTheSinkOnlyInFinishUnlessItIsAQuarantine) {
  const Envelope envelope(raw_keyring());
  const auto plaintext = some_plaintext(1000);
  const auto sealed = *envelope.seal(plaintext, {.suite = signed_suite, .frame_length = 100});
  for (const auto release : {SignedRelease::after_verification, SignedRelease::to_quarantine}) {
    Bytes released;
    BytesSink sink(released);
    auto opener = envelope.opener(sink, {.signed_release = release,
                                         .signed_plaintext_max = release == SignedRelease::to_quarantine ? 0U : 1000U});
    ASSERT_TRUE(opener.update(sealed));
    EXPECT_EQ(released.size(), release == SignedRelease::to_quarantine ? 1000U : 0U);
    ASSERT_TRUE(opener.finish());
    EXPECT_EQ(released, plaintext);
  }
}

}  // namespace
}  // namespace keyfold::seal
