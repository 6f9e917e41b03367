#include "keyfold/kms/server/operation_table.h"

#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/server/rows.h"

namespace keyfold::server {
namespace {

namespace op = policy::op;
namespace condition_key = policy::condition_key;
using audit::Access;
using http::Lane;
using keys::StateRule;
using policy::ResourceKind;
using Accounts = keys::Keys::Accounts;

constexpr std::span<const std::string_view> no_keys;
constexpr std::string_view alias_keys[] = {condition_key::request_alias};
constexpr std::string_view crypto_keys[] = {condition_key::encryption_context_prefix,
                                            condition_key::encryption_context_keys, condition_key::encryption_algorithm,
                                            condition_key::request_alias};
constexpr std::string_view re_encrypt_keys[] = {
    condition_key::encryption_context_prefix, condition_key::encryption_context_keys,
    condition_key::encryption_algorithm, condition_key::request_alias, condition_key::re_encrypt_on_same_key};
constexpr std::string_view create_key_keys[] = {condition_key::bypass_policy_lockout_safety_check,
                                                condition_key::customer_master_key_spec,
                                                condition_key::customer_master_key_usage,
                                                condition_key::key_origin,
                                                condition_key::key_spec,
                                                condition_key::key_usage,
                                                condition_key::multi_region,
                                                condition_key::multi_region_key_type,
                                                condition_key::request_tag_prefix,
                                                condition_key::tag_keys};
constexpr std::string_view put_policy_keys[] = {condition_key::bypass_policy_lockout_safety_check};
constexpr std::string_view rotation_keys[] = {condition_key::rotation_period_in_days};
constexpr std::string_view deletion_keys[] = {condition_key::pending_window_in_days};
constexpr std::string_view tag_keys[] = {condition_key::request_tag_prefix, condition_key::tag_keys};
constexpr std::string_view untag_keys[] = {condition_key::tag_keys};
constexpr std::string_view create_grant_keys[] = {
    condition_key::encryption_context_prefix, condition_key::encryption_context_keys,
    condition_key::grant_constraint_type,     condition_key::grant_is_for_aws_resource,
    condition_key::grant_operations,          condition_key::grantee_principal,
    condition_key::retiring_principal};
constexpr std::string_view grant_keys[] = {condition_key::grant_is_for_aws_resource};
constexpr std::string_view retire_grant_keys[] = {condition_key::encryption_context_prefix,
                                                  condition_key::encryption_context_keys,
                                                  condition_key::grant_constraint_type};
constexpr std::string_view kms_prefix = "TrentService.";
constexpr std::string_view keyfold_prefix = "Keyfold.";

// Facts: AWS's API model, and its tables of condition keys, key states and cross-account use.
// clang-format off
constexpr std::array<OperationRow, operation_count> table = {{
  {.operation = Operation::cancel_key_deletion, .name = "CancelKeyDeletion", .actions = {op::CancelKeyDeletion::action, {}},
   .resource = ResourceKind::key, .states = StateRule::cancel_key_deletion, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::create_alias, .name = "CreateAlias", .actions = {op::CreateAlias::action, {}},
   .resource = ResourceKind::alias_and_key, .states = StateRule::edit, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::create_grant, .name = "CreateGrant", .actions = {op::CreateGrant::action, {}},
   .resource = ResourceKind::key, .states = StateRule::create_grant, .identifiers = Identifiers::key_only, .accounts = Accounts::any,
   .condition_keys = create_grant_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::create_key, .name = "CreateKey", .actions = {op::CreateKey::action, {}},
   .resource = ResourceKind::account, .states = StateRule::any_state, .identifiers = Identifiers::none, .accounts = Accounts::own,
   .condition_keys = create_key_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::decrypt, .name = "Decrypt", .actions = {op::Decrypt::action, {}},
   .resource = ResourceKind::key, .states = StateRule::use, .identifiers = Identifiers::key_or_alias, .accounts = Accounts::any,
   .condition_keys = crypto_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::delete_alias, .name = "DeleteAlias", .actions = {op::DeleteAlias::action, {}},
   .resource = ResourceKind::alias_and_key, .states = StateRule::any_state, .identifiers = Identifiers::none, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::describe_key, .name = "DescribeKey", .actions = {op::DescribeKey::action, {}},
   .resource = ResourceKind::key, .states = StateRule::any_state, .identifiers = Identifiers::key_or_alias, .accounts = Accounts::any,
   .condition_keys = alias_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::disable_key, .name = "DisableKey", .actions = {op::DisableKey::action, {}},
   .resource = ResourceKind::key, .states = StateRule::enable_disable, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::disable_key_rotation, .name = "DisableKeyRotation", .actions = {op::DisableKeyRotation::action, {}},
   .resource = ResourceKind::key, .states = StateRule::rotation_setting, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::enable_key, .name = "EnableKey", .actions = {op::EnableKey::action, {}},
   .resource = ResourceKind::key, .states = StateRule::enable_disable, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::enable_key_rotation, .name = "EnableKeyRotation", .actions = {op::EnableKeyRotation::action, {}},
   .resource = ResourceKind::key, .states = StateRule::rotation_setting, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = rotation_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::encrypt, .name = "Encrypt", .actions = {op::Encrypt::action, {}},
   .resource = ResourceKind::key, .states = StateRule::use, .identifiers = Identifiers::key_or_alias, .accounts = Accounts::any,
   .condition_keys = crypto_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::explain_access, .api = Api::keyfold, .name = "ExplainAccess", .actions = {op::ExplainAccess::action, {}},
   .resource = ResourceKind::account, .states = StateRule::any_state, .identifiers = Identifiers::key_or_alias, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::slow},
  {.operation = Operation::generate_data_key, .name = "GenerateDataKey", .actions = {op::GenerateDataKey::action, {}},
   .resource = ResourceKind::key, .states = StateRule::use, .identifiers = Identifiers::key_or_alias, .accounts = Accounts::any,
   .condition_keys = crypto_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::generate_data_key_without_plaintext, .name = "GenerateDataKeyWithoutPlaintext", .actions = {op::GenerateDataKeyWithoutPlaintext::action, {}},
   .resource = ResourceKind::key, .states = StateRule::use, .identifiers = Identifiers::key_or_alias, .accounts = Accounts::any,
   .condition_keys = crypto_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::generate_random, .name = "GenerateRandom", .actions = {op::GenerateRandom::action, {}},
   .resource = ResourceKind::account, .states = StateRule::any_state, .identifiers = Identifiers::none, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::get_key_policy, .name = "GetKeyPolicy", .actions = {op::GetKeyPolicy::action, {}},
   .resource = ResourceKind::key, .states = StateRule::any_state, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::get_key_rotation_status, .name = "GetKeyRotationStatus", .actions = {op::GetKeyRotationStatus::action, {}},
   .resource = ResourceKind::key, .states = StateRule::rotation_status, .identifiers = Identifiers::key_only, .accounts = Accounts::any,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::lint_access, .api = Api::keyfold, .name = "LintAccess", .actions = {op::LintAccess::action, {}},
   .resource = ResourceKind::account, .states = StateRule::any_state, .identifiers = Identifiers::none, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::slow},
  {.operation = Operation::list_aliases, .name = "ListAliases", .actions = {op::ListAliases::action, {}},
   .resource = ResourceKind::account, .states = StateRule::any_state, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::slow},
  {.operation = Operation::list_grants, .name = "ListGrants", .actions = {op::ListGrants::action, {}},
   .resource = ResourceKind::key, .states = StateRule::any_state, .identifiers = Identifiers::key_only, .accounts = Accounts::any,
   .condition_keys = grant_keys, .access = Access::read_only, .lane = Lane::slow},
  {.operation = Operation::list_key_policies, .name = "ListKeyPolicies", .actions = {op::ListKeyPolicies::action, {}},
   .resource = ResourceKind::key, .states = StateRule::any_state, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::list_key_rotations, .name = "ListKeyRotations", .actions = {op::ListKeyRotations::action, {}},
   .resource = ResourceKind::key, .states = StateRule::any_state, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::list_keys, .name = "ListKeys", .actions = {op::ListKeys::action, {}},
   .resource = ResourceKind::account, .states = StateRule::any_state, .identifiers = Identifiers::none, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::slow},
  {.operation = Operation::list_resource_tags, .name = "ListResourceTags", .actions = {op::ListResourceTags::action, {}},
   .resource = ResourceKind::key, .states = StateRule::any_state, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::list_retirable_grants, .name = "ListRetirableGrants", .actions = {op::ListRetirableGrants::action, {}},
   .resource = ResourceKind::account, .states = StateRule::any_state, .identifiers = Identifiers::none, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::slow},
  {.operation = Operation::put_key_policy, .name = "PutKeyPolicy", .actions = {op::PutKeyPolicy::action, {}},
   .resource = ResourceKind::key, .states = StateRule::any_state, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = put_policy_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::re_encrypt, .name = "ReEncrypt", .actions = {op::ReEncryptFrom::action, op::ReEncryptTo::action},
   .resource = ResourceKind::key, .states = StateRule::use, .identifiers = Identifiers::key_or_alias, .accounts = Accounts::any,
   .condition_keys = re_encrypt_keys, .access = Access::read_only, .lane = Lane::fast},
  {.operation = Operation::retire_grant, .name = "RetireGrant", .actions = {op::RetireGrant::action, {}},
   .resource = ResourceKind::key, .states = StateRule::any_state, .identifiers = Identifiers::key_only, .accounts = Accounts::any,
   .condition_keys = retire_grant_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::revoke_grant, .name = "RevokeGrant", .actions = {op::RevokeGrant::action, {}},
   .resource = ResourceKind::key, .states = StateRule::any_state, .identifiers = Identifiers::key_only, .accounts = Accounts::any,
   .condition_keys = grant_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::rotate_key_on_demand, .name = "RotateKeyOnDemand", .actions = {op::RotateKeyOnDemand::action, {}},
   .resource = ResourceKind::key, .states = StateRule::rotate_on_demand, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::schedule_key_deletion, .name = "ScheduleKeyDeletion", .actions = {op::ScheduleKeyDeletion::action, {}},
   .resource = ResourceKind::key, .states = StateRule::schedule_deletion, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = deletion_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::tag_resource, .name = "TagResource", .actions = {op::TagResource::action, {}},
   .resource = ResourceKind::key, .states = StateRule::edit, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = tag_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::untag_resource, .name = "UntagResource", .actions = {op::UntagResource::action, {}},
   .resource = ResourceKind::key, .states = StateRule::edit, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = untag_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::update_alias, .name = "UpdateAlias", .actions = {op::UpdateAlias::action, {}},
   .resource = ResourceKind::alias_and_key, .states = StateRule::edit, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::update_key_description, .name = "UpdateKeyDescription", .actions = {op::UpdateKeyDescription::action, {}},
   .resource = ResourceKind::key, .states = StateRule::edit, .identifiers = Identifiers::key_only, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::write, .lane = Lane::slow},
  {.operation = Operation::who_can, .api = Api::keyfold, .name = "WhoCan", .actions = {op::WhoCan::action, {}},
   .resource = ResourceKind::account, .states = StateRule::any_state, .identifiers = Identifiers::key_or_alias, .accounts = Accounts::own,
   .condition_keys = no_keys, .access = Access::read_only, .lane = Lane::slow},
}};
// clang-format on

static_assert(in_order(table), "one row for each operation, in its order");

}  // namespace

const std::array<OperationRow, operation_count>& operation_table() { return table; }

const OperationRow& row_of(Operation operation) { return table[static_cast<std::size_t>(operation)]; }

const OperationRow* find_operation(std::string_view target) {
  const bool ours = target.starts_with(keyfold_prefix);
  if (!ours && !target.starts_with(kms_prefix)) return nullptr;
  const std::string_view name = target.substr(ours ? keyfold_prefix.size() : kms_prefix.size());
  const OperationRow* row = find_by_name(table, name);
  return row != nullptr && row->api == (ours ? Api::keyfold : Api::kms) ? row : nullptr;
}

}  // namespace keyfold::server
