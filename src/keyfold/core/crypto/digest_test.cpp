#include "keyfold/core/crypto/digest.h"

#include <gtest/gtest.h>

namespace keyfold::crypto {
namespace {

// FIPS 180-4's examples ("abc"; nothing; and two blocks).
constexpr std::string_view two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

TEST(Digest, GivesThePublishedAnswers) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(BytesView())), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes(two_blocks))), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha384(as_bytes("abc"))),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(to_hex(sha512(as_bytes("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d442364"
            "3ce80e2a9ac9"
            "4fa54ca49f");
}

Bytes text_of_size(std::size_t size) {
  Bytes text(size);
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<std::byte>(i * 7);
  return text;
}

TEST(Digest, IsTheSameHoweverTheInputIsCut) {
  for (std::size_t size = 0; size <= 300; ++size) {
    const Bytes text = text_of_size(size);
    for (const auto hash : {Hash::sha256, Hash::sha384, Hash::sha512}) {
      Digest whole(hash);
      Digest cut(hash);
      whole.update(text);
      for (std::size_t at = 0; at < size; at += 13)
        cut.update(BytesView(text).subspan(at, std::min<std::size_t>(13, size - at)));
      Bytes a(whole.size());
      Bytes b(whole.size());
      whole.finish(a);
      cut.finish(b);
      ASSERT_EQ(a, b) << size;
    }
    const auto half = BytesView(text).first(size / 2);
    EXPECT_EQ(sha256({half, BytesView(text).subspan(half.size())}), sha256(text));
  }
}

TEST(Digest, StartsAnewAfterFinishAndItsCopiesRunOnByThemselves) {
  Digest digest(Hash::sha384);
  digest.update(as_bytes("a"));
  Digest copy = digest;
  digest.update(as_bytes("bc"));
  copy.update(as_bytes("x"));
  Sha384Digest out;
  digest.finish(out);
  EXPECT_EQ(out, sha384(as_bytes("abc")));
  copy.finish(out);
  EXPECT_EQ(out, sha384(as_bytes("ax")));
  digest.finish(out);
  EXPECT_EQ(out, sha384({}));
}

struct HmacAnswer {
  Bytes key;
  Bytes data;
  std::string_view mac;
};

// RFC 4231, sections 4.2 to 4.8 (without 4.6, which truncates).
std::vector<HmacAnswer> rfc_4231() {
  return {
      {Bytes(20, std::byte{0x0b}), to_bytes("Hi There"),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {to_bytes("Jefe"), to_bytes("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Bytes(20, std::byte{0xaa}), Bytes(50, std::byte{0xdd}),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {Bytes(131, std::byte{0xaa}), to_bytes("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {Bytes(131, std::byte{0xaa}),
       to_bytes("This is a test using a larger than block-size key and a larger than block-size data. The key needs to "
                "be hashed "
                "before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
}

TEST(Hmac, GivesThePublishedAnswersByEveryWayIn) {
  HmacSha256 kept;
  for (const auto& known : rfc_4231()) {
    EXPECT_EQ(to_hex(hmac_sha256(known.key, known.data)), known.mac);
    const auto front = BytesView(known.data).first(5);
    const auto back = BytesView(known.data).subspan(5);
    EXPECT_EQ(to_hex(hmac_sha256(known.key, {front, back})), known.mac);
    ASSERT_TRUE(kept.set_key(known.key));
    EXPECT_EQ(to_hex(kept.sign({known.data})), known.mac);
    EXPECT_EQ(to_hex(kept.sign({front, {}, back})), known.mac) << "signing twice under one key";
  }
  HmacSha256 moved = std::move(kept);
  EXPECT_EQ(to_hex(moved.sign({rfc_4231().back().data})), rfc_4231().back().mac);
}

TEST(HmacDeathTest, WithoutAKeyStops) { EXPECT_DEATH((void)HmacSha256().sign({}), "CHECK failed"); }

}  // namespace
}  // namespace keyfold::crypto
