#pragma once
// Conditions: operator, key and values, checked and compiled once (IAM User Guide, "Elements: Condition", "Condition
// operators", "Multivalued context keys").
//
// - Values are alternatives; of a negated operator none may match.
// - What the request does not have: a positive operator does not hold, a negated one and …IfExists do; ForAllValues
//   holds, ForAnyValue does not, unless …IfExists.
// - A policy variable that the request has no value for matches nothing; but an Allow with such a one under a negated
//   operator does not hold: it would let through whoever has none.
// - Without a set operator, of a key with several values, or that the request has in several spellings (names of
//   encryption context keys and tags are compared without case): an Allow needs all of them right, a Deny needs one. So
//   whatever a caller adds, it never gets him more.
// - A value of the request that is not of the operator's type (a word for a number) matches nothing.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/policy/pattern.h"
#include "keyfold/kms/policy/request.h"

namespace keyfold::policy {

enum class Effect : std::uint8_t { allow, deny };

// An address range: the first `prefix` bits of 16 bytes; IPv4 mapped into IPv6.
struct AddressRange {
  ByteArray<16> address{};
  unsigned prefix = 128;
};

class Condition {
 public:
  // `name` is the operator as written, "ForAllValues:StringLikeIfExists", `values` texts, numbers and truth values as
  // text. Fails with `malformed_policy_document`: an operator that there is not, a value that is not of its type.
  static Result<Condition> parse(std::string_view name, std::string_view key, const std::vector<std::string>& values,
                                 Variables variables);

  Tri holds(const Request& request, Effect effect) const;
  // Whether it holds when the request has no such key.
  bool holds_of_nothing() const;

  const std::string& name() const { return name_; }                        // "StringEquals", as written.
  const std::string& key() const { return key_; }                          // As written.
  const std::vector<std::string>& values() const { return value_texts_; }  // As written.
  const std::string& lower_key() const { return lower_key_; }

 private:
  enum class Order : std::uint8_t { equal, less, less_or_equal, greater, greater_or_equal };
  enum class Type : std::uint8_t { text, arn, number, date, boolean, binary, address, null };
  enum class Set : std::uint8_t { none, all, any };
  struct Operator;
  static const Operator* find_operator(std::string_view name);
  using Value = std::variant<Pattern, ArnPattern, double, std::int64_t, bool, Bytes, AddressRange>;

  static Result<Value> compile(const Operator& of, std::string_view text, Variables variables);
  Tri has_values(const Request& request) const;
  Tri holds_of_null(const Request& request) const;
  Tri holds_when_absent() const;
  Tri holds_for_values(Values values, const Request& request, Effect effect) const;
  Tri matches(std::string_view value, const Request& request) const;
  Tri matches(const Value& wanted, std::string_view value, const Request& request) const;
  bool compares(double wanted, double value) const;

  std::string name_, key_, lower_key_;
  std::vector<std::string> value_texts_;
  std::vector<Value> values_;
  Type type_ = Type::text;
  Order order_ = Order::equal;
  Set set_ = Set::none;
  bool negated_ = false;
  bool if_exists_ = false;
};

}  // namespace keyfold::policy
