#include "keyfold/core/crypto/kdf.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>

#include "keyfold/core/base/random.h"

namespace keyfold::crypto {
namespace {

// What libcrypto's own EVP_KDF says.
struct Settings {
  const char* digest;
  const char* mode;
  BytesView key, salt, info;
};
Bytes by_libcrypto(const char* name, const Settings& settings, std::size_t size) {
  const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, name, nullptr), &EVP_KDF_free);
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                          &EVP_KDF_CTX_free);
  const auto text = [](const char* key, const char* value) {
    return OSSL_PARAM_construct_utf8_string(key, const_cast<char*>(value), 0);
  };
  const auto bytes = [](const char* key, BytesView value) {
    return OSSL_PARAM_construct_octet_string(key, const_cast<std::byte*>(value.data()), value.size());
  };
  const OSSL_PARAM parameters[] = {text(OSSL_KDF_PARAM_MAC, "HMAC"),
                                   text(OSSL_KDF_PARAM_DIGEST, settings.digest),
                                   text(OSSL_KDF_PARAM_MODE, settings.mode),
                                   bytes(OSSL_KDF_PARAM_KEY, settings.key),
                                   bytes(OSSL_KDF_PARAM_SALT, settings.salt),
                                   bytes(OSSL_KDF_PARAM_INFO, settings.info),
                                   OSSL_PARAM_construct_end()};
  Bytes out(size);
  EXPECT_EQ(EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), size, parameters), 1);
  return out;
}

TEST(Kbkdf, IsLibcryptosOfEverySize) {
  SeededRandom random(3);
  for (std::size_t size = 1; size <= 200; ++size) {
    Bytes key(1 + size % 100);
    random.fill(key);
    Bytes context(size % 67);
    random.fill(context);
    const std::string label(size % 40, 'l');
    Bytes out(size);
    ASSERT_TRUE(kbkdf_hmac_sha256(key, label, context, out));
    const Settings same{.digest = "SHA256", .mode = "counter", .key = key, .salt = as_bytes(label), .info = context};
    EXPECT_EQ(out, by_libcrypto("KBKDF", same, size)) << size;
  }
}

// Computed by hand with Python's hmac: K(1) ‖ K(2) over i ‖ "keyfold/test" ‖ 00 ‖ 000102…0f ‖ 352.
TEST(Kbkdf, HasTheFormOfSp800108) {
  Bytes context;
  for (int i = 0; i < 16; ++i) context.push_back(static_cast<std::byte>(i));
  Bytes out(44);
  ASSERT_TRUE(kbkdf_hmac_sha256(Bytes(32, std::byte{0x42}), "keyfold/test", context, out));
  EXPECT_EQ(to_hex(out), "c32936791f5145c395a28ab6bdf83d2312ef45db6f2fd06f1d379889b4f5e593d6fc3357723fd8b7abb0be15");
}

TEST(Hkdf, IsLibcryptosOfEverySizeAndHash) {
  struct Case {
    Hash hash;
    const char* name;
    std::size_t digest_size;
  };
  SeededRandom random(4);
  for (const auto& [hash, name, digest_size] :
       {Case{Hash::sha256, "SHA256", 32}, {Hash::sha384, "SHA384", 48}, {Hash::sha512, "SHA512", 64}})
    for (std::size_t size = 1; size <= 400; size += 7) {
      Bytes ikm(1 + size % 80);
      random.fill(ikm);
      Bytes salt(size % 150);  // None, too.
      random.fill(salt);
      Bytes info(size % 50);
      random.fill(info);
      Bytes prk(digest_size);
      Bytes out(size);
      hkdf_extract(hash, salt, ikm, prk);
      hkdf_expand(hash, prk, info, out);
      const Settings same{.digest = name, .mode = "EXTRACT_AND_EXPAND", .key = ikm, .salt = salt, .info = info};
      EXPECT_EQ(out, by_libcrypto("HKDF", same, size)) << name << " " << size;
    }
}

TEST(Hkdf, GivesSeveralResultsOfOneExtractAsOneByOne) {
  SeededRandom random(5);
  for (const auto hash : {Hash::sha256, Hash::sha384, Hash::sha512}) {
    Bytes salt(32), ikm(32), first(32), second(100), expected_first(32), expected_second(100);
    random.fill(salt);
    random.fill(ikm);
    hkdf(hash, salt, ikm, {{as_bytes("one"), first}, {as_bytes("two"), second}});
    Bytes prk(Digest(hash).size());
    hkdf_extract(hash, salt, ikm, prk);
    hkdf_expand(hash, prk, as_bytes("one"), expected_first);
    hkdf_expand(hash, prk, as_bytes("two"), expected_second);
    EXPECT_EQ(first, expected_first);
    EXPECT_EQ(second, expected_second);
  }
}

