#include "keyfold/core/protocol/members.h"

#include <algorithm>

#include "keyfold/core/base/try.h"

namespace keyfold::protocol {
namespace {

using Kind = JsonValue::Kind;

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }
template <char... Others>
bool all_words_or(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_word(c) || ((c == Others) || ...); });
}

// Whether every character is one of U+0020 to U+00FF or of `others`. The text is valid UTF-8: JSON's parser saw to it.
bool all_latin_or(std::string_view text, std::string_view others) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 && others.find(text[i]) == std::string_view::npos) return false;
    if (byte >= 0xC4) return false;  // U+0100 and above begin with C4; C2 and C3 lead U+0080 to U+00FF.
  }
  return true;
}

// What Java calls its length: UTF-16 units. Four-byte sequences make two of them.
std::size_t length_of(std::string_view utf8) {
  std::size_t length = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) ++length;
    if (byte >= 0xF0) ++length;
  }
  return length;
}

// "KeyId" → "keyId", as messages name members.
std::string camel_case(std::string_view name) {
  std::string camel(name);
  if (!camel.empty() && camel[0] >= 'A' && camel[0] <= 'Z') camel[0] = static_cast<char>(camel[0] - 'A' + 'a');
  return camel;
}

std::string element_path(std::string_view list, std::size_t index, std::string_view member = {}) {
  std::string path = camel_case(list) + '.' + std::to_string(index) + ".member";
  if (!member.empty()) path.append(".").append(camel_case(member));
  return path;
}

std::string quoted(std::string_view value) {
  constexpr std::size_t shown_max = 2048;  // Bytes: an error reply need not carry a policy back.
  std::string text = " '";
  text.append(value.substr(0, shown_max)).append(value.size() > shown_max ? "...'" : "'");
  return text;
}

std::string set_of(std::span<const std::string_view> values) {
  std::string text = "[";
  for (const auto value : values) text.append(text.size() > 1 ? ", " : "").append(value);
  return text + ']';
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "NULL_VALUE";
    case Kind::boolean:
      return "BOOLEAN_VALUE";
    case Kind::integer:
    case Kind::real:
      return "NUMBER_VALUE";
    case Kind::text:
      return "STRING_VALUE";
    case Kind::array:
      return "START_ARRAY";
    case Kind::object:
      return "START_OBJECT";
  }
  return "NULL_VALUE";
}

// Three parts or more, of letters, digits and hyphens, with dots between them.
bool is_service_principal(std::string_view text) {
  std::size_t parts = 0;
  while (true) {
    const auto part = text.substr(0, text.find('.'));
    if (part.empty() || !all_words_or<'-'>(part) || part.find('_') != std::string_view::npos) return false;
    ++parts;
    if (part.size() == text.size()) return parts >= 3;
    text.remove_prefix(part.size() + 1);
  }
}

constexpr std::string_view not_null = "Member must not be null";

}  // namespace

const Pattern alias_pattern{"^[a-zA-Z0-9:/_-]+$", all_words_or<':', '/', '-'>};
const Pattern policy_pattern{"[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
                             [](std::string_view text) { return !text.empty() && all_latin_or(text, "\t\n\r"); }};
const Pattern marker_pattern{"[\\u0020-\\u00FF]*", [](std::string_view text) { return all_latin_or(text, ""); }};
const Pattern policy_name_pattern{"[\\w]+", all_words_or<>};
const Pattern xks_key_id_pattern{"^[a-zA-Z0-9-_.]+$", all_words_or<'-', '.'>};
const Pattern principal_pattern{"^[\\w+=,.@:/-]+$", all_words_or<'+', '=', ',', '.', '@', ':', '/', '-'>};
const Pattern service_principal_pattern{"^([A-Za-z0-9\\-]+)\\.([A-Za-z0-9\\-]+)(\\.[A-Za-z0-9\\-]+)+$",
                                        is_service_principal};

std::optional<JsonValue> Members::member(std::string_view name, Need need) {
  const auto value = object_.find(name);
  if (value && !value->is(Kind::null)) return value;  // AWS takes null for absent.
  if (need == Need::required) refuse(" null", camel_case(name), not_null);
  return std::nullopt;
}

bool Members::expect(const JsonValue& value, Kind kind, std::string_view wanted) {
  if (value.is(kind)) return true;
  if (!serialization_) {
    std::string message(name_of(value.kind()));
    serialization_ = Error{ErrorCode::serialization, message.append(" can not be converted to ").append(wanted)};
  }
  return false;
}

