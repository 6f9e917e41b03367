#include "keyfold/core/crypto/ecdsa.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace keyfold::crypto {
namespace {

constexpr std::size_t coordinate_size = 48;
constexpr std::size_t digest_size = 48;
constexpr std::size_t signature_size_max = 104;

using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

// What every operation on `key` starts with; null when libcrypto cannot.
PkeyContext context_for(EVP_PKEY* key) {
  return {EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), &EVP_PKEY_CTX_free};
}

const unsigned char* raw(BytesView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* writable(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

}  // namespace

void FreePkey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<P384PublicKey> P384PublicKey::from_compressed(BytesView point) {
  const Error refused{ErrorCode::invalid_input, "not a compressed point of P-384"};
  // libcrypto would take the uncompressed and the hybrid forms too.
  if (point.size() != 1 + coordinate_size || (point[0] != std::byte{2} && point[0] != std::byte{3})) return refused;
  char group[] = SN_secp384r1;
  auto* const point_data = const_cast<std::byte*>(point.data());  // Only read.
  OSSL_PARAM parts[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point_data, point.size()),
      OSSL_PARAM_construct_end(),
  };
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parts) != 1)
    return refused;
  P384PublicKey result;
  result.key_.reset(key, FreePkey());
  return result;
}

Outcome P384PublicKey::verify(BytesView sha384_digest, BytesView der_signature) const {
  KEYFOLD_CHECK(sha384_digest.size() == digest_size);
  const auto context = context_for(key_.get());
  if (!context || EVP_PKEY_verify_init(context.get()) != 1)
    return Error{ErrorCode::internal, "libcrypto cannot verify with P-384"};
  // libcrypto encodes what it decoded once more and compares: nothing but the one DER form passes.
  if (EVP_PKEY_verify(context.get(), raw(der_signature), der_signature.size(), raw(sha384_digest),
                      sha384_digest.size()) != 1)
    return Error{ErrorCode::authentication, "the signature does not verify"};
  return ok();
}

Result<P384PrivateKey> P384PrivateKey::generate() {
  EVP_PKEY* key = EVP_EC_gen(SN_secp384r1);
  if (key == nullptr) return Error{ErrorCode::internal, "libcrypto cannot make a P-384 key"};
  P384PrivateKey result;
  result.key_.reset(key, FreePkey());
  return result;
}

ByteArray<49> P384PrivateKey::public_point() const {
  ByteArray<1 + 2 * coordinate_size> whole;  // 04 ‖ x ‖ y
  std::size_t size = 0;
  KEYFOLD_CHECK(
      EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, writable(whole), whole.size(), &size) == 1);
  KEYFOLD_CHECK(size == whole.size() && whole[0] == std::byte{4});
  ByteArray<1 + coordinate_size> compressed;
  compressed[0] = std::byte{2} | (whole.back() & std::byte{1});
  std::ranges::copy(std::span(whole).subspan(1, coordinate_size), compressed.begin() + 1);
  return compressed;
}

Result<Bytes> P384PrivateKey::sign(BytesView sha384_digest) const {
  KEYFOLD_CHECK(sha384_digest.size() == digest_size);
  const auto context = context_for(key_.get());
  Bytes signature(signature_size_max);
  std::size_t size = signature.size();
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_sign(context.get(), writable(signature), &size, raw(sha384_digest), sha384_digest.size()) != 1)
    return Error{ErrorCode::internal, "libcrypto cannot sign with P-384"};
  signature.resize(size);
  return signature;
}

}  // namespace keyfold::crypto
