#include "keyfold/envelope/keyrings/failures.h"

#include <algorithm>
#include <array>

namespace keyfold::keyrings {
namespace {

// The most telling first; what is not listed comes before the last.
constexpr std::array telling{
    ErrorCode::unavailable,   ErrorCode::throttling, ErrorCode::dependency_timeout, ErrorCode::key_unavailable,
    ErrorCode::access_denied, ErrorCode::disabled,   ErrorCode::invalid_state,      ErrorCode::not_found,
};

std::size_t rank(ErrorCode code) {
  if (code == ErrorCode::incorrect_key) return telling.size() + 1;  // "Not for me" tells the least.
  return static_cast<std::size_t>(std::ranges::find(telling, code) - telling.begin());
}

}  // namespace

bool is_no_answer(ErrorCode code) {
  switch (code) {
    case ErrorCode::unavailable:
    case ErrorCode::io:
    case ErrorCode::internal:
    case ErrorCode::throttling:
    case ErrorCode::dependency_timeout:
    case ErrorCode::key_unavailable:
      return true;
    default:
      return false;
  }
}

void Failures::add(std::string who, Error error) { failures_.push_back({std::move(who), std::move(error)}); }

Error Failures::summary(std::string_view what) const {
  KEYFOLD_CHECK(!failures_.empty());
  const auto& most = *std::ranges::min_element(failures_, {}, [](const Failure& f) { return rank(f.error.code); });
  std::string text(what);
  std::string_view separator = ": ";
  for (const auto& [who, error] : failures_) {
    text.append(separator).append(who).append(": ").append(error.message);
    separator = "; ";
  }
  return {most.error.code, std::move(text)};
}

Error Failures::none_or_summary(const std::string& keyring) const {
  if (failures_.empty()) return {ErrorCode::incorrect_key, "none of the message's data keys is wrapped by " + keyring};
  return summary("the data key could not be unwrapped");
}

}  // namespace keyfold::keyrings
