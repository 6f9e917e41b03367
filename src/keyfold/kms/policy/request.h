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

#include "keyfold/core/base/encryption_context.h"

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
};

// What a condition key stands for in this request: for those that are not about the encryption context. No statement
// asks for one: documents with such keys are refused (document.h).
struct ConditionValue {
  std::string_view key;                                 // "kms:ViaService"; compared without case.
  Attribute<std::span<const std::string_view>> values;  // Known and empty: the request has no such key.
};

enum class Extent : std::uint8_t {
  complete,  // What is not listed is not there.
  partial,   // What is not listed, in whatever case, is unknown.
};

struct Request {
  Principal principal;
  Attribute<std::string_view> action;            // "kms:Decrypt"
  Attribute<std::string_view> resource;          // The key's ARN, an alias ARN, or "*" when there is none.
  Attribute<std::string_view> resource_account;  // Whose it is; for "*" the caller's.
  ContextView context;
  Extent context_extent = Extent::complete;
  std::span<const ConditionValue> conditions;
  Extent conditions_extent = Extent::complete;
};

}  // namespace keyfold::policy
