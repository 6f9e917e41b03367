#include "keyfold/core/protocol/json_writer.h"

#include <array>
#include <charconv>

#include "keyfold/core/base/json_text.h"

namespace keyfold::protocol {
namespace {

void append_integer(std::string& out, std::int64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

}  // namespace

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::name(std::string_view name) {
  text(name);
  out_ += ':';
  comma_ = false;  // The value that follows stands behind its name, not behind another value.
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  out_ += '"';
  append_json_escaped(out_, value);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  append_integer(out_, value);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) { return raw(value ? "true" : "false"); }

JsonWriter& JsonWriter::base64(BytesView value) {
  separate();
  out_ += '"';
  append_base64(out_, value);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::hex(BytesView value) {
  separate();
  out_ += '"';
  append_hex(out_, value);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::time(Timestamp value) {
  separate();
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(value);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
  append_integer(out_, seconds.time_since_epoch().count());
  const auto rest = static_cast<int>((milliseconds - seconds).count());
  if (rest == 0) return *this;
  out_ += '.';
  out_ += static_cast<char>('0' + rest / 100);
  out_ += static_cast<char>('0' + rest / 10 % 10);
  out_ += static_cast<char>('0' + rest % 10);
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::context(std::string_view n, const ContextView& value) {
  name(n).begin_object();
  for (const auto& pair : value) text(pair.key, pair.value);
  return end_object();
}

}  // namespace keyfold::protocol
