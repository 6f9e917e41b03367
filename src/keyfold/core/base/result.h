#pragma once
// Result<T>: the outcome of work that can fail for reasons outside this program.
// A mistake inside the program is not an Error: it is a failed KEYFOLD_CHECK, and it stops the process.

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace keyfold {

// One per outcome that a caller must tell apart: first our own, then one per exception of AWS KMS and of SigV4
// (`protocol/errors.cpp` gives each its name on the wire).
enum class ErrorCode {
  // Ours.
  invalid_input,   // What was given does not parse, or breaks a stated limit.
  authentication,  // A tag, a signature or a commitment does not verify: altered, or the wrong key.
  unavailable,     // Cannot be had now; the same call may succeed later.
  io,              // A file, disk or socket failed.
  corrupt,         // Something we stored is not what we stored.
  internal,        // We cannot do it, and it is not the caller's doing.
  wrong_domain,    // A message of another data domain or environment than the one it was to be opened in.
  // Of the request as such.
  access_denied,
  incomplete_signature,
  invalid_signature,
  missing_authentication_token,
  not_authorized,
  serialization,
  throttling,
  unknown_operation,
  unrecognized_client,
  validation,
  expired_token,
  // Declared by IAM and STS operations alone.
  delete_conflict,
  packed_policy_too_large,
  // Declared by KMS operations.
  already_exists,
  conflict,
  custom_key_store_not_found,
  dependency_timeout,
  disabled,
  dry_run_operation,
  incorrect_key,
  invalid_alias_name,
  invalid_arn,
  invalid_ciphertext,
  invalid_grant_id,
  invalid_grant_token,
  invalid_key_usage,
  invalid_marker,
  invalid_state,
  key_unavailable,
  limit_exceeded,
  malformed_policy_document,
  not_found,
  tag,
  unsupported_operation,
};

struct Error {
  ErrorCode code;
  std::string message;  // For the caller and the log. Never holds key material or plaintext.
};

[[noreturn]] void check_failed(const char* what, const char* file, int line);
#define KEYFOLD_CHECK(condition) ((condition) ? void() : ::keyfold::check_failed(#condition, __FILE__, __LINE__))

template <class T>
class [[nodiscard]] Result {
  static_assert(!std::is_reference_v<T> && !std::is_same_v<T, Error>);
  static_assert(!std::is_same_v<T, bool>, "use an enum: `if (result)` would not mean what it reads");

 public:
  using value_type = T;
  template <class U = T>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& operator*() & { return *get(); }
  const T& operator*() const& { return *get(); }
  T operator*() && { return std::move(*get()); }
  T* operator->() { return get(); }
  const T* operator->() const { return get(); }
  const Error& error() const& { return *err(); }
  Error error() && { return std::move(*err()); }

 private:
  T* get() {
    T* p = std::get_if<0>(&state_);
    KEYFOLD_CHECK(p != nullptr);
    return p;
  }
  const T* get() const { return const_cast<Result*>(this)->get(); }
  Error* err() {
    Error* p = std::get_if<1>(&state_);
    KEYFOLD_CHECK(p != nullptr);
    return p;
  }
  const Error* err() const { return const_cast<Result*>(this)->err(); }
  std::variant<T, Error> state_;
};

using Outcome = Result<std::monostate>;
inline Outcome ok() { return std::monostate{}; }

}  // namespace keyfold
