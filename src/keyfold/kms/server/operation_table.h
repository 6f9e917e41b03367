#pragma once
// The one table of operations: what each needs, allows and leaves behind. Whatever decides by operation reads it here;
// the test matrix is generated from it. An operation has a row, and a handler (`run<Operation::x>`, operations/x.cpp),
// or it does not build.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "keyfold/core/http/service.h"
#include "keyfold/kms/audit/event.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/policy/operation.h"

namespace keyfold::server {

// In alphabetical order, as the rows are.
enum class Operation : std::uint8_t {
  cancel_key_deletion,
  create_alias,
  create_grant,
  create_key,
  decrypt,
  delete_alias,
  describe_key,
  disable_key,
  disable_key_rotation,
  enable_key,
  enable_key_rotation,
  encrypt,
  explain_access,
  generate_data_key,
  generate_data_key_without_plaintext,
  generate_random,
  get_key_policy,
  get_key_rotation_status,
  lint_access,
  list_aliases,
  list_grants,
  list_key_policies,
  list_key_rotations,
  list_keys,
  list_resource_tags,
  list_retirable_grants,
  put_key_policy,
  re_encrypt,
  retire_grant,
  revoke_grant,
  rotate_key_on_demand,
  schedule_key_deletion,
  tag_resource,
  untag_resource,
  update_alias,
  update_key_description,
  who_can,
};
inline constexpr std::size_t operation_count = 37;

// Whose operation it is: X-Amz-Target has "TrentService." or "Keyfold." before its name.
enum class Api : std::uint8_t { kms, keyfold };

enum class Identifiers : std::uint8_t {
  none,
  key_or_alias,  // Key id, key ARN, alias name, alias ARN.
  key_only,      // Key id or key ARN.
};

struct OperationRow {
  Operation operation;
  Api api = Api::kms;
  std::string_view name;                    // As X-Amz-Target has it behind the API's.
  std::array<std::string_view, 2> actions;  // IAM's. The second is empty but for ReEncrypt.
  policy::ResourceKind resource;
  keys::StateRule states;         // In which states the key allows it.
  Identifiers identifiers;        // How the key may be addressed,
  keys::Keys::Accounts accounts;  // and whose it may be.
  // Which condition keys it carries that not every call has, nor every call about a key (call_facts.h). Of
  // "aws:RequestTag/" and the encryption context, the prefix.
  std::span<const std::string_view> condition_keys;
  audit::Access access;  // CloudTrail's readOnly.
  http::Lane lane;

  bool needs(std::string_view action) const { return action == actions[0] || action == actions[1]; }
  bool carries(std::string_view condition_key) const {
    return std::ranges::find(condition_keys, condition_key) != condition_keys.end();
  }
};

const std::array<OperationRow, operation_count>& operation_table();
const OperationRow& row_of(Operation operation);
// The row that "TrentService.Encrypt" or "Keyfold.WhoCan" asks for, or null.
const OperationRow* find_operation(std::string_view target);

}  // namespace keyfold::server
