#include "keyfold/envelope/client/shared_file.h"

#include <algorithm>
#include <cstdint>

#include "keyfold/core/base/try.h"

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

// Without the comment that may follow: "a#b" has none, "a #b" has.
std::string_view uncommented(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    const bool starts = value[i] == '#' || value[i] == ';';
    if (starts && blanks.find(value[i - 1]) != std::string_view::npos) return value.substr(0, i);
  }
  return value;
}

struct Setting {
  std::string_view name, value;
};
// An indented line is text to AWS's SDKs: what looks like a comment in it is none.
Setting setting_of(std::string_view raw) {
  const auto equals = raw.find('=');
  if (equals == std::string_view::npos) return {};
  const auto value = raw.substr(equals + 1);
  return {.name = trimmed(raw.substr(0, equals)), .value = trimmed(is_nested(raw) ? value : uncommented(value))};
}

bool same_name(std::string_view written, std::string_view lower_case) {
  return std::ranges::equal(written, lower_case, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::string_view unquoted(std::string_view name) {
  const bool quoted = name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front();
  return quoted ? name.substr(1, name.size() - 2) : name;
}

// `header` is what stands between the brackets.
bool is_headed(std::string_view header, const SectionName& section) {
  header = trimmed(header);
  if (section.kind.empty()) return header == section.name;
  if (!header.starts_with(section.kind)) return false;
  const auto rest = header.substr(section.kind.size());
  return !rest.empty() && is_nested(rest) && unquoted(trimmed(rest)) == section.name;
}

// What a line is, seen from those above it.
class Lines {
 public:
  // Fails on what is neither a section nor a setting. `raw` has something on it other than a comment.
  Outcome check(std::string_view raw, std::string_view line) {
    if (line.front() == '[') {
      above_ = Above::section;
      if (line.find(']') == std::string_view::npos) return wrong("a section without its closing bracket");
    } else if (above_ == Above::nothing) {
      return wrong("a setting that is in no section");
    } else if (is_nested(raw)) {
      if (above_ == Above::section) return wrong("indented, and no setting above it");
    } else {
      above_ = Above::setting;
      if (setting_of(raw).name.empty()) return wrong("neither a section nor `name = value`");
    }
    return ok();
  }
  void count() { ++number_; }

 private:
  enum class Above : std::uint8_t { nothing, section, setting };
  Error wrong(std::string_view what) const {
    return {ErrorCode::invalid_input, "line " + std::to_string(number_) + ": " + std::string(what)};
  }
  std::size_t number_ = 0;
  Above above_ = Above::nothing;
};

}  // namespace

Result<SharedSection> SharedSection::find(std::string_view text, SectionName name) {
  SharedSection section;
  Lines lines;
  std::string_view body;  // From the section's first line to the end of the text.
  bool inside = false;
  for (std::string_view rest = text; !rest.empty();) {
    const auto raw = take_line(rest);
    const auto line = trimmed(raw);
    lines.count();
    if (is_comment(line)) continue;
    TRY(lines.check(raw, line));
    if (line.front() == '[') {
      inside = is_headed(line.substr(1, line.find(']') - 1), name);  // A comment may follow.
      body = rest;
      if (inside) section.bodies_.emplace_back();
    } else if (inside) {
      section.bodies_.back() = body.substr(0, body.size() - rest.size());
    }
  }
  return section;
}

std::string_view SharedSection::value(std::string_view setting) const {
  std::string_view found;
  for (std::string_view rest : bodies_) {
    while (!rest.empty()) {
      const auto raw = take_line(rest);
      const auto line = trimmed(raw);
      if (is_comment(line) || is_nested(raw)) continue;
      if (const auto here = setting_of(raw); same_name(here.name, setting)) found = here.value;
    }
  }
  return found;
}

std::string_view SharedSection::nested_value(std::string_view above, std::string_view setting) const {
  std::string_view found;
  bool under = false;
  for (std::string_view rest : bodies_) {
    while (!rest.empty()) {
      const auto raw = take_line(rest);
      const auto line = trimmed(raw);
      if (is_comment(line)) continue;
      const auto here = setting_of(raw);
      if (!is_nested(raw)) {
        under = same_name(here.name, above) && here.value.empty();
      } else if (under && same_name(here.name, setting)) {
        found = here.value;
      }
    }
  }
  return found;
}

}  // namespace keyfold::client
