// What a KMS answers, believed in nothing: any bytes are a reply, an error, or a clear refusal.

#include <cstddef>
#include <cstdint>

#include "keyfold/core/protocol/errors.h"
#include "keyfold/core/protocol/responses.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const int status = 100 + data[0] * 2;
  const auto text = keyfold::as_text(std::as_bytes(std::span(data + 2, size - 2)));
  const auto error =
      keyfold::protocol::decode_error(status, data[1] % 2 == 0 ? text.substr(0, data[1]) : std::string_view(), text);
  (void)error;
  if (auto reply = keyfold::protocol::read_data_key_response(text); reply && reply->plaintext.empty()) __builtin_trap();
  (void)keyfold::protocol::read_encrypt_response(text).has_value();
  (void)keyfold::protocol::read_decrypt_response(text).has_value();
  (void)keyfold::protocol::read_data_key_without_plaintext_response(text).has_value();
  return 0;
}
