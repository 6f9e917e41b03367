#include "keyfold/core/crypto/ecdsa.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "keyfold/core/crypto/error_scope.h"

namespace keyfold::crypto {
namespace {

// By value: libcrypto's parameters are not const.
std::string group_name(Curve curve) { return curve == Curve::p256 ? SN_X9_62_prime256v1 : SN_secp384r1; }

Error cannot(std::string_view what) {
  return {ErrorCode::internal, "libcrypto cannot " + std::string(what) + " with ECDSA"};
}

using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

// What every operation on `key` starts with; null when libcrypto cannot.
PkeyContext context_for(EVP_PKEY* key) {
  return {EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), &EVP_PKEY_CTX_free};
}

const unsigned char* raw(BytesView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* writable(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

}  // namespace

void FreePkey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<EcdsaPublicKey> EcdsaPublicKey::from_compressed(Curve curve, BytesView point) {
  const Error refused{ErrorCode::invalid_input, "not a compressed point of the suite's curve"};
  // libcrypto would take the uncompressed and the hybrid forms too.
  if (point.size() != 1 + coordinate_size(curve) || (point[0] != std::byte{2} && point[0] != std::byte{3}))
    return refused;
  const ErrorScope errors;
  auto group = group_name(curve);
  auto* const point_data = const_cast<std::byte*>(point.data());  // Only read.
  OSSL_PARAM parts[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point_data, point.size()),
      OSSL_PARAM_construct_end(),
  };
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parts) != 1)
    return refused;
  EcdsaPublicKey result(curve);
  result.key_.reset(key, FreePkey());
  return result;
}

Outcome EcdsaPublicKey::verify(BytesView digest, BytesView der_signature) const {
  KEYFOLD_CHECK(digest.size() == coordinate_size(curve_));
  const ErrorScope errors;
  const auto context = context_for(key_.get());
  if (!context || EVP_PKEY_verify_init(context.get()) != 1) return cannot("verify");
  // libcrypto encodes what it decoded once more and compares: nothing but the one DER form passes.
  if (EVP_PKEY_verify(context.get(), raw(der_signature), der_signature.size(), raw(digest), digest.size()) != 1)
    return Error{ErrorCode::authentication, "the signature does not verify"};
  return ok();
}

Result<EcdsaPrivateKey> EcdsaPrivateKey::generate(Curve curve) {
  const ErrorScope errors;
  EVP_PKEY* key = EVP_EC_gen(group_name(curve).c_str());
  if (key == nullptr) return cannot("make a key");
  EcdsaPrivateKey result(curve);
  result.key_.reset(key, FreePkey());
  return result;
}

Bytes EcdsaPrivateKey::public_point() const {
  const auto coordinate = coordinate_size(curve_);
  Bytes whole(1 + 2 * coordinate);  // 04 ‖ x ‖ y
  std::size_t size = 0;
  KEYFOLD_CHECK(
      EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, writable(whole), whole.size(), &size) == 1);
  KEYFOLD_CHECK(size == whole.size() && whole[0] == std::byte{4});
  const auto sign_of_y = std::byte{2} | (whole.back() & std::byte{1});
  whole.resize(1 + coordinate);
  whole[0] = sign_of_y;
  return whole;
}

Result<Bytes> EcdsaPrivateKey::sign(BytesView digest) const {
  KEYFOLD_CHECK(digest.size() == coordinate_size(curve_));
  const ErrorScope errors;
  const auto context = context_for(key_.get());
  Bytes signature(signature_size_max(curve_));
  std::size_t size = signature.size();
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_sign(context.get(), writable(signature), &size, raw(digest), digest.size()) != 1)
    return cannot("sign");
  signature.resize(size);
  return signature;
}

}  // namespace keyfold::crypto
