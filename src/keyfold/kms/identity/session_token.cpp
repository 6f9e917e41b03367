#include "keyfold/kms/identity/session_token.h"

#include <algorithm>

#include "keyfold/core/base/try.h"

namespace keyfold::identity {
namespace {

constexpr std::uint8_t claims_version = 2;
constexpr std::uint8_t first_version = 1;  // Without the ids of managed policies.

std::uint64_t to_number(Timestamp time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }
Timestamp to_time(std::uint64_t number) { return Timestamp(Duration(static_cast<std::int64_t>(number))); }

Result<std::string> read_text(Reader& in) {
  TRY_ASSIGN(const auto bytes, in.sized16());
  return std::string(as_text(bytes));
}

Error malformed() { return {ErrorCode::invalid_input, "not a session's claims"}; }

// session-token.md, "Value", but for the secret at its end.
void write_head(Writer& out, const SessionClaims& claims) {
  const auto text = [&out](std::string_view value) { out.sized16(as_bytes(value)); };
  out.u8(claims_version).u8(static_cast<std::uint8_t>(claims.kind));
  text(claims.account.text());
  text(claims.access_key.text());
  text(claims.name);
  text(claims.id);
  text(claims.session_name);
  out.u64(to_number(claims.issued)).u64(to_number(claims.expires));
  text(claims.policy);
  out.u8(static_cast<std::uint8_t>(claims.managed.size()));
  for (const auto& policy : claims.managed) {
    text(policy.arn);
    text(policy.id);
  }
  out.u8(static_cast<std::uint8_t>(claims.tags.size()));
  for (const auto& tag : claims.tags) {
    text(tag.key);
    text(tag.value);
  }
}

Outcome check_whose(const SessionClaims& claims) {
  const bool of_user = claims.kind == SessionClaims::Kind::user && UserName::parse(claims.name) &&
                       UserId::parse(claims.id) && claims.session_name.empty();
  const bool of_role = claims.kind == SessionClaims::Kind::role && RoleName::parse(claims.name) &&
                       RoleId::parse(claims.id) && SessionName::parse(claims.session_name);
  return of_user || of_role ? ok() : malformed();
}

Outcome read_lists(Reader& in, std::uint8_t version, SessionClaims& claims) {
  TRY_ASSIGN(const auto arns, in.u8());
  if (arns > session_policy_arns_max) return malformed();
  for (unsigned i = 0; i < arns; ++i) {
    SessionPolicy policy;
    TRY_ASSIGN(policy.arn, read_text(in));
    if (version != first_version) {
      TRY_ASSIGN(policy.id, read_text(in));
      if (!PolicyId::parse(policy.id)) return malformed();
    }
    claims.managed.push_back(std::move(policy));
  }
  TRY_ASSIGN(const auto tags, in.u8());
  if (tags > tags_per_entity_max) return malformed();
  for (unsigned i = 0; i < tags; ++i) {
    TRY_ASSIGN(auto key, read_text(in));
    TRY_ASSIGN(auto value, read_text(in));
    claims.tags.push_back({.key = std::move(key), .value = std::move(value)});
  }
  return ok();
}

}  // namespace

std::size_t SessionClaims::packed_size() const {
  std::size_t size = policy.size();
  for (const auto& one : managed) size += one.arn.size() + 2;
  for (const auto& tag : tags) size += tag.key.size() + tag.value.size() + 4;
  return size;
}

Result<SecretBytes> write_session_claims(const SessionClaims& claims, const SecretBytes& secret) {
  Bytes head;
  Writer out(head);
  write_head(out, claims);
  KEYFOLD_CHECK(secret.size() < 65536);
  out.u16(static_cast<std::uint16_t>(secret.size()));
  TRY_ASSIGN(auto value, SecretBytes::zeroed(head.size() + secret.size()));
  std::ranges::copy(head, value.fill().begin());
  std::ranges::copy(secret.reveal(), value.fill().subspan(head.size()).begin());
  return value;
}

Result<ReadSessionClaims> read_session_claims(BytesView value) {
  Reader in(value);
  TRY_ASSIGN(const auto version, in.u8());
  TRY_ASSIGN(const auto kind, in.u8());
  if (version != claims_version && version != first_version) return malformed();
  TRY_ASSIGN(const auto account_text, read_text(in));
  TRY_ASSIGN(const auto account, AccountId::parse(account_text));
  TRY_ASSIGN(const auto key_text, read_text(in));
  TRY_ASSIGN(const auto access_key, AccessKeyId::parse(key_text));
  SessionClaims claims{.kind = static_cast<SessionClaims::Kind>(kind),
                       .account = account,
                       .access_key = access_key,
                       .name = {},
                       .id = {}};
  TRY_ASSIGN(claims.name, read_text(in));
  TRY_ASSIGN(claims.id, read_text(in));
  TRY_ASSIGN(claims.session_name, read_text(in));
  TRY(check_whose(claims));
  TRY_ASSIGN(const auto issued, in.u64());
  TRY_ASSIGN(const auto expires, in.u64());
  claims.issued = to_time(issued);
  claims.expires = to_time(expires);
  TRY_ASSIGN(claims.policy, read_text(in));
  TRY(read_lists(in, version, claims));
  TRY_ASSIGN(const auto secret, in.sized16());
  TRY(in.end());
  TRY_ASSIGN(auto owned, SecretBytes::copy_of(secret));
  return ReadSessionClaims{.claims = std::move(claims), .secret = std::move(owned)};
}

}  // namespace keyfold::identity
