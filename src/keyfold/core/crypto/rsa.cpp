#include "keyfold/core/crypto/rsa.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <bit>
#include <optional>
#include <vector>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/core/crypto/error_scope.h"
#include "keyfold/core/crypto/kdf.h"
#include "keyfold/core/crypto/rsa_pem.h"

namespace keyfold::crypto {
namespace {

constexpr std::size_t exponent_size_max = 8;    // Bytes; libcrypto's own bound for large moduli.
constexpr std::size_t rejection_key_size = 32;  // Bytes.

using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;
const unsigned char* raw(BytesView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

// The same for whatever is wrong with a ciphertext.
Error refused() { return {ErrorCode::authentication, "not a data key wrapped under this RSA key"}; }
Error no_key(std::string_view why) { return {ErrorCode::invalid_input, "not a usable RSA key: " + std::string(why)}; }

std::size_t bits_of(BytesView number) {
  if (number.empty()) return 0;
  return number.size() * 8 - static_cast<std::size_t>(std::countl_zero(std::to_integer<std::uint8_t>(number[0])));
}
bool is_odd(BytesView number) { return !number.empty() && (number.back() & std::byte{1}) == std::byte{1}; }

Outcome check(const RsaPublicNumbers& numbers) {
  const auto bits = bits_of(numbers.modulus);
  if (bits < rsa_bits_min || bits > rsa_bits_max)
    return no_key("its modulus has " + std::to_string(bits) + " bits, not 2048 to 8192");
  if (!is_odd(numbers.modulus)) return no_key("its modulus is even");
  if (!is_odd(numbers.exponent) || bits_of(numbers.exponent) < 2 || numbers.exponent.size() > exponent_size_max)
    return no_key("its public exponent is 1, even, or larger than 64 bits");
  return ok();
}

// Collects numbers for libcrypto, which takes them in the machine's own byte order. They are wiped with this.
class Parameters {
 public:
  Outcome add(const char* name, BytesView number) {
    static_assert(std::endian::native == std::endian::little);
    TRY_ASSIGN(auto copy, SecretBytes::copy_of(number));
    std::ranges::reverse(copy.fill());
    list_.push_back(OSSL_PARAM_construct_BN(name, raw(copy.fill()), copy.size()));
    copies_.push_back(std::move(copy));
    return ok();
  }
  // Null when libcrypto does not take them for a key.
  std::shared_ptr<EVP_PKEY> make(int selection) {
    list_.push_back(OSSL_PARAM_construct_end());
    const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), &EVP_PKEY_CTX_free);
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, selection, list_.data()) != 1)
      return nullptr;
    return {key, &EVP_PKEY_free};
  }

 private:
  std::vector<OSSL_PARAM> list_;
  std::vector<SecretBytes> copies_;
};

// libcrypto's names for the paddings. `mode` "none" is RSA alone.
struct PaddingNames {
  const char* mode;
  const char* hash;
};
PaddingNames names_of(RsaPadding padding) {
  switch (padding) {
    case RsaPadding::pkcs1:
      return {.mode = OSSL_PKEY_RSA_PAD_MODE_PKCSV15, .hash = nullptr};
    case RsaPadding::oaep_sha1:
      return {.mode = OSSL_PKEY_RSA_PAD_MODE_OAEP, .hash = "SHA1"};
    case RsaPadding::oaep_sha256:
      return {.mode = OSSL_PKEY_RSA_PAD_MODE_OAEP, .hash = "SHA256"};
    case RsaPadding::oaep_sha384:
      return {.mode = OSSL_PKEY_RSA_PAD_MODE_OAEP, .hash = "SHA384"};
    case RsaPadding::oaep_sha512:
      return {.mode = OSSL_PKEY_RSA_PAD_MODE_OAEP, .hash = "SHA512"};
  }
  return {.mode = nullptr, .hash = nullptr};
}
constexpr PaddingNames no_padding{.mode = OSSL_PKEY_RSA_PAD_MODE_NONE, .hash = nullptr};

std::size_t overhead_of(RsaPadding padding) {
  switch (padding) {
    case RsaPadding::pkcs1:
      return 11;  // 00 02, at least eight bytes, 00.
    case RsaPadding::oaep_sha1:
      return 2 * 20 + 2;
    case RsaPadding::oaep_sha256:
      return 2 * 32 + 2;
    case RsaPadding::oaep_sha384:
      return 2 * 48 + 2;
    case RsaPadding::oaep_sha512:
      return 2 * 64 + 2;
  }
  return rsa_bits_max;
}

