#include "keyfold/envelope/keyrings/branch_key_supplier.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/branch_key_store.h"

namespace keyfold::keyrings {
namespace {

class FixedBranchKey final : public BranchKeySupplier {
 public:
  explicit FixedBranchKey(std::string id) : id_(std::move(id)) {}
  Result<std::string> branch_key_id(const ContextView&) const override { return id_; }

 private:
  const std::string id_;
};

class BranchKeyByContext final : public BranchKeySupplier {
 public:
  explicit BranchKeyByContext(BranchKeysByContext rule) : rule_(std::move(rule)) {}

  Result<std::string> branch_key_id(const ContextView& context) const override {
    const auto* value = context.find(rule_.context_key);
    if (value == nullptr || value->empty())
      return refused("has no \"" + rule_.context_key + "\", which says under which branch key the message belongs");
    if (const auto listed = rule_.ids.find(*value); listed != rule_.ids.end()) return listed->second;
    if (!rule_.prefix) return refused("has a \"" + rule_.context_key + "\" for which there is no branch key");
    auto id = *rule_.prefix + std::string(*value);
    TRY(check_branch_key_id(id));
    return id;
  }

 private:
  static Error refused(std::string why) {
    return {ErrorCode::invalid_input, "the encryption context " + std::move(why)};
  }
  const BranchKeysByContext rule_;
};

}  // namespace

Result<std::shared_ptr<const BranchKeySupplier>> fixed_branch_key(std::string id) {
  TRY(check_branch_key_id(id));
  return std::shared_ptr<const BranchKeySupplier>(std::make_shared<FixedBranchKey>(std::move(id)));
}

Result<std::shared_ptr<const BranchKeySupplier>> branch_key_by_context(BranchKeysByContext rule) {
  if (rule.context_key.empty())
    return Error{ErrorCode::invalid_input, "branch keys by context need the name of a context key"};
  if (rule.ids.empty() && !rule.prefix)
    return Error{ErrorCode::invalid_input, "branch keys by context need a list of ids, or a prefix"};
  for (const auto& [value, id] : rule.ids) TRY(check_branch_key_id(id));
  return std::shared_ptr<const BranchKeySupplier>(std::make_shared<BranchKeyByContext>(std::move(rule)));
}

}  // namespace keyfold::keyrings
