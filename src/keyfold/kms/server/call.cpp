#include "keyfold/kms/server/call.h"

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/errors.h"
#include "keyfold/kms/keys/identifier.h"
#include "keyfold/kms/server/caller_identity.h"

namespace keyfold::server {
namespace {

constexpr std::size_t name_recorded_max = 2048;     // Bytes of a key's or alias's in a request that was refused.
constexpr std::size_t context_recorded_max = 8192;  // Bytes: those of any that an operation takes.
constexpr std::size_t reply_overhead =
    1024;  // Bytes: more than names, ARNs and a ciphertext blob's first kilobytes beside a secret.

InlineString<64> hex_of(const keys::MaterialId& material) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 64> hex;
  std::size_t at = 0;
  for (const std::byte b : material) {
    hex[at++] = digits[std::to_integer<std::size_t>(b >> 4)];
    hex[at++] = digits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return InlineString<64>(std::string_view(hex.data(), at));
}

// A context too large to be bound to a ciphertext was refused for that; written down, it could make the record too
// large for the log, and then there would be none.
ContextView recorded(const ContextView& context) {
  std::size_t size = 0;
  for (const auto& pair : context) size += pair.key.size() + pair.value.size();
  return size <= context_recorded_max ? context : ContextView();
}

// CloudTrail writes AccessDenied, and the exception's name for everything else.
std::string_view error_code_of(const Outcome& outcome) {
  if (outcome) return {};
  return outcome.error().code == ErrorCode::access_denied ? "AccessDenied" : protocol::error_name(outcome.error().code);
}

std::string_view error_message_of(const Outcome& outcome, const CallRecord& record) {
  if (outcome) return {};
  return record.untold_error.empty() ? outcome.error().message : record.untold_error;
}

}  // namespace

void CallRecord::clear() {
  key_id = {};
  context = {};
  algorithm = {};
  request.clear();
  tags.clear();
  resource.reset();
  material = {};
  source.reset();
  decision = {};
  deciding_statement.clear();
  source_deciding_statement.clear();
  grant.reset();
  constraints.clear();
  untold_error.clear();
  committed = false;
}

void Call::reserve_secret(std::size_t bytes) {
  const std::size_t wanted = base64_size(bytes) + base64_size(scratch_.blob.size()) + reply_overhead;
  if (reply_.body.capacity() < wanted) reply_.body.reserve(wanted);
}

// What somebody tried belongs into the record, however clumsily it was tried.
void Call::note_names_of_refused() {
  CallRecord& record = scratch_.record;
  const auto text_of = [this](std::string_view member) {
    return scratch_.reader.text_of(member).substr(0, name_recorded_max);
  };
  const auto note_field = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) record.request.emplace_back(name, text);
  };
  switch (row_.operation) {
    case Operation::re_encrypt:
      record.key_id = text_of("DestinationKeyId");
      record.source.emplace().key_id = text_of("SourceKeyId");
      return;
    case Operation::create_alias:
    case Operation::update_alias:
      note_field("aliasName", text_of("AliasName"));
      note_field("targetKeyId", text_of("TargetKeyId"));
      return;
    case Operation::delete_alias:
      note_field("aliasName", text_of("AliasName"));
      return;
    case Operation::retire_grant:
      record.key_id = text_of("KeyId");
      note_field("grantId", text_of("GrantId"));
      return;
    case Operation::list_retirable_grants:
      note_field("retiringPrincipal", text_of("RetiringPrincipal"));
      return;
    default:
      if (row_.identifiers != Identifiers::none) record.key_id = text_of("KeyId");
  }
}

Result<keys::Found> Call::find(std::string_view identifier, std::string_view action) {
  auto found = row_.identifiers == Identifiers::key_or_alias
                   ? services_.keys.find(place_, identifier)
                   : services_.keys.find_key(place_, identifier, row_.accounts);
  if (found && row_.accounts == keys::Keys::Accounts::own && found->key->place.account != caller_.account)
    found = keys::no_such_key(found->key->arn.text());
  if (found) note(*found->key);
  if (!found && found.error().code == ErrorCode::not_found && is_of_another_account(identifier))
    return deny_stranger(identifier, action, std::move(found).error());
  return found;
}

// Whether it is a well-formed name of something of another account that this operation takes, be it there or not.
bool Call::is_of_another_account(std::string_view identifier) const {
  if (row_.accounts != keys::Keys::Accounts::any) return false;
  const auto named = keys::parse_identifier(place_, identifier);
  return named && named->account != caller_.account && (named->key || row_.identifiers == Identifiers::key_or_alias);
}

