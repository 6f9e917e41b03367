#include "keyfold/core/protocol/xml_writer.h"

namespace keyfold::protocol {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// XML 1.0, section 2.4 (what must be escaped) and 2.2 (which characters there are). A carriage return would come back
// as a line feed (section 2.11).
void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      case '\t':
      case '\n':
        out += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < ' ') {
          out += replacement;
        } else if (const auto three = text.substr(at, 3); three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF") {
          out += replacement;  // U+FFFE, U+FFFF
          at += 2;
        } else {
          out += c;
        }
    }
  }
}

}  // namespace

XmlWriter& XmlWriter::open(std::string_view name) {
  out_.append("<").append(name).append(">");
  return *this;
}

XmlWriter& XmlWriter::open(std::string_view name, std::string_view xml_namespace) {
  out_.append("<").append(name).append(" xmlns=\"").append(xml_namespace).append("\">");
  return *this;
}

XmlWriter& XmlWriter::close(std::string_view name) {
  out_.append("</").append(name).append(">");
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view name, std::string_view value) {
  open(name);
  append_escaped(out_, value);
  return close(name);
}

XmlWriter& XmlWriter::integer(std::string_view name, std::int64_t value) { return text(name, std::to_string(value)); }
XmlWriter& XmlWriter::boolean(std::string_view name, bool value) { return text(name, value ? "true" : "false"); }
XmlWriter& XmlWriter::time(std::string_view name, Timestamp value) { return text(name, to_iso8601(value)); }

}  // namespace keyfold::protocol