// Both directions through libcrypto; the size of what came out, or nothing.
enum class Direction : std::uint8_t { encrypt, decrypt };
std::optional<std::size_t> run(Direction direction, EVP_PKEY* key, const PaddingNames& padding, BytesView in,
                               std::span<std::byte> out) {
  const ErrorScope errors;
  std::vector<OSSL_PARAM> parameters;
  const auto add = [&](const char* name, const char* value) {
    parameters.push_back(OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(value), 0));  // Only read.
  };
  add(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, padding.mode);
  if (padding.hash != nullptr) {
    add(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, padding.hash);
    add(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, padding.hash);
  }
  parameters.push_back(OSSL_PARAM_construct_end());
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), &EVP_PKEY_CTX_free);
  if (!context) return std::nullopt;
  const auto init = direction == Direction::encrypt ? &EVP_PKEY_encrypt_init_ex : &EVP_PKEY_decrypt_init_ex;
  const auto act = direction == Direction::encrypt ? &EVP_PKEY_encrypt : &EVP_PKEY_decrypt;
  std::size_t size = out.size();
  if (init(context.get(), parameters.data()) != 1 || act(context.get(), raw(out), &size, raw(in), in.size()) != 1)
    return std::nullopt;
  return size;
}

// A damaged file is found out here, not when something cannot be opened.
Outcome check_pair(EVP_PKEY* key, std::size_t modulus_size) {
  Bytes sample(modulus_size), wrapped(modulus_size);
  for (std::size_t i = 1; i < sample.size(); ++i) sample[i] = static_cast<std::byte>(i);  // Below the modulus.
  TRY_ASSIGN(auto again, SecretBytes::zeroed(modulus_size));
  if (run(Direction::encrypt, key, no_padding, sample, wrapped) != modulus_size ||
      run(Direction::decrypt, key, no_padding, wrapped, again.fill()) != modulus_size ||
      !equal_in_constant_time(again.reveal(), sample))
    return no_key("its numbers do not belong together");
  return ok();
}

// All ones when `value` is 0, else 0; without a branch, and without the compiler's knowing that there are only two
// cases.
std::uint32_t ones_if_zero(std::uint32_t value) {
  std::uint32_t mask = 0U - ((~value & (value - 1U)) >> 31U);
  __asm__ volatile("" : "+r"(mask));
  return mask;
}

// All ones when `encoded` is 00 02, non-zero bytes, 00, and `size` bytes (RFC 8017 section 7.2.2); else 0. Reads all of
// it in any case. The size is known beforehand, so that the place of the second zero is too.
std::uint32_t is_pkcs1(BytesView encoded, std::size_t size) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(encoded[i]); };
  const std::size_t separator = encoded.size() - size - 1;
  std::uint32_t wrong = at(0) | (at(1) ^ 2U) | at(separator);
  for (std::size_t i = 2; i < separator; ++i) wrong |= ones_if_zero(at(i)) & 1U;
  return ones_if_zero(wrong);
}

}  // namespace

Result<RsaPublicKey> RsaPublicKey::from_pem(std::string_view pem) {
  TRY_ASSIGN(const auto der, rsa_der_of_pem(as_bytes(pem)));
  TRY_ASSIGN(const auto numbers, read_rsa_public(der));
  TRY(check(numbers));
  const ErrorScope errors;
  Parameters parameters;
  TRY(parameters.add(OSSL_PKEY_PARAM_RSA_N, numbers.modulus));
  TRY(parameters.add(OSSL_PKEY_PARAM_RSA_E, numbers.exponent));
  RsaPublicKey key;
  key.key_ = parameters.make(EVP_PKEY_PUBLIC_KEY);
  if (!key.key_) return no_key("libcrypto does not take it");
  key.modulus_size_ = numbers.modulus.size();
  return key;
}

Result<Bytes> RsaPublicKey::encrypt(RsaPadding padding, const SecretBytes& plaintext) const {
  if (plaintext.size() + overhead_of(padding) > modulus_size_)
    return Error{ErrorCode::invalid_input, "too long to be encrypted with this RSA key"};
  Bytes out(modulus_size_);
  if (run(Direction::encrypt, key_.get(), names_of(padding), plaintext.reveal(), out) != out.size())
    return Error{ErrorCode::internal, "libcrypto cannot encrypt with RSA"};
  return out;
}

