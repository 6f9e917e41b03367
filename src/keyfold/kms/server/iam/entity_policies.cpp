// The policies of users, groups and roles: inline, and attached.
#include "keyfold/kms/server/iam/kinds.h"
#include "keyfold/kms/server/iam/shapes.h"

namespace keyfold::server {
namespace {

using identity::PolicyName;

template <class E>
Outcome put_policy(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<E>(call));
  TRY_ASSIGN(const auto policy, call.name<PolicyName>("PolicyName"));
  TRY_ASSIGN(const auto document, call.need("PolicyDocument"));
  return call.change(std::move(permit),
                     [&](Edit& edit) { return put_inline_policy<E>(edit, call.account(), name, policy, document); });
}

template <class E>
Outcome delete_policy(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<E>(call));
  TRY_ASSIGN(const auto policy, call.name<PolicyName>("PolicyName"));
  return call.change(std::move(permit),
                     [&](Edit& edit) { return remove_inline_policy<E>(edit, call.account(), name, policy); });
}

template <class E>
Outcome get_policy(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto policy, call.name<PolicyName>("PolicyName"));
  TRY_ASSIGN(const auto entity, look_at<E>(call, std::move(permit)));
  const auto found = entity.policies.inlined.find(policy.text());
  if (found == entity.policies.inlined.end()) {
    std::string text = "The ";
    return Error{ErrorCode::not_found, text.append(identity::Kind<E>::word)
                                           .append(" policy with name ")
                                           .append(policy.text())
                                           .append(" cannot be found.")};
  }
  call.xml()
      .text(name_parameter<E>(), entity.name.text())
      .text("PolicyName", policy.text())
      .text("PolicyDocument", url_encoded(found->second));
  return ok();
}

// The members of this list are texts.
Outcome list_inline(IamCall& call, const identity::Policies& policies) {
  std::vector<std::string> names;
  names.reserve(policies.inlined.size());
  for (const auto& [name, text] : policies.inlined) names.push_back(name);
  return call.page_of_texts("PolicyNames", std::move(names));
}

template <class E>
Outcome list_inline_of(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto entity, look_at<E>(call, std::move(permit)));
  return list_inline(call, entity.policies);
}

template <class E>
Outcome attach_policy(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<E>(call));
  TRY_ASSIGN(const auto arn, call.arn("PolicyArn"));
  return call.change(std::move(permit), [&](Edit& edit) { return attach<E>(edit, call.account(), name, arn); });
}

template <class E>
Outcome detach_policy(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<E>(call));
  TRY_ASSIGN(const auto arn, call.arn("PolicyArn"));
  return call.change(std::move(permit), [&](Edit& edit) { return detach<E>(edit, call.account(), name, arn); });
}

template <class E>
Outcome list_attached(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto entity, look_at<E>(call, std::move(permit)));
  TRY_ASSIGN(const auto prefix, call.path_prefix());
  std::vector<std::pair<std::string, std::string>> attached;
  for (const auto& arn : entity.policies.attached) {
    const auto named = identity::parse_policy_arn(arn);
    if (named && named->path.text().starts_with(prefix)) attached.emplace_back(named->name.text(), arn);
  }
  std::ranges::sort(attached);
  return call.page("AttachedPolicies", std::move(attached), [](protocol::XmlWriter& xml, const std::string& arn) {
    const auto named = identity::parse_policy_arn(arn);
    xml.text("PolicyName", named->name.text()).text("PolicyArn", arn);
  });
}

}  // namespace

#define KEYFOLD_SAME(operation, handler)                                      \
  template <>                                                                 \
  Outcome run<IamOperation::operation>(IamCall & call, ActionPermit permit) { \
    return handler(call, std::move(permit));                                  \
  }
#define KEYFOLD_FOR_EACH(kind, E)                         \
  KEYFOLD_SAME(put_##kind##_policy, put_policy<E>)        \
  KEYFOLD_SAME(get_##kind##_policy, get_policy<E>)        \
  KEYFOLD_SAME(list_##kind##_policies, list_inline_of<E>) \
  KEYFOLD_SAME(delete_##kind##_policy, delete_policy<E>)  \
  KEYFOLD_SAME(attach_##kind##_policy, attach_policy<E>)  \
  KEYFOLD_SAME(detach_##kind##_policy, detach_policy<E>)  \
  KEYFOLD_SAME(list_attached_##kind##_policies, list_attached<E>)
KEYFOLD_FOR_EACH(user, User)
KEYFOLD_FOR_EACH(group, Group)
KEYFOLD_FOR_EACH(role, Role)
#undef KEYFOLD_FOR_EACH
#undef KEYFOLD_SAME

}  // namespace keyfold::server
