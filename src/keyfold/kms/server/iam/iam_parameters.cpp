// The parameters of a request, read as AWS's model has them.
#include <algorithm>
#include <charconv>

#include "keyfold/core/base/try.h"
#include "keyfold/core/base/utf8.h"
#include "keyfold/kms/server/iam/iam_call.h"

namespace keyfold::server {
namespace {

// "UserName" → "userName"
std::string lower_camel(std::string_view name) {
  std::string text(name);
  text[0] = policy::to_lower(text[0]);
  return text;
}

Error validation(std::string_view value, std::string_view parameter, std::string_view constraint) {
  std::string text = "1 validation error detected: Value ";
  return {ErrorCode::validation, text.append(value)
                                     .append(" at '")
                                     .append(lower_camel(parameter))
                                     .append("' failed to satisfy constraint: ")
                                     .append(constraint)};
}

constexpr std::size_t value_told_max = 256;  // Bytes of a parameter that are told back.

std::string quoted(std::string_view value) {
  std::string text = "'";
  return text.append(cut_utf8(value, value_told_max)).append("'");
}

constexpr std::size_t arn_size_min = 20, arn_size_max = 2048;

}  // namespace

// A parameter that does nothing could still be taken, by whoever reads it or by a policy, for one that does.
Outcome IamCall::check_parameters() const {
  const auto all = row_->parameters();
  const auto refused = [this](std::string_view name) {
    std::string text = "The parameter ";
    return Error{ErrorCode::validation, text.append(name).append(" is not valid for ").append(row_->name)};
  };
  Outcome outcome = ok();
  query_.each([&](std::string_view name, std::string_view) {
    if (outcome && name != "Action" && name != "Version" &&
        std::ranges::none_of(all, [name](const IamParameter& parameter) { return parameter.has(name); }))
      outcome = refused(name);
  });
  TRY(outcome);
  for (const auto& parameter : all)
    if (parameter.is_list) TRY(query_.list(parameter.name));
  return ok();
}

Error IamCall::malformed(std::string_view parameter, std::string_view value) {
  return validation(quoted(value), parameter,
                    "Member must have the form, and the length, that the service's model gives this parameter");
}

Result<std::string_view> IamCall::need(std::string_view parameter) const {
  const auto value = query_.text(parameter);
  if (!value) return validation("null", parameter, "Member must not be null");
  if (value->empty()) return validation("''", parameter, "Member must have length greater than or equal to 1");
  return *value;
}

Result<std::string_view> IamCall::arn(std::string_view parameter) const {
  TRY_ASSIGN(const auto arn, need(parameter));
  if (arn.size() < arn_size_min || arn.size() > arn_size_max) return malformed(parameter, arn);
  return arn;
}

// [\w+=,.@:\/-]{2,1224}
Result<std::optional<std::string_view>> IamCall::external_id() const {
  const auto value = query_.text("ExternalId");
  if (!value) return std::optional<std::string_view>();
  const bool formed = value->size() >= 2 && value->size() <= 1224 && std::ranges::all_of(*value, [](char c) {
                        return c == ':' || c == '/' || identity::is_entity_name(std::string_view(&c, 1));
                      });
  if (!formed) return malformed("ExternalId", *value);
  return value;
}

Result<std::optional<identity::UserName>> IamCall::user_or_caller() const {
  if (!query_.text("UserName")) {
    if (caller_.type == policy::PrincipalType::role_session)
      return Error{ErrorCode::validation, "Must specify userName when calling with non-User credentials"};
    return caller_.user_name;
  }
  TRY_ASSIGN(const auto user, name<identity::UserName>("UserName"));
  return std::optional(user);
}

Result<identity::EntityPath> IamCall::path() const {
  if (!query_.text("Path")) return identity::root_path();
  return name<identity::EntityPath>("Path");
}

Result<std::string> IamCall::path_prefix() const {
  const auto prefix = query_.text("PathPrefix");
  if (!prefix) return std::string("/");
  if (!prefix->starts_with('/') || prefix->size() > 512) return malformed("PathPrefix", *prefix);
  return std::string(*prefix);
}

Result<std::int64_t> IamCall::number(std::string_view parameter, std::int64_t usual, std::int64_t min,
                                     std::int64_t max) const {
  const auto value = query_.text(parameter);
  if (!value) return usual;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size()) return malformed(parameter, *value);
  if (number < min)
    return validation(quoted(*value), parameter,
                      "Member must have value greater than or equal to " + std::to_string(min));
  if (number > max)
    return validation(quoted(*value), parameter, "Member must have value less than or equal to " + std::to_string(max));
  return number;
}

