#pragma once
// Text that somebody else chose (a message's context, an error of a KMS) on its way to a terminal: it gives no orders,
// and stays on its line.

#include <string>
#include <string_view>

namespace keyfold::cli {

// `text` with a question mark for each control character; and, when it is not UTF-8, for each byte beyond ASCII.
std::string printable(std::string_view text);

}  // namespace keyfold::cli
