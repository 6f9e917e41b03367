#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {
namespace {

constexpr std::string_view equals_name = "EncryptionContextEquals";
constexpr std::string_view subset_name = "EncryptionContextSubset";

}  // namespace

Outcome no_service_principal(const protocol::Text& name) {
  if (name) return Error{ErrorCode::unsupported_operation, "Service principals are not supported by this service."};
  return ok();
}

std::string_view constraint_type(policy::GrantConstraint::Kind kind) {
  switch (kind) {
    case policy::GrantConstraint::Kind::none:
      return {};
    case policy::GrantConstraint::Kind::equals:
      return equals_name;
    case policy::GrantConstraint::Kind::subset:
      return subset_name;
  }
  return {};
}

void append_grants(std::string& out, const keys::Page<keys::Grant>& page) {
  append_page(out, "Grants", page, [](protocol::JsonWriter& json, const keys::Grant& grant) {
    const auto& what = grant->what();
    json.begin_object()
        .text("KeyId", grant->key().text())
        .text("GrantId", grant->for_policy().id())
        .text("Name", what.name)
        .time("CreationDate", grant->created())
        .text("GranteePrincipal", what.grantee);
    if (!what.retiring.empty()) json.text("RetiringPrincipal", what.retiring);
    json.text("IssuingAccount", "arn:aws:iam::" + std::string(what.issuer.text()) + ":root");
    json.name("Operations").begin_array();
    for (std::size_t i = 0; i < policy::grant_operation_count; ++i)
      if (const auto operation = static_cast<policy::GrantOperation>(i); what.operations.has(operation))
        json.text(policy::to_text(operation));
    json.end_array();
    if (what.constraint != policy::GrantConstraint::Kind::none)
      json.name("Constraints").begin_object().context(constraint_type(what.constraint), grant->pairs()).end_object();
    json.end_object();
  });
}

}  // namespace keyfold::server
