#include "keyfold/kms/server/iam/kinds.h"
#include "keyfold/kms/server/iam/shapes.h"

namespace keyfold::server {
namespace {

using identity::ManagedPolicy;
using identity::PolicyVersion;

constexpr std::array<std::string_view, 3> scopes = {"All", "AWS", "Local"};
constexpr std::array<std::string_view, 2> usages = {"PermissionsPolicy", "PermissionsBoundary"};
constexpr std::array<std::string_view, 5> entity_filters = {"User", "Role", "Group", "LocalManagedPolicy",
                                                            "AWSManagedPolicy"};

// A version's number, so that versions sort by it.
std::string version_key(std::uint32_t number) {
  std::string digits = std::to_string(number);
  return std::string(10 - digits.size(), '0') + digits;
}

void write_version(protocol::XmlWriter& xml, const PolicyVersion& version, std::uint32_t default_version,
                   Detail detail) {
  if (detail == Detail::full) xml.text("Document", url_encoded(version.text));
  xml.text("VersionId", "v" + std::to_string(version.number))
      .boolean("IsDefaultVersion", version.number == default_version)
      .time("CreateDate", version.created);
}

Result<ManagedPolicy> policy_of(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto arn, call.arn("PolicyArn"));
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  return need_policy(*snapshot, call.account(), arn);
}

}  // namespace

template <>
Outcome run<IamOperation::create_policy>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, call.name<identity::PolicyName>("PolicyName"));
  TRY_ASSIGN(const auto path, call.path());
  TRY_ASSIGN(const auto document, call.need("PolicyDocument"));
  ManagedPolicy policy{.account = call.account(),
                       .name = name,
                       .id = identity::make_policy_id(call.random()),
                       .created = call.now(),
                       .updated = call.now()};
  policy.path = path;
  TRY_ASSIGN(policy.description, call.description());
  TRY_ASSIGN(policy.tags, call.tags());
  policy.versions.push_back({.number = 1, .created = policy.created, .text = std::string(document)});
  call.note_response("policyId", policy.id.text());
  call.note_response("arn", policy.arn());
  TRY(call.change(std::move(permit), [&](Edit& edit) { return create_policy(edit, policy); }));
  call.xml().open("Policy");
  write_policy(call.xml(), policy, {}, Detail::full);
  call.xml().close("Policy");
  return ok();
}

template <>
Outcome run<IamOperation::get_policy>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto arn, call.arn("PolicyArn"));
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  TRY_ASSIGN(const auto policy, need_policy(*snapshot, call.account(), arn));
  call.xml().open("Policy");
  write_policy(call.xml(), policy, use_of(*snapshot, call.account(), arn), Detail::full);
  call.xml().close("Policy");
  return ok();
}

template <>
Outcome run<IamOperation::list_policies>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  TRY_ASSIGN(const auto scope, call.choice("Scope", scopes));
  TRY_ASSIGN(const auto usage, call.choice("PolicyUsageFilter", usages));
  TRY_ASSIGN(const auto attached_only, call.choice("OnlyAttached", truth_values));
  TRY_ASSIGN(auto policies, select<ManagedPolicy>(call, snapshot->policies));
  if (scope == "AWS") policies.clear();  // Nobody but the account makes policies here.
  // Counting looks at everybody there is: it is not done for what nobody asked.
  if (attached_only == "true" || !usage.empty())
    std::erase_if(policies, [&](const auto& item) {
      const auto use = use_of(*snapshot, call.account(), item.second->arn());
      return usage == "PermissionsBoundary" ? use.boundaries == 0 : use.attachments == 0;
    });
  return call.page("Policies", std::move(policies), [&](protocol::XmlWriter& xml, const ManagedPolicy* policy) {
    write_policy(xml, *policy, use_of(*snapshot, call.account(), policy->arn()), Detail::listed);
  });
}

template <>
Outcome run<IamOperation::delete_policy>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto arn, call.arn("PolicyArn"));
  return call.change(std::move(permit), [&](Edit& edit) { return remove_policy(edit, call.account(), arn); });
}

template <>
Outcome run<IamOperation::create_policy_version>(IamCall& call, ActionPermit permit) {
  using identity::MakeDefault;
  TRY_ASSIGN(const auto arn, call.arn("PolicyArn"));
  TRY_ASSIGN(const auto document, call.need("PolicyDocument"));
  TRY_ASSIGN(const auto as_default, call.choice("SetAsDefault", truth_values));
  const auto make_default = as_default == "true" ? MakeDefault::yes : MakeDefault::no;
  std::optional<PolicyVersion> made;
  TRY(call.change(std::move(permit), [&](Edit& edit) -> Outcome {
    TRY_ASSIGN(auto version, add_policy_version(edit, call.account(), arn, document, make_default, call.now()));
    call.note_response("versionId", "v" + std::to_string(version.number));
    made = std::move(version);
    return ok();
  }));
  call.xml().open("PolicyVersion");
  write_version(call.xml(), *made, make_default == MakeDefault::yes ? made->number : 0, Detail::listed);
  call.xml().close("PolicyVersion");
  return ok();
}

