#pragma once
// The INI dialect of AWS's shared files: sections in brackets, `name = value` lines, # and ; comments. Indented
// settings belong to the setting without a value that stands above them: `kms =`, then `  endpoint_url = …`.

#include <string>
#include <string_view>

#include "keyfold/core/base/result.h"

namespace keyfold::client {

// A section of a shared file, found once. Views into the text.
class SharedSection {
 public:
  // The section named `name`; absent(): it is not there. Fails with `invalid_input`, naming the line, on a line that is
  // none of the above.
  static Result<SharedSection> find(std::string_view text, std::string_view name);
  bool absent() const { return absent_; }
  // The value of a setting, the last one if it stands twice; empty when it is not there.
  std::string_view value(std::string_view setting) const;
  // Likewise, of what is indented under `above`.
  std::string_view nested_value(std::string_view above, std::string_view setting) const;

 private:
  std::string_view body_;
  bool absent_ = true;
};

}  // namespace keyfold::client
