#pragma once
// Call: one authenticated request on its way through an operation. It carries what every operation needs (who, where,
// the body, the services) and gathers what the audit record will say. Lives for one request, on one thread.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/log.h"
#include "keyfold/core/base/random.h"
#include "keyfold/core/http/service.h"
#include "keyfold/core/protocol/request_reader.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/audit/event.h"
#include "keyfold/kms/audit/log.h"
#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/server/call_facts.h"
#include "keyfold/kms/server/operation_table.h"

namespace keyfold::server {

namespace op = policy::op;
using keys::KeyRecord;
using keys::OutboxRecord;
using RequestFacts = std::span<const policy::ConditionValue>;  // What a request says, as condition values.

// What serving stands on. All of it outlives the server.
struct Services {
  keys::Keys& keys;
  audit::AuditLog& audit;
  storage::Outbox& outbox;
  const identity::Callers& callers;
  identity::Entities& entities;
  const Clock& clock;
  const Clock& signature_clock;  // Judges the time of signatures; another one when `clock` is virtual.
  Random& random;
  Log& log;
};

// What the audit record of a call will say. Reused from call to call. Views are into the request.
struct CallRecord {
  std::string_view key_id;  // As the caller gave it.
  ContextView context;
  std::string_view algorithm;
  std::vector<audit::EventField> request;
  std::vector<audit::EventTag> tags;  // Those of a field of `request`.
  std::optional<KeyArn> resource;
  InlineString<64> material;  // Hex.
  // ReEncrypt: what it was encrypted under. All of the above is the destination's.
  struct Source {
    std::string_view key_id;
    ContextView context;
    std::string_view algorithm;
    std::optional<KeyArn> resource;
    InlineString<64> material;
    std::string_view decision;  // When it was allowed; a refusal is the call's own decision.
  };
  std::optional<Source> source;
  std::string source_deciding_statement;  // Beside `source`, so that its memory is reused.
  std::string_view decision;
  std::string deciding_statement;
  std::optional<GrantId> grant;                // The one that was made, found again, retired or revoked.
  std::vector<audit::EventField> constraints;  // Those of a field of `request`.
  std::string untold_error;                    // Why it was refused, when the caller is told less.
  bool committed = false;                      // The record is in the outbox, in the same transaction as the change.

  void clear();
};

// The grants that may give a call what it wants: kept so long as they are looked at.
struct GrantsOfCall {
  std::vector<keys::Grant> held;
  std::vector<const policy::Grant*> views;
};

// What a call wants with grants themselves, when it does.
struct OfGrants {
  const policy::GrantTerms* creates = nullptr;  // CreateGrant: what the new one is to give.
  const policy::Grant* retires = nullptr;       // RetireGrant: null when there is no such grant.
};

// What a thread keeps from call to call, so that the fast lane allocates nothing.
struct Scratch {
  protocol::RequestReader reader;
  CallRecord record;
  Bytes blob;
  std::string leaf;
  GrantsOfCall grants;
};

class Call {
 public:
  Call(Services& services, const OperationRow& row, const identity::Caller& caller, const keys::Place& place,
       const http::Request& http, http::Reply& reply, Scratch& scratch)
      : services_(services), row_(row), caller_(caller), place_(place), http_(http), reply_(reply), scratch_(scratch) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const OperationRow& row() const { return row_; }
  const identity::Caller& caller() const { return caller_; }
  const keys::Place& place() const { return place_; }
  keys::Keys& keys() const { return services_.keys; }
  const Clock& clock() const { return services_.clock; }
  // Who there is, as of now.
  std::shared_ptr<const identity::Snapshot> identities() const { return services_.entities.snapshot(); }
  CallRecord& record() { return scratch_.record; }
  std::string& reply() { return reply_.body; }
  Bytes& blob() { return scratch_.blob; }
  // Before a secret of this many bytes is written to the reply: a string that grows leaves a copy behind.
  void reserve_secret(std::size_t bytes);

  // The request; what it has of key, context and algorithm is noted for the record at once, whatever becomes of it. Of
  // one that is refused here, what it names.
  template <class Request>
  Result<Request> read() {
    auto request = scratch_.reader.read<Request>(as_text(http_.body));
    if (request)
      note_request(*request);
    else
      note_names_of_refused();
    return request;
  }

  // The key, addressed as the table says it may be; what was found is noted for the record. Where the operation takes
  // keys of other accounts, one that is not there is to be answered as one that the caller may not use, for `action`.
  Result<keys::Found> find(std::string_view identifier) { return find(identifier, row_.actions[0]); }
  Result<keys::Found> find(std::string_view identifier, std::string_view action);
  Result<keys::Found> find_alias_target(std::string_view identifier);
  void note(const KeyRecord& key) { scratch_.record.resource = key.arn; }
  void note(const keys::MaterialId& material);
  // After record().source has been set.
  void note_source(const KeyRecord& key);
  void note_source_allowed();  // Behind its authorize: that decision was the source's.
  void note_source(const keys::MaterialId& material);
  // Fields of the request, for the record. At most as much is noted as an operation can take, so that what is refused
  // for its size does not make the record too large for the log.
  void note_if_any(std::string_view name, const protocol::Text& text);
  void note_policy(const protocol::Text& policy);
  void note_tags(std::span<const protocol::Tag> tags);
  // Of a grant; the fields are those of record().constraints.
  void note_constraint(std::string_view name, const std::optional<ContextView>& pairs);
  void note_tag_keys(std::span<const std::string_view> keys);