Result<RsaPrivateKey> RsaPrivateKey::from_pem(const SecretBytes& pem) {
  TRY_ASSIGN(const auto der, rsa_der_of_pem(pem.reveal()));
  TRY_ASSIGN(const auto numbers, read_rsa_private(der));
  TRY(check(numbers.public_numbers));
  const auto modulus_size = numbers.public_numbers.modulus.size();
  const ErrorScope errors;
  Parameters parameters;
  TRY(parameters.add(OSSL_PKEY_PARAM_RSA_N, numbers.public_numbers.modulus));
  TRY(parameters.add(OSSL_PKEY_PARAM_RSA_E, numbers.public_numbers.exponent));
  for (const auto& [name, number] :
       {std::pair(OSSL_PKEY_PARAM_RSA_D, numbers.exponent), std::pair(OSSL_PKEY_PARAM_RSA_FACTOR1, numbers.prime_1),
        std::pair(OSSL_PKEY_PARAM_RSA_FACTOR2, numbers.prime_2),
        std::pair(OSSL_PKEY_PARAM_RSA_EXPONENT1, numbers.exponent_1),
        std::pair(OSSL_PKEY_PARAM_RSA_EXPONENT2, numbers.exponent_2),
        std::pair(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, numbers.coefficient)}) {
    if (number.empty() || number.size() > modulus_size) return no_key("a part is zero, or larger than the modulus");
    TRY(parameters.add(name, number));
  }
  RsaPrivateKey key;
  key.key_ = parameters.make(EVP_PKEY_KEYPAIR);
  if (!key.key_) return no_key("libcrypto does not take it");
  key.modulus_size_ = modulus_size;
  TRY(check_pair(key.key_.get(), modulus_size));
  TRY_ASSIGN(auto rejection_key, SecretBytes::zeroed(rejection_key_size));
  TRY(kbkdf_hmac_sha256(numbers.exponent, "keyfold/rsa-rejection", {}, rejection_key.fill()));
  key.rejection_key_ = std::make_shared<const SecretBytes>(std::move(rejection_key));
  return key;
}

Result<SecretBytes> RsaPrivateKey::decrypt(RsaPadding padding, BytesView ciphertext, std::size_t size) const {
  if (ciphertext.size() != modulus_size_ || size + overhead_of(padding) > modulus_size_) return refused();
  return padding == RsaPadding::pkcs1 ? decrypt_pkcs1(ciphertext, size) : decrypt_oaep(padding, ciphertext, size);
}

Result<SecretBytes> RsaPrivateKey::decrypt_pkcs1(BytesView ciphertext, std::size_t size) const {
  TRY_ASSIGN(auto encoded, SecretBytes::zeroed(modulus_size_));
  TRY_ASSIGN(auto plaintext, SecretBytes::zeroed(size));  // Begins as what a bad padding gives.
  TRY(kbkdf_hmac_sha256(rejection_key_->reveal(), "keyfold/rsa-rejected", sha256(ciphertext), plaintext.fill()));
  // The padding is looked at below: libcrypto's own check says, and takes its time to say, whether it was good.
  if (run(Direction::decrypt, key_.get(), no_padding, ciphertext, encoded.fill()) != encoded.size()) return refused();
  const std::uint32_t good = is_pkcs1(encoded.reveal(), size);
  const auto found = encoded.reveal().last(size);
  const auto mask = static_cast<std::byte>(good & 0xffU);
  for (std::size_t i = 0; i < size; ++i) plaintext.fill()[i] = (found[i] & mask) | (plaintext.fill()[i] & ~mask);
  return plaintext;
}

Result<SecretBytes> RsaPrivateKey::decrypt_oaep(RsaPadding padding, BytesView ciphertext, std::size_t size) const {
  TRY_ASSIGN(auto decoded, SecretBytes::zeroed(modulus_size_));  // libcrypto wants room for all of it.
  if (run(Direction::decrypt, key_.get(), names_of(padding), ciphertext, decoded.fill()) != size) return refused();
  return SecretBytes::copy_of(decoded.reveal().first(size));
}

}  // namespace keyfold::crypto
