#include "keyfold/kms/identity/names.h"

#include <algorithm>
#include <array>

#include "keyfold/core/base/try.h"

namespace keyfold::identity {
namespace {

// As in AWS's unique ids: base32 without padding.
constexpr std::string_view id_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

template <std::size_t Count>
InlineString<4 + Count> random_id(std::string_view prefix, Random& random) {
  InlineString<4 + Count> id(prefix);
  for (const std::byte b : random.bytes<Count>())
    id.append(id_alphabet.substr(std::to_integer<std::size_t>(b) % id_alphabet.size(), 1));
  return id;
}

template <class Name>
Name certain(std::string_view text) {
  auto name = Name::parse(text);
  KEYFOLD_CHECK(name.has_value());
  return *name;
}

// "arn:aws:iam::<account>:<kind><path><name>". In place: finding a caller allocates nothing.
using EntityArn = InlineString<1024>;
EntityArn entity_arn(const AccountId& account, std::string_view kind, std::string_view path, std::string_view name) {
  EntityArn arn("arn:aws:iam::");
  arn.append(account.text()).append(":").append(kind).append(path).append(name);
  return arn;
}

constexpr std::string_view session_key_prefix = "ASIA";

template <class Name>
Result<NamedEntity<Name>> parse_entity_arn(std::string_view arn, std::string_view kind) {
  const Error error{ErrorCode::invalid_input, "not the ARN of a " + std::string(kind)};
  const auto parts = split_arn(arn);
  if (!parts || parts->partition != "aws" || parts->service != "iam" || !parts->region.empty() ||
      !parts->resource.starts_with(kind))
    return error;
  const std::string_view rest = parts->resource.substr(kind.size());  // "/a/path/NAME"
  const auto slash = rest.find_last_of('/');
  if (slash == std::string_view::npos) return error;
  const auto account = AccountId::parse(parts->account);
  const auto path = EntityPath::parse(rest.substr(0, slash + 1));
  const auto name = Name::parse(rest.substr(slash + 1));
  if (!account || !path || !name) return error;
  return NamedEntity<Name>{.account = *account, .path = *path, .name = *name};
}

}  // namespace

bool is_entity_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+=,.@_-").find(c) != std::string_view::npos;
  });
}

bool is_entity_id(std::string_view prefix, std::string_view text) {
  return text.size() == prefix.size() + 17 && text.starts_with(prefix) &&
         std::ranges::all_of(text, [](char c) { return id_alphabet.find(c) != std::string_view::npos; });
}

// Narrower than AWS's, which has all of ASCII's visible characters: of policies' paths it is these. A path cannot hold
// what means something in the resource of a policy.
bool EntityPathTag::valid(std::string_view text) {
  if (text == "/") return true;
  return text.size() >= 3 && text.front() == '/' && text.back() == '/' && text.find("//") == std::string_view::npos &&
         is_entity_name([&] {
           thread_local std::string names;
           names.assign(text);
           std::erase(names, '/');
           return std::string_view(names);
         }());
}

UserId make_user_id(Random& random) { return certain<UserId>(random_id<17>("AIDA", random)); }
GroupId make_group_id(Random& random) { return certain<GroupId>(random_id<17>("AGPA", random)); }
RoleId make_role_id(Random& random) { return certain<RoleId>(random_id<17>("AROA", random)); }
PolicyId make_policy_id(Random& random) { return certain<PolicyId>(random_id<17>("ANPA", random)); }
AccessKeyId make_access_key_id(Random& random) { return certain<AccessKeyId>(random_id<16>("AKIA", random)); }
AccessKeyId make_session_access_key_id(Random& random) {
  return certain<AccessKeyId>(random_id<16>(session_key_prefix, random));
}
bool is_session_access_key_id(const AccessKeyId& id) { return id.text().starts_with(session_key_prefix); }

PrincipalArn user_arn(const AccountId& account, const EntityPath& path, const UserName& name) {
  return certain<PrincipalArn>(entity_arn(account, "user", path.text(), name.text()));
}
PrincipalArn user_arn(const AccountId& account, const UserName& name) {
  return certain<PrincipalArn>(entity_arn(account, "user", "/", name.text()));
}
PrincipalArn role_arn(const AccountId& account, const EntityPath& path, const RoleName& name) {
  return certain<PrincipalArn>(entity_arn(account, "role", path.text(), name.text()));
}

// Allocates nothing: a request may come from a root that only the development server knows.
PrincipalArn root_arn(const AccountId& account) {
  InlineString<64> arn("arn:aws:iam::");
  return certain<PrincipalArn>(arn.append(account.text()).append(":root"));
}

PrincipalArn session_arn(const AccountId& account, const RoleName& role, const SessionName& session) {
  std::string arn = "arn:aws:sts::";
  arn.append(account.text()).append(":assumed-role/").append(role.text()).append("/").append(session.text());
  return certain<PrincipalArn>(arn);
}

std::string group_arn(const AccountId& account, const EntityPath& path, const GroupName& name) {
  return std::string(entity_arn(account, "group", path.text(), name.text()).view());
}
std::string policy_arn(const AccountId& account, const EntityPath& path, const PolicyName& name) {
  return std::string(entity_arn(account, "policy", path.text(), name.text()).view());
}

Result<NamedEntity<UserName>> parse_user_arn(std::string_view arn) { return parse_entity_arn<UserName>(arn, "user"); }
Result<NamedEntity<RoleName>> parse_role_arn(std::string_view arn) { return parse_entity_arn<RoleName>(arn, "role"); }
Result<NamedEntity<PolicyName>> parse_policy_arn(std::string_view arn) {
  return parse_entity_arn<PolicyName>(arn, "policy");
}

}  // namespace keyfold::identity
