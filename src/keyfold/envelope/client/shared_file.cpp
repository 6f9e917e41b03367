#include "keyfold/envelope/client/shared_file.h"

namespace keyfold::client {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

bool is_comment(std::string_view line) { return line.empty() || line.front() == '#' || line.front() == ';'; }
bool is_nested(std::string_view raw) { return blanks.find(raw.front()) != std::string_view::npos; }

struct Setting {
  std::string_view name, value;
};
Setting setting_of(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return {};
  return {.name = trimmed(line.substr(0, equals)), .value = trimmed(line.substr(equals + 1))};
}

}  // namespace

Result<SharedSection> SharedSection::find(std::string_view text, std::string_view name) {
  SharedSection section;
  std::size_t number = 0;
  std::size_t start = 0;
  std::size_t end = std::string_view::npos;  // Of the section; not known until the next begins.
  for (std::string_view rest = text; !rest.empty();) {
    const auto at = text.size() - rest.size();
    const auto raw = take_line(rest);
    ++number;
    const auto line = trimmed(raw);
    if (is_comment(line)) continue;
    if (line.front() == '[') {
      const auto close = line.find(']');  // A comment may follow.
      if (close == std::string_view::npos)
        return Error{ErrorCode::invalid_input,
                     "line " + std::to_string(number) + ": a section without its closing bracket"};
      if (!section.absent_ && end == std::string_view::npos) end = at;
      if (trimmed(line.substr(1, close - 1)) == name && section.absent_) {
        section.absent_ = false;
        start = text.size() - rest.size();
      }
      continue;
    }
    if (!is_nested(raw) && line.find('=') == std::string_view::npos)
      return Error{ErrorCode::invalid_input,
                   "line " + std::to_string(number) + ": neither a section nor `name = value`"};
  }
  if (!section.absent_) section.body_ = text.substr(start, end == std::string_view::npos ? end : end - start);
  return section;
}

std::string_view SharedSection::value(std::string_view setting) const {
  std::string_view found;
  for (std::string_view rest = body_; !rest.empty();) {
    const auto raw = take_line(rest);
    const auto line = trimmed(raw);
    if (is_comment(line) || line.front() == '[' || is_nested(raw)) continue;
    if (const auto here = setting_of(line); here.name == setting) found = here.value;
  }
  return found;
}

std::string_view SharedSection::nested_value(std::string_view above, std::string_view setting) const {
  std::string_view found;
  bool under = false;
  for (std::string_view rest = body_; !rest.empty();) {
    const auto raw = take_line(rest);
    const auto line = trimmed(raw);
    if (is_comment(line)) continue;
    const auto here = setting_of(line);
    if (!is_nested(raw)) {
      under = here.name == above && here.value.empty();
    } else if (under && here.name == setting) {
      found = here.value;
    }
  }
  return found;
}

}  // namespace keyfold::client
