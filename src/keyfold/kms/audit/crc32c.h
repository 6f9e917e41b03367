#pragma once
// CRC-32C (Castagnoli; RFC 3720, appendix B.4): finds what a disk or a crash damaged. It is no protection against
// people; the Merkle tree is.

#include <cstdint>

#include "keyfold/core/base/bytes.h"

namespace keyfold::audit {

// Of the bytes that `crc` was computed of, followed by `bytes`. Starts at 0.
std::uint32_t crc32c(std::uint32_t crc, BytesView bytes);

// Without the processor's instruction, for the test that both agree.
std::uint32_t crc32c_portable(std::uint32_t crc, BytesView bytes);

}  // namespace keyfold::audit
