#include "keyfold/kms/policy/document.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/policy/letter_case.h"

namespace keyfold::policy {
namespace {

namespace dom = simdjson::dom;

Error malformed(std::string message) { return {ErrorCode::malformed_policy_document, std::move(message)}; }

// A name out of the document, fit for a message: short, and of printable ASCII.
std::string in_quotes(std::string_view name) {
  constexpr std::size_t shown = 80;  // Bytes.
  std::string text = "\"";
  for (const char c : name.substr(0, shown)) text += c >= ' ' && c < 0x7f && c != '"' ? c : '?';
  return text + (name.size() > shown ? "…\"" : "\"");
}

Error unsupported(std::string_view what, std::string_view name) {
  return malformed(std::string(what) + " " + in_quotes(name) + " is not supported");
}

// The members of an object, each of which must be one of `known`, none twice. Absent ones are empty.
template <std::size_t N>
Result<std::array<std::optional<dom::element>, N>> members(dom::element element, std::string_view where,
                                                           const std::array<std::string_view, N>& known) {
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return malformed(std::string(where) + " must be an object");
  std::array<std::optional<dom::element>, N> found;
  for (const auto& member : object) {
    const auto* const name = std::ranges::find(known, member.key);
    if (name == known.end()) return unsupported(std::string(where) + " element", member.key);
    auto& place = found[static_cast<std::size_t>(name - known.begin())];
    if (place) return malformed(std::string(where) + " has " + in_quotes(member.key) + " twice");
    place = member.value;
  }
  return found;
}

Result<std::string> text_of(dom::element element, std::string_view what) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) return malformed(std::string(what) + " must be a string");
  return std::string(text);
}

// A string or an array of strings.
Result<std::vector<std::string>> texts_of(dom::element element, std::string_view what) {
  std::vector<std::string> texts;
  dom::array array;
  if (element.get(array) != simdjson::SUCCESS) {
    TRY_ASSIGN(auto text, text_of(element, what));
    texts.push_back(std::move(text));
    return texts;
  }
  for (const dom::element item : array) {
    TRY_ASSIGN(auto text, text_of(item, std::string("each ") + std::string(what)));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<PrincipalPattern> read_principal_name(const std::string& text) {
  using Kind = PrincipalPattern::Kind;
  if (text == "*") return PrincipalPattern{};
  if (AccountId::parse(text)) return PrincipalPattern{.kind = Kind::account, .text = text};
  const auto arn = split_arn(text);
  if (!arn || !PrincipalArn::parse(text)) return unsupported("principal", text);
  if (arn->resource == "root") return PrincipalPattern{.kind = Kind::account, .text = std::string(arn->account)};
  return PrincipalPattern{.kind = Kind::arn, .text = text};
}

constexpr std::array<std::string_view, 4> principal_types = {"AWS", "Service", "Federated", "CanonicalUser"};

Result<std::vector<PrincipalPattern>> read_principal(dom::element element) {
  std::vector<PrincipalPattern> patterns;
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    if (text != "*") return unsupported("principal", text);
    patterns.emplace_back();
    return patterns;
  }
  TRY_ASSIGN(const auto types, members<principal_types.size()>(element, "Principal", principal_types));
  for (std::size_t i = 0; i < principal_types.size(); ++i) {
    if (!types[i]) continue;
    TRY_ASSIGN(const auto names, texts_of(*types[i], "principal"));
    for (const auto& name : names) {
      if (i > 0) {
        patterns.push_back({.kind = PrincipalPattern::Kind::foreign, .text = name});
        continue;
      }
      TRY_ASSIGN(auto pattern, read_principal_name(name));
      patterns.push_back(std::move(pattern));
    }
  }
  if (patterns.empty()) return malformed("Principal must not be empty");
  return patterns;
}

Result<std::vector<Pattern>> read_actions(dom::element element) {
  TRY_ASSIGN(const auto texts, texts_of(element, "Action"));
  std::vector<Pattern> actions;
  for (const auto& action : texts) {
    const auto colon = action.find(':');
    const bool well_formed = action == "*" || (colon != std::string::npos && colon > 0 && colon + 1 < action.size() &&
                                               std::ranges::all_of(action, [](char c) { return c > ' ' && c < 0x7f; }));
    if (!well_formed) return malformed("Action " + in_quotes(action) + " is not \"service:action\"");
    if (action.find("${") != std::string::npos) return unsupported("a policy variable in Action", action);
    TRY_ASSIGN(auto pattern, Pattern::parse(action, {.wildcards = true, .letter_case = LetterCase::ignored}));
    actions.push_back(std::move(pattern));
  }
  return actions;
}

Result<std::vector<ArnPattern>> read_resources(dom::element element, Variables variables) {
  TRY_ASSIGN(const auto texts, texts_of(element, "Resource"));
  std::vector<ArnPattern> resources;
  for (const auto& resource : texts) {
    auto pattern = ArnPattern::parse(resource, variables);
    if (!pattern) return malformed("Resource " + in_quotes(resource) + ": " + pattern.error().message);
    resources.push_back(*std::move(pattern));
  }
  return resources;
}

// Numbers and truth values stand for their texts.
Result<std::string> condition_text(dom::element element) {
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) return std::string(text);
  if (!element.is_number() && !element.is_bool())
    return malformed("a condition value must be a string, a number or a truth value");
  return std::string(simdjson::minify(element));
}

