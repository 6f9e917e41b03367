#pragma once
// ECDSA over P-384 with SHA-384 (FIPS 186-5), as the signed message suites use it. Signatures are DER; public keys are
// compressed points (49 bytes, SEC 1 section 2.3.3).

#include <memory>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"

struct evp_pkey_st;

namespace keyfold::crypto {

struct FreePkey {
  void operator()(evp_pkey_st* key) const;
};

// Immutable: may be shared between threads.
class P384PublicKey {
 public:
  // Fails with `invalid_input` when it is not a point of the curve.
  static Result<P384PublicKey> from_compressed(BytesView point);
  // Fails with `authentication` when the signature is not of this digest, or is not strict DER.
  Outcome verify(BytesView sha384_digest, BytesView der_signature) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

// Lives for one message. Immutable: may be shared between threads.
class P384PrivateKey {
 public:
  static Result<P384PrivateKey> generate();
  ByteArray<49> public_point() const;
  // DER, at most 104 bytes.
  Result<Bytes> sign(BytesView sha384_digest) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace keyfold::crypto
