#include "keyfold/kms/policy/condition_values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "keyfold/kms/policy/letter_case.h"

namespace keyfold::policy {
namespace {

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Takes pieces of a date off the front of a text.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}
  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count ||
        !std::ranges::all_of(rest_.substr(0, count), [](char c) { return c >= '0' && c <= '9'; }))
      return std::nullopt;
    const auto number = whole_number<int>(rest_.substr(0, count));
    rest_.remove_prefix(count);
    return number;
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool at_end() const { return rest_.empty(); }
  // The first three digits of a fraction.
  int milliseconds() {
    int number = 0;
    int digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; rest_.remove_prefix(1), ++digits)
      if (digits < 3) number = number * 10 + (rest_[0] - '0');
    for (; digits < 3; ++digits) number *= 10;
    return number;
  }

 private:
  std::string_view rest_;
};

struct TimeOfDay {
  int hour = 0, minute = 0, second = 0, millisecond = 0;
  int zone_minutes = 0;  // East of UTC.
};

std::optional<TimeOfDay> read_time(DateReader& in) {
  TimeOfDay time;
  const auto hour = in.digits(2);
  if (!hour || !in.take(':')) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute) return std::nullopt;
  time.hour = *hour, time.minute = *minute;
  if (in.take(':')) {
    const auto second = in.digits(2);
    if (!second) return std::nullopt;
    time.second = *second;
    if (in.take('.')) time.millisecond = in.milliseconds();
  }
  if (in.take('Z') || in.at_end()) return time;
  const int sign = in.take('+') ? 1 : in.take('-') ? -1 : 0;
  const auto zone_hour = in.digits(2);
  (void)in.take(':');
  const auto zone_minute = in.digits(2);
  if (sign == 0 || !zone_hour || !zone_minute) return std::nullopt;
  time.zone_minutes = sign * (*zone_hour * 60 + *zone_minute);
  return time;
}

}  // namespace

std::optional<double> read_number(std::string_view text) {
  const auto number = whole_number<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<bool> read_truth(std::string_view text) {
  if (equal_ignoring_case(text, "true")) return true;
  if (equal_ignoring_case(text, "false")) return false;
  return std::nullopt;
}

std::optional<std::int64_t> read_date(std::string_view text) {
  using namespace std::chrono;
  constexpr std::int64_t seconds_max = 253'402'300'799;  // The end of 9999.
  if (const auto epoch = whole_number<std::int64_t>(text))
    return *epoch >= 0 && *epoch <= seconds_max ? std::optional(*epoch * 1000) : std::nullopt;
  DateReader in(text);
  const auto year_number = in.digits(4);
  if (!year_number || !in.take('-')) return std::nullopt;
  const auto month_number = in.digits(2);
  if (!month_number || !in.take('-')) return std::nullopt;
  const auto day_number = in.digits(2);
  if (!day_number) return std::nullopt;
  const year_month_day date(year(*year_number), month(static_cast<unsigned>(*month_number)),
                            day(static_cast<unsigned>(*day_number)));
  TimeOfDay time;
  if (in.take('T')) {
    const auto read = read_time(in);
    if (!read) return std::nullopt;
    time = *read;
  }
  if (!in.at_end() || !date.ok() || *year_number < 1970 || time.hour > 23 || time.minute > 59 || time.second > 59)
    return std::nullopt;
  const auto moment = sys_days(date) + hours(time.hour) + minutes(time.minute - time.zone_minutes) +
                      seconds(time.second) + milliseconds(time.millisecond);
  return duration_cast<milliseconds>(moment.time_since_epoch()).count();
}

std::optional<AddressRange> read_address_range(std::string_view text) {
  constexpr unsigned mapped_bits = 96;  // Before an IPv4 address in IPv6: ::ffff:0:0/96.
  const auto slash = text.find('/');
  if (std::min(slash, text.size()) >= INET6_ADDRSTRLEN) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> address{};  // Ends in zero.
  std::ranges::copy(text.substr(0, slash), address.begin());
  AddressRange range;
  unsigned most = 128;
  if (::inet_pton(AF_INET, address.data(), range.address.data() + mapped_bits / 8) == 1) {
    range.address[10] = range.address[11] = std::byte{0xff};
    most = 32;
  } else if (::inet_pton(AF_INET6, address.data(), range.address.data()) != 1) {
    return std::nullopt;
  }
  if (slash == std::string_view::npos) return range;
  const auto prefix = whole_number<unsigned>(text.substr(slash + 1));
  if (!prefix || *prefix > most) return std::nullopt;
  range.prefix = *prefix + (128 - most);
  return range;
}

bool contains(const AddressRange& range, const AddressRange& other) {
  if (other.prefix < range.prefix) return false;
  const auto whole = range.prefix / 8;
  if (!std::equal(range.address.begin(), range.address.begin() + whole, other.address.begin())) return false;
  const unsigned bits = range.prefix % 8;
  if (bits == 0) return true;
  const auto mask = static_cast<std::byte>(0xff << (8 - bits));
  return (range.address[whole] & mask) == (other.address[whole] & mask);
}

}  // namespace keyfold::policy
