// Users, groups, roles, managed policies and last uses: identity-records.md, in its order.
#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/identity/record_codec.h"

namespace keyfold::identity {
namespace {

// Nothing that is written has more: it is a limit on what is read.
constexpr std::size_t list_max = 1000;

Error corrupt(const vault::RecordName& name) {
  return {ErrorCode::corrupt, "the record " + name.text() + " cannot be read"};
}

std::uint64_t to_number(Timestamp time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }
Timestamp to_time(std::uint64_t number) { return Timestamp(Duration(static_cast<std::int64_t>(number))); }

Error unreadable() { return {ErrorCode::invalid_input, "not what is written"}; }

Result<std::string> read_text(Reader& in) {
  TRY_ASSIGN(const auto bytes, in.sized32());
  return std::string(as_text(bytes));
}
void write_text(Writer& out, std::string_view text) { out.sized32(as_bytes(text)); }

template <class Name>
Result<Name> read_name(Reader& in) {
  TRY_ASSIGN(const auto bytes, in.sized16());
  return Name::parse(as_text(bytes));
}
template <class Name>
void write_name(Writer& out, const Name& name) {
  out.sized16(as_bytes(name.text()));
}

Result<Timestamp> read_time(Reader& in) {
  TRY_ASSIGN(const auto number, in.u64());
  return to_time(number);
}

// read_one(in) so many times as the u16 in front says.
template <class ReadOne>
Outcome read_list(Reader& in, ReadOne&& read_one) {
  TRY_ASSIGN(const auto count, in.u16());
  if (count > list_max) return unreadable();
  for (unsigned i = 0; i < count; ++i) TRY(read_one());
  return ok();
}
template <class List, class WriteOne>
void write_list(Writer& out, const List& list, WriteOne&& write_one) {
  KEYFOLD_CHECK(list.size() <= list_max);
  out.u16(static_cast<std::uint16_t>(list.size()));
  for (const auto& one : list) write_one(one);
}

Outcome read_policies(Reader& in, Policies& policies) {
  TRY(read_list(in, [&]() -> Outcome {
    TRY_ASSIGN(auto name, read_text(in));
    TRY_ASSIGN(auto text, read_text(in));
    // In order, each once: so there is one way to write them.
    if (!policies.inlined.empty() && policies.inlined.rbegin()->first >= name) return unreadable();
    policies.inlined.emplace_hint(policies.inlined.end(), std::move(name), std::move(text));
    return ok();
  }));
  return read_list(in, [&]() -> Outcome {
    TRY_ASSIGN(auto arn, read_text(in));
    policies.attached.push_back(std::move(arn));
    return ok();
  });
}
void write_policies(Writer& out, const Policies& policies) {
  write_list(out, policies.inlined, [&out](const auto& policy) {
    write_text(out, policy.first);
    write_text(out, policy.second);
  });
  write_list(out, policies.attached, [&out](const std::string& arn) { write_text(out, arn); });
}

Result<std::vector<Tag>> read_tags(Reader& in) {
  std::vector<Tag> tags;
  TRY(read_list(in, [&]() -> Outcome {
    TRY_ASSIGN(auto key, read_text(in));
    TRY_ASSIGN(auto value, read_text(in));
    tags.push_back({.key = std::move(key), .value = std::move(value)});
    return ok();
  }));
  return tags;
}
void write_tags(Writer& out, const std::vector<Tag>& tags) {
  write_list(out, tags, [&out](const Tag& tag) {
    write_text(out, tag.key);
    write_text(out, tag.value);
  });
}

Result<std::optional<std::string>> read_boundary(Reader& in) {
  TRY_ASSIGN(auto arn, read_text(in));
  return arn.empty() ? std::nullopt : std::optional(std::move(arn));
}
void write_boundary(Writer& out, const std::optional<std::string>& arn) { write_text(out, arn.value_or("")); }

Outcome check_version(std::uint8_t version, std::uint8_t expected) {
  return version == expected ? ok() : Outcome(unreadable());
}

// What every entity's record begins with.
template <class Id>
struct Head {
  std::uint8_t version;
  Id id;
  Timestamp created;
};
template <class Id>
Result<Head<Id>> read_head(Reader& in) {
  TRY_ASSIGN(const auto version, in.u8());
  TRY_ASSIGN(const auto id, read_name<Id>(in));
  TRY_ASSIGN(const auto created, read_time(in));
  return Head<Id>{.version = version, .id = id, .created = created};
}
template <class Entity>
void write_head(Writer& out, std::uint8_t version, const Entity& entity) {
  out.u8(version);
  write_name(out, entity.id);
  out.u64(to_number(entity.created));
}

// Format version 1: id, time, and the one policy that there was.
Outcome read_user_v1(Reader& in, User& user) {
  TRY_ASSIGN(auto policy, read_text(in));
  if (!policy.empty()) user.policies.inlined.emplace(administered_policy_name, std::move(policy));
  return in.end();
}

Outcome read_user_v2(Reader& in, User& user) {
  TRY_ASSIGN(user.path, read_name<EntityPath>(in));
  TRY(read_policies(in, user.policies));
  TRY_ASSIGN(user.boundary, read_boundary(in));
  TRY_ASSIGN(user.tags, read_tags(in));
  TRY(read_list(in, [&]() -> Outcome {
    TRY_ASSIGN(auto group, read_name<GroupName>(in));
    user.groups.push_back(group);
    return ok();
  }));
  return in.end();
}

Result<User> read_user_fields(const AccountId& account, const UserName& name, BytesView value) {
  Reader in(value);
  TRY_ASSIGN(const auto head, read_head<UserId>(in));
  User user{.account = account, .name = name, .id = head.id, .created = head.created};
  if (head.version == 1) {
    TRY(read_user_v1(in, user));
  } else {
    TRY(check_version(head.version, user_format_version));
    TRY(read_user_v2(in, user));
  }
  return user;
}

Result<Group> read_group_fields(const AccountId& account, const GroupName& name, BytesView value) {
  Reader in(value);
  TRY_ASSIGN(const auto head, read_head<GroupId>(in));
  TRY(check_version(head.version, record_format_version));
  Group group{.account = account, .name = name, .id = head.id, .created = head.created};
  TRY_ASSIGN(group.path, read_name<EntityPath>(in));
  TRY(read_policies(in, group.policies));
  TRY(in.end());
  return group;
}

Result<Role> read_role_fields(const AccountId& account, const RoleName& name, BytesView value) {
  Reader in(value);
  TRY_ASSIGN(const auto head, read_head<RoleId>(in));
  TRY(check_version(head.version, record_format_version));
  Role role{.account = account, .name = name, .id = head.id, .created = head.created, .trust_policy = {}};
  TRY_ASSIGN(role.path, read_name<EntityPath>(in));
  TRY_ASSIGN(role.trust_policy, read_text(in));
  TRY_ASSIGN(role.description, read_text(in));
  TRY_ASSIGN(role.session_seconds, in.u32());
  TRY(read_policies(in, role.policies));
  TRY_ASSIGN(role.boundary, read_boundary(in));
  TRY_ASSIGN(role.tags, read_tags(in));
  TRY(in.end());
  return role;
}

Result<ManagedPolicy> read_policy_fields(const AccountId& account, const PolicyName& name, BytesView value) {
  Reader in(value);
  TRY_ASSIGN(const auto head, read_head<PolicyId>(in));
  TRY(check_version(head.version, record_format_version));
  TRY_ASSIGN(const auto updated, read_time(in));
  ManagedPolicy policy{.account = account, .name = name, .id = head.id, .created = head.created, .updated = updated};
  TRY_ASSIGN(policy.path, read_name<EntityPath>(in));
  TRY_ASSIGN(policy.description, read_text(in));
  TRY(read_list(in, [&]() -> Outcome {
    PolicyVersion one;
    TRY_ASSIGN(one.number, in.u32());
    TRY_ASSIGN(one.created, read_time(in));
    TRY_ASSIGN(one.text, read_text(in));
    if (!policy.versions.empty() && policy.versions.back().number >= one.number) return unreadable();
    policy.versions.push_back(std::move(one));
    return ok();
  }));
  TRY_ASSIGN(policy.default_version, in.u32());
  TRY_ASSIGN(policy.next_version, in.u32());
  if (policy.version(policy.default_version) == nullptr) return unreadable();
  TRY_ASSIGN(policy.tags, read_tags(in));
  TRY(in.end());
  return policy;
}

Result<KeyUse> read_key_use_fields(BytesView value) {
  Reader in(value);
  TRY_ASSIGN(const auto version, in.u8());
  TRY(check_version(version, record_format_version));
  TRY_ASSIGN(const auto time, read_time(in));
  TRY_ASSIGN(const auto region, read_name<Region>(in));
  TRY_ASSIGN(const auto service, in.sized16());
  if (service.size() > InlineString<32>::capacity) return unreadable();
  TRY(in.end());
  return KeyUse{.time = time, .region = region, .service = InlineString<32>(as_text(service))};
}

template <class Name, class Entity>
Result<Entity> read_entity(const vault::RecordName& record, BytesView value,
                           Result<Entity> (*read)(const AccountId&, const Name&, BytesView)) {
  const auto account = AccountId::parse(record.account());
  const auto name = Name::parse(record.id());
  if (!account || !name) return corrupt(record);
  auto entity = read(*account, *name, value);
  if (!entity) return corrupt(record);
  return entity;
}

}  // namespace

vault::RecordName record_name(const AccountId& account, const UserName& name) {
  return {vault::RecordType::user, account, name.text()};
}
vault::RecordName record_name(const AccountId& account, const GroupName& name) {
  return {vault::RecordType::group, account, name.text()};
}
vault::RecordName record_name(const AccountId& account, const RoleName& name) {
  return {vault::RecordType::role, account, name.text()};
}
vault::RecordName record_name(const AccountId& account, const PolicyName& name) {
  return {vault::RecordType::policy, account, name.text()};
}
vault::RecordName use_record_name(const AccountId& account, const AccessKeyId& id) {
  return {vault::RecordType::keyuse, account, id.text()};
}

void write_user(Bytes& out, const User& user) {
  Writer writer(out);
  write_head(writer, user_format_version, user);
  write_name(writer, user.path);
  write_policies(writer, user.policies);
  write_boundary(writer, user.boundary);
  write_tags(writer, user.tags);
  write_list(writer, user.groups, [&writer](const GroupName& group) { write_name(writer, group); });
}
Result<User> read_user(const vault::RecordName& name, BytesView value) {
  return read_entity(name, value, &read_user_fields);
}

void write_group(Bytes& out, const Group& group) {
  Writer writer(out);
  write_head(writer, record_format_version, group);
  write_name(writer, group.path);
  write_policies(writer, group.policies);
}
Result<Group> read_group(const vault::RecordName& name, BytesView value) {
  return read_entity(name, value, &read_group_fields);
}

void write_role(Bytes& out, const Role& role) {
  Writer writer(out);
  write_head(writer, record_format_version, role);
  write_name(writer, role.path);
  write_text(writer, role.trust_policy);
  write_text(writer, role.description);
  writer.u32(static_cast<std::uint32_t>(role.session_seconds));
  write_policies(writer, role.policies);
  write_boundary(writer, role.boundary);
  write_tags(writer, role.tags);
}
Result<Role> read_role(const vault::RecordName& name, BytesView value) {
  return read_entity(name, value, &read_role_fields);
}

void write_policy(Bytes& out, const ManagedPolicy& policy) {
  Writer writer(out);
  write_head(writer, record_format_version, policy);
  writer.u64(to_number(policy.updated));
  write_name(writer, policy.path);
  write_text(writer, policy.description);
  write_list(writer, policy.versions, [&writer](const PolicyVersion& version) {
    writer.u32(version.number).u64(to_number(version.created));
    write_text(writer, version.text);
  });
  writer.u32(policy.default_version).u32(policy.next_version);
  write_tags(writer, policy.tags);
}
Result<ManagedPolicy> read_policy(const vault::RecordName& name, BytesView value) {
  return read_entity(name, value, &read_policy_fields);
}

void write_key_use(Bytes& out, const KeyUse& use) {
  Writer writer(out);
  writer.u8(record_format_version).u64(to_number(use.time));
  write_name(writer, use.region);
  writer.sized16(as_bytes(use.service));
}
Result<KeyUse> read_key_use(const vault::RecordName& name, BytesView value) {
  auto use = read_key_use_fields(value);
  if (!use) return corrupt(name);
  return use;
}

}  // namespace keyfold::identity
