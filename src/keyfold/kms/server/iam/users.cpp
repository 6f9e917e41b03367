#include "keyfold/kms/server/iam/kinds.h"
#include "keyfold/kms/server/iam/shapes.h"

namespace keyfold::server {
namespace {

Result<std::optional<std::string>> boundary_of(const IamCall& call) {
  if (!call.text("PermissionsBoundary")) return std::optional<std::string>();
  TRY_ASSIGN(const auto arn, call.arn("PermissionsBoundary"));
  return std::optional(std::string(arn));
}

template <class E>
Outcome tag_entity(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<E>(call));
  TRY_ASSIGN(const auto tags, call.tags());
  return call.change(std::move(permit), [&](Edit& edit) { return add_tags<E>(edit, call.account(), name, tags); });
}

template <class E>
Outcome untag_entity(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<E>(call));
  TRY_ASSIGN(const auto keys, call.texts("TagKeys"));
  return call.change(std::move(permit), [&](Edit& edit) { return remove_tags<E>(edit, call.account(), name, keys); });
}

template <class E>
Outcome list_tags(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto entity, look_at<E>(call, std::move(permit)));
  std::vector<std::pair<std::string, identity::Tag>> tags;
  tags.reserve(entity.tags.size());
  for (const auto& tag : entity.tags) tags.emplace_back(tag.key, tag);
  std::ranges::sort(tags, {}, [](const auto& item) { return item.first; });
  return call.page("Tags", std::move(tags), [](protocol::XmlWriter& xml, const identity::Tag& tag) {
    xml.text("Key", tag.key).text("Value", tag.value);
  });
}

template <class E>
Outcome put_boundary(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<E>(call));
  TRY_ASSIGN(const auto arn, call.arn("PermissionsBoundary"));
  return call.change(std::move(permit), [&](Edit& edit) { return set_boundary<E>(edit, call.account(), name, arn); });
}

template <class E>
Outcome delete_boundary(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<E>(call));
  return call.change(std::move(permit),
                     [&](Edit& edit) { return set_boundary<E>(edit, call.account(), name, std::nullopt); });
}

}  // namespace

template <>
Outcome run<IamOperation::create_user>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<User>(call));
  TRY_ASSIGN(const auto path, call.path());
  User user{
      .account = call.account(), .name = name, .id = identity::make_user_id(call.random()), .created = call.now()};
  user.path = path;
  TRY_ASSIGN(user.tags, call.tags());
  TRY_ASSIGN(user.boundary, boundary_of(call));
  call.note_response("userId", user.id.text());
  call.note_response("arn", user.arn().text());
  TRY(call.change(std::move(permit), [&](Edit& edit) { return create(edit, user); }));
  call.xml().open("User");
  write_user(call.xml(), user, Detail::full);
  call.xml().close("User");
  return ok();
}

template <>
Outcome run<IamOperation::get_user>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, call.user_or_caller());
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  call.xml().open("User");
  if (name) {
    TRY_ASSIGN(const auto user, need(*snapshot, call.account(), *name));
    write_user(call.xml(), user, Detail::full);
  } else {  // The root, as AWS says it.
    call.xml()
        .text("Path", "/")
        .text("UserName", "root")
        .text("UserId", call.account().text())
        .text("Arn", call.caller().arn.text())
        .time("CreateDate", Timestamp());
  }
  call.xml().close("User");
  return ok();
}

template <>
Outcome run<IamOperation::list_users>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  TRY_ASSIGN(auto users, select<User>(call, snapshot->users));
  return call.page("Users", std::move(users),
                   [](protocol::XmlWriter& xml, const User* user) { write_user(xml, *user, Detail::listed); });
}

template <>
Outcome run<IamOperation::delete_user>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<User>(call));
  return call.change(std::move(permit), [&](Edit& edit) { return remove(edit, call.account(), name); });
}

template <>
Outcome run<IamOperation::create_role>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<Role>(call));
  TRY_ASSIGN(const auto path, call.path());
  TRY_ASSIGN(const auto trust, call.need("AssumeRolePolicyDocument"));
  Role role{.account = call.account(),
            .name = name,
            .id = identity::make_role_id(call.random()),
            .created = call.now(),
            .trust_policy = std::string(trust)};
  role.path = path;
  TRY_ASSIGN(role.description, call.role_description());
  TRY_ASSIGN(role.session_seconds, call.number("MaxSessionDuration", identity::session_seconds_min,
                                               identity::session_seconds_min, identity::session_seconds_max));
  TRY_ASSIGN(role.tags, call.tags());
  TRY_ASSIGN(role.boundary, boundary_of(call));
  call.note_response("roleId", role.id.text());
  call.note_response("arn", role.arn().text());
  TRY(call.change(std::move(permit), [&](Edit& edit) { return create(edit, role); }));
  call.xml().open("Role");
  write_role(call.xml(), role, Detail::full);
  call.xml().close("Role");
  return ok();
}

template <>
Outcome run<IamOperation::get_role>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto role, look_at<Role>(call, std::move(permit)));
  call.xml().open("Role");
  write_role(call.xml(), role, Detail::full);
  call.xml().close("Role");
  return ok();
}

template <>
Outcome run<IamOperation::list_roles>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  TRY_ASSIGN(auto roles, select<Role>(call, snapshot->roles));
  return call.page("Roles", std::move(roles),
                   [](protocol::XmlWriter& xml, const Role* role) { write_role(xml, *role, Detail::listed); });
}

template <>
Outcome run<IamOperation::update_role>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<Role>(call));
  TRY_ASSIGN(const auto description, call.role_description());
  TRY_ASSIGN(const auto seconds,
             call.number("MaxSessionDuration", 0, identity::session_seconds_min, identity::session_seconds_max));
  return call.change(std::move(permit), [&](Edit& edit) -> Outcome {
    TRY_ASSIGN(auto role, need(edit.snapshot(), call.account(), name));
    if (call.text("Description")) role.description = description;
    if (seconds != 0) role.session_seconds = seconds;
    return edit.put(std::move(role));
  });
}

template <>
Outcome run<IamOperation::update_assume_role_policy>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<Role>(call));
  TRY_ASSIGN(const auto document, call.need("PolicyDocument"));
  return call.change(std::move(permit),
                     [&](Edit& edit) { return set_trust_policy(edit, call.account(), name, document); });
}

template <>
Outcome run<IamOperation::delete_role>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<Role>(call));
  return call.change(std::move(permit), [&](Edit& edit) { return remove(edit, call.account(), name); });
}

#define KEYFOLD_SAME(operation, handler)                                      \
  template <>                                                                 \
  Outcome run<IamOperation::operation>(IamCall & call, ActionPermit permit) { \
    return handler(call, std::move(permit));                                  \
  }
KEYFOLD_SAME(tag_user, tag_entity<User>)
KEYFOLD_SAME(tag_role, tag_entity<Role>)
KEYFOLD_SAME(untag_user, untag_entity<User>)
KEYFOLD_SAME(untag_role, untag_entity<Role>)
KEYFOLD_SAME(list_user_tags, list_tags<User>)
KEYFOLD_SAME(list_role_tags, list_tags<Role>)
KEYFOLD_SAME(put_user_permissions_boundary, put_boundary<User>)
KEYFOLD_SAME(put_role_permissions_boundary, put_boundary<Role>)
KEYFOLD_SAME(delete_user_permissions_boundary, delete_boundary<User>)
KEYFOLD_SAME(delete_role_permissions_boundary, delete_boundary<Role>)
#undef KEYFOLD_SAME

}  // namespace keyfold::server