void Members::refuse(std::string_view shown_value, std::string_view path, std::string_view constraint) {
  told_.append(broken_ == 0 ? "" : "; ");
  told_.append("Value").append(shown_value).append(" at '").append(path).append("' failed to satisfy constraint: ");
  told_.append(constraint);
  ++broken_;
}

void Members::check_text(std::string_view value, std::string_view path, const TextLimits& limits) {
  const std::size_t length = length_of(value);
  if (length < limits.min)
    refuse(quoted(value), path, "Member must have length greater than or equal to " + std::to_string(limits.min));
  if (length > limits.max)
    refuse(quoted(value), path, "Member must have length less than or equal to " + std::to_string(limits.max));
  if (limits.pattern != nullptr && !limits.pattern->matches(value))
    refuse(quoted(value), path,
           "Member must satisfy regular expression pattern: " + std::string(limits.pattern->regex));
}

Text Members::text(std::string_view name, const TextLimits& limits, Need need) {
  const auto value = member(name, need);
  if (!value || !expect(*value, Kind::text, "a String")) return std::nullopt;
  const std::string_view found = value->text();
  // The path is text that only a refusal needs.
  const std::size_t length = length_of(found);
  if (length < limits.min || length > limits.max || (limits.pattern != nullptr && !limits.pattern->matches(found)))
    check_text(found, camel_case(name), limits);
  return found;
}

std::string_view Members::required_text(std::string_view name, const TextLimits& limits) {
  return text(name, limits, Need::required).value_or(std::string_view());
}

Text Members::one_of(std::string_view name, std::initializer_list<std::string_view> values) {
  const auto value = member(name, Need::optional);
  if (!value || !expect(*value, Kind::text, "a String")) return std::nullopt;
  const std::string_view found = value->text();
  if (std::ranges::find(values, found) == values.end())
    refuse(quoted(found), camel_case(name), "Member must satisfy enum value set: " + set_of(values));
  return found;
}

Integer Members::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const auto value = member(name, Need::optional);
  if (!value || !expect(*value, Kind::integer, "an Integer")) return std::nullopt;
  const std::int64_t number = value->integer();
  const auto tell = [&](std::string_view which, std::int64_t limit) {
    refuse(quoted(std::to_string(number)), camel_case(name),
           std::string("Member must have value ")
               .append(which)
               .append(" than or equal to ")
               .append(std::to_string(limit)));
  };
  if (number < min) tell("greater", min);
  if (number > max) tell("less", max);
  return number;
}

bool Members::boolean(std::string_view name) {
  const auto value = member(name, Need::optional);
  return value && expect(*value, Kind::boolean, "a Boolean") && value->boolean();
}

BytesView Members::blob(std::string_view name, Bytes& out, std::size_t max, Need need) {
  out.clear();
  const auto value = member(name, need);
  if (!value || !expect(*value, Kind::text, "a Blob")) return {};
  if (!append_from_base64(out, value->text())) {
    // AWS sends no message for this one.
    if (!serialization_) serialization_ = Error{ErrorCode::serialization, ""};
    return {};
  }
  if (out.empty()) refuse("", camel_case(name), "Member must have length greater than or equal to 1");
  if (out.size() > max)
    refuse("", camel_case(name), "Member must have length less than or equal to " + std::to_string(max));
  return out;
}

ContextView Members::context(std::string_view name, std::vector<ContextPair>& out) {
  out.clear();
  const auto value = member(name, Need::optional);
  if (!value || !expect(*value, Kind::object, "a Map")) return {};
  return pairs_of(*value, name, out);
}

ContextView Members::pairs_of(const JsonValue& map, std::string_view path, std::vector<ContextPair>& out) {
  map.each_member([&](std::string_view key, const JsonValue& text) {
    if (text.is(Kind::null)) {
      refuse("", camel_case(path), "Map value must satisfy constraint: [" + std::string(not_null) + "]");
    } else if (expect(text, Kind::text, "a String")) {
      out.push_back({.key = key, .value = text.text()});
    }
  });
  const auto view = ContextView::over(out);
  KEYFOLD_CHECK(view.has_value());  // The document has no name twice.
  return *view;
}

std::optional<JsonValue> Members::structure(std::string_view name) {
  auto value = member(name, Need::optional);
  if (value && !expect(*value, Kind::object, "a Structure")) value.reset();
  return value;
}

std::optional<ContextView> Members::context_in(const JsonValue& structure, std::string_view structure_name,
                                               std::string_view name, std::vector<ContextPair>& out) {
  out.clear();
  const auto value = structure.find(name);
  if (!value || value->is(Kind::null) || !expect(*value, Kind::object, "a Map")) return std::nullopt;
  return pairs_of(*value, std::string(structure_name).append(".").append(camel_case(name)), out);
}

