// The shapes of requests about grants; see request_reader.cpp.

#include <array>

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/members.h"
#include "keyfold/core/protocol/request_reader.h"

namespace keyfold::protocol {
namespace {

constexpr std::array<std::string_view, 17> grant_operations = {"Decrypt",
                                                               "Encrypt",
                                                               "GenerateDataKey",
                                                               "GenerateDataKeyWithoutPlaintext",
                                                               "ReEncryptFrom",
                                                               "ReEncryptTo",
                                                               "Sign",
                                                               "Verify",
                                                               "GetPublicKey",
                                                               "CreateGrant",
                                                               "RetireGrant",
                                                               "DescribeKey",
                                                               "GenerateDataKeyPair",
                                                               "GenerateDataKeyPairWithoutPlaintext",
                                                               "GenerateMac",
                                                               "VerifyMac",
                                                               "DeriveSharedSecret"};
constexpr TextLimits grant_id_limits{.min = 1, .max = 128};
constexpr TextLimits source_arn_limits{.min = 20, .max = 512};

Text principal(Members& in, std::string_view name) {
  return in.text(name, {.min = 1, .max = 256, .pattern = &principal_pattern});
}
Text service_principal(Members& in, std::string_view name) {
  return in.text(name, {.min = 1, .max = 128, .pattern = &service_principal_pattern});
}
Integer limit(Members& in) { return in.integer("Limit", 1, 1000); }
Text marker(Members& in) { return in.text("Marker", {.min = 1, .max = 1024, .pattern = &marker_pattern}); }

GrantConstraints constraints(Members& in, RequestScratch& scratch) {
  constexpr std::string_view name = "Constraints";
  GrantConstraints constraints;
  const auto given = in.structure(name);
  if (!given) return constraints;
  constraints.encryption_context_subset = in.context_in(*given, name, "EncryptionContextSubset", scratch.context);
  constraints.encryption_context_equals =
      in.context_in(*given, name, "EncryptionContextEquals", scratch.second_context);
  constraints.source_arn = in.text_in(*given, name, "SourceArn", source_arn_limits);
  return constraints;
}

}  // namespace

template <>
Result<CreateGrantRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  CreateGrantRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.grantee_principal = principal(in, "GranteePrincipal");
  request.retiring_principal = principal(in, "RetiringPrincipal");
  request.operations = in.texts_of("Operations", scratch_.texts, grant_operations, Need::required);
  request.constraints = constraints(in, scratch_);
  request.grant_tokens = in.grant_tokens(scratch_.grant_tokens);
  request.name = in.text("Name", {.min = 1, .max = 256, .pattern = &alias_pattern});
  request.dry_run = in.boolean("DryRun");
  request.grantee_service_principal = service_principal(in, "GranteeServicePrincipal");
  request.retiring_service_principal = service_principal(in, "RetiringServicePrincipal");
  TRY(in.finish());
  return request;
}

template <>
Result<ListGrantsRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  ListGrantsRequest request;
  request.limit = limit(in);
  request.marker = marker(in);
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.grant_id = in.text("GrantId", grant_id_limits);
  request.grantee_principal = principal(in, "GranteePrincipal");
  request.grantee_service_principal = service_principal(in, "GranteeServicePrincipal");
  TRY(in.finish());
  return request;
}

template <>
Result<ListRetirableGrantsRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  ListRetirableGrantsRequest request;
  request.limit = limit(in);
  request.marker = marker(in);
  request.retiring_principal = principal(in, "RetiringPrincipal");
  request.retiring_service_principal = service_principal(in, "RetiringServicePrincipal");
  TRY(in.finish());
  return request;
}

template <>
Result<RetireGrantRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  RetireGrantRequest request;
  request.grant_token = in.text("GrantToken", {.min = 1, .max = 8192});
  request.key_id = in.text("KeyId", key_id_limits);
  request.grant_id = in.text("GrantId", grant_id_limits);
  request.dry_run = in.boolean("DryRun");
  TRY(in.finish());
  return request;
}

template <>
Result<RevokeGrantRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  RevokeGrantRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.grant_id = in.required_text("GrantId", grant_id_limits);
  request.dry_run = in.boolean("DryRun");
  TRY(in.finish());
  return request;
}

}  // namespace keyfold::protocol
