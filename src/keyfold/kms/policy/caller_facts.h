#pragma once
// CallerFacts: what a request says of its caller and of its resource's account, as the condition keys of known_keys.h.
// What the request does not know is unknown here too.

#include <array>
#include <span>

#include "keyfold/kms/policy/request.h"

namespace keyfold::policy {

class CallerFacts {
 public:
  // Views: of the request's texts, and of itself. Allocates nothing.
  explicit CallerFacts(const Request& request);
  CallerFacts(const CallerFacts&) = delete;
  CallerFacts& operator=(const CallerFacts&) = delete;

  std::span<const ConditionValue> view() const { return std::span(conditions_).first(count_); }

 private:
  void add(std::string_view key, const Attribute<std::string_view>& value);

  static constexpr std::size_t count_max = 6;
  std::size_t count_ = 0;
  std::array<std::string_view, count_max> values_;
  std::array<ConditionValue, count_max> conditions_;
};

}  // namespace keyfold::policy
