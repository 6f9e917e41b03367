// RSA encryption. Published results are in wycheproof_test.cpp.

#include "keyfold/core/crypto/rsa.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <set>
#include <thread>

#include "keyfold/core/crypto/rsa_keys_test.h"
#include "keyfold/core/crypto/rsa_pem.h"

namespace keyfold::crypto {
namespace {

using testing::make_rsa_key;
using testing::rsa_2048;
using testing::secret_text;

constexpr std::array paddings{RsaPadding::pkcs1, RsaPadding::oaep_sha1, RsaPadding::oaep_sha256,
                              RsaPadding::oaep_sha384, RsaPadding::oaep_sha512};

RsaPublicKey public_key() { return *RsaPublicKey::from_pem(rsa_2048().spki); }
RsaPrivateKey private_key() { return *RsaPrivateKey::from_pem(secret_text(rsa_2048().pkcs8)); }
SecretBytes data_key(std::size_t size = 32) {
  auto key = *SecretBytes::zeroed(size);
  for (std::size_t i = 0; i < size; ++i) key.fill()[i] = static_cast<std::byte>(i + 1);
  return key;
}

// DER by hand, for keys that libcrypto would not write.
Bytes der(std::uint8_t tag, BytesView content) {
  Bytes out;
  Writer writer(out);
  writer.u8(tag);
  if (content.size() >= 0x100) {
    writer.u8(0x82).u16(static_cast<std::uint16_t>(content.size()));
  } else if (content.size() >= 0x80) {
    writer.u8(0x81).u8(static_cast<std::uint8_t>(content.size()));
  } else {
    writer.u8(static_cast<std::uint8_t>(content.size()));
  }
  writer.bytes(content);
  return out;
}
std::string pem(std::string_view label, BytesView content) {
  return "-----BEGIN " + std::string(label) + "-----\n" + to_base64(content) + "\n-----END " + std::string(label) +
         "-----\n";
}
std::string public_pem(BytesView modulus, BytesView exponent) {
  Bytes both = der(2, modulus);
  const Bytes second = der(2, exponent);
  both.insert(both.end(), second.begin(), second.end());
  return pem("RSA PUBLIC KEY", der(0x30, both));
}
// An odd number of so many bits, as DER writes it.
Bytes odd_number(std::size_t bits) {
  Bytes number(bits / 8 + 1, std::byte{0x5a});
  number[0] = static_cast<std::byte>((1U << bits % 8) >> 1U);
  if (bits % 8 == 0) number[1] = std::byte{0x80};
  number.back() |= std::byte{1};
  return number;
}
const Bytes f4 = *from_hex("010001");

TEST(Rsa, DecryptsWhatItEncryptedWithEveryPaddingAndEveryFormOfTheKey) {
  for (const auto& public_form : {rsa_2048().spki, rsa_2048().pkcs1_public})
    for (const auto& private_form : {rsa_2048().pkcs8, rsa_2048().pkcs1_private})
      for (const auto padding : paddings) {
        const auto sealer = RsaPublicKey::from_pem(public_form);
        const auto opener = RsaPrivateKey::from_pem(secret_text(private_form));
        ASSERT_TRUE(sealer) << sealer.error().message;
        ASSERT_TRUE(opener) << opener.error().message;
        for (const std::size_t size : {16U, 24U, 32U}) {
          const auto plaintext = data_key(size);
          const auto wrapped = sealer->encrypt(padding, plaintext);
          ASSERT_TRUE(wrapped) << wrapped.error().message;
          EXPECT_EQ(wrapped->size(), 256U);
          EXPECT_NE(*wrapped, *sealer->encrypt(padding, plaintext)) << "the padding is not random";
          const auto again = opener->decrypt(padding, *wrapped, size);
          ASSERT_TRUE(again) << again.error().message;
          EXPECT_TRUE(*again == plaintext);
        }
      }
}

TEST(Rsa, EncryptsUpToWhatThePaddingLeavesRoomFor) {
  for (const auto& [padding, room] :
       {std::pair(RsaPadding::pkcs1, 256U - 11), std::pair(RsaPadding::oaep_sha1, 256U - 42),
        std::pair(RsaPadding::oaep_sha256, 256U - 66), std::pair(RsaPadding::oaep_sha384, 256U - 98),
        std::pair(RsaPadding::oaep_sha512, 256U - 130)}) {
    const auto longest = data_key(room);
    const auto wrapped = public_key().encrypt(padding, longest);
    ASSERT_TRUE(wrapped);
    EXPECT_TRUE(*private_key().decrypt(padding, *wrapped, room) == longest);
    EXPECT_EQ(public_key().encrypt(padding, data_key(room + 1)).error().code, ErrorCode::invalid_input);
    EXPECT_EQ(private_key().decrypt(padding, *wrapped, room + 1).error().code, ErrorCode::authentication);
  }
}

TEST(Rsa, RefusesWithOneMessageWhateverIsWrong) {
  std::set<std::string> messages;
  const auto refused = [&](const Result<SecretBytes>& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::authentication);
    messages.insert(result.error().message);
  };
  const auto other = RsaPublicKey::from_pem(make_rsa_key(2048).spki);
  for (const auto padding : paddings) {
    const Bytes good = *public_key().encrypt(padding, data_key());
    for (std::size_t size = 0; size < good.size(); ++size)
      refused(private_key().decrypt(padding, BytesView(good).first(size), 32));
    Bytes longer = good;
    longer.push_back(std::byte{0});
    refused(private_key().decrypt(padding, longer, 32));
    refused(private_key().decrypt(padding, Bytes(256, std::byte{0xff}), 32));  // Not below the modulus.
    if (padding == RsaPadding::pkcs1) continue;                                // See below.
    refused(private_key().decrypt(padding, good, 16));
    refused(private_key().decrypt(padding, good, 31));
    refused(private_key().decrypt(padding, *other->encrypt(padding, data_key()), 32));
    for (const auto wrong : paddings)
      if (wrong != padding && wrong != RsaPadding::pkcs1) refused(private_key().decrypt(wrong, good, 32));
    for (std::size_t bit = 0; bit < good.size() * 8; bit += 13) {
      Bytes changed = good;
      changed[bit / 8] ^= std::byte{1} << bit % 8;
      refused(private_key().decrypt(padding, changed, 32));
    }
  }
  EXPECT_EQ(messages.size(), 1U);
}

TEST(Rsa, APkcs1CiphertextOfAnyKindGivesAKeyOfTheSizeAskedFor) {
  const Bytes good = *public_key().encrypt(RsaPadding::pkcs1, data_key());
  const auto opened = [](BytesView ciphertext, std::size_t size) {
    auto result = private_key().decrypt(RsaPadding::pkcs1, ciphertext, size);
    EXPECT_TRUE(result) << size;
    EXPECT_EQ(result->size(), size);
    return to_hex(result->reveal());
  };
  const auto right = to_hex(data_key().reveal());
  EXPECT_EQ(opened(good, 32), right);
  std::set<std::string> wrong;
  std::size_t count = 0;
  for (const std::size_t size : {1U, 16U, 24U, 31U, 33U, 245U}) {
    wrong.insert(opened(good, size));
    EXPECT_EQ(opened(good, size), opened(good, size)) << "the same each time, as a key would be";
    ++count;
  }
  for (std::size_t bit = 64; bit < good.size() * 8; bit += 61) {  // The first bits may lift it above the modulus.
    Bytes changed = good;
    changed[bit / 8] ^= std::byte{1} << bit % 8;
    wrong.insert(opened(changed, 32));
    ++count;
  }
  EXPECT_EQ(wrong.size(), count) << "each another";
  EXPECT_FALSE(wrong.contains(right));
  EXPECT_FALSE(wrong.contains(std::string(64, '0')));
  // Another key under the same name: another result, and no failure.
  const auto other = RsaPublicKey::from_pem(make_rsa_key(2048).spki);
  Bytes foreign = *other->encrypt(RsaPadding::pkcs1, data_key());
  foreign[0] &= std::byte{0x3f};  // Below the modulus.
  EXPECT_NE(opened(foreign, 32), right);
}

TEST(Rsa, TakesModuliOf2048To8192Bits) {
  for (const std::size_t bits : {1U, 512U, 1024U, 2040U, 2047U, 8193U, 8200U, 16384U}) {
    const auto key = RsaPublicKey::from_pem(public_pem(odd_number(bits), f4));
    ASSERT_FALSE(key) << bits;
    EXPECT_EQ(key.error().code, ErrorCode::invalid_input);
    EXPECT_NE(key.error().message.find(std::to_string(bits) + " bits"), std::string::npos) << key.error().message;
  }
  for (const std::size_t bits : {2048U, 2049U, 3072U, 4096U, 8191U, 8192U}) {
    const auto key = RsaPublicKey::from_pem(public_pem(odd_number(bits), f4));
    ASSERT_TRUE(key) << bits << key.error().message;
    EXPECT_EQ(key->modulus_size(), (bits + 7) / 8);
    EXPECT_EQ(key->encrypt(RsaPadding::oaep_sha512, data_key())->size(), (bits + 7) / 8);
  }
  EXPECT_FALSE(RsaPrivateKey::from_pem(secret_text(make_rsa_key(1024).pkcs8)));
}

TEST(Rsa, TakesOnlyNumbersThatCanBeAKey) {
  Bytes even = odd_number(2048);
  even.back() = std::byte{0x5a};
  EXPECT_FALSE(RsaPublicKey::from_pem(public_pem(even, f4)));
  for (const auto* exponent : {"00", "01", "02", "010000", "7fffffffffffffff01"})
    EXPECT_FALSE(RsaPublicKey::from_pem(public_pem(odd_number(2048), *from_hex(exponent)))) << exponent;
  for (const auto* exponent : {"03", "11", "7fffffffffffff01"})
    EXPECT_TRUE(RsaPublicKey::from_pem(public_pem(odd_number(2048), *from_hex(exponent)))) << exponent;
}

TEST(Rsa, FindsOutAPrivateKeyWithADamagedNumber) {
  const auto file = rsa_der_of_pem(as_bytes(rsa_2048().pkcs1_private));
  ASSERT_TRUE(file);
  const auto numbers = read_rsa_private(*file);
  ASSERT_TRUE(numbers);
  const auto whole = file->bytes.reveal();
  // A changed private exponent alone goes unnoticed: nothing is computed with it while the other numbers are good.
  for (const auto number : {numbers->public_numbers.modulus, numbers->public_numbers.exponent}) {
    Bytes damaged(whole.begin(), whole.end());
    damaged[static_cast<std::size_t>(number.data() - whole.data())] ^= std::byte{4};
    EXPECT_FALSE(RsaPrivateKey::from_pem(secret_text(pem("RSA PRIVATE KEY", damaged))));
  }
}

TEST(Rsa, ReadsNoPublicKeyOutOfAPrivateOneAndNoneTheOtherWay) {
  for (const auto& file : {rsa_2048().pkcs8, rsa_2048().pkcs1_private}) {
    const auto key = RsaPublicKey::from_pem(file);
    ASSERT_FALSE(key);
    EXPECT_NE(key.error().message.find("a private key where a public one belongs"), std::string::npos);
  }
  for (const auto& file : {rsa_2048().spki, rsa_2048().pkcs1_public}) {
    const auto key = RsaPrivateKey::from_pem(secret_text(file));
    ASSERT_FALSE(key);
    EXPECT_NE(key.error().message.find("a public key where a private one belongs"), std::string::npos);
  }
}

TEST(Rsa, LeavesNothingInTheThreadsErrorQueue) {
  ERR_clear_error();
  EXPECT_FALSE(private_key().decrypt(RsaPadding::oaep_sha256, Bytes(256, std::byte{1}), 32));
  EXPECT_FALSE(private_key().decrypt(RsaPadding::pkcs1, Bytes(256, std::byte{0xff}), 32));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(Rsa, OneKeyServesSeveralThreads) {
  const auto sealer = public_key();
  const auto opener = private_key();
  std::atomic<int> opened = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const auto padding = paddings[static_cast<std::size_t>(i) % paddings.size()];
        const auto wrapped = sealer.encrypt(padding, data_key());
        const auto again = wrapped ? opener.decrypt(padding, *wrapped, 32) : Result<SecretBytes>(wrapped.error());
        if (again && *again == data_key()) ++opened;
      }
    });
  threads.clear();
  EXPECT_EQ(opened, 80);
}

}  // namespace
}  // namespace keyfold::crypto
