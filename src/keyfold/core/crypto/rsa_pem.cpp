#include "keyfold/core/crypto/rsa_pem.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"

namespace keyfold::crypto {
namespace {

using Form = RsaDer::Form;

Error refused(std::string_view why) { return {ErrorCode::invalid_input, "not an RSA key in PEM: " + std::string(why)}; }

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view dashes = "-----";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// RFC 7468 sections 10 and 13; RFC 3447 appendix A.1 under the labels that OpenSSL gave its structures.
Result<Form> form_of(std::string_view label) {
  if (label == "PUBLIC KEY") return Form::subject_public_key_info;
  if (label == "RSA PUBLIC KEY") return Form::pkcs1_public;
  if (label == "PRIVATE KEY") return Form::pkcs8;
  if (label == "RSA PRIVATE KEY") return Form::pkcs1_private;
  if (label == "ENCRYPTED PRIVATE KEY") return refused("it is encrypted, and only unencrypted keys are read");
  return refused("it is something else");
}

Result<SecretBytes> decode_base64(std::string_view body) {
  std::string packed;
  packed.reserve(body.size());  // Once: growing would leave copies behind.
  const WipeAtEnd wipe_packed(packed);
  for (const char c : body)
    if (!is_blank(c)) packed.push_back(c);
  if (packed.find(':') != std::string::npos) return refused("it is encrypted, or has headers");
  Bytes decoded;
  decoded.reserve(packed.size());
  const WipeAtEnd wipe_decoded(decoded);
  if (!append_from_base64(decoded, packed)) return refused("bad base64");
  return SecretBytes::copy_of(decoded);
}

// Distinguished Encoding Rules (X.690), as much as RSA keys need: one element after another.
class DerReader {
 public:
  enum Tag : std::uint8_t {
    integer_tag = 0x02,
    bit_string = 0x03,
    octet_string = 0x04,
    sequence = 0x30,
    attributes = 0xa0,
  };
  explicit DerReader(BytesView bytes) : in_(bytes) {}

  Result<BytesView> element(Tag tag) {
    TRY_ASSIGN(const auto found, in_.u8());
    if (found != tag) return refused("another structure");
    TRY_ASSIGN(const auto size, length());
    return in_.bytes(size);
  }
  // A number that is not negative, without its leading zero; empty for zero.
  Result<BytesView> integer() {
    TRY_ASSIGN(const auto digits, element(integer_tag));
    if (digits.empty() || (digits[0] & std::byte{0x80}) != std::byte{0}) return refused("a negative number");
    if (digits[0] != std::byte{0}) return digits;
    const auto rest = digits.subspan(1);
    if (!rest.empty() && (rest[0] & std::byte{0x80}) == std::byte{0}) return refused("a number with a leading zero");
    return rest;
  }
  // The version that every such structure begins with.
  Outcome version_zero() {
    TRY_ASSIGN(const auto version, integer());
    return version.empty() ? ok() : Outcome(refused("another version"));
  }
  bool done() const { return in_.done(); }
  Outcome end() const { return done() ? ok() : Outcome(refused("more than belongs there")); }

