#pragma once
// Texts of a policy that others are compared with: wildcards and policy variables, compiled once (IAM User Guide,
// "Policy variables", "Elements: Resource", "String condition operators"). Immutable; safe to use from several threads.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/result.h"
#include "keyfold/kms/policy/letter_case.h"
#include "keyfold/kms/policy/request.h"

namespace keyfold::policy {

// ${key}, ${key, 'default'}: what the request has for a key of one value, taken literally; ${*}, ${?} and ${$} are
// those characters. Version 2008-10-17 of the language has none: there they are themselves.
enum class Variables : std::uint8_t { literal, replaced };

struct PatternRules {
  bool wildcards = false;  // * is any run of characters, ? any one; else they are themselves.
  Variables variables = Variables::literal;
  LetterCase letter_case = LetterCase::matters;
};

class Pattern {
 public:
  // Fails with `malformed_policy_document` on a variable that is not one.
  static Result<Pattern> parse(std::string_view text, PatternRules rules);

  // Unknown when it depends on a variable whose value is. A variable that the request has no value for, and that has no
  // default, matches nothing.
  Tri matches(std::string_view text, const Request& request) const;
  // Whether every variable in it has a value, or a default.
  Tri has_values(const Request& request) const;
  bool matches_everything() const { return variables_.empty() && compiled_.size() == 1 && compiled_[0] == any_run; }
  const std::string& text() const { return text_; }  // As written.

 private:
  using Unit = char16_t;  // A byte, or one of these.
  static constexpr Unit any_run = 0x100;
  static constexpr Unit any_one = 0x101;
  struct Variable {
    std::size_t at;   // In compiled_: it stands before this unit.
    std::string key;  // Lower case.
    std::string fallback;
    bool has_fallback = false;
  };

  Outcome add_variable(std::string_view text);
  void find_head();
  Tri expand(std::vector<Unit>& out, const Request& request) const;
  bool starts_with_head(std::string_view text) const;
  bool run(std::span<const Unit> pattern, std::string_view text) const;

  std::string text_;
  std::vector<Unit> compiled_;
  std::vector<Variable> variables_;
  std::string
      head_;  // What stands before the first wildcard, where there are no variables: most are no more than that.
  LetterCase letter_case_ = LetterCase::matters;
};

// An ARN, field by field: a wildcard does not reach beyond its colon, but for the last field, which has all the rest.
class ArnPattern {
 public:
  // "*", or "arn:" and up to five more fields, of which missing ones are "*". Fails with `malformed_policy_document`.
  static Result<ArnPattern> parse(std::string_view text, Variables variables);
  // A text that is no ARN ("*" of operations without a resource) matches only where every text does.
  Tri matches(std::string_view text, const Request& request) const;
  Tri has_values(const Request& request) const;  // As a Pattern's.
  bool matches_everything() const { return fields_.empty(); }
  const std::string& text() const { return text_; }  // As written.

 private:
  std::string text_;
  std::vector<Pattern> fields_;  // Six, "arn" included; or none: everything.
};

}  // namespace keyfold::policy
