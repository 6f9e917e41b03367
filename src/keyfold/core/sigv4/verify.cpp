#include "keyfold/core/sigv4/verify.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/core/sigv4/canonical.h"

namespace keyfold::sigv4 {
namespace {

Error incomplete(std::string message) { return Error{ErrorCode::incomplete_signature, std::move(message)}; }
Error invalid(std::string message) { return Error{ErrorCode::invalid_signature, std::move(message)}; }
std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

struct Authorization {
  std::string_view credential, signed_headers, signature;
};

// "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…": each once, in any order, nothing else.
Result<Authorization> read_authorization(std::string_view header) {
  if (!header.starts_with(algorithm) || !header.substr(algorithm.size()).starts_with(' '))
    return incomplete("Unsupported AWS 'algorithm': the Authorization header must begin with " + quoted(algorithm) +
                      ".");
  header.remove_prefix(algorithm.size());
  Authorization found;
  const std::pair<std::string_view, std::string_view*> parts[] = {
      {"Credential=", &found.credential}, {"SignedHeaders=", &found.signed_headers}, {"Signature=", &found.signature}};
  while (true) {
    while (header.starts_with(' ')) header.remove_prefix(1);
    const auto end = header.find(',');
    const auto parameter = header.substr(0, end);
    const auto* part = std::ranges::find_if(parts, [&](const auto& p) { return parameter.starts_with(p.first); });
    if (part == std::end(parts)) return incomplete("The Authorization header has a part that is not known.");
    if (!part->second->empty()) return incomplete("The Authorization header has " + quoted(part->first) + " twice.");
    *part->second = parameter.substr(part->first.size());
    if (part->second->empty()) break;  // Named below, with what else is missing.
    if (end == std::string_view::npos) break;
    header.remove_prefix(end + 1);
  }
  std::string missing;
  for (const auto& [name, value] : parts) {
    if (value->empty())
      missing += "Authorization header requires " + quoted(name.substr(0, name.size() - 1)) + " parameter. ";
  }
  if (missing.empty()) return found;
  missing.pop_back();
  return incomplete(std::move(missing));
}

// KEY/DATE/REGION/SERVICE/aws4_request
struct CredentialParts {
  std::string_view key, date, region, service, end;
};

Result<CredentialParts> split_credential(std::string_view credential) {
  CredentialParts parts;
  std::string_view rest = credential;
  for (auto* part : {&parts.key, &parts.date, &parts.region, &parts.service}) {
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos)
      return incomplete(
          "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.");
    *part = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
  }
  parts.end = rest;
  return parts;
}

Outcome check_scope(const CredentialParts& parts, std::string_view amz_date, std::string_view service) {
  if (parts.end != scope_end) return invalid("Credential should be scoped with a valid terminator: 'aws4_request'.");
  if (parts.service != service)
    return invalid("Credential should be scoped to correct service: " + quoted(service) + ".");
  if (parts.date != amz_date.substr(0, 8))
    return invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
                   quoted(parts.date.substr(0, 16)) + " != " + quoted(amz_date.substr(0, 8)) + ", from " +
                   quoted(amz_date) + ".");
  return ok();
}

// A header that may be there once only; empty when it is not there.
Result<std::string_view> only_header(const RequestView& request, std::string_view name) {
  std::string_view value;
  if (count_headers(request, name, value) > 1)
    return incomplete("The request has more than one " + quoted(name) + " header.");
  return value;
}

bool signs(std::string_view signed_headers, std::string_view wanted) {
  bool found = false;
  for_each_name(signed_headers, [&](std::string_view name) { found = found || name == wanted; });
  return found;
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view punctuation = "!#$%&'*+-.^_`|~";  // RFC 9110, "token".
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || punctuation.find(c) != std::string_view::npos;
  });
}

Outcome check_signed_headers(const RequestView& request, std::string_view signed_headers) {
  std::string_view previous;
  std::string_view ignored;
  bool sound = true;
  bool present = true;
  for_each_name(signed_headers, [&](std::string_view name) {
    sound = sound && is_header_name(name) && previous < name;
    present = present && count_headers(request, name, ignored) > 0;
    previous = name;
  });
  if (!sound) return incomplete("SignedHeaders must be lower-case header names, sorted, each once.");
  if (!present) return invalid("SignedHeaders names a header that the request does not have.");
  for (const std::string_view name : {"host", "x-amz-date", "x-amz-target", "x-amz-security-token"}) {
    const bool must = name == "host" || name == "x-amz-date" || count_headers(request, name, ignored) > 0;
    if (must && !signs(signed_headers, name))
      return invalid(quoted(name) + " must be a 'SignedHeader' in the AWS Authorization.");
  }
  return ok();
}

// What tells other services not to hash the body, or to hash it in pieces. Here the body is always hashed whole.
Outcome check_content_hash(std::string_view value) {
  if (value.starts_with("UNSIGNED-PAYLOAD"))
    return incomplete("UNSIGNED-PAYLOAD is not accepted: the body must be signed.");
  if (value.starts_with("STREAMING-"))
    return incomplete("STREAMING- payloads are not accepted: the body is signed whole.");
  return ok();
}

