#include "keyfold/kms/server/caller_identity.h"

namespace keyfold::server {
namespace {

std::string_view type_of(policy::PrincipalType type) {
  switch (type) {
    case policy::PrincipalType::root:
      return "Root";
    case policy::PrincipalType::user:
      return "IAMUser";
    case policy::PrincipalType::role_session:
      return "AssumedRole";
  }
  return {};
}

}  // namespace

CallerIdentity::CallerIdentity(const identity::Caller& caller)
    : user_{.type = type_of(caller.type),
            .principal_id = caller.principal_id(),
            .arn = caller.arn.text(),
            .account_id = caller.account.text(),
            .access_key_id = caller.access_key_id.text(),
            .user_name = caller.user_name ? caller.user_name->text() : std::string_view()} {
  if (caller.session == nullptr) return;
  const identity::Session& session = *caller.session;
  session_.creation_date = session.issued;
  if (session.role) {
    session_.issuer_type = "Role";
    session_.issuer_principal_id = session.claims.id;
    session_.issuer_arn = session.role->text();
    session_.issuer_account_id = session.claims.account.text();
    session_.issuer_user_name = session.claims.name;
  }
  user_.session = &session_;
}

}  // namespace keyfold::server
