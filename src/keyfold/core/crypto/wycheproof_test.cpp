// Other people's test vectors: C2SP's Wycheproof, which collects what implementations have got wrong.
// They are not part of this project: see keyfold/testing/vectors.h.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <optional>

#include "keyfold/core/crypto/aead.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/core/crypto/ecdsa.h"
#include "keyfold/core/crypto/kdf.h"
#include "keyfold/core/crypto/rsa.h"
#include "keyfold/testing/vectors.h"

namespace keyfold::crypto {
namespace {

using simdjson::dom::element;

Bytes hex(const element& test, std::string_view name) { return *from_hex(std::string_view(test[name])); }

// Calls `run` with each group and each of its tests. What is "acceptable" is ours to decide: those of the RSA file with
// sizes of all sorts have a label, which cannot be asked of us; if others come, they have to be decided here in
// writing.
template <class Run>
void for_each_test(const std::filesystem::path& path, std::size_t least, Run&& run) {
  simdjson::dom::parser parser;
  const element file = parser.load(path.string());
  std::size_t count = 0;
  for (const element group : simdjson::dom::array(file["testGroups"])) {
    for (const element test : simdjson::dom::array(group["tests"])) {
      const std::string_view result = test["result"];
      if (result == "acceptable" && !std::string_view(test["label"]).empty()) continue;
      ASSERT_NE(result, "acceptable");
      SCOPED_TRACE("tcId " + std::to_string(std::int64_t(test["tcId"])) + ": " +
                   std::string(std::string_view(test["comment"])));
      run(group, test, result == "valid");
      ++count;
    }
  }
  EXPECT_GE(count, least) << "so many were there when this was written";
}

TEST(Wycheproof, AesGcm) {
  VECTORS_OR_SKIP(path, "wycheproof/aes_gcm_test.json");
  std::size_t ours = 0;
  for_each_test(*path, 316, [&](const element& group, const element& test, bool valid) {
    // Our interface has one IV size and one tag size; the others cannot be asked of it.
    if (std::int64_t(group["ivSize"]) != 96 || std::int64_t(group["tagSize"]) != 128) return;
    ++ours;
    AesGcm gcm;
    ASSERT_TRUE(gcm.set_key(hex(test, "key")));
    const Bytes iv = hex(test, "iv"), aad = hex(test, "aad"), message = hex(test, "msg");
    Bytes sealed = hex(test, "ct");
    const Bytes tag = hex(test, "tag");
    sealed.insert(sealed.end(), tag.begin(), tag.end());
    Bytes out(sealed.size() - gcm_tag_size);
    EXPECT_EQ(gcm.open(iv, aad, sealed, out).has_value(), valid);
    if (!valid) return;
    EXPECT_EQ(out, message);
    Bytes again(message.size() + gcm_tag_size);
    EXPECT_TRUE(gcm.seal(iv, aad, message, again));
    EXPECT_EQ(again, sealed);
  });
  EXPECT_GE(ours, 150U);
}

void check_hkdf(Hash hash, std::size_t digest_size, const std::filesystem::path& path, std::size_t count_min) {
  for_each_test(path, count_min, [&](const element&, const element& test, bool valid) {
    const auto size = static_cast<std::size_t>(std::int64_t(test["size"]));
    // The invalid ones ask for more than 255 blocks, which here is a mistake of the program's: a CHECK.
    EXPECT_EQ(size <= 255 * digest_size, valid);
    if (!valid) return;
    Bytes prk(digest_size);
    Bytes out(size);
    hkdf_extract(hash, hex(test, "salt"), hex(test, "ikm"), prk);
    hkdf_expand(hash, prk, hex(test, "info"), out);
    EXPECT_EQ(out, hex(test, "okm"));
  });
}

TEST(Wycheproof, HkdfSha256) {
  VECTORS_OR_SKIP(path, "wycheproof/hkdf_sha256_test.json");
  check_hkdf(Hash::sha256, 32, *path, 80);
}

TEST(Wycheproof, HkdfSha384) {
  VECTORS_OR_SKIP(path, "wycheproof/hkdf_sha384_test.json");
  check_hkdf(Hash::sha384, 48, *path, 80);
}

TEST(Wycheproof, HkdfSha512) {
  VECTORS_OR_SKIP(path, "wycheproof/hkdf_sha512_test.json");
  check_hkdf(Hash::sha512, 64, *path, 80);
}

TEST(Wycheproof, HmacSha256) {
  VECTORS_OR_SKIP(path, "wycheproof/hmac_sha256_test.json");
  for_each_test(*path, 174, [](const element&, const element& test, bool valid) {
    const auto mac = hmac_sha256(hex(test, "key"), hex(test, "msg"));
    const Bytes tag = hex(test, "tag");  // May be a truncated one.
    EXPECT_EQ(equal_in_constant_time(BytesView(mac).first(tag.size()), tag), valid);
  });
}

template <class DigestOf>
void check_ecdsa(Curve curve, DigestOf digest_of, const std::filesystem::path& path) {
  for_each_test(path, 400, [&](const element& group, const element& test, bool valid) {
    const Bytes whole = *from_hex(std::string_view(group["publicKey"]["uncompressed"]));
    ASSERT_EQ(whole.size(), 1 + 2 * coordinate_size(curve));
    Bytes compressed(whole.begin(), whole.begin() + 1 + static_cast<std::ptrdiff_t>(coordinate_size(curve)));
    compressed[0] = std::byte{2} | (whole.back() & std::byte{1});
    const auto key = EcdsaPublicKey::from_compressed(curve, compressed);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->verify(digest_of(hex(test, "msg")), hex(test, "sig")).has_value(), valid);
  });
}

TEST(Wycheproof, EcdsaP256Sha256) {
  VECTORS_OR_SKIP(path, "wycheproof/ecdsa_secp256r1_sha256_test.json");
  check_ecdsa(Curve::p256, [](const Bytes& message) { return sha256(BytesView(message)); }, *path);
}

TEST(Wycheproof, EcdsaP384Sha384) {
  VECTORS_OR_SKIP(path, "wycheproof/ecdsa_secp384r1_sha384_test.json");
  check_ecdsa(Curve::p384, [](const Bytes& message) { return sha384(message); }, *path);
}

std::optional<RsaPadding> oaep_of(const element& group) {
  const std::string_view hash = group["sha"];
  if (hash != std::string_view(group["mgfSha"])) return std::nullopt;
  if (hash == "SHA-1") return RsaPadding::oaep_sha1;
  if (hash == "SHA-256") return RsaPadding::oaep_sha256;
  if (hash == "SHA-384") return RsaPadding::oaep_sha384;
  if (hash == "SHA-512") return RsaPadding::oaep_sha512;
  return std::nullopt;
}

Result<RsaPrivateKey> rsa_key(const element& group) {
  return RsaPrivateKey::from_pem(*SecretBytes::copy_of(as_bytes(std::string_view(group["privateKeyPem"]))));
}

struct OaepFile {
  std::string_view name;
  std::size_t least;  // Tests in it.
  std::size_t ours;   // Of those, with a padding and key of ours, and no label.
};

TEST(Wycheproof, RsaOaep) {
  VECTORS_OR_SKIP(first, "wycheproof/rsa_oaep_2048_sha1_mgf1sha1_test.json");
  for (const auto& [name, least, least_of_ours] :
       {OaepFile{"2048_sha1_mgf1sha1", 36, 29}, OaepFile{"2048_sha256_mgf1sha256", 37, 29},
        OaepFile{"2048_sha384_mgf1sha384", 34, 28}, OaepFile{"2048_sha512_mgf1sha512", 33, 29},
        OaepFile{"3072_sha256_mgf1sha256", 37, 29}, OaepFile{"4096_sha256_mgf1sha256", 37, 29},
        OaepFile{"misc", 392, 45}}) {
    SCOPED_TRACE(name);
    std::size_t ours = 0;
    for_each_test(first->parent_path() / ("rsa_oaep_" + std::string(name) + "_test.json"), least,
                  [&](const element& group, const element& test, bool valid) {
                    const auto padding = oaep_of(group);
                    if (!padding || !std::string_view(test["label"]).empty()) return;
                    const auto key = rsa_key(group);
                    if (std::int64_t(group["keySize"]) < 2048) {
                      EXPECT_FALSE(key);
                      return;
                    }
                    ASSERT_TRUE(key) << key.error().message;
                    ++ours;
                    const Bytes message = hex(test, "msg");
                    const auto opened = key->decrypt(*padding, hex(test, "ct"), message.size());
                    EXPECT_EQ(opened.has_value(), valid);
                    if (opened) {
                      EXPECT_EQ(to_hex(opened->reveal()), to_hex(message));
                    }
                  });
    EXPECT_GE(ours, least_of_ours);
  }
}

TEST(Wycheproof, RsaPkcs1) {
  VECTORS_OR_SKIP(first, "wycheproof/rsa_pkcs1_2048_test.json");
  for (const std::string_view size : {"2048", "4096"}) {
    SCOPED_TRACE(size);
    for_each_test(first->parent_path() / ("rsa_pkcs1_" + std::string(size) + "_test.json"), 67,
                  [](const element& group, const element& test, bool valid) {
                    const auto key = rsa_key(group);
                    ASSERT_TRUE(key) << key.error().message;
                    const Bytes message = hex(test, "msg");
                    const auto opened = key->decrypt(RsaPadding::pkcs1, hex(test, "ct"), message.size());
                    // What is no ciphertext is refused; a bad padding gives something else, and does not say so.
                    const auto right = opened && to_hex(opened->reveal()) == to_hex(message);
                    EXPECT_EQ(right, valid);
                    const std::string_view flag = simdjson::dom::array(test["flags"]).at(0);
                    if (flag == "InvalidPkcs1Padding") {
                      EXPECT_TRUE(opened);
                    }
                  });
  }
}

}  // namespace
}  // namespace keyfold::crypto
