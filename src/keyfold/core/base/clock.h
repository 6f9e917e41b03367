#pragma once
// Time, handed in: the whole server can run in a simulated world. All clocks are safe to use from several threads.

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "keyfold/core/base/result.h"

namespace keyfold {

using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;  // Wall time, UTC.
using Duration = std::chrono::microseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  // The wall clock; may jump.
  virtual Timestamp now() const = 0;
  // Counts on from some point in the past, suspended time included (CLOCK_BOOTTIME); never goes back, starts anew at
  // boot.
  virtual Duration steady_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
  Duration steady_now() const override;
};

// Another clock, shifted ahead by what advance() was told: for tests, and for `keyfold-kms-dev --clock virtual`.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(const Clock& base) : base_(base) {}
  Timestamp now() const override { return base_.now() + shift(); }
  Duration steady_now() const override { return base_.steady_now() + shift(); }
  void advance(Duration by) { shift_us_ += by.count(); }
  // The clock without the shift: request signatures are judged by it.
  const Clock& unshifted() const { return base_; }

 private:
  Duration shift() const { return Duration(shift_us_.load()); }
  const Clock& base_;
  std::atomic<std::int64_t> shift_us_ = 0;
};

// Stands still until told: for unit tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start = Timestamp(std::chrono::seconds(1'750'000'000)))
      : now_us_(start.time_since_epoch().count()) {}
  Timestamp now() const override { return Timestamp(Duration(now_us_.load())); }
  Duration steady_now() const override { return Duration(steady_us_.load()); }
  void advance(Duration by) { now_us_ += by.count(), steady_us_ += by.count(); }
  void jump_wall(Duration by) { now_us_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_us_;
  std::atomic<std::int64_t> steady_us_ = 0;
};

// "2026-11-24T05:50:00Z" (seconds) and back; years 1970 to 9999. Parsing fails with `invalid_input`.
std::string to_iso8601(Timestamp time);
Result<Timestamp> from_iso8601(std::string_view text);
// "20261124T055000Z", SigV4's form.
Result<Timestamp> from_iso8601_basic(std::string_view text);
std::string to_iso8601_basic(Timestamp time);

}  // namespace keyfold
