// Any text is a keyring or a clear refusal; never more.

#include <cstddef>
#include <cstdint>

#include "keyfold/core/base/bytes.h"
#include "keyfold/envelope/client/keyring_config.h"

namespace {

// Has a client for every Region, which cannot be reached.
class EveryRegion final : public keyfold::keyrings::KmsClients {
 public:
  keyfold::Result<std::shared_ptr<keyfold::keyrings::KmsClient>> in_region(std::string_view region) override {
    if (region.empty()) __builtin_trap();
    return std::shared_ptr<keyfold::keyrings::KmsClient>(std::make_shared<Gone>());
  }

 private:
  class Gone final : public keyfold::keyrings::KmsClient {
    using Error = keyfold::Error;
    static Error gone() { return {keyfold::ErrorCode::unavailable, "none"}; }
    keyfold::Result<keyfold::keyrings::GeneratedDataKey> generate_data_key(std::string_view, std::size_t,
                                                                           const keyfold::ContextView&) override {
      return gone();
    }
    keyfold::Result<keyfold::keyrings::WrappedDataKey> encrypt(std::string_view, const keyfold::SecretBytes&,
                                                               const keyfold::ContextView&) override {
      return gone();
    }
    keyfold::Result<keyfold::keyrings::UnwrappedDataKey> decrypt(std::string_view, keyfold::BytesView,
                                                                 const keyfold::ContextView&) override {
      return gone();
    }
  };
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = keyfold::as_text(std::as_bytes(std::span(data, size)));
  const keyfold::client::KeyringSources sources{
      .kms = [](std::string_view) -> keyfold::Result<std::shared_ptr<keyfold::keyrings::KmsClient>> {
        return keyfold::Error{keyfold::ErrorCode::unavailable, "none"};
      },
      .kms_by_region = [](keyfold::client::RegionalConnection) { return std::make_shared<EveryRegion>(); },
      .branch_keys = [](const keyfold::client::BranchKeyStoreWanted& wanted)
          -> keyfold::Result<std::shared_ptr<keyfold::keyrings::BranchKeyStore>> {
        if (wanted.store.empty() || wanted.logical_name.empty() || wanted.key.empty()) __builtin_trap();
        return keyfold::Error{keyfold::ErrorCode::unavailable, "none"};
      },
      .folder = "no-such-folder"};
  const auto keyring = keyfold::client::keyring_from_json(text, sources);
  if (!keyring && keyring.error().message.empty()) __builtin_trap();
  return 0;
}