  // Each notes the decision. It is a CHECK that the table says that this operation needs this action, and carries the
  // condition keys of `facts`. A key of another account that the caller may not use does not exist to him; why he was
  // refused, only the record says.
  template <policy::KeyOperation Op>
  Result<policy::Permit<Op>> authorize(const keys::Found& found, const ContextView& context = {},
                                       RequestFacts facts = {}, const OfGrants& of_grants = {}) {
    KEYFOLD_CHECK(row_.needs(Op::action));
    const KeyRecord& key = *found.key;
    note(key);
    const CallFacts call_facts(row_, http_, place_, services_.clock.now(), services_.keys, &found);
    auto digest = keys::digest_of(context);
    policy::Grants grants;
    constexpr auto given_by = policy::grant_operation_of_action(Op::action);
    if constexpr (given_by.has_value()) grants = grants_for(key, *given_by, context, of_grants);
    policy::Reason reason;
    auto permit = authorizer_.authorize<Op>(caller_.for_policy(),
                                            {.key = key.arn,
                                             .policy = key.policy->document,
                                             .epoch = key.epoch,
                                             .context = context,
                                             .digest = digest ? *digest : policy::ContextDigest{},
                                             .facts = {.values = carried(facts), .source = &call_facts},
                                             .grants = grants,
                                             .creates = of_grants.creates},
                                            reason);
    note(reason, permit.has_value());
    if (!permit && key.place.account != caller_.account)
      return deny_stranger(found, Op::action, std::move(permit).error());
    // Who may not use the key hears that first, and nothing that depends on whether there is one.
    if (permit && !digest) return std::move(digest).error();
    return permit;
  }
  template <policy::AccountOperation Op>
  Result<policy::AccountPermit<Op>> authorize(RequestFacts facts = {}) {
    KEYFOLD_CHECK(row_.needs(Op::action));
    const CallFacts call_facts(row_, http_, place_, services_.clock.now(), services_.keys, nullptr);
    policy::Reason reason;
    auto permit =
        authorizer_.authorize<Op>(caller_.for_policy(), reason, {.values = carried(facts), .source = &call_facts});
    note(reason, permit.has_value());
    return permit;
  }
  // CreateKey with tags: an identity policy has to allow tagging the new key, as the API documents of `Tags`.
  Outcome authorize_tagging(const KeyArn& new_key, RequestFacts facts);
  // ListRetirableGrants, of this principal.
  Outcome authorize_listing(std::string_view principal, const AccountId& account);
  template <policy::AliasOperation Op>
  Result<policy::AccountPermit<Op>> authorize(const AliasName& alias) {
    KEYFOLD_CHECK(row_.needs(Op::action));
    const CallFacts call_facts(row_, http_, place_, services_.clock.now(), services_.keys, nullptr);
    policy::Reason reason;
    auto permit = authorizer_.authorize<Op>(caller_.for_policy(), alias_arn(place_.region, place_.account, alias),
                                            reason, {.values = {}, .source = &call_facts});
    note(reason, permit.has_value());
    return permit;
  }

  Outcome state_allows(const KeyRecord& key) const { return keys::state_allows(row_.states, key.state, key.arn); }
  // Refuses what AWS knows and we do not serve yet.
  Outcome refuse_unserved(const protocol::Unserved& unserved) const;
  // Fails with `invalid_grant_token` unless each is one of this server's. Grants apply from the moment they are made,
  // so a token adds nothing to what a caller may do.
  Outcome check_grant_tokens(protocol::GrantTokens tokens) const;

  // The record of this call's success, to be committed with the change; committed() when it was.
  OutboxRecord event();
  void committed() { scratch_.record.committed = true; }
  // The leaf of this call: how it ended. A view of scratch memory.
  std::string_view leaf(const Outcome& outcome, std::string_view event_id);

 private:
  RequestFacts carried(RequestFacts facts) const;
  // Views of scratch memory.
  policy::Grants grants_for(const KeyRecord& key, policy::GrantOperation operation, const ContextView& context,
                            const OfGrants& of_grants);
  void note(const policy::Reason& reason, bool allowed);
  void note_names_of_refused();
  template <class Request>
  void note_request(const Request& request) {
    if constexpr (requires { request.key_id; }) scratch_.record.key_id = protocol::Text(request.key_id).value_or("");
    if constexpr (requires { request.context; }) scratch_.record.context = request.context;
    if constexpr (requires { request.algorithm; })
      scratch_.record.algorithm = request.algorithm.value_or(protocol::symmetric_default);
  }
  // What a caller of another account hears instead of `why`, which the record keeps.
  Error deny_stranger(const keys::Found& found, std::string_view action, Error why);
  Error deny_stranger(std::string_view identifier, std::string_view action, Error why);
  bool is_of_another_account(std::string_view identifier) const;

