#pragma once
// ECDSA over P-256 with SHA-256 and over P-384 with SHA-384 (FIPS 186-5), as the signed message suites use them.
// Signatures are DER; public keys are compressed points (SEC 1 section 2.3.3).

#include <memory>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"

struct evp_pkey_st;

namespace keyfold::crypto {

enum class Curve : std::uint8_t { p256, p384 };

// Bytes of a coordinate, and of the digest that is signed: 32 or 48.
constexpr std::size_t coordinate_size(Curve curve) { return curve == Curve::p256 ? 32 : 48; }
// Bytes of a DER signature, at most: 72 or 104.
constexpr std::size_t signature_size_max(Curve curve) { return 2 * coordinate_size(curve) + 8; }

struct FreePkey {
  void operator()(evp_pkey_st* key) const;
};

// Immutable: may be shared between threads.
class EcdsaPublicKey {
 public:
  // Fails with `invalid_input` when it is not a point of the curve.
  static Result<EcdsaPublicKey> from_compressed(Curve curve, BytesView point);
  // Fails with `authentication` when the signature is not of this digest, or is not strict DER. The digest is
  // coordinate_size(curve) bytes (CHECK).
  Outcome verify(BytesView digest, BytesView der_signature) const;

 private:
  explicit EcdsaPublicKey(Curve curve) : curve_(curve) {}
  Curve curve_;
  std::shared_ptr<evp_pkey_st> key_;
};

// Lives for one message. Immutable: may be shared between threads.
class EcdsaPrivateKey {
 public:
  static Result<EcdsaPrivateKey> generate(Curve curve);
  Bytes public_point() const;  // Compressed: 33 or 49 bytes.
  // DER, at most signature_size_max(curve) bytes. The digest as for verify().
  Result<Bytes> sign(BytesView digest) const;

 private:
  explicit EcdsaPrivateKey(Curve curve) : curve_(curve) {}
  Curve curve_;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace keyfold::crypto
