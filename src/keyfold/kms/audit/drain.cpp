// The outbox of the control plane: each event into the log exactly once, by its id.

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/audit/committing_log.h"
#include "keyfold/kms/audit/event.h"
#include "keyfold/kms/storage/outbox.h"

namespace keyfold::audit {
namespace {

constexpr std::size_t drain_batch = 256;    // Events.
constexpr std::size_t search_segments = 2;  // The last so many are searched for events of before a crash.

}  // namespace

Outcome CommittingLog::drain(storage::Outbox& outbox) {
  const std::lock_guard one_at_a_time(drain_mutex_);
  for (;;) {
    TRY_ASSIGN(const auto events, outbox.pending(drain_batch));
    std::vector<std::string> ids;
    ids.reserve(events.size());
    for (const auto& event : events) ids.push_back(event.event_id);
    TRY(skip_those_in_the_log(ids));
    if (events.empty()) return ok();

    TRY(append_events(events));
    // Forgetting outlives a power cut; so must the record, in mode `interval` too.
    TRY(flush());
    TRY(outbox.forget(ids));
    for (const auto& id : ids) in_log_.erase(id);
  }
}

// Each event that is not in the log yet; waits for them. A refused one has been taken back: it is not in the log, and
// stays in the outbox.
Outcome CommittingLog::append_events(std::span<const storage::OutboxRecord> events) {
  Outcome outcome = ok();
  std::vector<std::pair<Sequence, const std::string*>> appended;
  for (const auto& event : events) {
    if (in_log_.contains(event.event_id)) continue;
    if (event_id_of(as_text(event.body)) != event.event_id) {
      outcome = Error{ErrorCode::corrupt, "the outbox holds an event under another id than its own: " + event.event_id};
      break;
    }
    auto sequence = append(event.body);
    if (!sequence) {
      outcome = std::move(sequence).error();
      break;
    }
    appended.emplace_back(*sequence, &event.event_id);
  }
  // Also after a failure: those before it may have got through, and must not be appended again.
  for (const auto& [sequence, id] : appended) {
    auto waited = wait(sequence);
    if (waited) {
      in_log_.insert(*id);
    } else if (outcome) {
      outcome = std::move(waited);
    }
  }
  return outcome;
}

// Once: what this process appends it remembers. Only a process before this one can have left an event both in the log
// and in the outbox, and only near the log's end, because drain() forgets at once.
Outcome CommittingLog::skip_those_in_the_log(const std::vector<std::string>& event_ids) {
  if (std::exchange(searched_, true) || event_ids.empty()) return ok();
  const std::set<std::string, std::less<>> wanted(event_ids.begin(), event_ids.end());
  const auto search = [&]() -> Outcome {
    const std::lock_guard file(file_mutex_);
    TRY_ASSIGN(auto segments, list_segments(options_.directory));
    const std::size_t count = std::min(segments.size(), search_segments);
    for (const std::uint64_t first_leaf : std::span(segments).last(count)) {
      const auto path = options_.directory / segment_name(first_leaf);
      TRY_ASSIGN(const auto bytes, read_segment(path));
      TRY(header_of(path, bytes));
      TRY(scan_segment(bytes, [&](std::uint64_t, BytesView leaf) {
        const auto id = event_id_of(as_text(leaf));
        if (wanted.contains(id)) in_log_.emplace(id);
        return true;
      }));
    }
    return ok();
  };
  auto searched = search();
  if (!searched) searched_ = false;
  return searched;
}

}  // namespace keyfold::audit
