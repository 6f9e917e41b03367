#pragma once
// FactList: a few condition values, gathered where a request is made. Allocates nothing.

#include <array>
#include <span>
#include <string_view>

#include "keyfold/core/base/result.h"
#include "keyfold/kms/policy/request.h"

namespace keyfold::policy {

// Views, of what was added and of itself. It is a CHECK that not more than `max` are added.
template <std::size_t max>
class FactList {
 public:
  FactList() = default;
  FactList(const FactList&) = delete;
  FactList& operator=(const FactList&) = delete;

  void add(std::string_view key, const Attribute<std::string_view>& value) {
    KEYFOLD_CHECK(count_ < max);
    facts_[count_] = {.key = key, .values = {}};
    if (value.known()) {
      texts_[count_] = *value;
      facts_[count_].values = Values(&texts_[count_], 1);
    }
    ++count_;
  }
  void add(std::string_view key, Values values) {
    KEYFOLD_CHECK(count_ < max);
    facts_[count_++] = {.key = key, .values = values};
  }

  std::span<const ConditionValue> view() const { return std::span(facts_).first(count_); }

 private:
  std::size_t count_ = 0;
  std::array<std::string_view, max> texts_;
  std::array<ConditionValue, max> facts_;
};

// "true" or "false", as condition values of that type are.
constexpr std::string_view text_of(bool value) { return value ? "true" : "false"; }

}  // namespace keyfold::policy
