#pragma once
// RSA keys as PEM files (RFC 7468), taken apart into their numbers. Done here, in memory that is wiped: libcrypto's own
// decoders leave copies of a private key behind on the heap. Nothing is decrypted: only unencrypted files are read.

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/secret.h"

namespace keyfold::crypto {

inline constexpr std::size_t rsa_pem_size_max = 16384;  // Bytes. A private key of 8192 bits takes about 6,500.

// Big-endian, no leading zeros. Views into the DER that they were read from.
struct RsaPublicNumbers {
  BytesView modulus, exponent;
};
struct RsaPrivateNumbers {
  RsaPublicNumbers public_numbers;
  BytesView exponent;                // d
  BytesView prime_1, prime_2;        // p, q
  BytesView exponent_1, exponent_2;  // d mod (p - 1), d mod (q - 1)
  BytesView coefficient;             // q^-1 mod p
};

// What stands between BEGIN and END, which form it has, and nothing of what it means. Explanations may stand before it.
struct RsaDer {
  enum class Form : std::uint8_t { subject_public_key_info, pkcs1_public, pkcs8, pkcs1_private };
  Form form;
  SecretBytes bytes;
};

// Fail with `invalid_input`.
Result<RsaDer> rsa_der_of_pem(BytesView pem);
Result<RsaPublicNumbers> read_rsa_public(const RsaDer& der);
Result<RsaPrivateNumbers> read_rsa_private(const RsaDer& der);  // Two primes, with all parts.

}  // namespace keyfold::crypto
