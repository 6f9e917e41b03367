// The AWS query protocol: any bytes are read or refused, and what is read is read the same way when it is written out
// again in the plainest way.

#include <cstddef>
#include <cstdint>
#include <string>

#include "keyfold/core/protocol/query.h"

using namespace keyfold;

namespace {

void append_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static protocol::QueryReader query, again;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (!query.parse(body)) {
    KEYFOLD_CHECK(query.size() == 0);
    return 0;
  }
  std::string written;
  query.each([&](std::string_view name, std::string_view value) {
    if (!written.empty()) written += '&';
    append_encoded(written, name);
    written += '=';
    append_encoded(written, value);
  });
  if (written.size() <= protocol::query_size_max) {
    KEYFOLD_CHECK(again.parse(written));
    KEYFOLD_CHECK(again.size() == query.size());
    query.each([&](std::string_view name, std::string_view value) { KEYFOLD_CHECK(again.text(name) == value); });
  }
  for (const std::string_view name : {"Tags", "TagKeys", "PolicyArns"})
    if (const auto members = query.list(name))
      for (const auto member : *members) {
        KEYFOLD_CHECK(member.starts_with(name));
        (void)query.text_of(member, "Key");
        (void)query.text_of(member, "");
      }
  return 0;
}
