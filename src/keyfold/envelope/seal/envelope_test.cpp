// Sealing and opening whole messages, in memory and in streams.

#include "keyfold/envelope/seal/envelope.h"

#include <set>
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
    SealStart start;
    ASSERT_TRUE(start.start(*manager, random, {.frame_length = 16}, std::nullopt));
    Bytes message(start.header().begin(), start.header().end());
    const auto plaintext = some_plaintext(std::size_t{frames} * 16);
    for (std::uint32_t i = 0; i <= frames; ++i) {
      const bool last = i == frames;
      const message::FrameHead head{.kind = last ? message::FrameKind::final : message::FrameKind::regular,
                                    .sequence = i + 1,
                                    .content_size = last ? 0U : 16U};
      Bytes frame(head.size());
      ASSERT_TRUE(
          start.cipher().seal_frame(head, BytesView(plaintext).subspan(std::size_t{i} * 16, head.content_size), frame));
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
  const std::vector<BytesView> same(100, as_bytes("same"));
  const auto sealed = *envelope.seal_batch(same);  // Under one data key: only the ids make the difference.
  std::set<std::string> wrapped_keys, ids, commitments;
  for (const auto& message : sealed) {
    const auto header = std::get<message::Header>(*message::read_header(message, {}));
    wrapped_keys.insert(to_hex(header.body.encrypted_data_keys.bytes()));
    ids.insert(to_hex(header.body.message_id.view()));
    commitments.insert(to_hex(header.body.commit_key));
  }
  EXPECT_EQ(wrapped_keys.size(), 1U);
  EXPECT_EQ(ids.size(), same.size());
  EXPECT_EQ(commitments.size(), same.size());
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

TEST(Envelope, SealsAndOpensEverySuiteThatItsPolicyAllows) {
  const Envelope envelope(raw_keyring());
  const auto plaintext = some_plaintext(1000);
  for (const auto suite : every_suite()) {
    const auto policy = policy_for(suite);
    const auto sealed = envelope.seal(plaintext, {.encryption_context = {{"größe", "\U0001F511"}},
                                                  .suite = suite,
                                                  .frame_length = 100,
                                                  .commitment_policy = policy});
    ASSERT_TRUE(sealed) << sealed.error().message;
    const auto opened = envelope.open(*sealed, {.commitment_policy = policy});
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->plaintext, plaintext);
    EXPECT_EQ(opened->info.suite->id, suite);
    EXPECT_EQ(opened->info.format_version, opened->info.suite->message_version);
    EXPECT_EQ(opened->info.message_id.view().size(), opened->info.suite->message_id_size);
    for (const std::size_t step : {1U, 99U, 100U, 1000U}) {
      const auto streamed =
          seal_in_steps(envelope, plaintext, step, {.suite = suite, .frame_length = 100, .commitment_policy = policy});
      Bytes released;
      ASSERT_TRUE(open_in_steps(envelope, *streamed, step, released, {.commitment_policy = policy}));
      EXPECT_EQ(released, plaintext);
    }
  }
}

TEST(Envelope, WithoutASuiteSealsWithThePolicysOwn) {
  const Envelope envelope(raw_keyring());
  using enum materials::CommitmentPolicy;
  EXPECT_EQ(inspect(*envelope.seal("x"))->suite->id, unsigned_suite);
  EXPECT_EQ(inspect(*envelope.seal("x", {.commitment_policy = forbid_encrypt_allow_decrypt}))->suite->id,
            materials::SuiteId::aes_256_gcm_hkdf_sha256);
}

TEST(Sealer, TakesAsMuchAsWasAnnouncedAndNotAByteMore) {
  const Envelope envelope(raw_keyring());
  for (const std::size_t size : {9U, 10U, 11U})
    for (const std::size_t step : {1U, 3U, 100U})
      EXPECT_EQ(seal_in_steps(envelope, some_plaintext(size), step, {.frame_length = 4, .plaintext_size_max = 10})
                    .has_value(),
                size <= 10)
          << size;
}

