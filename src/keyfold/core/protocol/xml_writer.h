#pragma once
// Writing XML: appends to a string of the caller's. The writer escapes; that elements are closed in their order is for
// the tests to say. Names are constants of the program's.

#include <cstdint>
#include <string>
#include <string_view>

#include "keyfold/core/base/clock.h"

namespace keyfold::protocol {

class XmlWriter {
 public:
  explicit XmlWriter(std::string& out) : out_(out) {}

  XmlWriter& open(std::string_view name);
  XmlWriter& open(std::string_view name, std::string_view xml_namespace);
  XmlWriter& close(std::string_view name);

  // An element and its text. Characters that XML 1.0 cannot have become U+FFFD.
  XmlWriter& text(std::string_view name, std::string_view value);
  XmlWriter& integer(std::string_view name, std::int64_t value);
  XmlWriter& boolean(std::string_view name, bool value);
  XmlWriter& time(std::string_view name, Timestamp value);  // "2026-11-24T05:50:00Z"

 private:
  std::string& out_;
};

}  // namespace keyfold::protocol
