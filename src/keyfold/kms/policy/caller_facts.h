#pragma once
// CallerFacts: what a request says of its caller and of its resource's account, as the condition keys of known_keys.h.
// What the request does not know is unknown here too.

#include <span>

#include "keyfold/kms/policy/fact_list.h"

namespace keyfold::policy {

class CallerFacts {
 public:
  // Views: of the request's texts, and of itself. Allocates nothing.
  explicit CallerFacts(const Request& request);

  std::span<const ConditionValue> view() const { return facts_.view(); }

 private:
  FactList<6> facts_;
};

}  // namespace keyfold::policy
