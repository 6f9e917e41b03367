#include "keyfold/envelope/materials/context_codec.h"

#include "keyfold/core/base/try.h"

namespace keyfold::materials {
namespace {

Error refused(std::string why) { return {ErrorCode::invalid_input, "the encryption context " + std::move(why)}; }

Outcome check_text(const ContextPair& pair) {
  if (!is_utf8(pair.key) || !is_utf8(pair.value)) return refused("has a text that is not UTF-8");
  return ok();
}

// Bytes of the sequence that starts with `lead`, and the range of its second byte: RFC 3629, section 4. Zero: no
// sequence starts so.
struct Utf8Lead {
  std::size_t size;
  unsigned char second_min;
  unsigned char second_max;
};
Utf8Lead utf8_lead(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};  // A continuation, or overlong.
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};  // Below: overlong.
  if (lead == 0xED) return {3, 0x80, 0x9F};  // Above: surrogates.
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};  // Below: overlong.
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};  // Above: beyond U+10FFFF.
  return {0, 0, 0};
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto lead = utf8_lead(static_cast<unsigned char>(text[0]));
    if (lead.size == 0 || lead.size > text.size()) return false;
    for (std::size_t i = 1; i < lead.size; ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      const bool second = i == 1;
      if (byte < (second ? lead.second_min : 0x80) || byte > (second ? lead.second_max : 0xBF)) return false;
    }
    text.remove_prefix(lead.size);
  }
  return true;
}

Outcome append_serialized_context(Bytes& out, const ContextView& context) {
  if (context.empty()) return ok();
  for (const auto& pair : context) TRY(check_text(pair));
  if (serialized_context_size(context) > serialized_context_max) return refused("is larger than 65535 bytes");
  Writer writer(out);
  writer.u16(static_cast<std::uint16_t>(context.size()));
  for (const auto& [key, value] : context) writer.sized16(as_bytes(key)).sized16(as_bytes(value));
  return ok();
}

Result<ContextView> read_serialized_context(BytesView bytes, std::vector<ContextPair>& pairs) {
  pairs.clear();
  if (bytes.empty()) return ContextView();
  Reader in(bytes);
  TRY_ASSIGN(const auto count, in.u16());
  if (count == 0) return refused("is present but has no pairs");
  for (std::uint16_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const auto key, in.sized16());
    TRY_ASSIGN(const auto value, in.sized16());
    pairs.push_back({.key = as_text(key), .value = as_text(value)});
    TRY(check_text(pairs.back()));
  }
  if (!in.done()) return refused("is followed by bytes that are no pair");
  return ContextView::over(pairs);
}

Outcome check_not_reserved(const EncryptionContext& context) {
  for (const auto& [key, value] : context)
    if (key.starts_with(reserved_context_prefix))
      return Error{ErrorCode::invalid_input, "the encryption context key \"" + key +
                                                 "\" is reserved: no key may start with \"" +
                                                 std::string(reserved_context_prefix) + "\""};
  return ok();
}

}  // namespace keyfold::materials
