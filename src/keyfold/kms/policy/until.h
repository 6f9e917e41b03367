#pragma once
// Until when: the dates that policies speak of, and when an access that there is now ends by them.

#include <optional>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/function_ref.h"
#include "keyfold/kms/policy/authorizer.h"

namespace keyfold::policy {

// Appends the dates that conditions on aws:CurrentTime and aws:EpochTime compare with, where it is about this action;
// as whole seconds, the next one.
void append_dates(const Document& document, std::string_view action, std::vector<Timestamp>& dates);

// The first second after `now` at which `at` says deny; none when it does at none. `dates`: where its answer may
// change; in any order, and sorted by this.
std::optional<Timestamp> first_denied(Timestamp now, std::vector<Timestamp>& dates, FunctionRef<Verdict(Timestamp)> at);

}  // namespace keyfold::policy