  Services& services_;
  const OperationRow& row_;
  const identity::Caller& caller_;
  const keys::Place& place_;
  const http::Request& http_;
  http::Reply& reply_;
  Scratch& scratch_;
  policy::Authorizer authorizer_;
};

// What the operation does. Appends the reply's JSON to call.reply(); nothing for those that reply nothing.
template <Operation O>
Outcome run(Call& call);
// In operations/, a file each.
template <>
Outcome run<Operation::cancel_key_deletion>(Call& call);
template <>
Outcome run<Operation::create_alias>(Call& call);
template <>
Outcome run<Operation::create_grant>(Call& call);
template <>
Outcome run<Operation::create_key>(Call& call);
template <>
Outcome run<Operation::decrypt>(Call& call);
template <>
Outcome run<Operation::delete_alias>(Call& call);
template <>
Outcome run<Operation::describe_key>(Call& call);
template <>
Outcome run<Operation::disable_key>(Call& call);
template <>
Outcome run<Operation::disable_key_rotation>(Call& call);
template <>
Outcome run<Operation::enable_key>(Call& call);
template <>
Outcome run<Operation::enable_key_rotation>(Call& call);
template <>
Outcome run<Operation::encrypt>(Call& call);
template <>
Outcome run<Operation::explain_access>(Call& call);
template <>
Outcome run<Operation::generate_data_key>(Call& call);
template <>
Outcome run<Operation::generate_data_key_without_plaintext>(Call& call);
template <>
Outcome run<Operation::generate_random>(Call& call);
template <>
Outcome run<Operation::get_key_policy>(Call& call);
template <>
Outcome run<Operation::get_key_rotation_status>(Call& call);
template <>
Outcome run<Operation::lint_access>(Call& call);
template <>
Outcome run<Operation::list_aliases>(Call& call);
template <>
Outcome run<Operation::list_grants>(Call& call);
template <>
Outcome run<Operation::list_key_policies>(Call& call);
template <>
Outcome run<Operation::list_key_rotations>(Call& call);
template <>
Outcome run<Operation::list_keys>(Call& call);
template <>
Outcome run<Operation::list_resource_tags>(Call& call);
template <>
Outcome run<Operation::list_retirable_grants>(Call& call);
template <>
Outcome run<Operation::put_key_policy>(Call& call);
template <>
Outcome run<Operation::re_encrypt>(Call& call);
template <>
Outcome run<Operation::retire_grant>(Call& call);
template <>
Outcome run<Operation::revoke_grant>(Call& call);
template <>
Outcome run<Operation::rotate_key_on_demand>(Call& call);
template <>
Outcome run<Operation::schedule_key_deletion>(Call& call);
template <>
Outcome run<Operation::tag_resource>(Call& call);
template <>
Outcome run<Operation::untag_resource>(Call& call);
template <>
Outcome run<Operation::update_alias>(Call& call);
template <>
Outcome run<Operation::update_key_description>(Call& call);
template <>
Outcome run<Operation::who_can>(Call& call);

Outcome run(Operation operation, Call& call);  // By the table.

// Between finding a key and using it the key may change: the permit is then outdated (`conflict`), and all is decided
// anew.
template <class Attempt>
Outcome on_current_key(Call& call, Attempt&& attempt) {
  constexpr int attempts_max = 5;
  for (int i = 1;; ++i) {
    Outcome outcome = attempt();
    if (outcome || outcome.error().code != ErrorCode::conflict || i == attempts_max) return outcome;
    call.reply().clear();
  }
}

// The shape of most management operations: find, authorize, change. `change(permit, event)` returns the key as it then
// is; `reply(key)` writes what the operation replies.
template <policy::KeyOperation Op, class Change, class Reply>
Outcome change_key(Call& call, std::string_view identifier, Change&& change, Reply&& reply, RequestFacts facts = {}) {
  return on_current_key(call, [&]() -> Outcome {
    auto found = call.find(identifier);
    if (!found) return std::move(found).error();
    auto permit = call.authorize<Op>(*found, {}, facts);
    if (!permit) return std::move(permit).error();
    auto key = change(*std::move(permit), call.event());
    if (!key) return std::move(key).error();
    call.committed();
    reply(**key);
    return ok();
  });
}
template <policy::KeyOperation Op, class Change>
Outcome change_key(Call& call, std::string_view identifier, Change&& change, RequestFacts facts = {}) {
  return change_key<Op>(call, identifier, std::forward<Change>(change), [](const KeyRecord&) {}, facts);
}

// The shape of the reads: find, authorize, look at the state. The key, then.
template <policy::KeyOperation Op>
Result<std::shared_ptr<const KeyRecord>> read_key(Call& call, std::string_view identifier) {
  auto found = call.find(identifier);
  if (!found) return std::move(found).error();
  auto permit = call.authorize<Op>(*found);
  if (!permit) return std::move(permit).error();
  auto allowed = call.state_allows(*found->key);
  if (!allowed) return std::move(allowed).error();
  return std::move(found->key);
}

}  // namespace keyfold::server
