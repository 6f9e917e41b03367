#pragma once
// BranchKeySupplier: which branch key a message belongs under, told by its encryption context: one per tenant, say.
// Spec: framework/aws-kms/aws-kms-hierarchical-keyring.md, "Branch Key Supplier".

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "keyfold/core/base/encryption_context.h"

namespace keyfold::keyrings {

// Safe to use from several threads at once. The same context always gives the same id: messages are opened by it. When
// a message is opened, nobody has vouched for the context yet; the wrapped key is bound to it.
class BranchKeySupplier {
 public:
  virtual ~BranchKeySupplier() = default;
  // Fails with `invalid_input` when the context belongs under none.
  virtual Result<std::string> branch_key_id(const ContextView& context) const = 0;
};

// Always the same. Fails with `invalid_input` when it is no id (see check_branch_key_id).
Result<std::shared_ptr<const BranchKeySupplier>> fixed_branch_key(std::string id);

// By the value that the context has for one key.
struct BranchKeysByContext {
  std::string context_key;                              // "tenant"
  std::map<std::string, std::string, std::less<>> ids;  // Of a value: {"4711", "branch-key-of-4711"}.
  // Of any value that is not listed: this, and then the value. Nothing: such a context is refused.
  std::optional<std::string> prefix;
};
// Fails with `invalid_input` when the key is empty, no value could ever have an id, or a listed id is none.
Result<std::shared_ptr<const BranchKeySupplier>> branch_key_by_context(BranchKeysByContext rule);

}  // namespace keyfold::keyrings