// He did not name it, or by the name that is given back: no other is told him.
Error Call::deny_stranger(const keys::Found& found, std::string_view action, Error why) {
  const KeyRecord& key = *found.key;
  if (found.alias)
    return deny_stranger(alias_arn(key.place.region, key.place.account, *found.alias).text(), action, std::move(why));
  if (found.by != keys::AddressedBy::ciphertext) return deny_stranger(key.arn.text(), action, std::move(why));
  scratch_.record.untold_error = std::move(why).message;
  return keys::no_key_for_ciphertext();
}
Error Call::deny_stranger(std::string_view identifier, std::string_view action, Error why) {
  scratch_.record.untold_error = std::move(why).message;
  return {ErrorCode::access_denied, policy::denial_text_for_stranger(caller_.arn.text(), action, identifier)};
}

Result<keys::Found> Call::find_alias_target(std::string_view identifier) {
  auto found = services_.keys.find_alias_target(place_, identifier);
  if (found) note(*found->key);
  return found;
}

void Call::note(const keys::MaterialId& material) { scratch_.record.material = hex_of(material); }

void Call::note_source(const KeyRecord& key) {
  scratch_.record.source->resource = key.arn;
  scratch_.record.source->decision = {};
  scratch_.record.source_deciding_statement.clear();
}
void Call::note_source_allowed() {
  scratch_.record.source->decision = std::exchange(scratch_.record.decision, {});
  scratch_.record.source_deciding_statement.swap(scratch_.record.deciding_statement);
}
void Call::note_source(const keys::MaterialId& material) { scratch_.record.source->material = hex_of(material); }

void Call::note_if_any(std::string_view name, const protocol::Text& text) {
  if (text) scratch_.record.request.emplace_back(name, *text);
}

void Call::note_policy(const protocol::Text& policy) {
  if (policy && policy->size() <= policy::document_size_max) note_if_any("policy", policy);
}

void Call::note_tags(std::span<const protocol::Tag> tags) {
  if (tags.empty()) return;
  CallRecord& record = scratch_.record;
  for (const auto& tag : tags.first(std::min(tags.size(), keys::tags_max)))
    record.tags.push_back({.key = tag.key, .value = tag.value});
  record.request.push_back(audit::EventField::tags("tags", record.tags));
}

void Call::note_constraint(std::string_view name, const std::optional<ContextView>& pairs) {
  if (pairs) scratch_.record.constraints.push_back(audit::EventField::context(name, recorded(*pairs)));
}

void Call::note_tag_keys(std::span<const std::string_view> keys) {
  scratch_.record.request.push_back(
      audit::EventField::texts("tagKeys", keys.first(std::min(keys.size(), keys::tags_max))));
}

RequestFacts Call::carried(RequestFacts facts) const {
  for (const auto& fact : facts) {
    const auto tag = fact.key.find('/');
    KEYFOLD_CHECK(row_.carries(tag == std::string_view::npos ? fact.key : fact.key.substr(0, tag + 1)));
  }
  return facts;
}

void Call::note(const policy::Reason& reason, bool allowed) {
  scratch_.record.deciding_statement.assign(reason.deciding_statement());
  scratch_.record.decision = allowed                                    ? "allow"
                             : reason.cause == policy::Cause::statement ? "explicit deny"
                                                                        : "implicit deny";
}

Outcome Call::refuse_unserved(const protocol::Unserved& unserved) const {
  if (unserved.recipient) return Error{ErrorCode::unsupported_operation, "Recipient is not supported by this service."};
  return ok();
}

Outcome Call::check_grant_tokens(protocol::GrantTokens tokens) const {
  for (const auto token : tokens) TRY(services_.keys.read_grant_token(token));
  return ok();
}

policy::Grants Call::grants_for(const KeyRecord& key, policy::GrantOperation operation, const ContextView& context,
                                const OfGrants& of_grants) {
  auto& [held, views] = scratch_.grants;
  held.clear();
  views.clear();
  if (operation == policy::GrantOperation::retire_grant) {
    if (of_grants.retires != nullptr) views.push_back(of_grants.retires);
    return views;
  }
  const auto collect = [&](std::string_view principal) {
    services_.keys.collect_grants(key.arn, principal, operation, context, held);
  };
  const policy::Caller caller = caller_.for_policy();
  collect(caller.arn);
  if (!caller.role.empty()) collect(caller.role);
  if (caller.type != policy::PrincipalType::root) {
    InlineString<40> root("arn:aws:iam::");
    collect(root.append(caller.account.text()).append(":root").view());
  }
  for (const auto& grant : held) views.push_back(&grant->for_policy());
  return views;
}

