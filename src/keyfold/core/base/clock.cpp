#include "keyfold/core/base/clock.h"

#include <time.h>

#include <cstdio>

namespace keyfold {
namespace {

Duration read_clock(clockid_t id) {
  timespec t{};
  KEYFOLD_CHECK(clock_gettime(id, &t) == 0);
  return std::chrono::duration_cast<Duration>(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

struct Fields {
  int year, month, day, hour, minute, second;
};

Fields fields_of(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count())};
}

// Matches `pattern` to the letter, but for runs of one of Y M D h m s, which are digits.
Result<Timestamp> parse(std::string_view text, std::string_view pattern) {
  const Error malformed{ErrorCode::invalid_input, "not a time"};
  if (text.size() != pattern.size()) return malformed;
  Fields f{};
  for (std::size_t i = 0; i < text.size(); ++i) {
    int* field = nullptr;
    switch (pattern[i]) {
      case 'Y':
        field = &f.year;
        break;
      case 'M':
        field = &f.month;
        break;
      case 'D':
        field = &f.day;
        break;
      case 'h':
        field = &f.hour;
        break;
      case 'm':
        field = &f.minute;
        break;
      case 's':
        field = &f.second;
        break;
      default:
        if (text[i] != pattern[i]) return malformed;
        continue;
    }
    if (text[i] < '0' || text[i] > '9') return malformed;
    *field = *field * 10 + (text[i] - '0');
  }
  const std::chrono::year_month_day date(std::chrono::year(f.year), std::chrono::month(static_cast<unsigned>(f.month)),
                                         std::chrono::day(static_cast<unsigned>(f.day)));
  if (!date.ok() || f.year < 1970 || f.hour > 23 || f.minute > 59 || f.second > 59) return malformed;
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(f.hour) + std::chrono::minutes(f.minute) +
         std::chrono::seconds(f.second);
}

std::string format(Timestamp time, const char* pattern) {
  const Fields f = fields_of(time);
  char text[80];
  std::snprintf(text, sizeof text, pattern, f.year, f.month, f.day, f.hour, f.minute, f.second);
  return text;
}

}  // namespace

Timestamp SystemClock::now() const { return Timestamp(read_clock(CLOCK_REALTIME)); }
Duration SystemClock::steady_now() const { return read_clock(CLOCK_BOOTTIME); }

std::string to_iso8601(Timestamp time) { return format(time, "%04d-%02d-%02dT%02d:%02d:%02dZ"); }
std::string to_iso8601_basic(Timestamp time) { return format(time, "%04d%02d%02dT%02d%02d%02dZ"); }
Result<Timestamp> from_iso8601(std::string_view text) { return parse(text, "YYYY-MM-DDThh:mm:ssZ"); }
Result<Timestamp> from_iso8601_basic(std::string_view text) { return parse(text, "YYYYMMDDThhmmssZ"); }

}  // namespace keyfold
