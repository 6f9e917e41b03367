#include "keyfold/kms/audit/refusals.h"

#include <algorithm>
#include <vector>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/audit/event.h"
#include "keyfold/kms/audit/log.h"

namespace keyfold::audit {

void RefusalCounter::count(std::string_view source, std::string_view reason) {
  source = source.substr(0, Text::capacity);
  reason = reason.substr(0, Text::capacity);
  const std::lock_guard lock(mutex_);
  for (Row& row : std::span(rows_).first(row_count_)) {
    if (row.source.view() != source || row.reason.view() != reason) continue;
    ++row.count;
    return;
  }
  if (row_count_ == rows_max) {
    ++others_;
    return;
  }
  rows_[row_count_++] = {.source = Text(source), .reason = Text(reason), .count = 1};
}

Outcome RefusalCounter::record(AuditLog& log, const Clock& clock, When when) {
  const std::lock_guard lock(mutex_);
  const Duration now = clock.steady_now();
  if (!started_) {
    started_ = true;
    credited_ = now;
    since_ = clock.now();
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - credited_);
  quota_ = std::min(quota_burst, quota_ + seconds.count() * quota_per_second);
  credited_ += seconds;
  if (row_count_ == 0 && others_ == 0) return ok();
  if (when == When::due && last_ && now - *last_ < period) return ok();
  const Timestamp until = clock.now();
  const std::string leaf = summary(until);
  if (static_cast<std::int64_t>(leaf.size()) > quota_) return ok();
  TRY(log.append(leaf));
  log.begin_commit();
  quota_ -= static_cast<std::int64_t>(leaf.size());
  last_ = now;
  since_ = until;
  row_count_ = 0;
  others_ = 0;
  return ok();
}

std::string RefusalCounter::summary(Timestamp now) const {
  const std::string since = to_iso8601(since_);
  std::vector<EventField> fields;
  fields.emplace_back("since", since);
  std::vector<std::string> names;
  names.reserve(row_count_);  // EventField keeps views.
  std::uint64_t total = others_;
  for (const Row& row : std::span(rows_).first(row_count_)) {
    names.push_back(std::string(row.source.view()) + " " + std::string(row.reason.view()));
    fields.push_back(EventField::number(names.back(), static_cast<std::int64_t>(row.count)));
    total += row.count;
  }
  fields.push_back(EventField::number("otherSources", static_cast<std::int64_t>(others_)));
  fields.push_back(EventField::number("refusals", static_cast<std::int64_t>(total)));
  const auto id = random_uuid(random_);
  AuditEvent event;
  event.time = now;
  event.user.type = "AWSService";
  event.name = event_name::refused_before_authentication;
  event.details.others = fields;
  event.event_id = id.view();
  event.type = EventType::keyfold_server;
  std::string leaf;
  encode(event, leaf);
  return leaf;
}

}  // namespace keyfold::audit
