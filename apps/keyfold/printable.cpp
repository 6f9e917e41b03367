#include "keyfold/printable.h"

#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::cli {

std::string printable(std::string_view text) {
  const bool utf8 = materials::is_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are controls too: in UTF-8, C2 and the number.
    const bool wide_control = utf8 && c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    const bool shown = c >= ' ' && c != 0x7F && (c < 0x80 || utf8) && !wide_control;
    out += shown ? text[i] : '?';
    if (wide_control) ++i;
  }
  return out;
}

}  // namespace keyfold::cli