 private:
  // The shortest form only. No key within the limits needs more than two bytes.
  Result<std::size_t> length() {
    TRY_ASSIGN(const auto first, in_.u8());
    if (first < 0x80) return std::size_t{first};
    if (first == 0x81) {
      TRY_ASSIGN(const auto size, in_.u8());
      if (size >= 0x80) return std::size_t{size};
    } else if (first == 0x82) {
      TRY_ASSIGN(const auto size, in_.u16());
      if (size >= 0x100) return std::size_t{size};
    }
    return refused("a bad length");
  }
  Reader in_;
};

// rsaEncryption, with its NULL: RFC 8017 appendix A.1.
constexpr std::array<std::uint8_t, 13> rsa_encryption{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                      0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

Outcome read_algorithm(DerReader& in) {
  TRY_ASSIGN(const auto algorithm, in.element(DerReader::sequence));
  return std::ranges::equal(algorithm, std::as_bytes(std::span(rsa_encryption)))
             ? ok()
             : Outcome(refused("another algorithm"));
}

// RFC 8017 appendix A.1.1: modulus, publicExponent.
Result<RsaPublicNumbers> read_pkcs1_public(BytesView der) {
  DerReader outer(der);
  TRY_ASSIGN(const auto body, outer.element(DerReader::sequence));
  TRY(outer.end());
  DerReader in(body);
  RsaPublicNumbers numbers;
  TRY_ASSIGN(numbers.modulus, in.integer());
  TRY_ASSIGN(numbers.exponent, in.integer());
  TRY(in.end());
  return numbers;
}

// RFC 8017 appendix A.1.2: version (0: two primes), n, e, d, p, q, dP, dQ, qInv.
Result<RsaPrivateNumbers> read_pkcs1_private(BytesView der) {
  DerReader outer(der);
  TRY_ASSIGN(const auto body, outer.element(DerReader::sequence));
  TRY(outer.end());
  DerReader in(body);
  TRY(in.version_zero());
  RsaPrivateNumbers numbers;
  for (BytesView* number :
       {&numbers.public_numbers.modulus, &numbers.public_numbers.exponent, &numbers.exponent, &numbers.prime_1,
        &numbers.prime_2, &numbers.exponent_1, &numbers.exponent_2, &numbers.coefficient}) {
    TRY_ASSIGN(*number, in.integer());
  }
  TRY(in.end());
  return numbers;
}

// RFC 5280 section 4.1: algorithm, then the key as a BIT STRING of whole bytes.
Result<BytesView> open_subject_public_key_info(BytesView der) {
  DerReader outer(der);
  TRY_ASSIGN(const auto body, outer.element(DerReader::sequence));
  TRY(outer.end());
  DerReader in(body);
  TRY(read_algorithm(in));
  TRY_ASSIGN(const auto bits, in.element(DerReader::bit_string));
  TRY(in.end());
  if (bits.empty() || bits[0] != std::byte{0}) return refused("a bad bit string");
  return bits.subspan(1);
}

// RFC 5208 section 5: version (0), algorithm, the key as an OCTET STRING, attributes, which mean nothing to us.
Result<BytesView> open_pkcs8(BytesView der) {
  DerReader outer(der);
  TRY_ASSIGN(const auto body, outer.element(DerReader::sequence));
  TRY(outer.end());
  DerReader in(body);
  TRY(in.version_zero());
  TRY(read_algorithm(in));
  TRY_ASSIGN(const auto key, in.element(DerReader::octet_string));
  if (!in.done()) TRY(in.element(DerReader::attributes));
  TRY(in.end());
  return key;
}

}  // namespace

Result<RsaDer> rsa_der_of_pem(BytesView pem) {
  if (pem.size() > rsa_pem_size_max) return refused("larger than 16 KiB");
  const auto text = as_text(pem);
  const auto begin = text.find(begin_mark);
  if (begin == std::string_view::npos || (begin != 0 && text[begin - 1] != '\n')) return refused("no BEGIN line");
  auto rest = text.substr(begin + begin_mark.size());
  const auto label_size = rest.find(dashes);
  if (label_size == std::string_view::npos) return refused("no BEGIN line");
  const auto label = rest.substr(0, label_size);
  TRY_ASSIGN(const auto form, form_of(label));
  rest.remove_prefix(label_size + dashes.size());
  const auto end = rest.find(end_mark);
  if (end == std::string_view::npos) return refused("no END line");
  auto after = rest.substr(end + end_mark.size());
  if (!after.starts_with(label) || !after.substr(label.size()).starts_with(dashes)) return refused("no END line");
  after.remove_prefix(label.size() + dashes.size());
  if (!std::ranges::all_of(after, is_blank)) return refused("something follows it in its file");
  TRY_ASSIGN(auto bytes, decode_base64(rest.substr(0, end)));
  return RsaDer{.form = form, .bytes = std::move(bytes)};
}

Result<RsaPublicNumbers> read_rsa_public(const RsaDer& der) {
  switch (der.form) {
    case Form::pkcs1_public:
      return read_pkcs1_public(der.bytes.reveal());
    case Form::subject_public_key_info: {
      TRY_ASSIGN(const auto key, open_subject_public_key_info(der.bytes.reveal()));
      return read_pkcs1_public(key);
    }
    case Form::pkcs8:
    case Form::pkcs1_private:
      break;
  }
  return refused("a private key where a public one belongs");
}

Result<RsaPrivateNumbers> read_rsa_private(const RsaDer& der) {
  switch (der.form) {
    case Form::pkcs1_private:
      return read_pkcs1_private(der.bytes.reveal());
    case Form::pkcs8: {
      TRY_ASSIGN(const auto key, open_pkcs8(der.bytes.reveal()));
      return read_pkcs1_private(key);
    }
    case Form::subject_public_key_info:
    case Form::pkcs1_public:
      break;
  }
  return refused("a public key where a private one belongs");
}

}  // namespace keyfold::crypto
