#pragma once
// The inside of a JSON string (RFC 8259 section 7).

#include <cstddef>
#include <string>
#include <string_view>

namespace keyfold {

// How many of the first bytes of `text` are ASCII that stands in a JSON string as it is: nearly always all of them.
std::size_t plain_json_size(std::string_view text);

// Appends `text` with quotes, backslashes and control characters escaped. All else goes as it is, so `text` should be
// UTF-8.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace keyfold
