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
  Bytes plaintext = some_plaintext(1024);
  Bytes sealed =
      *envelope.seal(plaintext, {.encryption_context = {{"tenant", "4711"}}, .suite = GetParam(), .frame_length = 256});
  bool is_signed() const { return GetParam() == signed_suite; }

  // Refused whole, and in pieces; what a stream released before it noticed is a true beginning of the plaintext, and
  // nothing when the message is signed.
  void expect_refused(const Bytes& message, const std::string& what) {
    EXPECT_FALSE(envelope.open(message)) << what;
    Bytes released;
    EXPECT_FALSE(open_in_steps(envelope, message, 300, released)) << what;
    EXPECT_TRUE(!is_signed() || released.empty()) << what;
    ASSERT_LE(released.size(), plaintext.size()) << what;
    EXPECT_TRUE(std::equal(released.begin(), released.end(), plaintext.begin())) << what;
  }
};
INSTANTIATE_TEST_SUITE_P(BothSuites, Tampering, ::testing::ValuesIn(both_suites));

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
                              {.kind = message::FrameKind::regular, .sequence = i + 1, .content_size = 256});
  expect_refused(pieces.join(), "swapped and renumbered");
  // A regular frame passed off as the last one.
  auto cut = take_apart(sealed);
  const auto content = BytesView(cut.frames[1]).subspan(message::regular_frame_head_size);
  const message::FrameHead head{.kind = message::FrameKind::final, .sequence = 2, .content_size = 256};
  Bytes end(head.head_size());
  message::write_frame_head(end, head);
  end.insert(end.end(), content.begin(), content.end());
  cut.frames = {cut.frames[0], end};
  expect_refused(cut.join(), "an early end");
}

TEST_P(Tampering, PartsOfAnotherMessageUnderTheSameKeyAreRefused) {
  const auto other = take_apart(*envelope.seal(
      plaintext, {.encryption_context = {{"tenant", "4711"}}, .suite = GetParam(), .frame_length = 256}));
  auto pieces = take_apart(sealed);
  for (std::size_t i = 0; i < pieces.frames.size(); ++i) {
    auto mixed = pieces;
    mixed.frames[i] = other.frames[i];
    expect_refused(mixed.join(), "frame " + std::to_string(i) + " of another message");
  }
  std::swap(pieces.header, const_cast<Bytes&>(other.header));
  expect_refused(pieces.join(), "the header of another message");
}

TEST_P(Tampering, TheDataKeysOfAnotherMessageAreRefused) {
  const auto read = std::get<message::Header>(*message::read_header(sealed, {}));
  const auto other_sealed =
      *envelope.seal(plaintext, {.encryption_context = {{"tenant", "4711"}}, .suite = GetParam(), .frame_length = 256});
  const auto other = std::get<message::Header>(*message::read_header(other_sealed, {}));
  auto body = read.body;
  body.encrypted_data_keys = other.body.encrypted_data_keys;
  auto pieces = take_apart(sealed);
  pieces.header.clear();
  message::append_header_body(pieces.header, body);
  pieces.header.insert(pieces.header.end(), read.tag.begin(), read.tag.end());
  expect_refused(pieces.join(), "swapped data keys");
}

TEST_P(Tampering, OneKeyTooManyIsRefusedBeforeAnyKeyringIsAsked) {
  const Envelope two(*keyrings::multi_keyring(raw_keyring("one"), {raw_keyring("two")}));
  const auto message = *two.seal(plaintext, {.suite = GetParam()});
  keyring->calls = 0;
  EXPECT_TRUE(envelope.open(message, {.limits = {.encrypted_data_keys_max = 2}}));
  EXPECT_EQ(keyring->calls, 1);
  EXPECT_FALSE(envelope.open(message, {.limits = {.encrypted_data_keys_max = 1}}));
  Bytes released;
  EXPECT_FALSE(open_in_steps(envelope, message, 1, released, {.limits = {.encrypted_data_keys_max = 1}}));
  EXPECT_EQ(keyring->calls, 1);
  EXPECT_FALSE(two.seal("x", {.limits = {.encrypted_data_keys_max = 1}}));
}

