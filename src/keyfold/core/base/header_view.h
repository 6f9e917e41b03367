#pragma once
// A header field of an HTTP message, as a view: what `http` parses and `sigv4` signs.

#include <string_view>

namespace keyfold {

struct HeaderView {
  std::string_view name;   // As received; compare without case.
  std::string_view value;  // Without leading and trailing white space.
};

}  // namespace keyfold
