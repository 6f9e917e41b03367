#include "keyfold/core/crypto/aead.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "keyfold/core/base/random.h"

namespace keyfold::crypto {
namespace {

Bytes hex(std::string_view text) { return *from_hex(text); }

AesGcm keyed(BytesView key) {
  AesGcm gcm;
  EXPECT_TRUE(gcm.set_key(key));
  return gcm;
}

Bytes sealed(AesGcm& gcm, BytesView iv, BytesView aad, BytesView plaintext) {
  Bytes out(plaintext.size() + gcm_tag_size);
  EXPECT_TRUE(gcm.seal(iv, aad, plaintext, out));
  return out;
}

// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B.
struct KnownAnswer {
  std::string_view key, iv, aad, plaintext, sealed;
};
constexpr KnownAnswer known_answers[] = {
    {"00000000000000000000000000000000", "000000000000000000000000", "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
    {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657b"
     "a637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973"
     "d58e091"
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657b"
     "a637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0ab"
     "cc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(AesGcm, GivesThePublishedAnswersFromOneContextWhoseKeyChanges) {
  AesGcm gcm;
  for (int round = 0; round < 3; ++round) {
    for (const auto& known : known_answers) {
      ASSERT_TRUE(gcm.set_key(hex(known.key)));
      EXPECT_EQ(to_hex(sealed(gcm, hex(known.iv), hex(known.aad), hex(known.plaintext))), known.sealed);
      Bytes opened(known.plaintext.size() / 2);
      EXPECT_TRUE(gcm.open(hex(known.iv), hex(known.aad), hex(known.sealed), opened));
      EXPECT_EQ(to_hex(opened), known.plaintext);
    }
  }
}

TEST(AesGcm, OpensWhatItSealedOfEverySizeInPlaceAndApart) {
  SeededRandom random(1);
  auto gcm = keyed(random.bytes<32>());
  for (std::size_t size = 0; size <= 300; ++size) {
    Bytes plaintext(size);
    random.fill(plaintext);
    Bytes aad(size % 37);
    random.fill(aad);
    const auto iv = random.bytes<gcm_iv_size>();
    const Bytes apart = sealed(gcm, iv, aad, plaintext);
    Bytes buffer = plaintext;
    buffer.resize(size + gcm_tag_size);
    ASSERT_TRUE(gcm.seal(iv, aad, BytesView(buffer).first(size), buffer));
    EXPECT_EQ(buffer, apart);
    ASSERT_TRUE(gcm.open(iv, aad, buffer, std::span(buffer).first(size))) << size;
    buffer.resize(size);
    EXPECT_EQ(buffer, plaintext);
  }
}

TEST(AesGcm, RefusesEveryFlippedBitAndWipesWhatItHadWritten) {
  SeededRandom random(2);
  auto gcm = keyed(random.bytes<32>());
  auto iv = random.bytes<gcm_iv_size>();
  Bytes aad = to_bytes("header");
  Bytes message = sealed(gcm, iv, aad, to_bytes("four and twenty blackbirds"));
  const auto refused = [&] {
    Bytes out(message.size() - gcm_tag_size, std::byte{0xAA});
    const auto opened = gcm.open(iv, aad, message, out);
    return !opened && opened.error().code == ErrorCode::authentication && out == Bytes(out.size());
  };
  for (const std::span<std::byte> part :
       {std::span<std::byte>(iv), std::span<std::byte>(aad), std::span<std::byte>(message)}) {
    for (std::size_t bit = 0; bit < part.size() * 8; ++bit) {
      part[bit / 8] ^= std::byte{1} << bit % 8;
      EXPECT_TRUE(refused()) << bit;
      part[bit / 8] ^= std::byte{1} << bit % 8;
    }
  }
  EXPECT_FALSE(refused());
}

TEST(AesGcm, RefusesEveryTruncation) {
  auto gcm = keyed(Bytes(16));
  const ByteArray<gcm_iv_size> iv{};
  const Bytes message = sealed(gcm, iv, {}, to_bytes("a message"));
  for (std::size_t size = 0; size < message.size(); ++size) {
    Bytes out(size < gcm_tag_size ? 0 : size - gcm_tag_size);
    const auto opened = gcm.open(iv, {}, BytesView(message).first(size), out);
    ASSERT_FALSE(opened) << size;
    EXPECT_EQ(opened.error().code, ErrorCode::authentication);
    EXPECT_EQ(ERR_peek_error(), 0U) << "nothing is left in the thread's error queue";
  }
}

TEST(AesGcm, TakesKeysOfThreeSizesOnlyAndKeepsTheOldOneOtherwise) {
  AesGcm gcm = keyed(Bytes(32, std::byte{7}));
  const ByteArray<gcm_iv_size> iv{};
  const Bytes before = sealed(gcm, iv, {}, to_bytes("x"));
  for (std::size_t size = 0; size <= 65; ++size) {
    if (size == 16 || size == 24 || size == 32) {
      EXPECT_TRUE(AesGcm().set_key(Bytes(size)));
      continue;
    }
    const auto set = gcm.set_key(Bytes(size));
    ASSERT_FALSE(set) << size;
    EXPECT_EQ(set.error().code, ErrorCode::invalid_input);
  }
  EXPECT_EQ(sealed(gcm, iv, {}, to_bytes("x")), before);
  AesGcm moved = std::move(gcm);
  EXPECT_EQ(sealed(moved, iv, {}, to_bytes("x")), before);
}

TEST(AesGcmDeathTest, WithoutAKeyStops) {
  AesGcm gcm;
  Bytes out(gcm_tag_size);
  EXPECT_DEATH((void)gcm.seal(ByteArray<gcm_iv_size>{}, {}, {}, out), "CHECK failed");
}

}  // namespace
}  // namespace keyfold::crypto
