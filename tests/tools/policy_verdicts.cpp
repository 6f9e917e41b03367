// Decides what it is asked, by the policies that it is given: for tests that know the answer some other way.
//
// Reads lines of JSON; the policies are texts, and `key` may be null:
//   {"key": …, "identity": […], "boundary": […], "session": […],
//    "requests": [{"arn": …, "account": …, "type": "root", "user" or "role_session", "role": …, "action": …,
//                  "resource": …, "resource_account": …, "context": [[key, value], …],
//                  "facts": {condition key: [value, …], …},
//                  "grants": [{"id": …, "grantee": ARN, "retiring": ARN or null, "operations": ["Decrypt", …],
//                              "constraints": {"equals": [[key, value], …]} or {"subset": [[key, value], …]} or {}},
//                              …],
//                  "creates": {"operations": […], "constraints": {…}}}, …]}
// A request may leave out `facts`, `grants` (there are none) and `creates`. The facts are condition values besides
// those of the caller. The grants are those on the request's key; of kms:RetireGrant the one that is to be retired.
// `creates` is what the grant that kms:CreateGrant asks for is to give; without it no grant allows kms:CreateGrant.
// Prints a line for each: a letter for every request, "a" for allow and "d" for deny; or "refused: " and why.

#include <simdjson.h>

#include <deque>
#include <iostream>
#include <string>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/policy/caller_facts.h"

namespace keyfold::policy {
namespace {

namespace dom = simdjson::dom;

// One kind of policies, parsed.
struct Shelf {
  std::vector<Document> documents;
  std::vector<const Document*> pointers;

  Outcome add(std::string_view text, PolicyKind kind) {
    TRY_ASSIGN(auto document, Document::parse(text, kind));
    documents.push_back(std::move(document));
    return ok();
  }
  Outcome add_all(dom::element texts, PolicyKind kind) {
    for (const auto text : texts.get_array()) TRY(add(text.get_string(), kind));
    return ok();
  }
  std::span<const Document* const> view() {
    pointers.clear();
    for (const auto& document : documents) pointers.push_back(&document);
    return pointers;
  }
};

// What a grant gives, or is to give.
struct Terms {
  std::vector<ContextPair> pairs;
  GrantTerms terms;

  Outcome read(dom::element from) {
    using Kind = GrantConstraint::Kind;
    for (const auto name : from["operations"].get_array()) {
      const auto operation = grant_operation(name.get_string());
      if (!operation) return Error{ErrorCode::invalid_input, "not a grant operation"};
      terms.operations.add(*operation);
    }
    dom::array constrained;
    for (const auto& [name, kind] : {std::pair{"equals", Kind::equals}, {"subset", Kind::subset}})
      if (from["constraints"][name].get(constrained) == simdjson::SUCCESS) terms.constraint.kind = kind;
    if (terms.constraint.kind == Kind::none) return ok();
    for (const auto pair : constrained)
      pairs.push_back({.key = pair.at(0).get_string(), .value = pair.at(1).get_string()});
    TRY_ASSIGN(terms.constraint.pairs, ContextView::over(pairs));
    return ok();
  }
};

struct GrantGiven {
  std::string label;
  Terms terms;
  Grant grant;

  Outcome read(dom::element from) {
    TRY(terms.read(from));
    label = "grant " + std::string(std::string_view(from["id"]));
    TRY_ASSIGN(const auto grantee, GrantPrincipal::parse(from["grantee"]));
    grant = {.label = label, .grantee = grantee, .retiring = {}, .terms = terms.terms};
    std::string_view retiring;
    if (from["retiring"].get(retiring) == simdjson::SUCCESS) {
      TRY_ASSIGN(grant.retiring, GrantPrincipal::parse(retiring));
    }
    return ok();
  }
};

struct GrantsGiven {
  std::deque<GrantGiven> all;  // They do not move.
  std::vector<const Grant*> pointers;

