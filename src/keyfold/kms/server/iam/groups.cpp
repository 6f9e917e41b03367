#include "keyfold/kms/server/iam/kinds.h"
#include "keyfold/kms/server/iam/shapes.h"

namespace keyfold::server {

template <>
Outcome run<IamOperation::create_group>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<Group>(call));
  TRY_ASSIGN(const auto path, call.path());
  Group group{
      .account = call.account(), .name = name, .id = identity::make_group_id(call.random()), .created = call.now()};
  group.path = path;
  call.note_response("groupId", group.id.text());
  call.note_response("arn", group.arn());
  TRY(call.change(std::move(permit), [&](Edit& edit) { return create(edit, group); }));
  call.xml().open("Group");
  write_group(call.xml(), group);
  call.xml().close("Group");
  return ok();
}

template <>
Outcome run<IamOperation::get_group>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<Group>(call));
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  TRY_ASSIGN(const auto group, need(*snapshot, call.account(), name));
  call.xml().open("Group");
  write_group(call.xml(), group);
  call.xml().close("Group");
  std::vector<std::pair<std::string, const User*>> members;
  Snapshot::each_in(snapshot->users, call.account(), [&](const identity::UserEntry& entry) {
    if (std::ranges::find(entry.user.groups, name) != entry.user.groups.end())
      members.emplace_back(std::string(entry.user.name.text()), &entry.user);
  });
  return call.page("Users", std::move(members),
                   [](protocol::XmlWriter& xml, const User* user) { write_user(xml, *user, Detail::listed); });
}

template <>
Outcome run<IamOperation::list_groups>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  TRY_ASSIGN(auto groups, select<Group>(call, snapshot->groups));
  return call.page("Groups", std::move(groups),
                   [](protocol::XmlWriter& xml, const Group* group) { write_group(xml, *group); });
}

template <>
Outcome run<IamOperation::list_groups_for_user>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<User>(call));
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  TRY_ASSIGN(const auto user, need(*snapshot, call.account(), name));
  std::vector<std::pair<std::string, const Group*>> groups;
  groups.reserve(user.groups.size());
  for (const auto& group : user.groups)
    groups.emplace_back(std::string(group.text()), &snapshot->find(call.account(), group)->group);
  return call.page("Groups", std::move(groups),
                   [](protocol::XmlWriter& xml, const Group* group) { write_group(xml, *group); });
}

template <>
Outcome run<IamOperation::delete_group>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<Group>(call));
  return call.change(std::move(permit), [&](Edit& edit) { return remove(edit, call.account(), name); });
}

template <>
Outcome run<IamOperation::add_user_to_group>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto group, name_of<Group>(call));
  TRY_ASSIGN(const auto user, name_of<User>(call));
  return call.change(std::move(permit), [&](Edit& edit) { return add_to_group(edit, call.account(), group, user); });
}

template <>
Outcome run<IamOperation::remove_user_from_group>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto group, name_of<Group>(call));
  TRY_ASSIGN(const auto user, name_of<User>(call));
  return call.change(std::move(permit),
                     [&](Edit& edit) { return remove_from_group(edit, call.account(), group, user); });
}

}  // namespace keyfold::server
