#pragma once
// Apply: does what a plan says, one call after another, through the public API. It may be killed between any two of
// them, or during one, and run again: looking and planning anew finds what was done. A key is made with its tags, so
// one that has no alias yet is found by them.

#include <functional>
#include <optional>

#include "keyfold/lifecycle/topology/calls.h"
#include "keyfold/lifecycle/topology/plan.h"

namespace keyfold::topology {

enum class Deletion : std::uint8_t { refused, allowed };

// One step, done or failed.
struct Done {
  const Region& region;
  const std::string& environment;
  const std::string& domain;
  const std::string& key_id;  // Of a key that was made: its new one; empty when that failed.
  const Step& step;
  std::optional<Error> error{};
};

struct ApplySummary {
  std::size_t done = 0, failed = 0;
  std::size_t skipped = 0;             // Steps of a key after one of its that failed.
  std::size_t kept = 0;                // Keys that are not wanted and were left, for want of permission.
  std::size_t kept_after_failure = 0;  // And those that were left because something failed.
  std::size_t doubtful = 0;            // Keys that are not wanted and are for a person to decide about.
};

// `report` is told of every step as it is done. After a failure the other keys' steps are still done, but when a key
// turns out to have been made in another account or Region than the file's, nothing more is. Keys that are not wanted
// are scheduled for deletion only when that is allowed and nothing failed. Fails, with nothing done, with
// `invalid_input` when a Region has no client, and with `conflict` when the plan has one.
Result<ApplySummary> apply(const Plan& plan, const RegionalKms& clients, Deletion deletion,
                           const std::function<void(const Done&)>& report, const Pause& pause = sleep_for);

}  // namespace keyfold::topology
