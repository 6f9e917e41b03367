#include "keyfold/kms/policy/document.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/policy/wildcard.h"

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

// ${aws:username} and its like: a later version of the language. Without them both versions mean the same.
Outcome refuse_variables(std::string_view text, std::string_view what) {
  if (text.find("${") != std::string_view::npos) return unsupported("a policy variable in " + std::string(what), text);
  return ok();
}

Result<PrincipalPattern> read_principal_name(const std::string& text) {
  using Kind = PrincipalPattern::Kind;
  if (text == "*") return PrincipalPattern{};
  if (AccountId::parse(text)) return PrincipalPattern{.kind = Kind::account, .text = text};
  const auto arn = split_arn(text);
  if (!arn || !PrincipalArn::parse(text) || arn->service != "iam") return unsupported("principal", text);
  if (arn->resource == "root") return PrincipalPattern{.kind = Kind::account, .text = std::string(arn->account)};
  return PrincipalPattern{.kind = Kind::arn, .text = text};
}

Result<std::vector<PrincipalPattern>> read_principal(dom::element element) {
  std::vector<PrincipalPattern> patterns;
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    if (text != "*") return unsupported("principal", text);
    patterns.emplace_back();
    return patterns;
  }
  TRY_ASSIGN(const auto types, members<1>(element, "Principal", {"AWS"}));
  if (!types[0]) return malformed("Principal must not be empty");
  TRY_ASSIGN(const auto names, texts_of(*types[0], "principal"));
  for (const auto& name : names) {
    TRY_ASSIGN(auto pattern, read_principal_name(name));
    patterns.push_back(std::move(pattern));
  }
  if (patterns.empty()) return malformed("Principal must not be empty");
  return patterns;
}

Result<std::vector<std::string>> read_actions(dom::element element) {
  TRY_ASSIGN(auto actions, texts_of(element, "Action"));
  for (auto& action : actions) {
    const auto colon = action.find(':');
    const bool well_formed = action == "*" || (colon != std::string::npos && colon > 0 && colon + 1 < action.size() &&
                                               std::ranges::all_of(action, [](char c) { return c > ' ' && c < 0x7f; }));
    if (!well_formed) return malformed("Action " + in_quotes(action) + " is not \"service:action\"");
    TRY(refuse_variables(action, "Action"));
    action = without_repeated_stars(to_lower(action));
  }
  return actions;
}

Result<std::vector<std::string>> read_resources(dom::element element) {
  TRY_ASSIGN(auto resources, texts_of(element, "Resource"));
  for (auto& resource : resources) {
    if (resource != "*" && !split_arn(resource))
      return malformed("Resource " + in_quotes(resource) + " is neither \"*\" nor an ARN");
    TRY(refuse_variables(resource, "Resource"));
    resource = without_repeated_stars(resource);
  }
  return resources;
}

constexpr std::string_view context_prefix = "kms:encryptioncontext:";

Result<std::vector<ContextCondition>> read_conditions(dom::element element) {
  std::vector<ContextCondition> conditions;
  TRY_ASSIGN(const auto operators, members<1>(element, "Condition", {"StringEquals"}));
  if (!operators[0]) return conditions;
  dom::object keys;
  if (operators[0]->get(keys) != simdjson::SUCCESS) return malformed("StringEquals must be an object");
  for (const auto& member : keys) {
    std::string name = to_lower(member.key);
    if (!name.starts_with(context_prefix) || name.size() == context_prefix.size())
      return unsupported("condition key", member.key);
    TRY(refuse_variables(member.key, "a condition key"));
    TRY_ASSIGN(auto values, texts_of(member.value, "condition value"));
    if (values.empty()) return malformed("condition key " + in_quotes(member.key) + " has no value");
    for (const auto& value : values) TRY(refuse_variables(value, "a condition value"));
    conditions.push_back({.context_key = name.substr(context_prefix.size()),
                          .name = std::string(member.key),
                          .values = std::move(values)});
  }
  std::ranges::sort(conditions, {}, &ContextCondition::context_key);
  const auto twice = std::ranges::adjacent_find(conditions, {}, &ContextCondition::context_key);
  if (twice != conditions.end()) return malformed("StringEquals has " + in_quotes(twice->name) + " twice");
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
  return "statement " + std::to_string(number) + " of the " + (kind == PolicyKind::key ? "key" : "identity") +
         " policy";
}

Result<Statement> read_statement(dom::element element, PolicyKind kind, std::size_t number) {
  TRY_ASSIGN(const auto parts,
             members<6>(element, "Statement", {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}));
  const auto& [sid, effect, principal, action, resource, condition] = parts;
  Statement statement;
  if (sid) {
    TRY_ASSIGN(statement.sid, text_of(*sid, "Sid"));
  }
  if (!effect) return malformed("Statement has no Effect");
  TRY_ASSIGN(statement.effect, read_effect(*effect));
  if (kind == PolicyKind::key && !principal) return malformed("Statement has no Principal");
  if (kind == PolicyKind::identity && principal) return malformed("an identity policy must not have a Principal");
  if (principal) {
    TRY_ASSIGN(statement.principals, read_principal(*principal));
  }
  if (action) {
    TRY_ASSIGN(statement.actions, read_actions(*action));
  }
  if (resource) {
    TRY_ASSIGN(statement.resources, read_resources(*resource));
  }
  if (condition) {
    TRY_ASSIGN(statement.conditions, read_conditions(*condition));
  }
  statement.label = label_of(statement, kind, number);
  return statement;
}

Result<std::vector<Statement>> read_statements(dom::element element, PolicyKind kind) {
  std::vector<Statement> statements;
  dom::array array;
  if (element.get(array) != simdjson::SUCCESS) {
    TRY_ASSIGN(auto statement, read_statement(element, kind, 1));
    statements.push_back(std::move(statement));
    return statements;
  }
  for (const dom::element item : array) {
    TRY_ASSIGN(auto statement, read_statement(item, kind, statements.size() + 1));
    statements.push_back(std::move(statement));
  }
  if (statements.empty()) return malformed("Statement must not be empty");
  return statements;
}

Outcome check_version(dom::element element) {
  TRY_ASSIGN(const auto version, text_of(element, "Version"));
  if (version != "2012-10-17" && version != "2008-10-17") return unsupported("Version", version);
  return ok();
}

}  // namespace

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
  if (parts[0]) TRY(check_version(*parts[0]));
  std::string id;
  if (parts[1]) {
    TRY_ASSIGN(id, text_of(*parts[1], "Id"));
  }
  if (!parts[2]) return malformed("the policy has no Statement");
  TRY_ASSIGN(auto statements, read_statements(*parts[2], kind));
  return Document(kind, std::move(id), std::move(statements));
}

}  // namespace keyfold::policy
