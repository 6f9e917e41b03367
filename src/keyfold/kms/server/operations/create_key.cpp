#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> values) {
  return std::find(values.begin(), values.end(), text) != values.end();
}

// With what stands for what was left out.
std::string_view spec_of(const protocol::CreateKeyRequest& request) {
  return request.key_spec.value_or(request.customer_master_key_spec.value_or(protocol::symmetric_default));
}
std::string_view usage_of(const protocol::CreateKeyRequest& request) {
  return request.key_usage.value_or("ENCRYPT_DECRYPT");
}
std::string_view origin_of(const protocol::CreateKeyRequest& request) { return request.origin.value_or("AWS_KMS"); }

void note_request(Call& call, const protocol::CreateKeyRequest& request) {
  auto& fields = call.record().request;
  call.note_policy(request.policy);
  fields.emplace_back("description", request.description.value_or(""));
  fields.emplace_back("keyUsage", usage_of(request));
  call.note_if_any("customerMasterKeySpec", request.customer_master_key_spec);
  fields.emplace_back("keySpec", spec_of(request));
  fields.emplace_back("origin", origin_of(request));
  call.note_if_any("customKeyStoreId", request.custom_key_store_id);
  fields.push_back(
      audit::EventField::boolean("bypassPolicyLockoutSafetyCheck", request.bypass_policy_lockout_safety_check));
  call.note_tags(request.tags);
  fields.push_back(audit::EventField::boolean("multiRegion", request.multi_region));
  call.note_if_any("xksKeyId", request.xks_key_id);
}

// Of what is asked for; the rest of it is judged behind the authorization.
void add_facts(TagFacts& facts, const protocol::CreateKeyRequest& request) {
  facts.add(condition_key::bypass_policy_lockout_safety_check,
            policy::text_of(request.bypass_policy_lockout_safety_check));
  facts.add(condition_key::key_spec, spec_of(request));
  facts.add(condition_key::customer_master_key_spec, spec_of(request));
  facts.add(condition_key::key_usage, usage_of(request));
  facts.add(condition_key::customer_master_key_usage, usage_of(request));
  facts.add(condition_key::key_origin, origin_of(request));
  facts.add(condition_key::multi_region, policy::text_of(request.multi_region));
  if (request.multi_region) facts.add(condition_key::multi_region_key_type, "PRIMARY");
}

// Which usages a spec has (AWS's table "Key spec reference").
bool suits(std::string_view spec, std::string_view usage) {
  if (spec == protocol::symmetric_default) return usage == "ENCRYPT_DECRYPT";
  if (spec.starts_with("HMAC_")) return usage == "GENERATE_VERIFY_MAC";
  if (spec.starts_with("RSA_")) return is_one_of(usage, {"ENCRYPT_DECRYPT", "SIGN_VERIFY"});
  if (spec.starts_with("ECC_NIST_P")) return is_one_of(usage, {"SIGN_VERIFY", "KEY_AGREEMENT"});
  if (spec == "SM2") return is_one_of(usage, {"ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"});
  return usage == "SIGN_VERIFY";
}

Outcome check_spec(const protocol::CreateKeyRequest& request) {
  if (request.key_spec && request.customer_master_key_spec)
    return Error{ErrorCode::validation,
                 "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is "
                 "deprecated."};
  const std::string_view spec = spec_of(request);
  if (!request.key_usage && spec != protocol::symmetric_default)
    return Error{ErrorCode::validation,
                 "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."};
  const std::string_view usage = usage_of(request);
  if (!suits(spec, usage))
    return Error{ErrorCode::validation,
                 "KeyUsage " + std::string(usage) + " is not compatible with KeySpec " + std::string(spec)};
  if (spec != protocol::symmetric_default)
    return Error{ErrorCode::unsupported_operation,
                 "KeySpec " + std::string(spec) + " is not supported by this service."};
  return ok();
}

// What a key may be made from, elsewhere.
Outcome check_origin(const protocol::CreateKeyRequest& request) {
  TRY(no_custom_key_store(request.custom_key_store_id));
  const std::string_view origin = origin_of(request);
  if (request.xks_key_id && origin != "EXTERNAL_KEY_STORE")
    return Error{ErrorCode::validation, "XksKeyId may be specified only with the Origin EXTERNAL_KEY_STORE."};
  if (is_one_of(origin, {"AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"}))
    return Error{ErrorCode::validation,
                 "You must specify a CustomKeyStoreId with the Origin " + std::string(origin) + "."};
  if (origin != "AWS_KMS")
    return Error{ErrorCode::unsupported_operation,
                 "Origin " + std::string(origin) + " is not supported by this service."};
  if (request.multi_region)
    return Error{ErrorCode::unsupported_operation, "Multi-Region keys are not supported by this service."};
  return ok();
}

}  // namespace

template <>
Outcome run<Operation::create_key>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::CreateKeyRequest>());
  note_request(call, request);
  TagFacts facts(request.tags);
  add_facts(facts, request);
  TRY_ASSIGN(auto permit, call.authorize<op::CreateKey>(facts.view()));
  TRY(check_spec(request));
  TRY(check_origin(request));
  keys::NewKey key{
      .place = call.place(),
      .id = call.keys().new_key_id(keys::MultiRegion::no),
      .description = std::string(request.description.value_or("")),
      .policy = request.policy ? std::string(*request.policy) : policy::default_key_policy(call.place().account),
      .tags = owned(request.tags)};
  const KeyArn arn = key_arn(key.place.region, key.place.account, key.id);
  if (!request.tags.empty()) TRY(call.authorize_tagging(arn, facts.view()));
  TRY_ASSIGN(const auto document, policy::Document::parse(key.policy));
  if (!request.bypass_policy_lockout_safety_check)
    TRY(policy::keeps_put_key_policy(document, call.caller().for_policy(), arn));
  call.record().resource = arn;
  TRY_ASSIGN(const auto created, call.keys().create_key(std::move(permit), std::move(key), call.event()));
  call.committed();
  append_metadata(call.reply(), *created);
  return ok();
}

}  // namespace keyfold::server