// A context of which a part does not stand in the message: it is bound to it all the same.
TEST(RequiredContext, IsBoundToTheMessageAndDoesNotStandInIt) {
  const Envelope envelope(keyrings::required_context_materials_manager(
      keyrings::default_materials_manager(raw_keyring()), {"patient", "ward"}));
  const EncryptionContext context{{"a", "1"}, {"patient", "4711"}, {"ward", "north"}, {"z", "2"}};
  for (const auto suite : every_suite()) {
    const auto policy = policy_for(suite);
    const auto sealed =
        envelope.seal("x", {.encryption_context = context, .suite = suite, .commitment_policy = policy});
    ASSERT_TRUE(sealed) << sealed.error().message;
    EXPECT_EQ(as_text(*sealed).find("4711"), std::string_view::npos);
    EXPECT_EQ(as_text(*sealed).find("patient"), std::string_view::npos);
    const auto open = [&](const EncryptionContext& reproduced) {
      return envelope.open(*sealed, {.reproduced_context = reproduced, .commitment_policy = policy});
    };
    const auto opened = open({{"patient", "4711"}, {"ward", "north"}});
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(*opened->info.encryption_context.find("a"), "1");
    EXPECT_FALSE(opened->info.encryption_context.contains("patient"));
    EXPECT_TRUE(open(context));
    EXPECT_FALSE(open({{"patient", "4711"}}));
    EXPECT_FALSE(open({{"patient", "4712"}, {"ward", "north"}}));
    EXPECT_FALSE(open({{"a", "3"}, {"patient", "4711"}, {"ward", "north"}}));
    EXPECT_FALSE(open({{"b", "3"}, {"patient", "4711"}, {"ward", "north"}}));
    EXPECT_FALSE(open({}));
  }
}

// Hands out what it was told to, as a manager of somebody's own might.
class LyingManager final : public keyrings::MaterialsManager {
 public:
  std::shared_ptr<materials::EncryptionMaterials> sealing;
  std::shared_ptr<materials::DecryptionMaterials> opening;
  Result<std::shared_ptr<const materials::EncryptionMaterials>> for_encryption(
      const keyrings::EncryptionRequest&) override {
    return std::shared_ptr<const materials::EncryptionMaterials>(sealing);
  }
  Result<std::shared_ptr<const materials::DecryptionMaterials>> for_decryption(
      const keyrings::DecryptionRequest&) override {
    return std::shared_ptr<const materials::DecryptionMaterials>(opening);
  }
};

// A signature longer than any, or none.
class BadSigningKey final : public materials::SigningKey {
 public:
  explicit BadSigningKey(std::size_t size) : size_(size) {}
  Result<Bytes> sign(BytesView) const override { return Bytes(size_); }

 private:
  std::size_t size_;
};

class Lies : public ::testing::TestWithParam<materials::SuiteId> {
 protected:
  std::shared_ptr<LyingManager> manager = std::make_shared<LyingManager>();
  Envelope envelope{manager};
  const materials::AlgorithmSuite& suite = materials::suite_of(GetParam());
  Bytes sealed = *Envelope(raw_keyring()).seal("x", {.suite = GetParam(), .commitment_policy = policy_for(GetParam())});

  void SetUp() override {
    auto true_manager = keyrings::default_materials_manager(raw_keyring());
    const EncryptionContext context;
    const auto made = *true_manager->for_encryption(
        {.encryption_context = context, .suite = GetParam(), .commitment_policy = policy_for(GetParam())});
    manager->sealing = std::make_shared<materials::EncryptionMaterials>();
    manager->sealing->suite = made->suite;
    manager->sealing->encryption_context = made->encryption_context;
    manager->sealing->data_key = *SecretBytes::copy_of(made->data_key.reveal());
    manager->sealing->encrypted_data_keys = made->encrypted_data_keys;
    manager->sealing->signing_key = made->signing_key;
    const auto header = std::get<message::Header>(*message::read_header(sealed, {}));
    std::vector<ContextPair> pairs;
    const auto opened = *true_manager->for_decryption(
        {.suite = suite,
         .commitment_policy = policy_for(GetParam()),
         .encryption_context = *materials::read_serialized_context(header.body.encryption_context, pairs),
         .serialized_context = header.body.encryption_context,
         .encrypted_data_keys = header.body.encrypted_data_keys,
         .reproduced_context = context});
    manager->opening = std::make_shared<materials::DecryptionMaterials>();
    manager->opening->suite = opened->suite;
    manager->opening->data_key = *SecretBytes::copy_of(opened->data_key.reveal());
    manager->opening->verification_key = opened->verification_key;
  }
  ErrorCode sealing() {
    const auto made = envelope.seal("x", {.suite = GetParam(), .commitment_policy = policy_for(GetParam())});
    return made ? ErrorCode::validation : made.error().code;  // `validation` is nobody's here.
  }
  ErrorCode opening() {
    Bytes released;
    const OpenOptions options{.commitment_policy = policy_for(GetParam())};
    const auto streamed = open_in_steps(envelope, sealed, 7, released, options);
    const auto made = envelope.open(sealed, options);
    EXPECT_EQ(streamed.has_value(), made.has_value());
    return made ? ErrorCode::validation : made.error().code;
  }
};
INSTANTIATE_TEST_SUITE_P(EverySuite, Lies, ::testing::ValuesIn(every_suite()), name_of);

