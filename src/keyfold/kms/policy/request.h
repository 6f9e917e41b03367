#pragma once
// Request: what is asked, as far as it is known. Any attribute may be *unknown*, which is not the same as absent: "who
// can decrypt this key?" is a request whose principal and encryption context nobody has said yet. Views throughout:
// whoever fills it in keeps the text alive. Building one allocates nothing.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "keyfold/core/base/encryption_context.h"
#include "keyfold/core/base/function_ref.h"
#include "keyfold/kms/policy/letter_case.h"

namespace keyfold::policy {

// A value, or that it is unknown.
template <class T>
class Attribute {
 public:
  Attribute() = default;  // Unknown.
  template <class U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, Attribute>)
  Attribute(U&& value) : value_(std::forward<U>(value)) {}
  bool known() const { return value_.has_value(); }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
};

// Kleene's three-valued logic: what holds whatever the unknown turns out to be is known.
enum class Tri : std::uint8_t { no, unknown, yes };
constexpr Tri both(Tri a, Tri b) { return a < b ? a : b; }
constexpr Tri either(Tri a, Tri b) { return a < b ? b : a; }
constexpr Tri opposite(Tri a) { return static_cast<Tri>(2 - static_cast<int>(a)); }
constexpr Tri tri(bool holds) { return holds ? Tri::yes : Tri::no; }

enum class PrincipalType : std::uint8_t {
  root,  // The account's root: whoever holds its root access key. Needs no identity policy.
  user,
  role_session,
};

// Who asks. The parts may be known one by one: "some user of account 111122223333".
struct Principal {
  Attribute<std::string_view> arn;      // "arn:aws:iam::111122223333:user/ledger-writer"
  Attribute<std::string_view> account;  // "111122223333"
  Attribute<PrincipalType> type;
  // Of a role's session, whose own ARN is that of "assumed-role/NAME/SESSION": the role's, with its path. Others have
  // none.
  Attribute<std::string_view> role{};
};

using Values = std::span<const std::string_view>;

// What a condition key stands for in this request: for those that are not about the encryption context.
struct ConditionValue {
  std::string_view key;      // "kms:ViaService", "aws:PrincipalTag/team"; compared without case.
  Attribute<Values> values;  // Known and empty: the request has no such key.
};

// Condition values that are found out when a policy asks for them: what costs something to know.
class ConditionSource {
 public:
  using Visit = FunctionRef<void(const Attribute<Values>&)>;
  // visit() for each that has this name (in lower case), in whatever case it is there.
  virtual void each_spelling(std::string_view key, Visit visit) const = 0;

 protected:
  ~ConditionSource() = default;
};

enum class Extent : std::uint8_t {
  complete,  // What is not listed is not there.
  partial,   // What is not listed, in whatever case, is unknown. A key that is listed without a value is not there.
};

struct GrantTerms;

struct Request {
  Principal principal;
  Attribute<std::string_view> action;            // "kms:Decrypt"
  Attribute<std::string_view> resource;          // The key's ARN, an alias ARN, or "*" when there is none.
  Attribute<std::string_view> resource_account;  // Whose it is; for "*" the caller's.
  ContextView context;
  Extent context_extent = Extent::complete;
  std::span<const ConditionValue> conditions;
  const ConditionSource* more_conditions = nullptr;  // Besides `conditions`; null: none.
  Extent conditions_extent = Extent::complete;
  // Of kms:CreateGrant: what the new grant is to give; null: nothing is said of it. A grant that gives kms:CreateGrant
  // does so for what is at most its own.
  Attribute<const GrantTerms*> creates = static_cast<const GrantTerms*>(nullptr);

  // visit(Attribute<Values>) for each that has this name (in lower case), in whatever case it is here.
  template <class Visit>
  void each_spelling(std::string_view key, const Visit& visit) const;
  // Whether a key that each_spelling() does not find is not there.
  bool says_all_about(std::string_view key) const;
  // Of a key of one value: none when the request has no such key, or more than one value of it.
  Attribute<std::optional<std::string_view>> single_value(std::string_view key) const;
};

// The encryption context's condition keys, in lower case: its names, and each pair.
inline constexpr std::string_view context_keys_key = "kms:encryptioncontextkeys";
inline constexpr std::string_view context_key_prefix = "kms:encryptioncontext:";

template <class Visit>
void Request::each_spelling(std::string_view key, const Visit& visit) const {
  if (key.starts_with(context_key_prefix)) {
    key.remove_prefix(context_key_prefix.size());
    for (const auto& pair : context)
      if (equal_ignoring_case(pair.key, key)) visit(Attribute<Values>(Values(&pair.value, 1)));
    return;
  }
  if (key == context_keys_key) {
    thread_local std::vector<std::string_view> names;
    names.clear();
    for (const auto& pair : context) names.push_back(pair.key);
    if (context_extent == Extent::complete) visit(Attribute<Values>(Values(names)));
    return;
  }
  for (const auto& condition : conditions)
    if (equal_ignoring_case(condition.key, key)) visit(condition.values);
  if (more_conditions != nullptr) more_conditions->each_spelling(key, visit);
}

inline bool Request::says_all_about(std::string_view key) const {
  const bool of_context = key.starts_with(context_key_prefix) || key == context_keys_key;
  const auto extent = of_context ? context_extent : conditions_extent;
  return extent == Extent::complete;
}

inline Attribute<std::optional<std::string_view>> Request::single_value(std::string_view key) const {
  std::optional<std::string_view> value;
  std::size_t values = 0;
  bool known = true;
  bool said = says_all_about(key);
  each_spelling(key, [&](const Attribute<Values>& found) {
    said = true;
    known = known && found.known();
    if (!found.known() || found->empty()) return;
    values += found->size();
    value = found->front();
  });
  if (!known || !said) return {};
  if (values != 1) value.reset();
  return value;
}

}  // namespace keyfold::policy
