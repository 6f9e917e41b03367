#pragma once
// The outbox: audit events that were committed together with the change they tell of, waiting to be written to the
// audit log. `vault` keeps it in the store; `audit` drains it. So a change never goes without its event, nor an event
// without its change.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"

namespace keyfold::storage {

struct OutboxRecord {
  std::string
      event_id;  // Unique; 1 to 128 characters of A-Z a-z 0-9 . _ -. Whoever drains skips an id it has written already.
  Bytes body;    // Opaque here: the audit leaf. Not secret.
};

// Safe to use from several threads.
class Outbox {
 public:
  virtual ~Outbox() = default;
  // The oldest `limit` records that are not forgotten, in the order in which they were committed.
  virtual Result<std::vector<OutboxRecord>> pending(std::size_t limit) = 0;
  // Call it when the events are durable in the log. One commit for all of them; ids that are not pending are passed
  // over.
  virtual Outcome forget(std::span<const std::string> event_ids) = 0;
};

}  // namespace keyfold::storage
