#pragma once
// Writing JSON: appends to a string of the caller's, which keeps its memory between uses. The writer puts the commas;
// it does not check that the result is well-formed: that is what the tests are for.

#include <cstdint>
#include <string>
#include <string_view>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/encryption_context.h"

namespace keyfold::protocol {

// Allocates only when `out` must grow. A growing string leaves its old memory unwiped: whoever writes secrets reserves
// first.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& name(std::string_view name);  // Of the next value.

  JsonWriter& text(std::string_view value);  // UTF-8, escaped.
  JsonWriter& integer(std::int64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& base64(BytesView value);     // In constant time; see base.
  JsonWriter& hex(BytesView value);        // Lower case.
  JsonWriter& time(Timestamp value);       // AWS's form: a number, seconds since 1970, with milliseconds.
  JsonWriter& raw(std::string_view json);  // JSON already.

  // A member: its name and value.
  JsonWriter& text(std::string_view n, std::string_view value) { return name(n).text(value); }
  JsonWriter& integer(std::string_view n, std::int64_t value) { return name(n).integer(value); }
  JsonWriter& boolean(std::string_view n, bool value) { return name(n).boolean(value); }
  JsonWriter& base64(std::string_view n, BytesView value) { return name(n).base64(value); }
  JsonWriter& hex(std::string_view n, BytesView value) { return name(n).hex(value); }
  JsonWriter& time(std::string_view n, Timestamp value) { return name(n).time(value); }
  JsonWriter& context(std::string_view n, const ContextView& value);  // An object of text.

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  std::string& out_;
  bool comma_ = false;  // Whether a value stands before, in the innermost object or array.
};

}  // namespace keyfold::protocol
