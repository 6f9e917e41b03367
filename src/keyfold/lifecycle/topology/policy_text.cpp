#include "keyfold/lifecycle/topology/policy_text.h"

#include <algorithm>
#include <array>

#include "keyfold/core/protocol/json.h"
#include "keyfold/lifecycle/topology/names.h"

namespace keyfold::topology {
namespace {

using protocol::JsonValue;

constexpr std::size_t indent_step = 2;
constexpr std::size_t lines_compared_max = 2'000;  // Of one statement; longer ones go and come whole.

constexpr std::array<std::string_view, 9> member_order = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"};

std::string pretty(const JsonValue& value, std::size_t indent);

std::string pretty_object(const JsonValue& object, std::size_t indent) {
  std::vector<std::pair<std::string_view, JsonValue>> members;
  object.each_member([&](std::string_view name, JsonValue value) { members.emplace_back(name, value); });
  if (members.empty()) return "{}";
  std::ranges::sort(members, {}, [](const auto& member) {
    return std::pair(std::ranges::find(member_order, member.first) - member_order.begin(), member.first);
  });
  const std::string inner(indent + indent_step, ' ');
  std::string out = "{";
  for (const auto& [name, value] : members)
    out += (out.size() == 1 ? "\n" : ",\n") + inner + in_quotes(name) + ": " + pretty(value, indent + indent_step);
  return out + "\n" + std::string(indent, ' ') + "}";
}

std::string pretty_set(const JsonValue& array, std::size_t indent) {
  std::vector<std::string> elements;
  array.each_element([&](JsonValue element) { elements.push_back(pretty(element, indent + indent_step)); });
  std::ranges::sort(elements);
  const auto repeated = std::ranges::unique(elements);
  elements.erase(repeated.begin(), repeated.end());
  if (elements.empty()) return "[]";
  if (elements.size() == 1) return elements.front();
  const std::string inner(indent + indent_step, ' ');
  std::string out = "[";
  for (const auto& element : elements) out.append(out.size() == 1 ? "\n" : ",\n").append(inner).append(element);
  return out + "\n" + std::string(indent, ' ') + "]";
}

std::string pretty(const JsonValue& value, std::size_t indent) {
  switch (value.kind()) {
    case JsonValue::Kind::object:
      return pretty_object(value, indent);
    case JsonValue::Kind::array:
      return pretty_set(value, indent);
    case JsonValue::Kind::text:
      return in_quotes(value.text());
    case JsonValue::Kind::boolean:
      return value.boolean() ? "\"true\"" : "\"false\"";
    case JsonValue::Kind::integer:
      return in_quotes(std::to_string(value.integer()));
    case JsonValue::Kind::real:
      return in_quotes(std::to_string(value.real()));
    case JsonValue::Kind::null:
      break;
  }
  return "null";
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (;;) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

// What goes, comes and stays between two texts: by their longest common subsequence.
void compare_lines(const std::vector<std::string>& from, const std::vector<std::string>& to,
                   std::vector<std::string>& out) {
  const bool comparable = from.size() <= lines_compared_max && to.size() <= lines_compared_max;
  const std::size_t width = to.size() + 1;
  // common[i * width + j]: how many lines the rests of both have in common, from i and j on.
  std::vector<std::uint16_t> common(comparable ? (from.size() + 1) * width : 0);
  if (comparable)
    for (std::size_t i = from.size(); i-- > 0;)
      for (std::size_t j = to.size(); j-- > 0;)
        common[i * width + j] = from[i] == to[j] ? static_cast<std::uint16_t>(common[(i + 1) * width + j + 1] + 1)
                                                 : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
  std::size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    if (comparable && i < from.size() && j < to.size() && from[i] == to[j]) {
      out.push_back("  " + from[i]);
      ++i, ++j;
    } else if (i < from.size() &&
               (!comparable || j == to.size() || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      out.push_back("- " + from[i++]);
    } else {
      out.push_back("+ " + to[j++]);
    }
  }
}

void compare_member(std::string_view name, const std::string& from, const std::string& to,
                    std::vector<std::string>& out) {
  if (from == to) return;
  if (!from.empty()) out.push_back("- " + in_quotes(name) + ": " + in_quotes(from));
  if (!to.empty()) out.push_back("+ " + in_quotes(name) + ": " + in_quotes(to));
}

}  // namespace

PolicyText read_policy(std::string_view json) {
  PolicyText policy;
  protocol::JsonReader reader;
  const auto root = reader.parse(json);
  const auto statement = root && root->is(JsonValue::Kind::object) ? root->find("Statement") : std::nullopt;
  if (!statement) {
    policy.statements.push_back({.label = "no policy", .lines = lines_of(json)});
    return policy;
  }
  policy.version = root->text_of("Version");
  policy.id = root->text_of("Id");
  auto add = [&](const JsonValue& one) {
    std::string_view sid = one.is(JsonValue::Kind::object) ? one.text_of("Sid") : std::string_view();
    std::string label = sid.empty() ? "statement " + std::to_string(policy.statements.size() + 1) : std::string(sid);
    policy.statements.push_back({.label = std::move(label), .lines = lines_of(pretty(one, 0))});
  };
  if (statement->is(JsonValue::Kind::array))
    statement->each_element(add);
  else
    add(*statement);
  return policy;
}

std::string write_policy(const PolicyText& policy) {
  std::string out = "{\n";
  if (!policy.version.empty()) out += "  \"Version\": " + in_quotes(policy.version) + ",\n";
  if (!policy.id.empty()) out += "  \"Id\": " + in_quotes(policy.id) + ",\n";
  out += "  \"Statement\": [";
  std::string_view separator = "\n";
  for (const auto& statement : policy.statements) {
    for (const auto& line : statement.lines) {
      out.append(separator).append("    ").append(line);
      separator = "\n";
    }
    separator = ",\n";
  }
  return out + "\n  ]\n}\n";
}

bool is_same(const PolicyText& a, const PolicyText& b) {
  const auto sorted = [](const PolicyText& policy) {
    std::vector<std::vector<std::string>> all;
    all.reserve(policy.statements.size());
    for (const auto& statement : policy.statements) all.push_back(statement.lines);
    std::ranges::sort(all);
    return all;
  };
  return a.version == b.version && a.id == b.id && sorted(a) == sorted(b);
}

std::vector<std::string> difference(const PolicyText& from, const PolicyText& to) {
  std::vector<std::string> out;
  compare_member("Version", from.version, to.version, out);
  compare_member("Id", from.id, to.id, out);
  std::vector<bool> seen(to.statements.size());
  for (const auto& old : from.statements) {
    // The one that took its place: the same, else one of the same label.
    const auto find = [&](const auto& is_it) {
      for (std::size_t i = 0; i < to.statements.size(); ++i)
        if (!seen[i] && is_it(to.statements[i])) return i;
      return to.statements.size();
    };
    auto at = find([&](const PolicyStatement& one) { return one.lines == old.lines; });
    if (at < to.statements.size()) {
      seen[at] = true;
      continue;
    }
    at = find([&](const PolicyStatement& one) { return one.label == old.label; });
    const bool replaced = at < to.statements.size();
    if (replaced) seen[at] = true;
    compare_lines(old.lines, replaced ? to.statements[at].lines : std::vector<std::string>(), out);
  }
  for (std::size_t i = 0; i < to.statements.size(); ++i)
    if (!seen[i]) compare_lines({}, to.statements[i].lines, out);
  return out;
}

}  // namespace keyfold::topology