Text Members::text_in(const JsonValue& structure, std::string_view structure_name, std::string_view name,
                      const TextLimits& limits) {
  const auto value = structure.find(name);
  if (!value || value->is(Kind::null) || !expect(*value, Kind::text, "a String")) return std::nullopt;
  check_text(value->text(), camel_case(structure_name).append(".").append(camel_case(name)), limits);
  return value->text();
}

bool Members::present_list(std::string_view name, Need need) {
  list_ = member(name, need);
  if (list_ && !expect(*list_, Kind::array, "a List")) list_.reset();
  return list_.has_value();
}

std::span<const Tag> Members::tags(std::string_view name, std::vector<Tag>& out, Need need) {
  out.clear();
  if (!present_list(name, need)) return {};
  std::size_t index = 0;
  const auto part = [&](const JsonValue& tag, std::string_view member, const TextLimits& limits) -> std::string_view {
    const auto value = tag.find(member);
    if (!value || value->is(Kind::null)) {
      refuse(" null", element_path(name, index, member), not_null);
      return {};
    }
    if (!expect(*value, Kind::text, "a String")) return {};
    check_text(value->text(), element_path(name, index, member), limits);
    return value->text();
  };
  list_->each_element([&](const JsonValue& tag) {
    ++index;
    if (tag.is(Kind::null)) return refuse(" null", element_path(name, index), not_null);
    if (!expect(tag, Kind::object, "a Structure")) return;
    const auto key = part(tag, "TagKey", {.min = 1, .max = 128});
    const auto value = part(tag, "TagValue", {.max = 256});
    out.push_back({.key = key, .value = value});
  });
  return out;
}

std::span<const std::string_view> Members::texts(std::string_view name, std::vector<std::string_view>& out,
                                                 const TextLimits& limits, Need need) {
  out.clear();
  if (!present_list(name, need)) return {};
  std::size_t index = 0;
  list_->each_element([&](const JsonValue& element) {
    ++index;
    if (element.is(Kind::null)) return refuse(" null", element_path(name, index), not_null);
    if (!expect(element, Kind::text, "a String")) return;
    check_text(element.text(), element_path(name, index), limits);
    out.push_back(element.text());
  });
  return out;
}

bool Members::list_has(std::string_view name, std::string_view value, std::initializer_list<std::string_view> values) {
  if (!present_list(name, Need::optional)) return false;
  bool found = false;
  std::size_t index = 0;
  list_->each_element([&](const JsonValue& element) {
    ++index;
    if (!expect(element, Kind::text, "a String")) return;
    if (std::ranges::find(values, element.text()) == values.end())
      refuse(quoted(element.text()), element_path(name, index),
             "Member must satisfy enum value set: " + set_of(values));
    found = found || element.text() == value;
  });
  return found;
}

std::span<const std::string_view> Members::texts_of(std::string_view name, std::vector<std::string_view>& out,
                                                    std::span<const std::string_view> values, Need need) {
  const auto texts = this->texts(name, out, {}, need);
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (std::ranges::find(values, texts[i]) == values.end())
      refuse(quoted(texts[i]), element_path(name, i + 1), "Member must satisfy enum value set: " + set_of(values));
  auto end = out.begin();
  for (const auto text : texts)
    if (std::find(out.begin(), end, text) == end) *end++ = text;
  out.erase(end, out.end());
  return out;
}

std::span<const std::string_view> Members::grant_tokens(std::vector<std::string_view>& out) {
  constexpr std::size_t tokens_max = 10;
  constexpr TextLimits limits{.min = 1, .max = 8192};
  const auto tokens = texts("GrantTokens", out, limits, Need::optional);
  if (tokens.size() > tokens_max) {
    std::string shown = "[";
    for (const auto token : tokens.first(tokens_max + 1)) shown.append(shown.size() > 1 ? ", " : "").append(token);
    refuse(quoted(shown + ']'), "grantTokens",
           "Member must have length less than or equal to " + std::to_string(tokens_max));
  }
  return tokens;
}

bool Members::recipient() {
  const auto value = member("Recipient", Need::optional);
  return value && expect(*value, Kind::object, "a Structure");
}

Outcome Members::finish() {
  if (serialization_) return *std::move(serialization_);
  if (broken_ == 0) return ok();
  std::string message = std::to_string(broken_);
  message.append(broken_ == 1 ? " validation error detected: " : " validation errors detected: ").append(told_);
  return Error{ErrorCode::validation, std::move(message)};
}

}  // namespace keyfold::protocol
