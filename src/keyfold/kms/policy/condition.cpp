#include "keyfold/kms/policy/condition.h"

#include <algorithm>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/try.h"
#include "keyfold/kms/policy/condition_values.h"

namespace keyfold::policy {

struct Condition::Operator {
  std::string_view name;
  Type type;
  Order order = Order::equal;
  bool negated = false;
  PatternRules rules{};  // For texts.
};

namespace {

Error malformed(std::string message) { return {ErrorCode::malformed_policy_document, std::move(message)}; }

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}
bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

const Condition::Operator* Condition::find_operator(std::string_view name) {
  constexpr PatternRules exactly{.variables = Variables::replaced};
  constexpr PatternRules ignoring_case{.variables = Variables::replaced, .letter_case = LetterCase::ignored};
  constexpr PatternRules like{.wildcards = true, .variables = Variables::replaced};
  static constexpr Operator operators[] = {
      {.name = "StringEquals", .type = Type::text, .rules = exactly},
      {.name = "StringNotEquals", .type = Type::text, .negated = true, .rules = exactly},
      {.name = "StringEqualsIgnoreCase", .type = Type::text, .rules = ignoring_case},
      {.name = "StringNotEqualsIgnoreCase", .type = Type::text, .negated = true, .rules = ignoring_case},
      {.name = "StringLike", .type = Type::text, .rules = like},
      {.name = "StringNotLike", .type = Type::text, .negated = true, .rules = like},
      {.name = "NumericEquals", .type = Type::number},
      {.name = "NumericNotEquals", .type = Type::number, .negated = true},
      {.name = "NumericLessThan", .type = Type::number, .order = Order::less},
      {.name = "NumericLessThanEquals", .type = Type::number, .order = Order::less_or_equal},
      {.name = "NumericGreaterThan", .type = Type::number, .order = Order::greater},
      {.name = "NumericGreaterThanEquals", .type = Type::number, .order = Order::greater_or_equal},
      {.name = "DateEquals", .type = Type::date},
      {.name = "DateNotEquals", .type = Type::date, .negated = true},
      {.name = "DateLessThan", .type = Type::date, .order = Order::less},
      {.name = "DateLessThanEquals", .type = Type::date, .order = Order::less_or_equal},
      {.name = "DateGreaterThan", .type = Type::date, .order = Order::greater},
      {.name = "DateGreaterThanEquals", .type = Type::date, .order = Order::greater_or_equal},
      {.name = "Bool", .type = Type::boolean},
      {.name = "BinaryEquals", .type = Type::binary},
      {.name = "IpAddress", .type = Type::address},
      {.name = "NotIpAddress", .type = Type::address, .negated = true},
      {.name = "ArnEquals",
       .type = Type::arn},  // It has wildcards all the same: "ArnEquals and ArnLike behave identically".
      {.name = "ArnNotEquals", .type = Type::arn, .negated = true},
      {.name = "ArnLike", .type = Type::arn},
      {.name = "ArnNotLike", .type = Type::arn, .negated = true},
      {.name = "Null", .type = Type::null},
  };
  const auto* const found = std::ranges::find(operators, name, &Operator::name);
  return found == std::end(operators) ? nullptr : found;
}

Result<Condition> Condition::parse(std::string_view name, std::string_view key, const std::vector<std::string>& values,
                                   Variables variables) {
  Condition condition;
  condition.name_ = name;
  condition.key_ = key;
  condition.lower_key_ = to_lower(key);
  condition.value_texts_ = values;
  std::string_view bare = name;
  if (take_prefix(bare, "ForAllValues:")) {
    condition.set_ = Set::all;
  } else if (take_prefix(bare, "ForAnyValue:")) {
    condition.set_ = Set::any;
  }
  condition.if_exists_ = take_suffix(bare, "IfExists");
  const Operator* const found = find_operator(bare);
  const bool is_null = found != nullptr && found->type == Type::null;
  if (found == nullptr || (is_null && (condition.if_exists_ || condition.set_ != Set::none)))
    return malformed("there is no such condition operator: " + std::string(name));
  condition.type_ = found->type;
  condition.order_ = found->order;
  condition.negated_ = found->negated;
  for (const auto& text : values) {
    TRY_ASSIGN(auto value, compile(*found, text, variables));
    condition.values_.push_back(std::move(value));
  }
  return condition;
}

Result<Condition::Value> Condition::compile(const Operator& of, std::string_view text, Variables variables) {
  const auto refused = [&](std::string_view what) {
    return malformed("a value of " + std::string(of.name) + " must be " + std::string(what));
  };
  switch (of.type) {
    case Type::text: {
      PatternRules rules = of.rules;
      rules.variables = variables;
      TRY_ASSIGN(auto pattern, Pattern::parse(text, rules));
      return Value(std::move(pattern));
    }
    case Type::arn: {
      TRY_ASSIGN(auto pattern, ArnPattern::parse(text, variables));
      return Value(std::move(pattern));
    }
    case Type::number:
      if (const auto number = read_number(text)) return Value(*number);
      return refused("a number");
    case Type::date:
      if (const auto date = read_date(text)) return Value(*date);
      return refused("a date in ISO 8601, or seconds since 1970");
    case Type::boolean:
    case Type::null:
      if (const auto truth = read_truth(text)) return Value(*truth);
      return refused("true or false");
    case Type::binary: {
      Bytes bytes;
      if (!append_from_base64(bytes, text)) return refused("base64");
      return Value(std::move(bytes));
    }
    case Type::address:
      if (const auto range = read_address_range(text)) return Value(*range);
      return refused("an IP address or a range of them (CIDR)");
  }
  return refused("something else");
}

Tri Condition::holds(const Request& request, Effect effect) const {
  if (type_ == Type::null) return holds_of_null(request);
  const Tri may_hold = negated_ && effect == Effect::allow ? has_values(request) : Tri::yes;
  if (may_hold == Tri::no) return Tri::no;
  Tri all = Tri::yes;
  Tri any = Tri::no;
  bool found = false;
  bool is_absent = request.says_all_about(lower_key_);
  request.each_spelling(lower_key_, [&](const Attribute<Values>& values) {
    if (values.known() && values->empty()) {
      is_absent = true;
      return;
    }
    found = true;
    const Tri holds = values.known() ? holds_for_values(*values, request, effect) : Tri::unknown;
    all = both(all, holds);
    any = either(any, holds);
  });
  if (!found) return both(may_hold, is_absent ? holds_when_absent() : Tri::unknown);
  return both(may_hold, effect == Effect::allow ? all : any);
}

Tri Condition::has_values(const Request& request) const {
  Tri result = Tri::yes;
  for (const auto& value : values_) {
    if (const auto* const text = std::get_if<Pattern>(&value)) result = both(result, text->has_values(request));
    if (const auto* const arn = std::get_if<ArnPattern>(&value)) result = both(result, arn->has_values(request));
  }
  return result;
}

// "true": it must not be there, or be empty. Several values are alternatives.
Tri Condition::holds_of_null(const Request& request) const {
  bool said = request.says_all_about(lower_key_);
  Tri is_there = Tri::no;
  request.each_spelling(lower_key_, [&](const Attribute<Values>& values) {
    said = true;
    is_there = either(is_there, values.known() ? tri(!values->empty()) : Tri::unknown);
  });
  if (!said) is_there = Tri::unknown;
  Tri result = Tri::no;
  for (const auto& value : values_) result = either(result, std::get<bool>(value) ? opposite(is_there) : is_there);
  return result;
}

bool Condition::holds_of_nothing() const {
  if (type_ != Type::null) return holds_when_absent() == Tri::yes;
  return std::ranges::any_of(values_, [](const Value& value) { return std::get<bool>(value); });
}

Tri Condition::holds_when_absent() const {
  if (if_exists_ || set_ == Set::all) return Tri::yes;
  return tri(set_ == Set::none && negated_);
}

Tri Condition::holds_for_values(Values values, const Request& request, Effect effect) const {
  Tri all = Tri::yes;
  Tri any = Tri::no;
  for (const auto value : values) {
    const Tri matched = matches(value, request);
    const Tri holds = negated_ ? opposite(matched) : matched;
    all = both(all, holds);
    any = either(any, holds);
  }
  if (set_ == Set::none) return effect == Effect::allow ? all : any;
  return set_ == Set::all ? all : any;
}

Tri Condition::matches(std::string_view value, const Request& request) const {
  Tri result = Tri::no;
  for (const auto& wanted : values_) {
    result = either(result, matches(wanted, value, request));
    if (result == Tri::yes) break;
  }
  return result;
}

Tri Condition::matches(const Value& wanted, std::string_view value, const Request& request) const {
  switch (type_) {
    case Type::text:
      return std::get<Pattern>(wanted).matches(value, request);
    case Type::arn:
      return std::get<ArnPattern>(wanted).matches(value, request);
    case Type::number: {
      const auto number = read_number(value);
      return tri(number && compares(std::get<double>(wanted), *number));
    }
    case Type::date: {
      const auto date = read_date(value);
      return tri(date && compares(static_cast<double>(std::get<std::int64_t>(wanted)), static_cast<double>(*date)));
    }
    case Type::boolean: {
      const auto truth = read_truth(value);
      return tri(truth && *truth == std::get<bool>(wanted));
    }
    case Type::binary: {
      Bytes bytes;
      return tri(append_from_base64(bytes, value) && bytes == std::get<Bytes>(wanted));
    }
    case Type::address: {
      const auto range = read_address_range(value);
      return tri(range && contains(std::get<AddressRange>(wanted), *range));
    }
    case Type::null:
      break;
  }
  return Tri::no;
}

// Dates are milliseconds: a double holds those of 200,000 years exactly.
bool Condition::compares(double wanted, double value) const {
  switch (order_) {
    case Order::equal:
      return value == wanted;
    case Order::less:
      return value < wanted;
    case Order::less_or_equal:
      return value <= wanted;
    case Order::greater:
      return value > wanted;
    case Order::greater_or_equal:
      return value >= wanted;
  }
  return false;
}

}  // namespace keyfold::policy
