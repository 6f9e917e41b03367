#pragma once
// RefusalCounter: requests refused before anybody was authenticated, counted per source and reason and recorded in
// summary, at most once a second and under a quota of bytes, so that a stranger can fill neither memory nor disk.
// Several threads.

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/inline_string.h"
#include "keyfold/core/base/random.h"
#include "keyfold/core/base/result.h"

namespace keyfold::audit {

class AuditLog;

class RefusalCounter {
 public:
  static constexpr std::size_t rows_max = 64;           // Distinct (source, reason) pairs; the rest is one number.
  static constexpr std::int64_t quota_burst = 65536;    // Bytes of summaries that may be written at once, …
  static constexpr std::int64_t quota_per_second = 64;  // … and that become free again: 5.5 MB a day.
  static constexpr Duration period = std::chrono::seconds(1);

  explicit RefusalCounter(Random& random) : random_(random) {}

  // `source`: an address, without the port; `reason`: an error name of the protocol, never text of the caller's. Either
  // is cut after 48 bytes. Allocates nothing.
  void count(std::string_view source, std::string_view reason);

  // Appends one summary event when there is something to tell, a second has passed since the last and the quota allows;
  // else does nothing: the counts go on. Call it every second or so, and with `last` when the server stops (then only
  // the quota holds). Fails as AuditLog::append does; the counts are kept then.
  enum class When : std::uint8_t { due, last };
  Outcome record(AuditLog& log, const Clock& clock, When when = When::due);

 private:
  using Text = InlineString<48>;
  struct Row {
    Text source, reason;
    std::uint64_t count = 0;
  };
  std::string summary(Timestamp now) const;

  Random& random_;
  mutable std::mutex mutex_;
  std::array<Row, rows_max> rows_;
  std::size_t row_count_ = 0;
  std::uint64_t others_ = 0;      // Refusals that found no row.
  std::optional<Duration> last_;  // Steady time of the last summary.
  Duration credited_{};           // Up to when the quota has grown.
  bool started_ = false;
  std::int64_t quota_ = quota_burst;
  Timestamp since_{};
};

}  // namespace keyfold::audit
