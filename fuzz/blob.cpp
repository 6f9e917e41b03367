// The header of a ciphertext blob: what is read is written back to the same bytes.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "keyfold/core/blob/header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace keyfold;
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto parts = blob::read(bytes);
  const auto header = blob::read_header(bytes);
  if (parts.has_value() != header.has_value()) std::abort();
  if (!parts) return 0;
  Bytes again;
  blob::append_header(again, parts->header);
  if (!std::ranges::equal(again, parts->header_bytes)) std::abort();
  if (again.size() + parts->sealed.size() != size || parts->sealed.size() <= blob::tag_size) std::abort();
  if (KeyId::parse(parts->header.key.text())->text() != parts->header.key.text()) std::abort();
  return 0;
}
