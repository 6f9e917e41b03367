#pragma once
// The footer of a signed message: u16 length, signature. Spec: data-format/message-footer.md.

#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/message/progress.h"

namespace keyfold::message {

inline constexpr std::size_t signature_size_max = 104;  // Bytes: DER over P-384.

struct Footer {
  BytesView signature;
  std::size_t size = 0;  // Bytes, length field included.
};

// Fails with `invalid_input` on an empty signature and on one longer than signature_size_max.
Result<Progress<Footer>> read_footer(BytesView bytes);
void append_footer(Bytes& out, BytesView signature);
inline constexpr std::size_t footer_size_max = 2 + signature_size_max;

}  // namespace keyfold::message
