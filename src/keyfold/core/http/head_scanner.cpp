#include "keyfold/core/http/head_scanner.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace keyfold::http {
namespace {

constexpr std::array<bool, 256> token_bytes = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

HeadScanner::Found HeadScanner::scan(std::string_view received, std::size_t lines_max) {
  while (seen_ < received.size()) {
    const void* found = std::memchr(received.data() + seen_, '\n', received.size() - seen_);
    if (found == nullptr) {
      seen_ = received.size();
      break;
    }
    const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - received.data());
    if (end == line_ || received[end - 1] != '\r') return Found::bad_line;
    const std::string_view line = received.substr(line_, end - 1 - line_);
    // The line end is the only CR: a parser that takes a lone one for a line end would see other headers.
    if (line.find('\r') != std::string_view::npos) return Found::bad_line;
    line_ = seen_ = end + 1;
    // An empty line where the first should be is no head at all.
    if (line.empty()) return lines_ == 0 ? Found::bad_line : Found::complete;
    if (line.front() == ' ' || line.front() == '\t') return Found::bad_line;
    if (++lines_ > lines_max) return Found::too_many_lines;
  }
  return Found::incomplete;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return token_bytes[static_cast<unsigned char>(c)]; });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::int64_t parse_content_length(std::string_view text) {
  if (text.empty() || text.size() > 18) return -1;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace keyfold::http