TEST_P(Tampering, AMalformedWholeMessageCostsNoCall) {
  keyring->calls = 0;
  auto message = sealed;
  message.pop_back();
  EXPECT_FALSE(envelope.open(message));
  EXPECT_EQ(keyring->calls, 0);
}

TEST_P(Tampering, AMessageForAnotherPlaceIsRefusedBeforeAnyKeyringIsAsked) {
  keyring->calls = 0;
  for (const EncryptionContext& required :
       {EncryptionContext{{"tenant", "4712"}}, {{"tenant", ""}}, {{"place", "here"}}}) {
    const auto opened = envelope.open(sealed, {.required_context = required});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::authentication);
  }
  EXPECT_EQ(keyring->calls, 0);
}

TEST_P(Tampering, AnotherKeyIsRefused) {
  EXPECT_EQ(Envelope(raw_keyring("one", std::byte{8})).open(sealed).error().code, ErrorCode::authentication);
  EXPECT_EQ(Envelope(raw_keyring("two")).open(sealed).error().code, ErrorCode::incorrect_key);
}

TEST_P(Tampering, OnceRefusedAStreamStaysRefused) {
  auto message = sealed;
  message[message.size() / 2] ^= std::byte{1};
  Bytes released;
  BytesSink sink(released);
  auto opener = envelope.opener(sink);
  const auto first = opener.update(message);
  ASSERT_FALSE(first);
  const auto size = released.size();
  EXPECT_FALSE(opener.update(sealed));
  EXPECT_FALSE(opener.finish());
  EXPECT_EQ(released.size(), size);
}

TEST_P(Tampering, AMessageOfTwoKeysIsRefusedByItsCommitment) {
  // Two data keys, each wrapped in the header: the commitment can be to one only. Whoever gets the other one is told.
  const auto manager = keyrings::default_materials_manager(raw_keyring("one"));
  const auto other_manager = keyrings::default_materials_manager(raw_keyring("two"));
  const keyrings::EncryptionRequest request{
      .encryption_context = {},
      .suite = unsigned_suite,
      .commitment_policy = materials::CommitmentPolicy::require_encrypt_require_decrypt};
  const auto one = *manager->for_encryption(request);
  const auto two = *other_manager->for_encryption(request);
  message::HeaderBody body;
  body.suite = one->suite;
  body.message_id = SeededRandom(5).bytes<32>();
  body.encrypted_data_keys = {one->encrypted_data_keys[0].view(), two->encrypted_data_keys[0].view()};
  body.frame_length = 256;
  auto cipher = *MessageCipher::derive(*body.suite, one->data_key, body.message_id);
  body.commit_key = cipher.commit_key();
  Bytes message;
  message::append_header_body(message, body);
  const auto tag = *cipher.header_tag(message);
  message.insert(message.end(), tag.begin(), tag.end());
  const message::FrameHead head{.kind = message::FrameKind::final, .sequence = 1, .content_size = 256};
  Bytes frame(head.size());
  ASSERT_TRUE(cipher.seal_frame(head, BytesView(plaintext).first(256), frame));
  message.insert(message.end(), frame.begin(), frame.end());

  EXPECT_TRUE(Envelope(raw_keyring("one")).open(message));
  const auto refused = Envelope(raw_keyring("two")).open(message);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::authentication);
  EXPECT_NE(refused.error().message.find("commit"), std::string::npos) << refused.error().message;
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
  const auto data_key = *keyring->on_decrypt({.suite = *header.body.suite,
                                              .encryption_context = context,
                                              .serialized_context = header.body.encryption_context,
                                              .keys = header.body.encrypted_data_keys});
  auto cipher = *MessageCipher::derive(*header.body.suite, data_key, header.body.message_id);
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