Result<std::vector<std::string>> condition_texts(dom::element element) {
  std::vector<std::string> texts;
  dom::array array;
  if (element.get(array) != simdjson::SUCCESS) {
    TRY_ASSIGN(auto text, condition_text(element));
    texts.push_back(std::move(text));
    return texts;
  }
  for (const dom::element item : array) {
    TRY_ASSIGN(auto text, condition_text(item));
    texts.push_back(std::move(text));
  }
  return texts;
}

// One operator's keys.
Outcome read_operator(std::vector<Condition>& conditions, std::string_view name, dom::element element,
                      Variables variables) {
  dom::object keys;
  if (element.get(keys) != simdjson::SUCCESS) return malformed(in_quotes(name) + " must be an object");
  const std::size_t first = conditions.size();
  for (const auto& member : keys) {
    if (!is_condition_key(to_lower(member.key)) || member.key.find("${") != std::string_view::npos)
      return unsupported("condition key", member.key);
    TRY_ASSIGN(const auto values, condition_texts(member.value));
    if (values.empty()) return malformed("condition key " + in_quotes(member.key) + " has no value");
    TRY_ASSIGN(auto condition, Condition::parse(name, member.key, values, variables));
    for (std::size_t i = first; i < conditions.size(); ++i)
      if (conditions[i].lower_key() == condition.lower_key())
        return malformed(in_quotes(name) + " has " + in_quotes(member.key) + " twice");
    conditions.push_back(std::move(condition));
  }
  return ok();
}

Result<std::vector<Condition>> read_conditions(dom::element element, Variables variables) {
  dom::object operators;
  if (element.get(operators) != simdjson::SUCCESS) return malformed("Condition must be an object");
  std::vector<Condition> conditions;
  std::vector<std::string_view> names;
  for (const auto& member : operators) {
    if (std::ranges::find(names, member.key) != names.end())
      return malformed("Condition has " + in_quotes(member.key) + " twice");
    names.push_back(member.key);
    TRY(read_operator(conditions, member.key, member.value, variables));
  }
  return conditions;
}

Result<Effect> read_effect(dom::element element) {
  TRY_ASSIGN(const auto text, text_of(element, "Effect"));
  if (text == "Allow") return Effect::allow;
  if (text == "Deny") return Effect::deny;
  return malformed("Effect must be Allow or Deny");
}

std::string label_of(const Statement& statement, PolicyKind kind, std::size_t number) {
  if (!statement.sid.empty()) return statement.sid;
  return "statement " + std::to_string(number) + " of the " + std::string(to_text(kind));
}

using Element = std::optional<dom::element>;

// An element or its opposite, and which of them: never both.
Result<std::pair<Element, Listed>> one_of(const Element& these, const Element& others, std::string_view name) {
  if (these && others) return malformed("Statement has both " + std::string(name) + " and Not" + std::string(name));
  return std::pair(others ? others : these, others ? Listed::all_others : Listed::these);
}

Outcome read_who(Statement& statement, const Element& these, const Element& others, PolicyKind kind) {
  TRY_ASSIGN(const auto who, one_of(these, others, "Principal"));
  const bool says_who = kind == PolicyKind::key || kind == PolicyKind::trust;
  if (says_who && !who.first) return malformed("Statement has no Principal");
  if (!says_who && who.first) return malformed("only a key policy or a trust policy has a Principal");
  if (!who.first) return ok();
  statement.listed_principals = who.second;
  TRY_ASSIGN(statement.principals, read_principal(*who.first));
  return ok();
}

Outcome read_what(Statement& statement, const Element& these, const Element& others, PolicyKind kind) {
  TRY_ASSIGN(const auto what, one_of(these, others, "Action"));
  if (!what.first) return kind == PolicyKind::key ? ok() : Outcome(malformed("Statement has no Action"));
  statement.listed_actions = what.second;
  TRY_ASSIGN(statement.actions, read_actions(*what.first));
  return ok();
}

