#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/materials_manager.h"

namespace keyfold::keyrings {
namespace {

using materials::ContextKeys;

// Spec: framework/required-encryption-context-cmm.md.
class RequiredContextMaterialsManager final : public MaterialsManager {
 public:
  RequiredContextMaterialsManager(std::shared_ptr<MaterialsManager> manager, ContextKeys keys)
      : manager_(std::move(manager)), keys_(std::move(keys)) {}

  Result<std::shared_ptr<const materials::EncryptionMaterials>> for_encryption(
      const EncryptionRequest& request) override {
    TRY(check_has_all(request.encryption_context, "the encryption context"));
    auto inner = request;
    ContextKeys all = keys_;
    if (request.required_context_keys != nullptr)
      all.insert(request.required_context_keys->begin(), request.required_context_keys->end());
    inner.required_context_keys = &all;
    TRY_ASSIGN(auto made, manager_->for_encryption(inner));
    if (made == nullptr || !std::ranges::includes(made->required_context_keys, all))
      return Error{ErrorCode::internal, "the materials manager did not keep the required context out of the message"};
    return made;
  }

  Result<std::shared_ptr<const materials::DecryptionMaterials>> for_decryption(
      const DecryptionRequest& request) override {
    TRY(check_has_all(request.reproduced_context, "the reproduced encryption context"));
    return manager_->for_decryption(request);
  }

 private:
  Outcome check_has_all(const EncryptionContext& context, std::string_view what) const {
    for (const auto& key : keys_)
      if (!context.contains(key))
        return Error{ErrorCode::invalid_input, std::string(what) + " has no \"" + key + "\", which is required"};
    return ok();
  }

  const std::shared_ptr<MaterialsManager> manager_;
  const ContextKeys keys_;
};

}  // namespace

std::shared_ptr<MaterialsManager> required_context_materials_manager(std::shared_ptr<MaterialsManager> manager,
                                                                     materials::ContextKeys keys) {
  KEYFOLD_CHECK(manager != nullptr);
  return std::make_shared<RequiredContextMaterialsManager>(std::move(manager), std::move(keys));
}

}  // namespace keyfold::keyrings