TEST_P(Lies, TheTruthSealsAndOpens) {
  EXPECT_EQ(sealing(), ErrorCode::validation);
  EXPECT_EQ(opening(), ErrorCode::validation);
}

TEST_P(Lies, NoMessageIsSealedOfMaterialsThatMakeNone) {
  const auto truth = manager->sealing;
  const auto with = [&](auto change) {
    manager->sealing = std::make_shared<materials::EncryptionMaterials>();
    manager->sealing->suite = truth->suite;
    manager->sealing->encryption_context = truth->encryption_context;
    manager->sealing->data_key = *SecretBytes::copy_of(truth->data_key.reveal());
    manager->sealing->encrypted_data_keys = truth->encrypted_data_keys;
    manager->sealing->signing_key = truth->signing_key;
    change(*manager->sealing);
    return sealing();
  };
  using Materials = materials::EncryptionMaterials;
  EXPECT_EQ(with([](Materials& m) { m.suite = nullptr; }), ErrorCode::internal);
  EXPECT_EQ(with([](Materials& m) { m.encrypted_data_keys.clear(); }), ErrorCode::internal);
  EXPECT_EQ(with([](Materials& m) { m.encrypted_data_keys[0].ciphertext.resize(65536); }), ErrorCode::internal);
  EXPECT_EQ(with([](Materials& m) { m.data_key.clear(); }), ErrorCode::invalid_input);
  EXPECT_EQ(with([&](Materials& m) {
              if (suite.signs()) {
                m.signing_key = nullptr;
              } else {
                m.signing_key = std::make_shared<BadSigningKey>(70);
              }
            }),
            ErrorCode::internal);
  for (const std::size_t size : {0U, 105U, 70'000U})
    if (suite.signs()) {
      EXPECT_EQ(with([&](Materials& m) { m.signing_key = std::make_shared<BadSigningKey>(size); }),
                ErrorCode::internal);
    }
  // A suite that the policy does not allow, however it came.
  EXPECT_EQ(with([&](Materials& m) {
              m.suite =
                  &materials::suite_of(suite.commits() ? materials::SuiteId::aes_256_gcm_hkdf_sha256 : unsigned_suite);
              m.signing_key = nullptr;
            }),
            ErrorCode::invalid_input);
  manager->sealing = nullptr;
  EXPECT_EQ(sealing(), ErrorCode::internal);
}

TEST_P(Lies, NoSignatureIsTakenForGrantedAndNoSuiteForAnother) {
  auto& opened = *manager->opening;
  const auto key = opened.verification_key;
  opened.verification_key = nullptr;
  EXPECT_EQ(opening(), suite.signs() ? ErrorCode::internal : ErrorCode::validation);
  opened.verification_key = key;
  for (const auto& other : materials::all_suites()) {
    if (&other == &suite) continue;
    opened.suite = &other;
    EXPECT_EQ(opening(), ErrorCode::internal);
  }
  manager->opening = nullptr;
  EXPECT_EQ(opening(), ErrorCode::internal);
}

// A materials manager that itself seals, in the middle of a message, on the same thread.
class NestedManager final : public keyrings::MaterialsManager {
 public:
  Result<std::shared_ptr<const materials::EncryptionMaterials>> for_encryption(
      const keyrings::EncryptionRequest& request) override {
    EXPECT_TRUE(inner_.open(*inner_.seal("inner", {.encryption_context = {{"inner", "1"}}})));
    return manager_->for_encryption(request);
  }
  Result<std::shared_ptr<const materials::DecryptionMaterials>> for_decryption(
      const keyrings::DecryptionRequest& request) override {
    EXPECT_TRUE(inner_.open(*inner_.seal("inner", {.encryption_context = {{"inner", "1"}}})));
    return manager_->for_decryption(request);
  }

 private:
  Envelope inner_{raw_keyring("inner")};
  std::shared_ptr<keyrings::MaterialsManager> manager_ = keyrings::default_materials_manager(raw_keyring());
};

TEST(Envelope, AManagerMaySealAndOpenItselfInTheMiddleOfAMessage) {
  const Envelope envelope(std::make_shared<NestedManager>());
  const EncryptionContext context{{"outer", "2"}};
  const auto sealed = envelope.seal("outer", {.encryption_context = context});
  ASSERT_TRUE(sealed);
  const auto opened = envelope.open(*sealed, {.required_context = context});
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->text(), "outer");
  EXPECT_EQ(opened->info.encryption_context, context);
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
