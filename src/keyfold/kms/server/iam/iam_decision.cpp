// What a call is about, and the decision: by the table.
#include "keyfold/core/base/try.h"
#include "keyfold/core/base/utf8.h"
#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/server/iam/iam_call.h"

namespace keyfold::server {
namespace {

using identity::Group;
using identity::Kind;
using identity::Role;
using identity::Snapshot;
using identity::User;
namespace condition_key = policy::condition_key;

// What is yet to be made, or is not there: where it is told to be, or would be.
template <class E>
About about_absent(const AccountId& account, const identity::EntityPath& path, const typename Kind<E>::Name& name) {
  return {.arn = Kind<E>::arn(account, path, name)};
}

template <class E>
About about(const Snapshot& snapshot, const AccountId& account, const typename Kind<E>::Name& name) {
  const auto* entry = snapshot.find(account, name);
  if (entry == nullptr) return about_absent<E>(account, identity::root_path(), name);
  const E& entity = entity_of(*entry);
  About about{.arn = Kind<E>::arn(account, entity.path, name)};
  if constexpr (requires { entity.tags; }) about.tags = entity.tags;
  if constexpr (requires { entity.boundary; }) about.boundary = entity.boundary;
  return about;
}

template <class E>
Result<About> about_named(const IamCall& call, const Snapshot& snapshot) {
  TRY_ASSIGN(const auto name, call.name<typename Kind<E>::Name>(call.row().parameter));
  return about<E>(snapshot, call.account(), name);
}

template <class E>
Result<About> about_new(const IamCall& call) {
  TRY_ASSIGN(const auto name, call.name<typename Kind<E>::Name>(call.row().parameter));
  TRY_ASSIGN(const auto path, call.path());
  return about_absent<E>(call.account(), path, name);
}

}  // namespace

Result<About> IamCall::about_user(const Snapshot& snapshot) const {
  TRY_ASSIGN(const auto user, user_or_caller());
  if (!user) return About{.arn = std::string(identity::root_arn(account()).text())};
  return server::about<User>(snapshot, account(), *user);
}

// What another account's policy is, and whether there is one, does not show.
Result<About> IamCall::about_policy(const Snapshot& snapshot) const {
  TRY_ASSIGN(const auto arn, this->arn(row_->parameter));
  if (!identity::parse_policy_arn(arn) && !arn.starts_with("arn:aws:iam::aws:policy/"))
    return Error{ErrorCode::validation, "ARN " + std::string(cut_utf8(arn, 256)) + " is not valid."};
  About about{.arn = std::string(arn)};
  const auto* entry = snapshot.find_policy(arn);
  if (entry != nullptr && entry->policy.account == account()) about.tags = entry->policy.tags;
  return about;
}

Result<About> IamCall::about_key_holder(const Snapshot& snapshot) const {
  TRY_ASSIGN(const auto id, name<AccessKeyId>(row_->parameter));
  const auto* entry = snapshot.find(account(), id);
  if (entry == nullptr || !entry->key.user) return About{.arn = "*"};
  return server::about<User>(snapshot, account(), *entry->key.user);
}

// Of what is not there, the ARN that it would have in the path "/".
Result<About> IamCall::about(const Snapshot& snapshot) const {
  switch (row_->resource) {
    case IamResource::user:
      return about_named<User>(*this, snapshot);
    case IamResource::user_or_caller:
      return about_user(snapshot);
    case IamResource::group:
      return about_named<Group>(*this, snapshot);
    case IamResource::role:
      return about_named<Role>(*this, snapshot);
    case IamResource::policy:
      return about_policy(snapshot);
    case IamResource::new_user:
      return about_new<User>(*this);
    case IamResource::new_group:
      return about_new<Group>(*this);
    case IamResource::new_role:
      return about_new<Role>(*this);
    case IamResource::new_policy: {
      TRY_ASSIGN(const auto policy, name<identity::PolicyName>(row_->parameter));
      TRY_ASSIGN(const auto path, this->path());
      return About{.arn = identity::policy_arn(account(), path, policy)};
    }
    case IamResource::access_key:
      return about_key_holder(snapshot);
    case IamResource::account:
    case IamResource::role_to_assume:
    case IamResource::everybody:
      break;
  }
  return About{.arn = "*"};
}

// Only what the operation takes: anything else that stands in a request says nothing of what it does.
Outcome IamCall::add_request_facts() {
  std::vector<std::string_view> keys;
  if (row_->carries(condition_key::request_tag_prefix)) {
    TRY_ASSIGN(request_tags_, tags());
    for (const auto& tag : request_tags_) {
      facts_.add(std::string(condition_key::request_tag_prefix) + tag.key, tag.value);
      keys.emplace_back(tag.key);
    }
  } else if (row_->carries(condition_key::tag_keys)) {
    TRY_ASSIGN(keys, texts("TagKeys"));
  }
  if (!keys.empty()) facts_.add_list(condition_key::tag_keys, std::move(keys));
  if (row_->carries(boundary_key))
    if (const auto boundary = text("PermissionsBoundary"))
      facts_.add(std::string(boundary_key), std::string(*boundary));
  if (row_->carries(policy_arn_key))
    if (const auto arn = text("PolicyArn")) facts_.add(std::string(policy_arn_key), std::string(*arn));
  return ok();
}

void IamCall::add_facts_of(const About& about) {
  for (const auto& tag : about.tags) {
    facts_.add(std::string(condition_key::resource_tag_prefix) + tag.key, tag.value);
    facts_.add("iam:ResourceTag/" + tag.key, tag.value);
  }
  if (about.boundary && !row_->carries(boundary_key)) facts_.add(std::string(boundary_key), *about.boundary);
}

// Who makes something with tags, needs to be allowed to tag it, too.
Result<policy::ActionPermit> IamCall::authorize() {
  if (row_->resource == IamResource::everybody) return authorizer_.everybody_may(row_->action(), account());
  TRY(add_request_facts());
  if (row_->resource == IamResource::role_to_assume) return authorize_role();
  TRY_ASSIGN(about_, about(*snapshot_));
  add_facts_of(about_);
  TRY_ASSIGN(auto permit, decide(row_->action(), about_.arn));
  if (!row_->tag_action.empty() && !request_tags_.empty()) TRY(decide(row_->tag_action, about_.arn));
  return permit;
}

Result<policy::ActionPermit> IamCall::authorize_role() {
  TRY_ASSIGN(const auto arn, this->arn(row_->parameter));
  if (caller_.type == policy::PrincipalType::root)
    return Error{ErrorCode::access_denied, "Roles may not be assumed by root accounts."};
  TRY_ASSIGN(const auto session, name<identity::SessionName>("RoleSessionName"));
  TRY_ASSIGN(const auto external_id, this->external_id());
  facts_.add("sts:RoleSessionName", std::string(session.text()));
  if (external_id) facts_.add("sts:ExternalId", std::string(*external_id));
  const auto* role = snapshot_->find_role(arn);
  if (role == nullptr) {  // Told as one that does not trust the caller.
    decision_ = "implicit deny";
    std::string text = "User: ";
    return Error{ErrorCode::access_denied, text.append(caller_.arn.text())
                                               .append(" is not authorized to perform: sts:AssumeRole on resource: ")
                                               .append(arn)};
  }
  role_ = AskedRole{.arn = role->role.arn(), .account = role->role.account};
  add_facts_of({.arn = {}, .tags = role->role.tags});
  TRY_ASSIGN(auto permit, decide(row_->action(), *role));
  if (!request_tags_.empty()) TRY(decide(row_->tag_action, *role));
  return permit;
}

// What every call has.
CallFacts IamCall::call_facts() const {
  static const OperationRow& any_row = row_of(Operation::list_keys);
  return CallFacts(any_row, http_, place_, now(), services_.keys, nullptr);
}

Result<policy::ActionPermit> IamCall::decide(std::string_view action, const std::string& resource) {
  const CallFacts call_facts = this->call_facts();
  policy::Reason reason;
  auto permit = authorizer_.authorize(caller_.for_policy(), action, resource, account(),
                                      {.values = facts_.view(), .source = &call_facts}, reason);
  note(reason, permit.has_value());
  return permit;
}

// Of a role that the caller is to become, by its trust policy.
Result<policy::ActionPermit> IamCall::decide(std::string_view action, const identity::RoleEntry& role) {
  const CallFacts call_facts = this->call_facts();
  policy::Reason reason;
  auto permit = authorizer_.authorize(caller_.for_policy(), action, role.role.arn(), *role.trust,
                                      {.values = facts_.view(), .source = &call_facts}, reason);
  note(reason, permit.has_value());
  return permit;
}

void IamCall::note(const policy::Reason& reason, bool allowed) {
  deciding_statement_ = reason.deciding_statement();
  decision_ = allowed ? "allow" : reason.cause == policy::Cause::statement ? "explicit deny" : "implicit deny";
}

}  // namespace keyfold::server
