#include "keyfold/core/protocol/query.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "keyfold/core/base/try.h"

namespace keyfold::protocol {
namespace {

Error malformed(std::string_view why) {
  return {ErrorCode::validation, "The request is not a well-formed query: " + std::string(why)};
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends what `text` encodes. Never longer than `text`.
Outcome append_decoded(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return malformed("'%' wants two hexadecimal digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (out.back() == '\0') return malformed("a NUL character");
  }
  return ok();
}

constexpr std::string_view member_infix = ".member.";

// The number behind "<name>.member.", written in the one way that there is; 0 when it is none. `end` is where it ends.
std::size_t member_number(std::string_view parameter, std::size_t from, std::size_t& end) {
  std::size_t number = 0;
  const char* const last = parameter.data() + parameter.size();
  const auto [stop, error] = std::from_chars(parameter.data() + from, last, number);
  end = static_cast<std::size_t>(stop - parameter.data());
  if (error != std::errc() || parameter[from] == '0') return 0;
  return end == parameter.size() || parameter[end] == '.' ? number : 0;
}

}  // namespace

Outcome QueryReader::decode(std::string_view pair) {
  const auto equals = pair.find('=');
  const std::size_t name_at = decoded_.size();
  TRY(append_decoded(decoded_, pair.substr(0, equals)));
  const std::size_t value_at = decoded_.size();
  if (equals != std::string_view::npos) TRY(append_decoded(decoded_, pair.substr(equals + 1)));
  const std::string_view all = decoded_;
  const Parameter parameter{.name = all.substr(name_at, value_at - name_at), .value = all.substr(value_at)};
  if (parameter.name.empty()) return malformed("a parameter without a name");
  if (parameter.name.size() > query_name_size_max) return malformed("the name of a parameter is too long");
  for (const auto text : {parameter.name, parameter.value})
    if (!simdjson::validate_utf8(text.data(), text.size())) return malformed("not UTF-8");
  parameters_.push_back(parameter);
  return ok();
}

Outcome QueryReader::parse(std::string_view body) {
  wipe();
  auto read = read_all(body);
  if (!read) wipe();
  return read;
}

Outcome QueryReader::read_all(std::string_view body) {
  if (body.size() > query_size_max) return malformed("too large");
  if (body.empty()) return ok();
  decoded_.reserve(body.size());
  for (bool more = true; more;) {
    if (parameters_.size() == query_parameters_max) return malformed("too many parameters");
    const auto end = body.find('&');
    TRY(decode(body.substr(0, end)));
    more = end != std::string_view::npos;
    if (more) body.remove_prefix(end + 1);
  }
  std::ranges::sort(parameters_, {}, &Parameter::name);
  const auto twice = std::ranges::adjacent_find(parameters_, {}, &Parameter::name);
  return twice == parameters_.end() ? ok() : Outcome(malformed("a parameter is there twice"));
}

std::optional<std::string_view> QueryReader::text(std::string_view name) const {
  const auto found = std::ranges::lower_bound(parameters_, name, {}, &Parameter::name);
  if (found == parameters_.end() || found->name != name) return std::nullopt;
  return found->value;
}

std::optional<std::string_view> QueryReader::text_of(std::string_view member, std::string_view part) const {
  if (part.empty()) return text(member);
  std::string name(member);
  return text(name.append(".").append(part));
}

Result<std::vector<std::string_view>> QueryReader::list(std::string_view name) const {
  const std::string prefix = std::string(name).append(member_infix);
  std::vector<std::string_view> members;
  for (auto at = std::ranges::lower_bound(parameters_, std::string_view(prefix), {}, &Parameter::name);
       at != parameters_.end() && at->name.starts_with(prefix); ++at) {
    std::size_t end = 0;
    const std::size_t number = at->name.size() == prefix.size() ? 0 : member_number(at->name, prefix.size(), end);
    if (number == 0 || number > query_list_max)
      return malformed("not a member of a list: " + std::string(at->name.substr(0, query_name_size_max)));
    if (members.size() < number) members.resize(number);
    members[number - 1] = at->name.substr(0, end);
  }
  if (const auto whole = text(name); whole && (!whole->empty() || !members.empty()))
    return malformed("a list and a text at once: " + std::string(name));
  if (std::ranges::any_of(members, &std::string_view::empty))
    return malformed("a member is missing from the list " + std::string(name));
  return members;
}

void QueryReader::wipe() {
  parameters_.clear();
  keyfold::wipe(decoded_);
}

}  // namespace keyfold::protocol
