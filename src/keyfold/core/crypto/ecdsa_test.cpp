#include "keyfold/core/crypto/ecdsa.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "keyfold/core/crypto/digest.h"

namespace keyfold::crypto {
namespace {

Bytes hex(std::string_view text) { return *from_hex(text); }

// RFC 6979, appendix A.2.6: the key, and its signature of "sample" with SHA-384, as DER.
constexpr std::string_view rfc_6979_point =
    "02ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13";
constexpr std::string_view rfc_6979_signature =
    "3066"
    "02310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46"
    "02310099ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8";

TEST(P384, VerifiesThePublishedSignature) {
  const auto key = EcdsaPublicKey::from_compressed(Curve::p384, hex(rfc_6979_point));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verify(sha384(as_bytes("sample")), hex(rfc_6979_signature)));
  EXPECT_FALSE(key->verify(sha384(as_bytes("simple")), hex(rfc_6979_signature)));
}

TEST(P384, RefusesEveryFlippedBitAndTruncationAndWhatFollows) {
  const auto key = EcdsaPublicKey::from_compressed(Curve::p384, hex(rfc_6979_point));
  ASSERT_TRUE(key);
  const auto digest = sha384(as_bytes("sample"));
  Bytes signature = hex(rfc_6979_signature);
  const auto refused = [&](BytesView bytes) {
    const auto verified = key->verify(digest, bytes);
    return !verified && verified.error().code == ErrorCode::authentication;
  };
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    signature[bit / 8] ^= std::byte{1} << bit % 8;
    EXPECT_TRUE(refused(signature)) << bit;
    signature[bit / 8] ^= std::byte{1} << bit % 8;
  }
  for (std::size_t size = 0; size < signature.size(); ++size)
    EXPECT_TRUE(refused(BytesView(signature).first(size))) << size;
  signature.push_back(std::byte{0});
  EXPECT_TRUE(refused(signature));
}

class BothCurves : public ::testing::TestWithParam<Curve> {
 protected:
  Bytes digest_of(std::string_view text) const {
    const auto bytes = as_bytes(text);
    const auto copy = [](const auto& digest) { return Bytes(digest.begin(), digest.end()); };
    return GetParam() == Curve::p256 ? copy(sha256(bytes)) : copy(sha384(bytes));
  }
};
INSTANTIATE_TEST_SUITE_P(Ecdsa, BothCurves, ::testing::Values(Curve::p256, Curve::p384));

TEST_P(BothCurves, SignSoThatOnlyTheirOwnPublicKeyVerifies) {
  const auto curve = GetParam();
  const auto other = EcdsaPublicKey::from_compressed(curve, EcdsaPrivateKey::generate(curve)->public_point());
  ASSERT_TRUE(other);
  for (int i = 0; i < 8; ++i) {
    const auto key = EcdsaPrivateKey::generate(curve);
    ASSERT_TRUE(key);
    const auto digest = digest_of(std::to_string(i));
    const auto signature = key->sign(digest);
    ASSERT_TRUE(signature);
    EXPECT_LE(signature->size(), signature_size_max(curve));
    const auto point = key->public_point();
    EXPECT_EQ(point.size(), 1 + coordinate_size(curve));
    const auto own = EcdsaPublicKey::from_compressed(curve, point);
    ASSERT_TRUE(own);
    EXPECT_TRUE(own->verify(digest, *signature));
    EXPECT_FALSE(other->verify(digest, *signature));
    EXPECT_FALSE(own->verify(digest_of("another"), *signature));
  }
}

TEST(Ecdsa, APointOfOneCurveIsNoneOfTheOther) {
  for (const auto& [own, other] : {std::pair{Curve::p256, Curve::p384}, {Curve::p384, Curve::p256}}) {
    const auto point = EcdsaPrivateKey::generate(own)->public_point();
    EXPECT_TRUE(EcdsaPublicKey::from_compressed(own, point));
    EXPECT_FALSE(EcdsaPublicKey::from_compressed(other, point));
  }
}

TEST(P384, TakesOnlyCompressedPointsOfTheCurve) {
  const Bytes point = hex(rfc_6979_point);
  const auto refused = [](BytesView bytes) {
    const auto key = EcdsaPublicKey::from_compressed(Curve::p384, bytes);
    return !key && key.error().code == ErrorCode::invalid_input;
  };
  for (std::size_t size = 0; size < point.size(); ++size) EXPECT_TRUE(refused(BytesView(point).first(size))) << size;
  for (unsigned form = 0; form < 256; ++form) {
    Bytes changed = point;
    changed[0] = static_cast<std::byte>(form);
    EXPECT_EQ(refused(changed), form != 2 && form != 3) << form;
  }
  EXPECT_TRUE(refused(hex("02" + std::string(96, 'f')))) << "an x above the field";
  // Half of all x are on the curve: of 32 neighbours, some must be refused and some not.
  int on_curve = 0;
  for (int i = 0; i < 32; ++i) {
    Bytes changed = point;
    changed.back() ^= static_cast<std::byte>(i);
    on_curve += refused(changed) ? 0 : 1;
  }
  EXPECT_GT(on_curve, 4);
  EXPECT_LT(on_curve, 28);
  // The uncompressed form, which libcrypto itself would take.
  EXPECT_TRUE(
      refused(hex("04" + std::string(rfc_6979_point.substr(2)) +
                  "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720")));
}

TEST(P384, LeavesNothingInTheThreadsErrorQueue) {
  ERR_clear_error();
  EXPECT_FALSE(EcdsaPublicKey::from_compressed(Curve::p384, hex("02" + std::string(96, 'f'))));
  EXPECT_EQ(ERR_peek_error(), 0U) << "after an x that is no point's";
  const auto key = EcdsaPublicKey::from_compressed(Curve::p384, hex(rfc_6979_point));
  ASSERT_TRUE(key);
  const auto signature = hex(rfc_6979_signature);
  for (std::size_t size = 0; size < signature.size(); ++size) {
    EXPECT_FALSE(key->verify(sha384(as_bytes("sample")), BytesView(signature).first(size)));
    EXPECT_EQ(ERR_peek_error(), 0U) << size;
  }
  EXPECT_FALSE(key->verify(sha384(as_bytes("simple")), signature));
  EXPECT_EQ(ERR_peek_error(), 0U) << "after another's signature";
}

TEST(P384, LeavesWhatOthersNotedInTheErrorQueueThere) {
  ERR_clear_error();
  ERR_raise(ERR_LIB_USER, 7);
  EXPECT_FALSE(EcdsaPublicKey::from_compressed(Curve::p384, hex("02" + std::string(96, 'f'))));
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_last_error()), 7);
  ERR_clear_error();
}

}  // namespace
}  // namespace keyfold::crypto
