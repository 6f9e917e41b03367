#include "keyfold/lifecycle/topology/domain_materials_manager.h"

#include "keyfold/core/base/try.h"
#include "keyfold/lifecycle/topology/names.h"

namespace keyfold::topology {
namespace {

using materials::SuiteId;

class DomainMaterialsManager final : public keyrings::MaterialsManager {
 public:
  DomainMaterialsManager(std::shared_ptr<keyrings::MaterialsManager> manager, const Domain& domain)
      : manager_(std::move(manager)),
        pairs_{{{domain_context_key, domain.name}, {environment_context_key, domain.environment}}},
        is_signed_(domain.is_signed()),
        opens_unsigned_(domain.opens_unsigned) {}

  Result<std::shared_ptr<const materials::EncryptionMaterials>> for_encryption(
      const keyrings::EncryptionRequest& request) override {
    EncryptionContext context = request.encryption_context;
    for (const auto& [key, value] : pairs_) {
      if (const auto* given = context.find(key); given != nullptr && *given != value)
        return Error{ErrorCode::wrong_domain, "the encryption context says " + std::string(key) + " " +
                                                  in_quotes(shortened(*given)) + ", and this is " + in_quotes(value)};
      context.set(std::string(key), value);
    }
    TRY_ASSIGN(const auto suite, suite_for(request.suite));
    return manager_->for_encryption({.encryption_context = context,
                                     .suite = suite,
                                     .commitment_policy = request.commitment_policy,
                                     .required_context_keys = request.required_context_keys,
                                     .plaintext_size = request.plaintext_size,
                                     .messages = request.messages,
                                     .encryption_context_size_max = request.encryption_context_size_max});
  }

  Result<std::shared_ptr<const materials::DecryptionMaterials>> for_decryption(
      const keyrings::DecryptionRequest& request) override {
    for (const auto& [key, value] : pairs_) {
      const auto* held = request.encryption_context.find(key);
      // A pair that was left out of the message is one that its reader knows.
      const auto* known = held == nullptr ? request.reproduced_context.find(key) : nullptr;
      if (held == nullptr && known == nullptr)
        return Error{ErrorCode::wrong_domain, "the message does not say of which " + std::string(key) +
                                                  " it is, and was to be opened in " + in_quotes(value)};
      if (const std::string_view found = held != nullptr ? *held : std::string_view(*known); found != value)
        return Error{ErrorCode::wrong_domain, "the message is of the " + std::string(key) + " " +
                                                  in_quotes(shortened(found)) + ", and was to be opened in " +
                                                  in_quotes(value)};
    }
    // What a reader could have made himself is no writer's.
    if (is_signed_ && !opens_unsigned_ && !request.suite.signs())
      return Error{ErrorCode::authentication,
                   "the message is not signed, and in this domain messages are: whoever may open could have made it"};
    return manager_->for_decryption(request);
  }

 private:
  struct Pair {
    std::string_view key;
    std::string value;
  };

  Result<SuiteId> suite_for(SuiteId asked) const {
    constexpr auto signing = SuiteId::aes_256_gcm_hkdf_sha512_commit_key_ecdsa_p384;
    if (!is_signed_ || asked == signing) return asked;
    if (materials::suite_of(asked).commits()) return signing;
    return Error{ErrorCode::invalid_input,
                 "in a domain whose readers are not its writers, messages are signed under suite " +
                     materials::to_string(signing) + ", not " + materials::to_string(asked)};
  }

  const std::shared_ptr<keyrings::MaterialsManager> manager_;
  const std::array<Pair, 2> pairs_;
  const bool is_signed_, opens_unsigned_;
};

}  // namespace

std::shared_ptr<keyrings::MaterialsManager> domain_materials_manager(
    std::shared_ptr<keyrings::MaterialsManager> manager, const Domain& domain) {
  KEYFOLD_CHECK(manager != nullptr);
  return std::make_shared<DomainMaterialsManager>(std::move(manager), domain);
}

}  // namespace keyfold::topology
