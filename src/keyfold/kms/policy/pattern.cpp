#include "keyfold/kms/policy/pattern.h"

#include <algorithm>
#include <array>
#include <optional>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/try.h"
#include "keyfold/kms/policy/known_keys.h"

namespace keyfold::policy {
namespace {

constexpr std::size_t arn_fields = 6;

Error malformed(std::string message) { return {ErrorCode::malformed_policy_document, std::move(message)}; }

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Where the field that begins at `from` ends: at the next colon that is not inside a variable.
std::size_t end_of_field(std::string_view text, std::size_t from, Variables variables) {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (text[at] == ':') return at;
    if (variables == Variables::literal || !text.substr(at).starts_with("${")) continue;
    const auto closing = text.find('}', at);
    if (closing == std::string_view::npos) return text.size();
    at = closing;
  }
  return text.size();
}

}  // namespace

Result<Pattern> Pattern::parse(std::string_view text, PatternRules rules) {
  Pattern pattern;
  pattern.text_ = text;
  pattern.letter_case_ = rules.letter_case;
  while (!text.empty()) {
    if (rules.variables == Variables::replaced && text.starts_with("${")) {
      const auto closing = text.find('}');
      if (closing == std::string_view::npos) return malformed("a policy variable has no closing brace");
      TRY(pattern.add_variable(text.substr(2, closing - 2)));
      text.remove_prefix(closing + 1);
      continue;
    }
    const char c = text.front();
    text.remove_prefix(1);
    if (rules.wildcards && c == '*') {
      if (pattern.compiled_.empty() || pattern.compiled_.back() != any_run) pattern.compiled_.push_back(any_run);
    } else if (rules.wildcards && c == '?') {
      pattern.compiled_.push_back(any_one);
    } else {
      const char same = rules.letter_case == LetterCase::ignored ? to_lower(c) : c;
      pattern.compiled_.push_back(static_cast<unsigned char>(same));
    }
  }
  if (pattern.variables_.empty()) pattern.find_head();
  return pattern;
}

void Pattern::find_head() {
  for (const Unit unit : compiled_) {
    if (unit >= any_run) break;
    head_ += static_cast<char>(unit);
  }
}

Outcome Pattern::add_variable(std::string_view text) {
  if (text == "*" || text == "?" || text == "$") {
    compiled_.push_back(static_cast<unsigned char>(text[0]));
    return ok();
  }
  Variable variable{.at = compiled_.size(), .key = {}, .fallback = {}};
  const auto comma = text.find(',');
  const auto key = trimmed(text.substr(0, comma));
  variable.key = to_lower(key);
  if (!is_condition_key(variable.key))
    return malformed("a policy variable must name a condition key that is supported");
  if (comma != std::string_view::npos) {
    const auto quoted = trimmed(text.substr(comma + 1));
    if (quoted.size() < 2 || !quoted.starts_with('\'') || !quoted.ends_with('\''))
      return malformed("the default of a policy variable must stand in single quotes");
    variable.fallback = quoted.substr(1, quoted.size() - 2);
    variable.has_fallback = true;
  }
  variables_.push_back(std::move(variable));
  return ok();
}

Tri Pattern::matches(std::string_view text, const Request& request) const {
  if (variables_.empty()) {
    if (!starts_with_head(text)) return Tri::no;
    const auto rest = std::span(compiled_).subspan(head_.size());
    if (rest.size() == 1 && rest.front() == any_run) return Tri::yes;
    return tri(rest.empty() ? text.size() == head_.size() : run(rest, text.substr(head_.size())));
  }
  thread_local std::vector<Unit> expanded;
  expanded.clear();
  const Tri known = expand(expanded, request);
  return known == Tri::yes ? tri(run(expanded, text)) : known;
}

Tri Pattern::has_values(const Request& request) const {
  Tri result = Tri::yes;
  for (const auto& variable : variables_) {
    const auto found = request.single_value(variable.key);
    result = both(result, found.known() ? tri(*found || variable.has_fallback) : Tri::unknown);
  }
  return result;
}