  Outcome read(dom::element asked) {
    dom::array grants;
    if (asked["grants"].get(grants) != simdjson::SUCCESS) return ok();
    for (const auto grant : grants) {
      TRY(all.emplace_back().read(grant));
      pointers.push_back(&all.back().grant);
    }
    return ok();
  }
};

// Every second fact stands among the request's condition values, with the caller's; the others are told when asked for.
class FactsGiven final : public ConditionSource {
 public:
  FactsGiven(dom::element asked, std::span<const ConditionValue> of_caller)
      : at_hand_(of_caller.begin(), of_caller.end()) {
    dom::object facts;
    if (asked["facts"].get(facts) != simdjson::SUCCESS) return;
    for (const auto& [key, values] : facts) {
      auto& texts = texts_.emplace_back();
      for (const auto value : values.get_array()) texts.push_back(value.get_string());
      (texts_.size() % 2 == 0 ? at_hand_ : when_asked_).push_back({.key = key, .values = Values(texts)});
    }
  }
  std::span<const ConditionValue> at_hand() const { return at_hand_; }
  void each_spelling(std::string_view key, Visit visit) const override {
    for (const auto& fact : when_asked_)
      if (equal_ignoring_case(fact.key, key)) visit(fact.values);
  }

 private:
  std::deque<std::vector<std::string_view>> texts_;  // They do not move.
  std::vector<ConditionValue> at_hand_, when_asked_;
};

PrincipalType type_of(std::string_view name) {
  if (name == "root") return PrincipalType::root;
  return name == "user" ? PrincipalType::user : PrincipalType::role_session;
}

Result<char> verdict_on(dom::element asked, Policies policies) {
  std::vector<ContextPair> pairs;
  for (const auto pair : asked["context"].get_array())
    pairs.push_back({.key = pair.at(0).get_string(), .value = pair.at(1).get_string()});
  Request request;
  request.principal = {.arn = std::string_view(asked["arn"]),
                       .account = std::string_view(asked["account"]),
                       .type = type_of(asked["type"]),
                       .role = std::string_view(asked["role"])};
  request.action = std::string_view(asked["action"]);
  request.resource = std::string_view(asked["resource"]);
  request.resource_account = std::string_view(asked["resource_account"]);
  TRY_ASSIGN(request.context, ContextView::over(pairs));
  const CallerFacts of_caller(request);
  const FactsGiven facts(asked, of_caller.view());
  request.conditions = facts.at_hand();
  request.more_conditions = &facts;
  GrantsGiven grants;
  TRY(grants.read(asked));
  policies.grants = Grants(grants.pointers);
  Terms creates;
  dom::element created;
  if (asked["creates"].get(created) == simdjson::SUCCESS) {
    TRY(creates.read(created));
    request.creates = &creates.terms;
  }
  switch (evaluate(request, policies).verdict) {
    case Verdict::allow:
      return 'a';
    case Verdict::deny:
      return 'd';
    case Verdict::unknown:
      return 'u';  // Nothing is: a mistake.
  }
  return '?';
}

Result<std::string> verdicts_on(dom::element line) {
  Shelf key, identity, boundary, session;
  if (!line["key"].is_null()) TRY(key.add(line["key"], PolicyKind::key));
  TRY(identity.add_all(line["identity"], PolicyKind::identity));
  TRY(boundary.add_all(line["boundary"], PolicyKind::boundary));
  TRY(session.add_all(line["session"], PolicyKind::session));
  const Policies policies{.key = key.documents.empty() ? nullptr : key.documents.data(),
                          .identity = identity.view(),
                          .boundary = boundary.view(),
                          .session = session.view()};
  std::string letters;
  for (const auto asked : line["requests"].get_array()) {
    TRY_ASSIGN(const char letter, verdict_on(asked, policies));
    letters += letter;
  }
  return letters;
}

int run() {
  dom::parser parser;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto letters = verdicts_on(parser.parse(line));
    if (letters)
      std::cout << *letters << '\n';
    else
      std::cout << "refused: " << letters.error().message << '\n';
    std::cout.flush();
  }
  return 0;
}

}  // namespace
}  // namespace keyfold::policy

int main() {
  try {
    return keyfold::policy::run();
  } catch (const simdjson::simdjson_error& error) {
    std::cerr << "policy_verdicts: " << error.what() << '\n';
    return 1;
  }
}
