// Any text is a shared AWS file or a clear refusal; what is found in it are parts of it.

#include <cstdint>

#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/client/shared_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using keyfold::client::SharedSection;
  const auto text = keyfold::as_text(std::as_bytes(std::span(data, size)));
  const auto expect_within = [&](std::string_view part) {
    if (!part.empty() && (part.data() < text.data() || part.data() + part.size() > text.data() + text.size()))
      __builtin_trap();
  };
  for (const keyfold::client::SectionName name : {keyfold::client::SectionName{.kind = "", .name = "default"},
                                                  {.kind = "profile", .name = "default"},
                                                  {.kind = "profile", .name = "ledger"},
                                                  {.kind = "services", .name = "local"}}) {
    const auto section = SharedSection::find(text, name);
    if (!section) {
      if (section.error().message.empty()) __builtin_trap();
      continue;
    }
    if (section->absent() && section->has("region")) __builtin_trap();
    expect_within(section->value("region"));
    expect_within(section->nested_value("kms", "endpoint_url"));
  }
  return 0;
}
