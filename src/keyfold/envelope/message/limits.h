#pragma once
// What a reader is willing to take from a message that nobody has vouched for yet.

#include <cstddef>
#include <cstdint>

namespace keyfold::message {

struct Limits {
  std::uint16_t encrypted_data_keys_max = 64;            // Checked before any is read: each may cost a call to a KMS.
  std::size_t header_size_max = std::size_t{256} << 10;  // Bytes, tag included.
  std::size_t encryption_context_size_max = 65535;       // Bytes, serialized.
  // Bytes: a streaming reader holds two frames for each of its threads, and takes fewer threads the longer they are:
  // 128 MiB in all, or two frames.
  std::uint32_t frame_length_max = 64U << 20;
  std::uint64_t non_framed_size_max = 64U << 20;  // Bytes: all of it is held until its tag has verified.
};

}  // namespace keyfold::message
