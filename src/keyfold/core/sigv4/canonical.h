#pragma once
// The canonical form of a request (AWS IAM User Guide, "Create a signed AWS API request", steps 1 to 3), and what is
// signed over it. For this room only: verify.h and sign.h are the ways in.

#include <string_view>

#include "keyfold/core/base/result.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/core/sigv4/request.h"

namespace keyfold::sigv4 {

inline constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view scope_end = "aws4_request";
inline constexpr std::string_view query_signature_prefix = "x-amz-";

bool equal_without_case(std::string_view a, std::string_view b);

// How many headers have this name; `first` becomes the value of the first.
std::size_t count_headers(const RequestView& request, std::string_view name, std::string_view& first);

// Calls `take` with each name of a list such as "host;x-amz-date".
template <class Take>
void for_each_name(std::string_view names, Take&& take) {
  while (true) {
    const auto end = names.find(';');
    take(names.substr(0, end));
    if (end == std::string_view::npos) return;
    names.remove_prefix(end + 1);
  }
}

// A SHA-256 digest in lower-case hexadecimal digits.
using HexDigest = std::array<char, 64>;
HexDigest hex_of(const crypto::Sha256Digest& digest);
inline std::string_view text_of(const HexDigest& hex) { return {hex.data(), hex.size()}; }

// The digest of the canonical request. Fails with `invalid_input` when the path or query is malformed or above the
// limits of request.h. Allocates nothing on success.
Result<crypto::Sha256Digest> canonical_digest(const RequestView& request, std::string_view signed_headers,
                                              std::string_view body_hash);
// Whether a parameter of the query, however encoded, has a name that begins with x-amz-. Fails as canonical_digest
// does.
enum class QuerySignature : std::uint8_t { absent, present };
Result<QuerySignature> query_signature(std::string_view query);

// HMAC(signing key, algorithm ‖ time ‖ scope ‖ digest, each on a line).
crypto::Sha256Digest signature_of(BytesView signing_key, std::string_view amz_date, std::string_view scope,
                                  const crypto::Sha256Digest& canonical);

}  // namespace keyfold::sigv4
