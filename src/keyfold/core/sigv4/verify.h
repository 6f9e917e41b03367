#pragma once
// Verifying an AWS Signature Version 4 in two steps, so that the server can look the key up between them: present()
// checks what can be checked without a key and says who claims to have signed; verify() checks that they did.
//
// Stricter than AWS where clients of KMS lose nothing by it: only the Authorization header (no presigned query, no
// unsigned or chunked payload), one of each header that matters, everything that decides the request signed. Both steps
// are safe from any thread, and allocate only on failure. Messages are AWS's where AWS has one.

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/named.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/core/sigv4/request.h"

namespace keyfold::sigv4 {

// How far a request's time may lie from ours, either way.
inline constexpr std::chrono::minutes clock_tolerance{5};

// What a request says of its signature. The views point into the request. Nothing of it is proved before verify().
struct Presented {
  AccessKeyId access_key_id;
  Region region;
  std::string_view date;            // "20150830": the day of the credential scope, and of X-Amz-Date.
  std::string_view service;         // "kms"
  std::string_view scope;           // "20150830/eu-central-1/kms/aws4_request"
  std::string_view signed_headers;  // "content-type;host;x-amz-date": sorted, lower-case, each present.
  std::string_view amz_date;        // "20150830T123600Z"
  Timestamp time;                   // The same.
  std::string_view security_token;  // Empty: none was sent.
  ByteArray<32> signature;
};

// Step 1. `service` is the one name that the credential scope may have. Fails with
// - `missing_authentication_token`: no Authorization header;
// - `incomplete_signature`: something of the signature is missing, malformed, there twice, or not accepted here
//   (X-Amz-… in the query, UNSIGNED-PAYLOAD, STREAMING-…, too many headers);
// - `invalid_signature`: the scope is of another day or service, or a header that must be signed is not.
Result<Presented> present(const RequestView& request, std::string_view service);

// Step 2: that the request is what the holder of the signing key signed, no more than clock_tolerance from `now`, its
// body included. `presented` must come from present(request, …). Compares in constant time. Fails with
// `invalid_signature`.
Outcome verify(const Presented& presented, const RequestView& request, Timestamp now, const SecretBytes& signing_key);

// For an access key that does not exist: does the work of verify() and always refuses, with `unrecognized_client`, so
// that the time of the answer does not say which keys exist.
Error refuse_unknown_key(const Presented& presented, const RequestView& request, Timestamp now);

}  // namespace keyfold::sigv4