Outcome Call::authorize_tagging(const KeyArn& new_key, RequestFacts facts) {
  const CallFacts call_facts(row_, http_, place_, services_.clock.now(), services_.keys, nullptr);
  policy::Reason reason;
  const auto permit = authorizer_.authorize(caller_.for_policy(), op::TagResource::action, new_key.text(),
                                            place_.account, {.values = carried(facts), .source = &call_facts}, reason);
  if (permit) return ok();  // The record has what decided on the creation.
  note(reason, false);
  return permit.error();
}

Outcome Call::authorize_listing(std::string_view principal, const AccountId& account) {
  KEYFOLD_CHECK(row_.needs(op::ListRetirableGrants::action));
  const CallFacts call_facts(row_, http_, place_, services_.clock.now(), services_.keys, nullptr);
  policy::Reason reason;
  auto allowed = authorizer_.authorize_listing(caller_.for_policy(), principal, account, reason,
                                               {.values = {}, .source = &call_facts});
  note(reason, allowed.has_value());
  return allowed;
}

std::string_view Call::leaf(const Outcome& outcome, std::string_view event_id) {
  const CallRecord& record = scratch_.record;
  const AccountId account = record.resource ? account_of(*record.resource) : place_.account;
  audit::ReEncryptSource source;
  AccountId source_account = account;
  if (record.source) {
    source = {.key_id = record.source->key_id,
              .encryption_context = recorded(record.source->context),
              .encryption_algorithm = record.source->algorithm,
              .key_material_id = record.source->material.view(),
              .decision = record.source->decision,
              .deciding_statement = record.source_deciding_statement,
              .resource_arn = {},
              .resource_account = {}};
    // Refused at the source, or within one key: that is the one resource.
    if (record.source->resource && record.source->resource != record.resource) {
      source_account = account_of(*record.source->resource);
      source.resource_arn = record.source->resource->text();
      source.resource_account = source_account.text();
    }
  }
  // What a call says of its grant, as CloudTrail has it: CreateGrant answers with it, RetireGrant need not name it.
  std::array<audit::EventField, 2> grant_fields = {audit::EventField("grantId", ""), audit::EventField("keyId", "")};
  std::span<const audit::EventField> response, more;
  if (record.grant) {
    grant_fields[0] = audit::EventField("grantId", record.grant->text());
    grant_fields[1] = audit::EventField("keyId", record.resource ? record.resource->text() : std::string_view());
    if (row_.operation == Operation::create_grant && outcome) response = grant_fields;
    if (row_.operation == Operation::retire_grant) more = std::span(grant_fields).first(1);
  }
  const CallerIdentity who(caller_);
  const audit::AuditEvent event{
      .time = services_.clock.now(),
      .user = who.user(),
      .name = row_.name,
      .region = place_.region.text(),
      .source_ip = http_.peer,
      .user_agent = http_.header("user-agent"),
      .error_code = error_code_of(outcome),
      .error_message = error_message_of(outcome, record),
      .request = {.key_id = record.key_id,
                  .encryption_context = recorded(record.context),
                  .encryption_algorithm = record.algorithm,
                  .others = record.request},
      .response = response,
      .details = {.key_material_id = record.material.view(),
                  .decision = record.decision,
                  .deciding_statement = record.deciding_statement,
                  .others = more},
      .tls = {.version = http_.tls_version, .cipher_suite = http_.cipher_suite, .host = http_.header("host")},
      .re_encrypted = record.source ? &source : nullptr,
      .request_id = reply_.request_id.view(),
      .event_id = event_id,
      .access = row_.access,
      .type = audit::EventType::aws_api_call,
      .resource_arn = record.resource ? record.resource->text() : std::string_view(),
      .resource_account = record.resource ? account.text() : std::string_view(),
      .recipient_account = account.text(),
  };
  audit::encode(event, scratch_.leaf);
  return scratch_.leaf;
}

OutboxRecord Call::event() {
  const auto id = random_uuid(services_.random);
  return {.event_id = std::string(id.view()), .body = to_bytes(leaf(ok(), id.view()))};
}

}  // namespace keyfold::server
