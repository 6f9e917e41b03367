#include "keyfold/core/sigv4/sign.h"

#include <vector>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/core/sigv4/canonical.h"
#include "keyfold/core/sigv4/signing_key.h"

namespace keyfold::sigv4 {
namespace {

Error cannot(std::string why) { return Error{ErrorCode::invalid_input, "cannot sign a request " + std::move(why)}; }

Outcome check(const RequestView& request) {
  std::string_view ignored;
  if (request.headers.size() + 2 > header_count_max) return cannot("with so many headers");
  if (count_headers(request, "host", ignored) != 1) return cannot("without one Host header");
  for (const std::string_view name : {"authorization", "x-amz-date", "x-amz-security-token"}) {
    if (count_headers(request, name, ignored) != 0) return cannot("that has " + std::string(name) + " already");
  }
  return ok();
}

// Their names in lower case, sorted, each once.
std::string names_of(std::span<const HeaderView> headers) {
  std::vector<std::string> names;
  for (const auto& header : headers) {
    std::string name(header.name);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  std::string list;
  for (const auto& name : names) list.append(list.empty() ? "" : ";").append(name);
  return list;
}

}  // namespace

Result<SignatureHeaders> sign(const RequestView& request, const Credentials& credentials, const Region& region,
                              std::string_view service, Timestamp now) {
  TRY(check(request));
  SignatureHeaders result{.authorization = {},
                          .amz_date = to_iso8601_basic(now),
                          .amz_security_token = std::string(as_text(credentials.session_token.reveal()))};
  std::vector<HeaderView> headers(request.headers.begin(), request.headers.end());
  headers.push_back({.name = "x-amz-date", .value = result.amz_date});
  if (!result.amz_security_token.empty())
    headers.push_back({.name = "x-amz-security-token", .value = result.amz_security_token});
  RequestView whole = request;
  whole.headers = headers;

  const std::string signed_headers = names_of(headers);
  const std::string date = result.amz_date.substr(0, 8);
  std::string scope = date;
  scope.append("/").append(region.text()).append("/").append(service).append("/").append(scope_end);
  const auto body_hash = hex_of(crypto::sha256(request.body));
  TRY_ASSIGN(const auto canonical, canonical_digest(whole, signed_headers, text_of(body_hash)));
  TRY_ASSIGN(const auto key, derive_signing_key(credentials.secret_access_key, date, region, service));
  const auto signature = hex_of(signature_of(key.reveal(), result.amz_date, scope, canonical));

  result.authorization.append(algorithm)
      .append(" Credential=")
      .append(credentials.access_key_id)
      .append("/")
      .append(scope);
  result.authorization.append(", SignedHeaders=").append(signed_headers);
  result.authorization.append(", Signature=").append(text_of(signature));
  return result;
}

}  // namespace keyfold::sigv4
