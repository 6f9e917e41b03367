#include "keyfold/kms/server/access/subject.h"

#include "keyfold/core/base/named.h"

namespace keyfold::server::access {
namespace {

constexpr std::string_view everyone = "*";
constexpr std::string_view session_prefix = "assumed-role/";

// Of what is no principal's ARN, an outsider.
SubjectKind kind_of(const ArnParts& arn) {
  const auto is = [&](std::string_view service, std::string_view prefix) {
    return arn.service == service && arn.resource.starts_with(prefix) && arn.resource.size() > prefix.size();
  };
  if (arn.service == "iam" && arn.resource == "root") return SubjectKind::root;
  if (is("iam", "user/")) return SubjectKind::user;
  if (is("iam", "role/")) return SubjectKind::role;
  return is("sts", session_prefix) ? SubjectKind::session : SubjectKind::outsider;
}

}  // namespace

std::string_view to_text(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::root:
      return "root";
    case SubjectKind::user:
      return "user";
    case SubjectKind::role:
      return "role";
    case SubjectKind::session:
      return "session";
    case SubjectKind::outsider:
      return "outsider";
  }
  return {};
}

policy::Principal Subject::principal() const {
  using policy::PrincipalType;
  policy::Principal principal;
  principal.account = std::string_view(account);
  switch (kind) {
    case SubjectKind::root:
    case SubjectKind::user:
      principal.arn = std::string_view(arn);
      principal.type = kind == SubjectKind::root ? PrincipalType::root : PrincipalType::user;
      principal.role = std::string_view();
      break;
    case SubjectKind::role:
      principal.type = PrincipalType::role_session;
      principal.role = std::string_view(arn);
      break;
    case SubjectKind::session:
      principal.arn = std::string_view(arn);
      principal.type = PrincipalType::role_session;
      if (!role.empty()) principal.role = std::string_view(role);
      break;
    case SubjectKind::outsider:
      break;
  }
  return principal;
}

std::string_view Subject::name_of_policy(const policy::Statement& statement) const {
  if (!identity.known()) return {};
  for (std::size_t i = 0; i < identity->size() && i < policy_names.size(); ++i)
    for (const auto& own : (*identity)[i]->statements())
      if (&own == &statement) return policy_names[i];
  return {};
}

Subject stranger(std::string_view arn) {
  const auto fields = split_arn(arn);
  if (!fields) return outsider();
  Subject subject;
  subject.kind = kind_of(*fields);
  if (subject.kind == SubjectKind::outsider) return outsider();
  subject.arn = arn;
  subject.account = fields->account;
  return subject;
}

Subject outsider() {
  Subject subject;
  subject.kind = SubjectKind::outsider;
  subject.arn = everyone;
  subject.account = everyone;
  return subject;
}

}  // namespace keyfold::server::access
