#pragma once
// The INI dialect of AWS's shared files: sections in brackets, `name = value` lines, # and ; comments. Indented
// settings belong to the setting without a value that stands above them: `kms =`, then `  endpoint_url = …`.
// As AWS's SDKs read it (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"): names of settings
// in any case; a comment after a value begins with a blank; sections of the same name are one.

#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/result.h"

namespace keyfold::client {

// "[default]" has no kind; "[profile ledger]" and "[services local]" have one, and a name that may stand in quotes.
struct SectionName {
  std::string_view kind;
  std::string_view name;
};

// A section of a shared file, found once. Views into the text.
class SharedSection {
 public:
  // The section of that name; absent(): it is not there. Fails with `invalid_input`, naming the line, on a line that is
  // none of the above, wherever it stands.
  static Result<SharedSection> find(std::string_view text, SectionName name);
  bool absent() const { return bodies_.empty(); }
  // The value of a setting, the last one if it stands twice; empty when it is not there. `setting` is in lower case.
  std::string_view value(std::string_view setting) const;
  bool has(std::string_view setting) const { return !value(setting).empty(); }
  // Likewise, of what is indented under `above`.
  std::string_view nested_value(std::string_view above, std::string_view setting) const;

 private:
  std::vector<std::string_view> bodies_;
};

}  // namespace keyfold::client