// No: a variable has no value. Unknown: nobody has said which.
Tri Pattern::expand(std::vector<Unit>& out, const Request& request) const {
  std::size_t done = 0;
  const auto copy_up_to = [&](std::size_t end) {
    out.insert(out.end(), compiled_.begin() + static_cast<std::ptrdiff_t>(done),
               compiled_.begin() + static_cast<std::ptrdiff_t>(end));
    done = end;
  };
  for (const auto& variable : variables_) {
    copy_up_to(variable.at);
    const auto found = request.single_value(variable.key);
    if (!found.known()) return Tri::unknown;
    if (!*found && !variable.has_fallback) return Tri::no;
    for (const char c : *found ? **found : std::string_view(variable.fallback))
      out.push_back(static_cast<unsigned char>(letter_case_ == LetterCase::ignored ? to_lower(c) : c));
  }
  copy_up_to(compiled_.size());
  return Tri::yes;
}

bool Pattern::starts_with_head(std::string_view text) const {
  if (text.size() < head_.size()) return false;
  if (letter_case_ == LetterCase::matters) return text.starts_with(head_);
  return std::ranges::equal(text.substr(0, head_.size()), head_, {}, [](char c) { return to_lower(c); });
}

// Takes each * to stand for as little as will do, and comes back only to the last one: what an earlier one could stand
// for, the last can as well.
bool Pattern::run(std::span<const Unit> pattern, std::string_view text) const {
  const auto same = [this](Unit unit, char c) {
    return unit == any_one || unit == static_cast<unsigned char>(letter_case_ == LetterCase::ignored ? to_lower(c) : c);
  };
  // A character is a byte and those after it that continue it (UTF-8).
  const auto after_character = [text](std::size_t at) {
    do ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U);
    return at;
  };
  std::size_t p = 0;
  std::size_t t = 0;
  std::optional<std::size_t> after_run;  // In the pattern, behind the last *.
  std::size_t taken_up_to = 0;           // In the text: where what that * stands for ends.
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == any_run) {
      after_run = ++p;
      taken_up_to = t;
    } else if (p < pattern.size() && same(pattern[p], text[t])) {
      t = pattern[p++] == any_one ? after_character(t) : t + 1;
    } else if (after_run) {
      p = *after_run;
      t = taken_up_to = after_character(taken_up_to);
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(),
                     [](Unit unit) { return unit == any_run; });
}

Result<ArnPattern> ArnPattern::parse(std::string_view text, Variables variables) {
  ArnPattern pattern;
  pattern.text_ = text;
  if (text == "*") return pattern;
  std::size_t at = 0;
  while (pattern.fields_.size() < arn_fields && at <= text.size()) {
    const bool is_last = pattern.fields_.size() == arn_fields - 1;
    const auto end = is_last ? text.size() : end_of_field(text, at, variables);
    TRY_ASSIGN(auto field, Pattern::parse(text.substr(at, end - at), {.wildcards = true, .variables = variables}));
    pattern.fields_.push_back(std::move(field));
    at = end + 1;
  }
  if (!text.starts_with("arn:") || pattern.fields_.size() < 3)
    return malformed("an ARN is arn:partition:service:Region:account:resource");
  TRY_ASSIGN(const auto anything, Pattern::parse("*", {.wildcards = true}));
  pattern.fields_.resize(arn_fields, anything);
  return pattern;
}

Tri ArnPattern::has_values(const Request& request) const {
  Tri result = Tri::yes;
  for (const auto& field : fields_) result = both(result, field.has_values(request));
  return result;
}

Tri ArnPattern::matches(std::string_view text, const Request& request) const {
  if (fields_.empty()) return Tri::yes;
  const auto arn = split_arn(text);
  if (!arn) return Tri::no;
  const std::array<std::string_view, arn_fields> fields = {"arn",       arn->partition, arn->service,
                                                           arn->region, arn->account,   arn->resource};
  Tri result = Tri::yes;
  for (std::size_t i = 0; i < arn_fields && result != Tri::no; ++i)
    result = both(result, fields_[i].matches(fields[i], request));
  return result;
}

}  // namespace keyfold::policy
