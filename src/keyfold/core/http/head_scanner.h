#pragma once
// Finds the end of a message's head as its bytes arrive, and insists on its lines (RFC 9112 section 2.2): CRLF ends
// each, and only that; none begins with white space (no folding). What follows can then parse the whole head in one go,
// so that how the bytes were split on the wire cannot make a difference.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace keyfold::http {

class HeadScanner {
 public:
  enum class Found : std::uint8_t { incomplete, complete, bad_line, too_many_lines };

  // `received` is all of the message so far, from its first byte; only what is new since the last call is looked at.
  Found scan(std::string_view received, std::size_t lines_max);
  std::size_t size() const { return line_; }  // When complete: of the head, with its empty line.

 private:
  std::size_t line_ = 0;   // Where the line at hand begins.
  std::size_t seen_ = 0;   // Up to where no line end is outstanding.
  std::size_t lines_ = 0;  // Whole lines so far.
};

// RFC 9110 section 5.6.2. llhttp in Debian's build lets spaces into names.
bool is_token(std::string_view text);
std::string_view trim(std::string_view text);  // Of spaces and tabs.
bool equal_without_case(std::string_view a, std::string_view b);
// 1*DIGIT, at most 18 of them (RFC 9110 section 8.6 leaves no room for signs, spaces or lists). -1 otherwise.
std::int64_t parse_content_length(std::string_view text);

}  // namespace keyfold::http
