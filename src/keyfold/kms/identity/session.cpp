#include "keyfold/kms/identity/session.h"

#include "keyfold/core/base/try.h"

namespace keyfold::identity {
namespace {

using policy::Document;
using policy::PolicyKind;

// What limits a session whose policy cannot be had any more: it may do nothing.
std::shared_ptr<const Document> nothing_allowed() {
  static const auto document = std::make_shared<const Document>(*Document::parse(
      R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})", PolicyKind::session));
  return document;
}

void limit(Entitlements& to, std::shared_ptr<const Document> document) {
  to.session.push_back(document.get());
  to.documents.push_back(std::move(document));
}

std::shared_ptr<Entitlements> limited(const Entitlements& of, const SessionClaims& claims, const Snapshot& snapshot) {
  auto made = std::make_shared<Entitlements>();
  made->documents = of.documents;
  made->identity = of.identity;
  made->identity_names = of.identity_names;
  made->boundary = of.boundary;
  if (!claims.policy.empty()) {
    auto parsed = Document::parse(claims.policy, PolicyKind::session);
    limit(*made, parsed ? std::make_shared<const Document>(*std::move(parsed)) : nothing_allowed());
  }
  for (const auto& given : claims.managed) {
    const auto* entry = snapshot.find_policy(given.arn);
    const bool is_it = entry != nullptr && (given.id.empty() || entry->policy.id.text() == given.id);
    limit(*made, is_it ? entry->for_sessions : nothing_allowed());
  }
  return made;
}

bool has_tag(const std::vector<Tag>& tags, std::string_view key) {
  for (const auto& tag : tags)
    if (policy::equal_ignoring_case(tag.key, key)) return true;
  return false;
}

// IAM User Guide, "Pass session tags": what the session says of itself goes before what is said of its role.
void add_facts(OwnedFacts& facts, const SessionClaims& claims, std::string_view principal_id,
               const std::vector<Tag>& own_tags) {
  facts.add("aws:userid", std::string(principal_id));
  facts.add("aws:TokenIssueTime", to_iso8601(claims.issued));
  facts.add("aws:MultiFactorAuthPresent", "false");
  for (const auto& tag : claims.tags) facts.add("aws:PrincipalTag/" + tag.key, tag.value);
  for (const auto& tag : own_tags)
    if (!has_tag(claims.tags, tag.key)) facts.add("aws:PrincipalTag/" + tag.key, tag.value);
}

std::shared_ptr<const Session> resolve_role(const SessionClaims& claims, const Snapshot& snapshot) {
  const auto name = *RoleName::parse(claims.name);
  const auto* entry = snapshot.find(claims.account, name);
  if (entry == nullptr || entry->role.id.text() != claims.id) return nullptr;
  auto session = std::make_shared<Session>(
      Session{.claims = claims,
              .arn = session_arn(claims.account, name, *SessionName::parse(claims.session_name)),
              .principal_id = claims.id + ":" + claims.session_name,
              .issued = to_iso8601(claims.issued),
              .role = entry->role.arn(),
              .user_id = {},
              .user_name = {},
              .entitlements = nullptr});
  auto entitlements = limited(*entry->entitlements, claims, snapshot);
  add_facts(entitlements->facts, claims, session->principal_id, entry->role.tags);
  session->entitlements = std::move(entitlements);
  return session;
}

std::shared_ptr<const Session> resolve_user(const SessionClaims& claims, const Snapshot& snapshot) {
  const auto* entry = snapshot.find(claims.account, *UserName::parse(claims.name));
  if (entry == nullptr || entry->user.id.text() != claims.id) return nullptr;
  auto session = std::make_shared<Session>(Session{.claims = claims,
                                                   .arn = entry->user.arn(),
                                                   .principal_id = claims.id,
                                                   .issued = to_iso8601(claims.issued),
                                                   .role = {},
                                                   .user_id = entry->user.id,
                                                   .user_name = entry->user.name,
                                                   .entitlements = nullptr});
  auto entitlements = limited(*entry->entitlements, claims, snapshot);
  add_facts(entitlements->facts, claims, session->principal_id, entry->user.tags);
  session->entitlements = std::move(entitlements);
  return session;
}

std::shared_ptr<const Session> resolve(const SessionClaims& claims, const Snapshot& snapshot) {
  return claims.kind == SessionClaims::Kind::role ? resolve_role(claims, snapshot) : resolve_user(claims, snapshot);
}

Result<ReadSessionClaims> read_token(const vault::SealedStore& store, const AccessKeyId& id, std::string_view token) {
  const Error error{ErrorCode::authentication, "not this key's session token"};
  if (token.empty() || token.size() > session_token_size_max) return error;
  TRY_ASSIGN(const auto bytes, from_base64(token));
  TRY_ASSIGN(const auto value, store.open_token(session_token_label, bytes));
  TRY_ASSIGN(auto read, read_session_claims(value.reveal()));
  if (read.claims.access_key != id) return error;
  return read;
}

}  // namespace

std::shared_ptr<const Sessions::Opened> Sessions::open(const AccessKeyId& id, std::string_view token,
                                                       const Snapshot& snapshot) const {
  Stripe& stripe = stripes_[stripe_of_this_thread()];
  auto& slot = stripe.slots[std::hash<std::string_view>()(id.text()) % slots_per_stripe];
  std::shared_ptr<const Opened> known;
  {
    const std::scoped_lock lock(stripe.mutex);
    known = slot;
  }
  const bool same = known != nullptr && known->session->claims.access_key == id &&
                    equal_in_constant_time(as_bytes(known->token), as_bytes(token));
  if (same && known->epoch == snapshot.epoch) return known;
  auto read = read_token(store_, id, token);
  if (!read) return nullptr;
  auto session = resolve(read->claims, snapshot);
  if (session == nullptr) return nullptr;
  auto opened = std::make_shared<const Opened>(Opened{.token = std::string(token),
                                                      .secret = std::move(read->secret),
                                                      .session = std::move(session),
                                                      .epoch = snapshot.epoch});
  const std::scoped_lock lock(stripe.mutex);
  slot = opened;  // `known` keeps what was there until the lock is released.
  return opened;
}

std::string_view Caller::principal_id() const {
  if (session) return session->principal_id;
  return user_id ? user_id->text() : account.text();
}

std::optional<Timestamp> Caller::expires() const {
  return session ? std::optional(session->claims.expires) : std::nullopt;
}

policy::Caller Caller::for_policy() const {
  policy::Caller caller{.arn = arn.text(), .account = account, .type = type};
  if (session && session->role) caller.role = session->role->text();
  if (!entitlements) return caller;
  caller.identity = entitlements->identity;
  caller.boundary = entitlements->boundary;
  caller.session = entitlements->session;
  caller.facts = entitlements->facts.view();
  return caller;
}

}  // namespace keyfold::identity