Outcome read_where(Statement& statement, const Element& these, const Element& others, PolicyKind kind,
                   Variables variables) {
  TRY_ASSIGN(const auto where, one_of(these, others, "Resource"));
  if (kind == PolicyKind::trust && where.first) return malformed("a trust policy must not have a Resource");
  if (kind == PolicyKind::trust || (kind == PolicyKind::key && !where.first)) return ok();
  if (!where.first) return malformed("Statement has no Resource");
  statement.listed_resources = where.second;
  TRY_ASSIGN(statement.resources, read_resources(*where.first, variables));
  return ok();
}

struct Reading {  // What of a document its statements are read by.
  PolicyKind kind;
  Variables variables;
};

Result<Statement> read_statement(dom::element element, Reading reading, std::size_t number) {
  TRY_ASSIGN(const auto parts, members<9>(element, "Statement",
                                          {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
                                           "Resource", "NotResource", "Condition"}));
  const auto& [sid, effect, who, not_who, what, not_what, where, not_where, condition] = parts;
  Statement statement;
  if (sid) {
    TRY_ASSIGN(statement.sid, text_of(*sid, "Sid"));
  }
  if (!effect) return malformed("Statement has no Effect");
  TRY_ASSIGN(statement.effect, read_effect(*effect));
  TRY(read_who(statement, who, not_who, reading.kind));
  TRY(read_what(statement, what, not_what, reading.kind));
  TRY(read_where(statement, where, not_where, reading.kind, reading.variables));
  if (condition) {
    TRY_ASSIGN(statement.conditions, read_conditions(*condition, reading.variables));
  }
  statement.label = label_of(statement, reading.kind, number);
  return statement;
}

Result<std::vector<Statement>> read_statements(dom::element element, Reading reading) {
  std::vector<Statement> statements;
  dom::array array;
  if (element.get(array) != simdjson::SUCCESS) {
    TRY_ASSIGN(auto statement, read_statement(element, reading, 1));
    statements.push_back(std::move(statement));
    return statements;
  }
  for (const dom::element item : array) {
    TRY_ASSIGN(auto statement, read_statement(item, reading, statements.size() + 1));
    statements.push_back(std::move(statement));
  }
  if (statements.empty()) return malformed("Statement must not be empty");
  return statements;
}

// Whether it has policy variables.
Result<Variables> read_version(const Element& element) {
  if (!element) return Variables::literal;
  TRY_ASSIGN(const auto version, text_of(*element, "Version"));
  if (version != "2012-10-17" && version != "2008-10-17") return unsupported("Version", version);
  return version == "2012-10-17" ? Variables::replaced : Variables::literal;
}

}  // namespace

std::string_view to_text(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::key:
      return "key policy";
    case PolicyKind::identity:
      return "identity policy";
    case PolicyKind::boundary:
      return "permissions boundary";
    case PolicyKind::session:
      return "session policy";
    case PolicyKind::trust:
      return "trust policy";
  }
  return {};
}

bool is_about(const Statement& statement, std::string_view action) {
  const Request anything;
  const bool listed = std::ranges::any_of(
      statement.actions, [&](const Pattern& pattern) { return pattern.matches(action, anything) != Tri::no; });
  return !statement.actions.empty() && listed == (statement.listed_actions == Listed::these);
}

Result<Document> Document::parse(std::string_view text, PolicyKind kind) {
  if (text.size() > document_size_max)
    return Error{ErrorCode::limit_exceeded,
                 "a policy may have at most " + std::to_string(document_size_max) + " bytes"};
  dom::parser parser;
  // simdjson counts the level of the document itself.
  if (parser.allocate(document_size_max, document_depth_max + 1) != simdjson::SUCCESS)
    return Error{ErrorCode::internal, "no memory for a JSON parser"};
  dom::element root;
  const auto parsed = parser.parse(text.data(), text.size()).get(root);
  if (parsed == simdjson::DEPTH_ERROR) return malformed("the policy is nested too deeply");
  if (parsed != simdjson::SUCCESS) return malformed("the policy is not JSON");
  TRY_ASSIGN(const auto parts, members<3>(root, "policy", {"Version", "Id", "Statement"}));
  TRY_ASSIGN(const auto variables, read_version(parts[0]));
  std::string id;
  if (parts[1]) {
    TRY_ASSIGN(id, text_of(*parts[1], "Id"));
  }
  if (!parts[2]) return malformed("the policy has no Statement");
  TRY_ASSIGN(auto statements, read_statements(*parts[2], {.kind = kind, .variables = variables}));
  return Document(kind, std::move(id), std::move(statements));
}

}  // namespace keyfold::policy
