#include <gtest/gtest.h>

#include <algorithm>

#include "keyfold/core/blob/header.h"
#include "keyfold/kms/keys/keys_world.h"

namespace keyfold::keys {
namespace {

// docs/formats/ciphertext-blob.md, "A worked example": computed there without any code of ours.
constexpr std::string_view example_blob =
    "4b4643420101001234abcd12ab34cd56ef1234567890ab43c88300a96fc00c78c54b65b8ba257fd88b9ced90de00e892e2a1e1cc02852ca0a1"
    "a2a3a4a5"
    "a6a7a8a9aaabacadaeafdec54d41fc207812ec1bfb61d043925255da30c6e9b913f09f2aa5c175";

// Material 00…1f for 32 bytes, N a0…af for 16.
class ExampleRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override {
    int next = out.size() == 16 ? 0xa0 : 0;
    for (auto& byte : out) byte = static_cast<std::byte>(next++);
  }
};

TEST(Use, SealsTheWorkedExampleByteForByte) {
  World world;
  ExampleRandom random;
  world.keys = must(Keys::open(*world.store, world.clock, random));
  NewKey wanted{.place = world.place, .id = *KeyId::parse("1234abcd-12ab-34cd-56ef-1234567890ab")};
  wanted.policy = policy::default_key_policy(world.place.account);
  const auto key = must(world.keys->create_key(world.account_permit<op::CreateKey>(world.place.account),
                                               std::move(wanted), world.event()));
  EXPECT_EQ(to_hex(key->current().id), "43c88300a96fc00c78c54b65b8ba257fd88b9ced90de00e892e2a1e1cc02852c");
  const EncryptionContext context{{"tenant", "acme"}, {"purpose", "ledger"}};
  const auto view = context.view(world.pairs);
  EXPECT_EQ(to_hex(world.encrypt(*key, "folded letter", view)), example_blob);
  EXPECT_EQ(must(world.decrypt(*key, *from_hex(example_blob), view)), "folded letter");
}

TEST(Use, DecryptsWhatItEncryptedAtEverySizeAroundTheLimits) {
  World world;
  const auto key = world.create();
  for (const std::size_t size : {1U, 2U, 15U, 16U, 17U, 31U, 32U, 33U, 1024U, 4095U, 4096U}) {
    const std::string plaintext(size, 'p');
    const auto blob = world.encrypt(*key, plaintext);
    EXPECT_EQ(blob.size(), size + blob::header_size + blob::tag_size);
    EXPECT_EQ(must(world.decrypt(*key, blob)), plaintext);
  }
  Bytes blob;
  for (const std::size_t size : {0U, 4097U})
    EXPECT_EQ(code_of(world.keys->encrypt(world.permit<op::Encrypt>(*key), Bytes(size), {}, blob)),
              ErrorCode::validation);
}

TEST(Use, SaysWhichMaterialItUsed) {
  World world;
  const auto key = world.create();
  Bytes blob;
  EXPECT_EQ(must(world.keys->encrypt(world.permit<op::Encrypt>(*key), as_bytes("x"), {}, blob)), key->current().id);
  EXPECT_EQ(must(world.keys->decrypt(world.permit<op::Decrypt>(*key), blob, {})).material, key->current().id);
}

TEST(Use, NoTwoBlobsOfOnePlaintextAreAlike) {
  World world;
  const auto key = world.create();
  EXPECT_NE(world.encrypt(*key, "same"), world.encrypt(*key, "same"));
}

TEST(Use, RefusesEveryFlippedBitAndEveryTruncationWithoutAMessage) {
  World world;
  const auto key = world.create();
  const EncryptionContext context{{"tenant", "acme"}};
  const auto view = context.view(world.pairs);
  const auto blob = world.encrypt(*key, "a secret", view);
  const auto refused = [&](BytesView bad) {
    const auto outcome = world.decrypt(*key, bad, view);
    return !outcome && outcome.error().code == ErrorCode::invalid_ciphertext && outcome.error().message.empty();
  };
  for (std::size_t bit = 0; bit < blob.size() * 8; ++bit) {
    auto bad = blob;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_TRUE(refused(bad)) << "bit " << bit;
  }
  for (std::size_t length = 0; length < blob.size(); ++length)
    EXPECT_TRUE(refused(BytesView(blob).first(length))) << length << " bytes";
  auto longer = blob;
  longer.push_back(std::byte{0});
  EXPECT_TRUE(refused(longer));
  EXPECT_TRUE(refused(Bytes(6144, std::byte{0x4b})));
}

TEST(Use, BindsTheContextExactly) {
  World world;
  const auto key = world.create();
  const EncryptionContext contexts[] = {{},
                                        {{"ab", "c"}},
                                        {{"a", "bc"}},
                                        {{"A", "bc"}},
                                        {{"a", ""}},
                                        {{"", "a"}},
                                        {{"a", "b"}, {"c", "d"}},
                                        {{"a", "bc"}, {"d", ""}},
                                        {{"a", "Bc"}},
                                        {{"a", "b"}, {"c", "d"}, {"e", "f"}}};
  for (const auto& sealed_with : contexts) {
    std::vector<ContextPair> pairs;
    const auto blob = world.encrypt(*key, "bound", sealed_with.view(pairs));
    for (const auto& opened_with : contexts) {
      std::vector<ContextPair> other;
      const auto outcome = world.decrypt(*key, blob, opened_with.view(other));
      EXPECT_EQ(outcome.has_value(), &sealed_with == &opened_with);
      if (!outcome) {
        EXPECT_EQ(outcome.error().code, ErrorCode::invalid_ciphertext);
      }
    }
  }
}

TEST(Use, AnotherKeyDoesNotOpenIt) {
  World world;
  const auto key = world.create(), other = world.create();
  EXPECT_EQ(code_of(world.decrypt(*other, world.encrypt(*key, "x"))), ErrorCode::invalid_ciphertext);
}

TEST(Use, ContextsAboveTheCapAreRefused) {
  World world;
  const EncryptionContext context{{"k", std::string(blob::context_size_max, 'v')}};
  EXPECT_EQ(code_of(digest_of(context.view(world.pairs))), ErrorCode::validation);
}

TEST(Use, DataKeysOpenToThePlaintextThatCameWithThem) {
  World world;
  const auto key = world.create();
  Bytes blob;
  for (const std::size_t size : {1U, 16U, 32U, 1024U}) {
    const auto data_key = must(world.keys->generate_data_key(world.permit<op::GenerateDataKey>(*key), size, {}, blob));
    EXPECT_EQ(data_key.plaintext.size(), size);
    EXPECT_EQ(data_key.material, key->current().id);
    EXPECT_EQ(must(world.decrypt(*key, blob)), as_text(data_key.plaintext.reveal()));
    must(world.keys->generate_data_key_without_plaintext(world.permit<op::GenerateDataKeyWithoutPlaintext>(*key), size,
                                                         {}, blob));
    EXPECT_EQ(must(world.decrypt(*key, blob)).size(), size);
  }
  for (const std::size_t size : {0U, 1025U}) {
    EXPECT_EQ(code_of(world.keys->generate_data_key(world.permit<op::GenerateDataKey>(*key), size, {}, blob)),
              ErrorCode::validation);
    EXPECT_EQ(code_of(world.keys->generate_random(world.account_permit<op::GenerateRandom>(world.place.account),
                                                  world.place.account, size)),
              ErrorCode::validation);
  }
  const auto refused = world.keys->generate_random(world.account_permit<op::GenerateRandom>(world.place.account),
                                                   world.place.account, 1025);
  EXPECT_EQ(
      error_of(refused),
      "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have "
      "value less than or equal to 1024");
}

TEST(Use, ReEncryptMovesABlobBetweenKeysAndContexts) {
  World world;
  const auto source = world.create(), destination = world.create();
  const EncryptionContext before{{"stage", "one"}}, after{{"stage", "two"}};
  std::vector<ContextPair> a, b;
  const auto blob = world.encrypt(*source, "travels", before.view(a));
  Bytes moved;
  const auto result = must(world.keys->re_encrypt(world.permit<op::ReEncryptFrom>(*source, before.view(a)),
                                                  world.permit<op::ReEncryptTo>(*destination, after.view(b)), blob,
                                                  before.view(a), after.view(b), moved));
  EXPECT_EQ(result.source, source->current().id);
  EXPECT_EQ(result.destination, destination->current().id);
  EXPECT_EQ(must(world.decrypt(*destination, moved, after.view(b))), "travels");
  EXPECT_FALSE(world.decrypt(*destination, moved, before.view(a)));
}

TEST(Use, APermitForAnotherContextOpensNothing) {
  World world;
  const auto key = world.create();
  const EncryptionContext allowed{{"tenant", "acme"}}, wanted{{"tenant", "other"}};
  std::vector<ContextPair> a, b;
  const auto blob = world.encrypt(*key, "x", wanted.view(a));
  EXPECT_EQ(code_of(world.keys->decrypt(world.permit<op::Decrypt>(*key, allowed.view(b)), blob, wanted.view(a))),
            ErrorCode::internal);
}

TEST(Use, APermitOfAnEarlierEpochIsRefused) {
  World world;
  const auto key = world.create();
  const auto blob = world.encrypt(*key, "x");
  auto permit = world.permit<op::Decrypt>(*key);
  must(world.keys->tag(world.permit<op::TagResource>(*key), {{.key = "a", .value = "b"}}, world.event()));
  EXPECT_EQ(code_of(world.keys->decrypt(std::move(permit), blob, {})), ErrorCode::conflict);
}

TEST(Use, ASpentPermitIsRefused) {
  World world;
  const auto key = world.create();
  const auto blob = world.encrypt(*key, "x");
  auto permit = world.permit<op::Decrypt>(*key);
  must(world.keys->decrypt(std::move(permit), blob, {}));
  // NOLINTNEXTLINE(bugprone-use-after-move): what happens then is the point.
  EXPECT_EQ(code_of(world.keys->decrypt(std::move(permit), blob, {})), ErrorCode::internal);
}

TEST(Use, ADisabledKeyDoesNothingUntilItIsEnabled) {
  World world;
  const auto key = world.create();
  const auto blob = world.encrypt(*key, "x");
  const auto disabled = world.disable(*key);
  EXPECT_EQ(error_of(world.decrypt(*disabled, blob)), std::string(key->arn.text()) + " is disabled.");
  const auto pending = world.schedule_deletion(*disabled);
  EXPECT_EQ(error_of(world.decrypt(*pending, blob)), std::string(key->arn.text()) + " is pending deletion.");
  const auto saved = must(world.keys->cancel_deletion(world.permit<op::CancelKeyDeletion>(*pending), world.event()));
  EXPECT_EQ(saved->state, KeyState::disabled);
  EXPECT_EQ(must(world.decrypt(*world.enable(*saved), blob)), "x");
}

TEST(Use, OldBlobsOpenAfterEveryRotation) {
  World world;
  auto key = world.create();
  std::vector<Bytes> blobs{world.encrypt(*key, "generation 0")};
  for (std::uint32_t i = 1; i <= on_demand_rotations_max; ++i) {
    key = world.rotate(*key);
    blobs.push_back(world.encrypt(*key, "generation " + std::to_string(i)));
  }
  world.reopen();
  key = world.now(*key);
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    EXPECT_EQ(must(world.decrypt(*key, blobs[i])), "generation " + std::to_string(i));
    EXPECT_EQ(must(world.keys->decrypt(world.permit<op::Decrypt>(*key), blobs[i], {})).material, key->materials[i].id);
  }
}

TEST(Use, MoreKeysThanTheCacheHoldsAllWork) {
  World world;
  std::vector<Keys::Record> keys;
  std::vector<Bytes> blobs;
  keys.reserve(1500);
  blobs.reserve(1500);
  for (int i = 0; i < 1500; ++i) keys.push_back(world.create());
  for (const auto& key : keys) blobs.push_back(world.encrypt(*key, key->id.text()));
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(must(world.decrypt(*keys[i], blobs[i])), keys[i]->id.text());
}

}  // namespace
}  // namespace keyfold::keys
