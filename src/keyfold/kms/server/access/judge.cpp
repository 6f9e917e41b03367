#include "keyfold/kms/server/access/judge.h"

#include <algorithm>

#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/policy/caller_facts.h"
#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/policy/until.h"
#include "keyfold/kms/server/call_facts.h"

namespace keyfold::server::access {
namespace {

using policy::equal_ignoring_case;
using policy::Values;
namespace condition_key = policy::condition_key;

bool starts(std::string_view name, std::string_view prefix) {
  return equal_ignoring_case(name.substr(0, prefix.size()), prefix);
}

constexpr std::string_view of_another_account = "because the operation is for keys of the caller's own account";

// Whether a name that ends with '/' is the beginning of a condition key, or else is the whole of it.
bool names(std::string_view known, std::string_view key) {
  return known.ends_with('/') ? starts(key, known) : equal_ignoring_case(key, known);
}
bool carries(const OperationRow& row, std::string_view key) {
  return std::ranges::any_of(row.condition_keys, [&](std::string_view known) { return names(known, key); });
}

// Whether some operation has this condition key of its request; then one that does not carry it has none.
bool is_of_requests(std::string_view name) {
  return std::ranges::any_of(operation_table(), [&](const OperationRow& row) { return carries(row, name); });
}

}  // namespace

Result<KeyAction> key_action(std::string_view name) {
  for (const auto& row : operation_table())
    for (const auto action : row.actions)
      if (row.resource != policy::ResourceKind::account && !action.empty() && equal_ignoring_case(action, name))
        return KeyAction{.name = action, .row = &row};
  return Error{ErrorCode::validation,
               "Action must be one on keys that this service has, such as kms:Decrypt: " + std::string(name)};
}

Result<policy::Attribute<ContextView>> assumed_context(const KeyAction& action,
                                                       const std::optional<ContextView>& context) {
  if (!context) return policy::Attribute<ContextView>();
  if (!action.has_context())
    return Error{ErrorCode::validation, std::string(action.name) + " has no encryption context to be said."};
  return policy::Attribute<ContextView>(*context);
}

bool is_about_context(std::string_view key) {
  return starts(key, condition_key::encryption_context_prefix) ||
         equal_ignoring_case(key, condition_key::encryption_context_keys);
}

// What is known of the call that is asked about. A key that it visits nothing for and does not say that there is none
// of stays unknown.
class Judge::Facts final : public policy::ConditionSource {
 public:
  Facts(const Judge& judge, const Subject& subject, Timestamp at)
      : judge_(judge), subject_(subject), at_(at), row_(*judge.question_.action.row) {}

  void each_spelling(std::string_view name, Visit visit) const override {
    if (given(judge_.question_.conditions, name, visit) || given(subject_.facts, name, visit)) return;
    if (tell_of_moment(at_, judge_.key_->place.region, name, visit) || tell_of_operation(row_, name, visit)) return;
    if (equal_ignoring_case(name, condition_key::encryption_algorithm) && carries(row_, name))
      return give(protocol::symmetric_default, visit);  // A call with another is refused behind its authorization.
    if (policy::is_never_there(name) || has_none(name)) return visit(Values());
    told_of_key(name, visit);
  }

 private:
  static void give(std::string_view value, Visit visit) { visit(Values(&value, 1)); }
  static bool given(std::span<const policy::ConditionValue> values, std::string_view name, Visit visit) {
    bool any = false;
    for (const auto& value : values)
      if (equal_ignoring_case(value.key, name)) {
        visit(value.values);
        any = true;
      }
    return any;
  }
  bool has_none(std::string_view name) const {
    if (starts(name, condition_key::principal_tag_prefix)) return subject_.has_all_tags;
    if (equal_ignoring_case(name, condition_key::username)) {
      const auto type = subject_.principal().type;
      return type.known() && *type != policy::PrincipalType::user;
    }
    return is_of_requests(name) && !carries(row_, name);
  }
  void told_of_key(std::string_view name, Visit visit) const {
    bool any = false;
    const bool about_keys = tell_of_key(judge_.keys_, *judge_.key_, name, [&](const policy::Attribute<Values>& values) {
      visit(values);
      any = true;
    });
    if (about_keys && !any) visit(Values());
  }

  const Judge& judge_;
  const Subject& subject_;
  const Timestamp at_;
  const OperationRow& row_;
};

Judge::Judge(const keys::Keys& keys, keys::Keys::Record key, const Question& question)
    : keys_(keys), key_(std::move(key)), question_(question), grants_(keys.grants_on(key_->arn)) {
  policy::append_dates(key_->policy->document, question_.action.name, dates_);
}

policy::Decision Judge::decide(const Subject& subject, Timestamp at, std::string* why_not) const {
  policy::Request request;
  request.principal = subject.principal();
  request.action = question_.action.name;
  request.resource = key_->arn.text();
  request.resource_account = key_->place.account.text();
  const bool has_context = question_.action.has_context();
  if (has_context && question_.context.known()) request.context = *question_.context;
  request.context_extent =
      has_context && !question_.context.known() ? policy::Extent::partial : policy::Extent::complete;
  const policy::CallerFacts of_caller(request);
  const Facts facts(*this, subject, at);
  request.conditions = of_caller.view();
  request.more_conditions = &facts;
  request.conditions_extent = policy::Extent::partial;
  request.creates = {};  // What a new grant is to give, nobody said.
  // Of kms:RetireGrant: each is asked about as the one that is to be retired.
  const auto grants = grants_.naming(subject);
  const policy::Policies policies{.key = &key_->policy->document,
                                  .identity = subject.identity,
                                  .boundary = subject.boundary,
                                  .grants = policy::Grants(grants)};
  auto decision = policy::evaluate(request, policies);
  if (why_not != nullptr && decision.verdict == policy::Verdict::deny)
    *why_not = policy::denial_text(request, decision);
  return decision;
}

bool Judge::is_out_of_reach(const Subject& subject) const {
  return question_.action.row->accounts == keys::Keys::Accounts::own && subject.account != key_->place.account.text();
}

Judgement Judge::judge(const Subject& subject) const {
  Judgement judgement;
  if (is_out_of_reach(subject)) {
    judgement.why_not = of_another_account;
    return judgement;
  }
  judgement.decision = decide(subject, question_.now, &judgement.why_not);
  if (judgement.decision.verdict == policy::Verdict::deny) return judgement;
  auto dates = dates_;
  append_dates(subject, dates);
  judgement.until = policy::first_denied(question_.now, dates,
                                         [&](Timestamp moment) { return decide(subject, moment, nullptr).verdict; });
  return judgement;
}

policy::Verdict Judge::verdict(const Subject& subject) const {
  return is_out_of_reach(subject) ? policy::Verdict::deny : decide(subject, question_.now, nullptr).verdict;
}

void Judge::append_dates(const Subject& subject, std::vector<Timestamp>& dates) const {
  for (const auto& documents : {subject.identity, subject.boundary})
    if (documents.known())
      for (const auto* document : *documents) policy::append_dates(*document, question_.action.name, dates);
}

}  // namespace keyfold::server::access