TEST(HkdfDeathTest, StopsAboveTheLargestResult) {
  Bytes largest(255 * 64);
  hkdf_expand(Hash::sha512, Bytes(64), {}, largest);
  EXPECT_NE(largest, Bytes(largest.size()));
  Bytes more(largest.size() + 1);
  EXPECT_DEATH(hkdf_expand(Hash::sha512, Bytes(64), {}, more), "CHECK failed");
}

// RFC 7914, section 12.
TEST(Scrypt, GivesThePublishedAnswers) {
  const auto derive = [](std::string_view passphrase, std::string_view salt, const ScryptParameters& parameters) {
    return to_hex(scrypt(as_bytes(passphrase), as_bytes(salt), parameters, 64)->reveal());
  };
  EXPECT_EQ(derive("", "", {.cost = 16, .block_size = 1, .parallelism = 1}),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e"
            "0d3628cf35e2"
            "0c38d18906");
  EXPECT_EQ(derive("password", "NaCl", {.cost = 1024, .block_size = 8, .parallelism = 16}),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a"
            "83ee6d8360cb"
            "dfa2cc0640");
}

TEST(Scrypt, RefusesParametersThatMakeNoSenseOrTakeTooMuchMemory) {
  const ScryptParameters bad[] = {
      {.cost = 0, .block_size = 8, .parallelism = 1},
      {.cost = 1, .block_size = 8, .parallelism = 1},
      {.cost = 1000, .block_size = 8, .parallelism = 1},
      {.cost = 1024, .block_size = 0, .parallelism = 1},
      {.cost = 1024, .block_size = 8, .parallelism = 0},
      {.cost = 1U << 21, .block_size = 8, .parallelism = 1},
      {.cost = 1024, .block_size = 1U << 31, .parallelism = 1},
      {.cost = 1024, .block_size = 8, .parallelism = 1U << 31},
      {.cost = 1ULL << 63, .block_size = 8, .parallelism = 1},
  };
  for (const auto& parameters : bad) {
    const auto key = scrypt(as_bytes("p"), as_bytes("s"), parameters, 32);
    ASSERT_FALSE(key) << parameters.cost << ' ' << parameters.block_size << ' ' << parameters.parallelism;
    EXPECT_EQ(key.error().code, ErrorCode::invalid_input);
  }
}

struct Parts {
  Bytes key = Bytes(32, std::byte{1});
  std::string label = "keyfold/test";
  Bytes context = Bytes(20, std::byte{2});
  Bytes aad = to_bytes("bound");
};

TEST(Derived, OpensOnlyUnderTheSameKeyLabelContextAndAad) {
  const Parts right;
  for (std::size_t size = 0; size <= 64; ++size) {
    const Bytes plaintext(size, std::byte{9});
    Bytes sealed(size + 16);
    ASSERT_TRUE(seal_derived(right.key, right.label, right.context, right.aad, plaintext, sealed));
    const auto opens = [&](const Parts& parts) {
      Bytes out(size);
      const auto opened = open_derived(parts.key, parts.label, parts.context, parts.aad, sealed, out);
      EXPECT_TRUE(opened || opened.error().code == ErrorCode::authentication);
      return opened && out == plaintext;
    };
    EXPECT_TRUE(opens(right));
    Parts wrong = right;
    wrong.key[31] ^= std::byte{1};
    EXPECT_FALSE(opens(wrong));
    wrong = right;
    wrong.label += "s";
    EXPECT_FALSE(opens(wrong));
    wrong = right;
    wrong.context[0] ^= std::byte{1};
    EXPECT_FALSE(opens(wrong));
    wrong = right;
    wrong.aad.push_back(std::byte{0});
    EXPECT_FALSE(opens(wrong));
  }
}

// Computed with Python's hmac and cryptography. The key and the IV are the first 32 and the next 12 bytes of the
// derivation: what the formats' pages say.
TEST(Derived, IsKbkdfThenAesGcm) {
  const Parts parts;
  Bytes sealed(16 + 16);
  ASSERT_TRUE(seal_derived(parts.key, parts.label, parts.context, parts.aad, to_bytes("sixteen of bytes"), sealed));
  EXPECT_EQ(to_hex(sealed), "7266e0019f25ecaa55de6125ab5b1fb6ca5bd9e9f7d2925d1aa99c9538084904");
}

}  // namespace
}  // namespace keyfold::crypto
