#pragma once
// CircuitBreaker: whether a Region is worth asking. Closed, it lets every call through. After so many losses in a row
// it opens, and lets none through for a while; then one, the probe, whose outcome closes it or opens it again.

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/random.h"

namespace keyfold::keyrings {

// Safe to use from several threads at once; no lock is held between its calls.
class CircuitBreaker {
 public:
  struct Options {
    unsigned losses_max;              // In a row; that many open it. At least 1.
    std::chrono::milliseconds pause;  // Before a probe: half to one and a half of it, at random each time.
  };
  CircuitBreaker(Options options, std::shared_ptr<const Clock> clock, std::shared_ptr<Random> random);

  enum class Admission : std::uint8_t { refused, ordinary, probe };
  // Whether a call may be made now. Every call that is admitted ends in exactly one of the three below.
  Admission admit();
  void answered(Admission admission);                     // Whatever the answer was.
  void lost(Admission admission, std::string_view said);  // There was no answer.
  void not_made(Admission admission);

  // Why it refuses, for people: what the last lost call said.
  std::string reason() const;

 private:
  enum class State : std::uint8_t { closed, open, probing };
  void open();

  const Options options_;
  const std::shared_ptr<const Clock> clock_;
  const std::shared_ptr<Random> random_;
  mutable std::mutex mutex_;
  State state_ = State::closed;  // This and the rest are guarded by mutex_.
  unsigned losses_ = 0;          // In a row, while closed.
  Duration probe_after_{};       // By the steady clock, while open.
  std::string last_loss_;
};

}  // namespace keyfold::keyrings
