#include "keyfold/core/crypto/rsa_pem.h"

#include <gtest/gtest.h>

#include "keyfold/core/crypto/rsa_keys_test.h"

namespace keyfold::crypto {
namespace {

using testing::rsa_2048;
using Form = RsaDer::Form;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}
bool read(std::string_view pem) {
  const auto der = rsa_der_of_pem(as_bytes(pem));
  return der && (read_rsa_public(*der) || read_rsa_private(*der));
}
RsaDer of(Form form, BytesView bytes) { return {.form = form, .bytes = *SecretBytes::copy_of(bytes)}; }
bool read(Form form, BytesView bytes) {
  const auto der = of(form, bytes);
  return read_rsa_public(der) || read_rsa_private(der);
}
std::vector<RsaDer> all_forms() {
  std::vector<RsaDer> forms;
  for (const auto& file : {rsa_2048().spki, rsa_2048().pkcs1_public, rsa_2048().pkcs8, rsa_2048().pkcs1_private})
    forms.push_back(*rsa_der_of_pem(as_bytes(file)));
  return forms;
}

TEST(RsaPem, ReadsTheSameNumbersFromEveryForm) {
  const auto forms = all_forms();
  const auto spki = read_rsa_public(forms[0]), pkcs1_public = read_rsa_public(forms[1]);
  const auto pkcs8 = read_rsa_private(forms[2]), pkcs1_private = read_rsa_private(forms[3]);
  ASSERT_TRUE(spki && pkcs1_public && pkcs8 && pkcs1_private);
  for (const auto& numbers : {*spki, *pkcs1_public, pkcs8->public_numbers}) {
    EXPECT_EQ(to_hex(numbers.modulus), to_hex(pkcs1_private->public_numbers.modulus));
    EXPECT_EQ(to_hex(numbers.exponent), "010001");
    EXPECT_EQ(numbers.modulus.size(), 256U);
  }
  for (const auto part :
       {&RsaPrivateNumbers::exponent, &RsaPrivateNumbers::prime_1, &RsaPrivateNumbers::prime_2,
        &RsaPrivateNumbers::exponent_1, &RsaPrivateNumbers::exponent_2, &RsaPrivateNumbers::coefficient}) {
    EXPECT_TRUE(std::ranges::equal((*pkcs8).*part, (*pkcs1_private).*part));
    EXPECT_GT(((*pkcs8).*part).size(), 120U);
  }
}

TEST(RsaPem, TakesWhatEditorsAndToolsDoToAFile) {
  const auto& pem = rsa_2048().spki;
  EXPECT_TRUE(read(pem));
  EXPECT_TRUE(read(replaced(pem, "\n", "\r\n")));
  EXPECT_TRUE(read("subject: ledger\nissuer: the archive\n" + pem + "\n\n \n"));
  EXPECT_TRUE(read(pem.substr(0, pem.size() - 1)));
}

TEST(RsaPem, SaysWhatIsWrongWithAFile) {
  const auto& pem = rsa_2048().pkcs8;
  for (const auto& [file, words] : std::initializer_list<std::pair<std::string, std::string_view>>{
           {"", "no BEGIN line"},
           {"-----BEGIN PRIVATE KEY", "no BEGIN line"},
           {"x" + pem, "no BEGIN line"},
           {pem.substr(0, pem.size() / 2), "no END line"},
           {replaced(pem, "END PRIVATE", "END RSA PRIVATE"), "no END line"},
           {pem + pem, "something follows"},
           {replaced(pem, "PRIVATE KEY", "CERTIFICATE"), "something else"},
           {replaced(pem, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "only unencrypted keys"},
           {replaced(pem, "KEY-----\nM", "KEY-----\nProc-Type: 4,ENCRYPTED\n\nM"), "it is encrypted"},
           {replaced(pem, "\nM", "\n*"), "base64"},
           {std::string(rsa_pem_size_max, '\n') + pem, "16 KiB"},
           {replaced(pem, "PRIVATE KEY", "RSA PRIVATE KEY"), "another structure"},
       }) {
    const auto der = rsa_der_of_pem(as_bytes(file));
    const auto error = der ? read_rsa_private(*der).error() : der.error();
    EXPECT_EQ(error.code, ErrorCode::invalid_input);
    EXPECT_NE(error.message.find(words), std::string::npos) << words << " / " << error.message;
  }
}

TEST(RsaPem, RefusesEveryTruncationAndWhatFollows) {
  for (const auto& der : all_forms()) {
    const auto bytes = der.bytes.reveal();
    ASSERT_TRUE(read(der.form, bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(read(der.form, bytes.first(size))) << size;
    Bytes longer(bytes.begin(), bytes.end());
    longer.push_back(std::byte{0});
    EXPECT_FALSE(read(der.form, longer));
  }
}

TEST(RsaPem, ReadsNothingOutsideOfWhatItWasGivenWhateverBitIsFlipped) {
  for (const auto& der : all_forms()) {
    Bytes bytes(der.bytes.reveal().begin(), der.bytes.reveal().end());
    for (std::size_t bit = 0; bit < std::min<std::size_t>(bytes.size(), 80) * 8; ++bit) {
      bytes[bit / 8] ^= std::byte{1} << bit % 8;
      const auto changed = of(der.form, bytes);
      const auto whole = changed.bytes.reveal();
      if (const auto numbers = read_rsa_public(changed)) {
        EXPECT_GE(numbers->exponent.data(), whole.data());
        EXPECT_LE(numbers->exponent.data() + numbers->exponent.size(), whole.data() + whole.size());
      }
      if (const auto numbers = read_rsa_private(changed)) {
        EXPECT_LE(numbers->coefficient.data() + numbers->coefficient.size(), whole.data() + whole.size());
      }
      bytes[bit / 8] ^= std::byte{1} << bit % 8;
    }
  }
}

TEST(RsaPem, TakesOnlyTheOneWayToWriteANumber) {
  // SEQUENCE { INTEGER, INTEGER 3 }
  const auto with_modulus = [](std::string_view integer) {
    const auto body = *from_hex(std::string(integer) + "020103");
    Bytes whole{std::byte{0x30}, static_cast<std::byte>(body.size())};
    whole.insert(whole.end(), body.begin(), body.end());
    return read(Form::pkcs1_public, whole);
  };
  EXPECT_TRUE(with_modulus("020105"));
  EXPECT_TRUE(with_modulus("02020085"));
  EXPECT_TRUE(with_modulus("020100"));
  EXPECT_FALSE(with_modulus("0200")) << "no digits";
  EXPECT_FALSE(with_modulus("020185")) << "negative";
  EXPECT_FALSE(with_modulus("02020005")) << "a leading zero";
  EXPECT_FALSE(with_modulus("02810105")) << "a long length";
  EXPECT_FALSE(with_modulus("0282000105")) << "a longer length";
  EXPECT_FALSE(with_modulus("02800105")) << "an indefinite length";
  EXPECT_FALSE(with_modulus("030105")) << "no INTEGER";
}

}  // namespace
}  // namespace keyfold::crypto