Result<ByteArray<32>> read_signature(std::string_view hex) {
  ByteArray<32> signature;
  if (hex.size() != 2 * signature.size()) return incomplete("Signature must be 64 hexadecimal digits.");
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  for (std::size_t i = 0; i < signature.size(); ++i) {
    const int high = digit(hex[2 * i]);
    const int low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return incomplete("Signature must be 64 hexadecimal digits, in lower case.");
    signature[i] = static_cast<std::byte>(high << 4 | low);
  }
  return signature;
}

Outcome check_time(const Presented& presented, Timestamp now) {
  const auto against = [&](Timestamp bound, char sign) {
    return to_iso8601_basic(bound) + " (" + to_iso8601_basic(now) + " " + sign + " 5 min.)";
  };
  if (presented.time < now - clock_tolerance)
    return invalid("Signature expired: " + std::string(presented.amz_date) + " is now earlier than " +
                   against(now - clock_tolerance, '-'));
  if (presented.time > now + clock_tolerance)
    return invalid("Signature not yet current: " + std::string(presented.amz_date) + " is still later than " +
                   against(now + clock_tolerance, '+'));
  return ok();
}

Outcome check_signature(const Presented& presented, const RequestView& request, BytesView signing_key) {
  const auto body_hash = hex_of(crypto::sha256(request.body));
  std::string_view claimed;
  if (count_headers(request, "x-amz-content-sha256", claimed) > 0 && claimed != text_of(body_hash))
    return invalid("The provided 'x-amz-content-sha256' header does not match what was computed.");
  TRY_ASSIGN(const auto canonical, canonical_digest(request, presented.signed_headers, text_of(body_hash)));
  const auto expected = signature_of(signing_key, presented.amz_date, presented.scope, canonical);
  if (!equal_in_constant_time(expected, presented.signature))
    return invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and "
        "signing method. Consult the service documentation for details.");
  return ok();
}

}  // namespace

Result<Presented> present(const RequestView& request, std::string_view service) {
  if (request.headers.size() > header_count_max) return incomplete("The request has too many headers.");
  const auto in_query = query_signature(request.query);
  if (!in_query) return incomplete("The query cannot be read: " + in_query.error().message + ".");
  if (*in_query == QuerySignature::present) return incomplete("Signatures in the query string are not accepted.");

  TRY_ASSIGN(const auto header, only_header(request, "authorization"));
  if (header.empty()) return Error{ErrorCode::missing_authentication_token, "Missing Authentication Token"};
  TRY_ASSIGN(const auto authorization, read_authorization(header));
  TRY_ASSIGN(const auto host, only_header(request, "host"));
  TRY_ASSIGN(const auto amz_date, only_header(request, "x-amz-date"));
  TRY(only_header(request, "x-amz-target"));
  TRY_ASSIGN(const auto security_token, only_header(request, "x-amz-security-token"));
  TRY_ASSIGN(const auto content_hash, only_header(request, "x-amz-content-sha256"));
  if (host.empty()) return incomplete("The request has no 'Host' header.");
  if (amz_date.empty()) return incomplete("Authorization header requires existence of a 'X-Amz-Date' header.");
  const auto time = from_iso8601_basic(amz_date);
  if (!time) return incomplete("Date must be in ISO-8601 'basic format'.");
  TRY(check_content_hash(content_hash));

  TRY_ASSIGN(const auto credential, split_credential(authorization.credential));
  const auto access_key_id = AccessKeyId::parse(credential.key);
  if (!access_key_id) return incomplete("Credential must begin with an access key id.");
  const auto region = Region::parse(credential.region);
  if (!region) return invalid("Credential should be scoped to a valid region.");
  TRY(check_scope(credential, amz_date, service));
  TRY(check_signed_headers(request, authorization.signed_headers));
  TRY_ASSIGN(const auto signature, read_signature(authorization.signature));
  return Presented{.access_key_id = *access_key_id,
                   .region = *region,
                   .date = credential.date,
                   .service = credential.service,
                   .scope = authorization.credential.substr(credential.key.size() + 1),
                   .signed_headers = authorization.signed_headers,
                   .amz_date = amz_date,
                   .time = *time,
                   .security_token = security_token,
                   .signature = signature};
}

Outcome verify(const Presented& presented, const RequestView& request, Timestamp now, const SecretBytes& signing_key) {
  TRY(check_time(presented, now));
  auto checked = check_signature(presented, request, signing_key.reveal());
  if (!checked && checked.error().code == ErrorCode::invalid_input) return invalid(std::move(checked).error().message);
  return checked;
}

Error refuse_unknown_key(const Presented& presented, const RequestView& request, Timestamp now) {
  // No secret: that it cannot pass is not left to chance, since whatever comes out is thrown away.
  constexpr ByteArray<32> nobody{};
  if (check_time(presented, now)) (void)check_signature(presented, request, nobody);
  return Error{ErrorCode::unrecognized_client, "The security token included in the request is invalid."};
}

}  // namespace keyfold::sigv4
