#include "keyfold/envelope/keyrings/multi.h"

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/failures.h"

namespace keyfold::keyrings {
namespace {

class MultiKeyring final : public Keyring {
 public:
  MultiKeyring(std::shared_ptr<const Keyring> generator, std::vector<std::shared_ptr<const Keyring>> members)
      : generator_(std::move(generator)), members_(std::move(members)) {}

  std::string describe() const override {
    std::string text = "multi keyring (";
    for (const auto& member : members_) text += (member == members_.front() ? "" : ", ") + member->describe();
    return text + ")";
  }

  // Spec: framework/multi-keyring.md, "OnEncrypt".
  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    if (generator_ != nullptr && !materials.data_key.empty())
      return Error{ErrorCode::invalid_input, "a multi keyring with a generator cannot wrap another keyring's data key"};
    if (generator_ == nullptr && materials.data_key.empty())
      return Error{ErrorCode::invalid_input, "a multi keyring without a generator cannot make a data key"};
    const bool made_here = materials.data_key.empty();
    const auto keys_before = materials.encrypted_data_keys.size();
    auto done = each_wraps(materials);
    if (!done) {  // As they were.
      materials.encrypted_data_keys.resize(keys_before);
      if (made_here) materials.data_key.clear();
    }
    return done;
  }

  // Spec: the same, "OnDecrypt".
  Result<SecretBytes> on_decrypt(const WrappedKeys& wrapped) const override {
    Failures failures;
    for (const auto& member : members_) {
      auto data_key = member->on_decrypt(wrapped);
      if (data_key) return data_key;
      failures.add(member->describe(), std::move(data_key).error());
    }
    return failures.summary("no keyring could unwrap the data key");
  }

 private:
  Outcome each_wraps(materials::EncryptionMaterials& materials) const {
    for (const auto& member : members_) {  // The generator is the first.
      TRY(member->on_encrypt(materials));
      if (materials.data_key.empty()) return Error{ErrorCode::internal, member->describe() + " made no data key"};
    }
    return ok();
  }

  const std::shared_ptr<const Keyring> generator_;
  const std::vector<std::shared_ptr<const Keyring>> members_;  // Generator and children.
};

}  // namespace

Result<std::shared_ptr<const Keyring>> multi_keyring(std::shared_ptr<const Keyring> generator,
                                                     std::vector<std::shared_ptr<const Keyring>> children) {
  auto members = std::move(children);
  if (generator != nullptr) members.insert(members.begin(), generator);
  if (members.empty()) return Error{ErrorCode::invalid_input, "a multi keyring needs a generator or a child"};
  KEYFOLD_CHECK(std::ranges::none_of(members, [](const auto& member) { return member == nullptr; }));
  return std::shared_ptr<const Keyring>(std::make_shared<MultiKeyring>(std::move(generator), std::move(members)));
}

}  // namespace keyfold::keyrings
