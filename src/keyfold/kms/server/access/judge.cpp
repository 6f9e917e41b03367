#include "keyfold/kms/server/access/judge.h"

#include <algorithm>

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

// The operation that is asked for with this action; null: one that there is none of.
const OperationRow* row_with(std::string_view action) {
  const auto& table = operation_table();
  const auto* row = std::ranges::find_if(table, [&](const OperationRow& one) { return one.needs(action); });
  return row == table.end() ? nullptr : row;
}

// Whether some operation has this condition key of its request; then one that does not carry it has none.
bool is_of_requests(std::string_view name) {
  return std::ranges::any_of(operation_table(), [&](const OperationRow& row) {
    return std::ranges::any_of(row.condition_keys, [&](std::string_view key) {
      return key.ends_with('/') ? starts(name, key) : equal_ignoring_case(name, key);
    });
  });
}

std::vector<const policy::Grant*> views_of(const std::vector<keys::Grant>& grants) {
  std::vector<const policy::Grant*> views;
  views.reserve(grants.size());
  for (const auto& grant : grants) views.push_back(&grant->for_policy());
  return views;
}

}  // namespace

// What is known of the call that is asked about. A key that it visits nothing for and does not say that there is none
// of stays unknown.
class Judge::Facts final : public policy::ConditionSource {
 public:
  Facts(const Judge& judge, const Subject& subject, Timestamp at)
      : judge_(judge), subject_(subject), time_(to_iso8601(at)), row_(row_with(judge.question_.action)) {}

  void each_spelling(std::string_view name, Visit visit) const override {
    if (given(judge_.question_.conditions, name, visit) || given(subject_.facts, name, visit)) return;
    if (equal_ignoring_case(name, condition_key::current_time) || equal_ignoring_case(name, condition_key::epoch_time))
      return give(time_, visit);
    if (equal_ignoring_case(name, condition_key::principal_is_aws_service) ||
        equal_ignoring_case(name, condition_key::via_aws_service))
      return give(policy::text_of(false), visit);
    if (equal_ignoring_case(name, condition_key::requested_region))
      return give(judge_.key_->place.region.text(), visit);
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
    return row_ != nullptr && is_of_requests(name) && !carries(name);
  }
  bool carries(std::string_view name) const {
    return std::ranges::any_of(row_->condition_keys, [&](std::string_view key) {
      return key.ends_with('/') ? starts(name, key) : equal_ignoring_case(name, key);
    });
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
  const std::string time_;
  const OperationRow* row_;
};

Judge::Judge(const keys::Keys& keys, keys::Keys::Record key, const Question& question)
    : keys_(keys),
      key_(std::move(key)),
      question_(question),
      held_(keys.grants_on(key_->arn)),
      grants_(views_of(held_)) {}

policy::Decision Judge::decide(const Subject& subject, Timestamp at, std::string* why_not) const {
  policy::Request request;
  request.principal = subject.principal();
  request.action = question_.action;
  request.resource = key_->arn.text();
  request.resource_account = key_->place.account.text();
  if (question_.context.known()) request.context = *question_.context;
  request.context_extent = question_.context.known() ? policy::Extent::complete : policy::Extent::partial;
  const policy::CallerFacts of_caller(request);
  const Facts facts(*this, subject, at);
  request.conditions = of_caller.view();
  request.more_conditions = &facts;
  request.conditions_extent = policy::Extent::partial;
  request.creates = {};  // What a new grant is to give, nobody said; nor which grant is to be retired.
  policy::Policies policies{.key = &key_->policy->document, .identity = subject.identity, .boundary = subject.boundary};
  if (question_.action != policy::op::RetireGrant::action)
    policies.grants = policy::Grants(grants_);
  else if (!grants_.empty())
    policies.grants = {};
  auto decision = policy::evaluate(request, policies);
  if (why_not != nullptr && decision.verdict == policy::Verdict::deny)
    *why_not = policy::denial_text(request, decision);
  return decision;
}

Judgement Judge::judge(const Subject& subject) const {
  Judgement judgement;
  judgement.decision = decide(subject, question_.now, &judgement.why_not);
  if (judgement.decision.verdict == policy::Verdict::deny) return judgement;
  auto dates_to_try = dates(subject);
  judgement.until = policy::first_denied(question_.now, dates_to_try,
                                         [&](Timestamp moment) { return decide(subject, moment, nullptr).verdict; });
  return judgement;
}

policy::Verdict Judge::verdict(const Subject& subject) const { return decide(subject, question_.now, nullptr).verdict; }

std::vector<Timestamp> Judge::dates(const Subject& subject) const {
  std::vector<Timestamp> dates;
  policy::append_dates(key_->policy->document, dates);
  for (const auto& documents : {subject.identity, subject.boundary})
    if (documents.known())
      for (const auto* document : *documents) policy::append_dates(*document, dates);
  return dates;
}

}  // namespace keyfold::server::access
