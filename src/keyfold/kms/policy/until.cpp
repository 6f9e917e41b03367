#include "keyfold/kms/policy/until.h"

#include <algorithm>

#include "keyfold/kms/policy/condition_values.h"
#include "keyfold/kms/policy/known_keys.h"

namespace keyfold::policy {

void append_dates(const Document& document, std::string_view action, std::vector<Timestamp>& dates) {
  for (const auto& statement : document.statements()) {
    if (statement.conditions.empty() || !is_about(statement, action)) continue;
    for (const auto& condition : statement.conditions) {
      if (!equal_ignoring_case(condition.key(), condition_key::current_time) &&
          !equal_ignoring_case(condition.key(), condition_key::epoch_time))
        continue;
      for (const auto& text : condition.values())
        if (const auto date = read_date(text))
          dates.emplace_back(std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds(*date)));
    }
  }
}

std::optional<Timestamp> first_denied(Timestamp now, std::vector<Timestamp>& dates,
                                      FunctionRef<Verdict(Timestamp)> at) {
  std::ranges::sort(dates);
  const auto repeated = std::ranges::unique(dates);
  dates.erase(repeated.begin(), repeated.end());
  for (const Timestamp date : dates)
    // An answer changes at the date itself (DateLessThan), or right behind it (DateLessThanEquals).
    for (const Timestamp moment : {date, date + std::chrono::seconds(1)})
      if (moment > now && at(moment) == Verdict::deny) return moment;
  return std::nullopt;
}

}  // namespace keyfold::policy
