// Any text is a keyring or a clear refusal; never more.

#include <cstddef>
#include <cstdint>

#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/client/keyring_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = keyfold::as_text(std::as_bytes(std::span(data, size)));
  const keyfold::client::KeyringSources sources{
      .kms = [](std::string_view) -> keyfold::Result<std::shared_ptr<keyfold::keyrings::KmsClient>> {
        return keyfold::Error{keyfold::ErrorCode::unavailable, "none"};
      },
      .folder = "no-such-folder"};
  const auto keyring = keyfold::client::keyring_from_json(text, sources);
  if (!keyring && keyring.error().message.empty()) __builtin_trap();
  return 0;
}
