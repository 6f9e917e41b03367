#include "keyfold/core/http/reply_head.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace keyfold::http {
namespace {

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";  // Only for people: RFC 9112 section 4 has clients ignore it.
  }
}

std::string_view DateText::at(Timestamp time) {
  using std::chrono::floor;
  const auto second = floor<std::chrono::seconds>(time);
  if (second.time_since_epoch().count() != second_) {
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = floor<std::chrono::days>(second);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(second - day);
    std::snprintf(text_, sizeof(text_), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                  days[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                  months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    second_ = second.time_since_epoch().count();
  }
  return text_;
}

void append_reply_head(std::string& out, const Reply& reply, Persistence persistence, std::string_view date) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::size_t>(reply.status));
  out.append(" ").append(reason_phrase(reply.status)).append("\r\n");
  append_header(out, "Date", date);
  append_header(out, "x-amzn-RequestId", reply.request_id);
  append_header(out, "x-amzn-ErrorType", reply.error_type);
  append_header(out, "Content-Type", reply.content_type);
  if (persistence == Persistence::close) out.append("Connection: close\r\n");
  out.append("Cache-Control: no-store\r\nContent-Length: ");
  append_number(out, reply.body.size());
  out.append("\r\n\r\n");
}

}  // namespace keyfold::http