template <>
Outcome run<IamOperation::get_policy_version>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto number, call.version_number());
  TRY_ASSIGN(const auto policy, policy_of(call, std::move(permit)));
  const auto* version = policy.version(number);
  if (version == nullptr)
    return Error{ErrorCode::not_found, "Policy " + policy.arn() + " version v" + std::to_string(number) +
                                           " does not exist or is not attachable."};
  call.xml().open("PolicyVersion");
  write_version(call.xml(), *version, policy.default_version, Detail::full);
  call.xml().close("PolicyVersion");
  return ok();
}

template <>
Outcome run<IamOperation::list_policy_versions>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto policy, policy_of(call, std::move(permit)));
  std::vector<std::pair<std::string, PolicyVersion>> versions;
  versions.reserve(policy.versions.size());
  for (const auto& version : policy.versions) versions.emplace_back(version_key(version.number), version);
  return call.page("Versions", std::move(versions), [&](protocol::XmlWriter& xml, const PolicyVersion& version) {
    write_version(xml, version, policy.default_version, Detail::listed);
  });
}

template <>
Outcome run<IamOperation::set_default_policy_version>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto arn, call.arn("PolicyArn"));
  TRY_ASSIGN(const auto number, call.version_number());
  return call.change(std::move(permit),
                     [&](Edit& edit) { return set_default_version(edit, call.account(), arn, number, call.now()); });
}

template <>
Outcome run<IamOperation::delete_policy_version>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto arn, call.arn("PolicyArn"));
  TRY_ASSIGN(const auto number, call.version_number());
  return call.change(std::move(permit),
                     [&](Edit& edit) { return remove_policy_version(edit, call.account(), arn, number, call.now()); });
}

namespace {

// One that has the policy. `list` is where it stands in the reply.
struct Holder {
  std::string_view list, kind;
  std::string name, id;
};

// By key, groups first: a page is a piece of all three lists.
std::vector<std::pair<std::string, Holder>> holders_of(const Snapshot& snapshot, const AccountId& account,
                                                       std::string_view arn, std::string_view prefix,
                                                       std::string_view usage) {
  std::vector<std::pair<std::string, Holder>> holders;
  const auto add = [&](const auto& entity, const std::optional<std::string>& boundary, std::string_view list,
                       std::string_view kind) {
    const bool attached = usage != "PermissionsBoundary" &&
                          std::ranges::find(entity.policies.attached, arn) != entity.policies.attached.end();
    const bool bounds = usage != "PermissionsPolicy" && boundary == arn;
    if (!entity.path.text().starts_with(prefix) || !(attached || bounds)) return;
    holders.emplace_back(
        std::string(list).append("/").append(entity.name.text()),
        Holder{
            .list = list, .kind = kind, .name = std::string(entity.name.text()), .id = std::string(entity.id.text())});
  };
  Snapshot::each_in(snapshot.groups, account,
                    [&](const auto& entry) { add(entry.group, std::nullopt, "PolicyGroups", "Group"); });
  Snapshot::each_in(snapshot.roles, account,
                    [&](const auto& entry) { add(entry.role, entry.role.boundary, "PolicyRoles", "Role"); });
  Snapshot::each_in(snapshot.users, account,
                    [&](const auto& entry) { add(entry.user, entry.user.boundary, "PolicyUsers", "User"); });
  return holders;
}

}  // namespace

template <>
Outcome run<IamOperation::list_entities_for_policy>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto arn, call.arn("PolicyArn"));
  TRY_ASSIGN(const auto prefix, call.path_prefix());
  TRY_ASSIGN(const auto filter, call.choice("EntityFilter", entity_filters));
  TRY_ASSIGN(const auto usage, call.choice("PolicyUsageFilter", usages));
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  TRY(need_policy(*snapshot, call.account(), arn));
  auto holders = holders_of(*snapshot, call.account(), arn, prefix, usage);
  if (filter == "AWSManagedPolicy" || filter == "LocalManagedPolicy") holders.clear();
  if (filter == "User" || filter == "Role" || filter == "Group")
    std::erase_if(holders, [&](const auto& item) { return item.second.kind != filter; });
  return call.page_of_lists(
      {"PolicyGroups", "PolicyRoles", "PolicyUsers"}, std::move(holders),
      [](const Holder& holder) { return holder.list; },
      [](protocol::XmlWriter& xml, const Holder& holder) {
        xml.text(std::string(holder.kind) + "Name", holder.name).text(std::string(holder.kind) + "Id", holder.id);
      });
}

}  // namespace keyfold::server