Result<std::string> IamCall::description() const {
  const auto value = query_.text("Description");
  if (!value) return std::string();
  if (utf8_characters(*value) > identity::description_size_max) return malformed("Description", *value);
  return std::string(*value);
}

// [\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*
Result<std::string> IamCall::role_description() const {
  TRY_ASSIGN(auto description, this->description());
  const bool formed = all_utf8_characters(description, [](char32_t c) {
    return c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c <= '~') || (c >= 0xA1 && c <= 0xFF);
  });
  if (!formed) return malformed("Description", description);
  return description;
}

Result<std::uint32_t> IamCall::version_number() const {
  TRY_ASSIGN(const auto text, need("VersionId"));
  std::uint32_t number = 0;
  const auto digits = text.substr(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (text[0] != 'v' || error != std::errc() || end != digits.data() + digits.size() || digits[0] == '0')
    return malformed("VersionId", text);
  return number;
}

Result<std::vector<identity::Tag>> IamCall::tags() const {
  TRY_ASSIGN(const auto members, query_.list("Tags"));
  std::vector<identity::Tag> tags;
  for (const auto member : members) {
    const auto key = query_.text_of(member, "Key");
    const auto value = query_.text_of(member, "Value");
    if (!key || !value) return validation("null", "Tags", "Member must not be null");
    tags.push_back({.key = std::string(*key), .value = std::string(*value)});
  }
  return tags;
}

Result<std::vector<std::string_view>> IamCall::texts(std::string_view list, std::string_view part) const {
  TRY_ASSIGN(const auto members, query_.list(list));
  std::vector<std::string_view> texts;
  for (const auto member : members) {
    const auto text = query_.text_of(member, part);
    if (!text || text->empty()) return validation("null", list, "Member must not be null");
    texts.push_back(*text);
  }
  return texts;
}

Result<std::string_view> IamCall::choice(std::string_view parameter, std::span<const std::string_view> choices) const {
  const auto value = query_.text(parameter);
  if (!value) return std::string_view();
  if (std::ranges::find(choices, *value) != choices.end()) return *value;
  std::string set = "Member must satisfy enum value set: [";
  for (const auto choice : choices) set.append(choice == choices.front() ? "" : ", ").append(choice);
  return validation(quoted(*value), parameter, set.append("]"));
}

bool IamCall::has(std::string_view parameter) const {
  const auto members = query_.list(parameter);
  return !query_.text(parameter).value_or("").empty() || (members && !members->empty());
}

Result<IamCall::PageWanted> IamCall::page_wanted() const {
  TRY_ASSIGN(const auto limit, number("MaxItems", 100, 1, 1000));
  PageWanted wanted{.after = {}, .limit = static_cast<std::size_t>(limit)};
  if (const auto marker = query_.text("Marker")) {
    const auto bytes = from_base64(*marker);
    if (!bytes || bytes->empty()) return Error{ErrorCode::validation, "Invalid Marker."};
    wanted.after = as_text(*bytes);
  }
  return wanted;
}

void IamCall::end_page(const Cut& cut) {
  xml_.boolean("IsTruncated", !cut.marker.empty());
  if (!cut.marker.empty()) xml_.text("Marker", to_base64(as_bytes(cut.marker)));
}

Outcome IamCall::page_of_texts(std::string_view list, std::vector<std::string> texts) {
  TRY_ASSIGN(const auto cut, cut_page(texts));
  xml_.open(list);
  for (const auto& text : std::span(texts).subspan(cut.first, cut.count)) xml_.text("member", text);
  xml_.close(list);
  end_page(cut);
  return ok();
}

}  // namespace keyfold::server
