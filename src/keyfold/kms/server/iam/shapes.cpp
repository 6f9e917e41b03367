#include "keyfold/kms/server/iam/shapes.h"

namespace keyfold::server {

using protocol::XmlWriter;

void write_tags(XmlWriter& xml, const std::vector<identity::Tag>& tags) {
  if (tags.empty()) return;
  xml.open("Tags");
  for (const auto& tag : tags) xml.open("member").text("Key", tag.key).text("Value", tag.value).close("member");
  xml.close("Tags");
}

namespace {

void write_boundary(XmlWriter& xml, const std::optional<std::string>& arn) {
  if (!arn) return;
  xml.open("PermissionsBoundary")
      .text("PermissionsBoundaryType", "Policy")
      .text("PermissionsBoundaryArn", *arn)
      .close("PermissionsBoundary");
}

}  // namespace

void write_user(XmlWriter& xml, const identity::User& user, Detail detail) {
  xml.text("Path", user.path.text())
      .text("UserName", user.name.text())
      .text("UserId", user.id.text())
      .text("Arn", user.arn().text())
      .time("CreateDate", user.created);
  if (detail == Detail::listed) return;
  write_boundary(xml, user.boundary);
  write_tags(xml, user.tags);
}

void write_group(XmlWriter& xml, const identity::Group& group) {
  xml.text("Path", group.path.text())
      .text("GroupName", group.name.text())
      .text("GroupId", group.id.text())
      .text("Arn", group.arn())
      .time("CreateDate", group.created);
}

void write_role(XmlWriter& xml, const identity::Role& role, Detail detail) {
  xml.text("Path", role.path.text())
      .text("RoleName", role.name.text())
      .text("RoleId", role.id.text())
      .text("Arn", role.arn().text())
      .time("CreateDate", role.created)
      .text("AssumeRolePolicyDocument", url_encoded(role.trust_policy));
  if (!role.description.empty()) xml.text("Description", role.description);
  xml.integer("MaxSessionDuration", role.session_seconds);
  if (detail == Detail::listed) return;
  write_boundary(xml, role.boundary);
  write_tags(xml, role.tags);
}

void write_policy(XmlWriter& xml, const identity::ManagedPolicy& policy, const identity::PolicyUse& use,
                  Detail detail) {
  xml.text("PolicyName", policy.name.text())
      .text("PolicyId", policy.id.text())
      .text("Arn", policy.arn())
      .text("Path", policy.path.text())
      .text("DefaultVersionId", "v" + std::to_string(policy.default_version))
      .integer("AttachmentCount", static_cast<std::int64_t>(use.attachments))
      .integer("PermissionsBoundaryUsageCount", static_cast<std::int64_t>(use.boundaries))
      .boolean("IsAttachable", true);
  if (detail == Detail::full && !policy.description.empty()) xml.text("Description", policy.description);
  xml.time("CreateDate", policy.created).time("UpdateDate", policy.updated);
  if (detail == Detail::full) write_tags(xml, policy.tags);
}

std::string url_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain)
      out += c;
    else
      out.append("%").append(digits.substr(byte >> 4, 1)).append(digits.substr(byte & 15, 1));
  }
  return out;
}

std::string_view status_of(identity::KeyStatus status) {
  return status == identity::KeyStatus::active ? "Active" : "Inactive";
}

}  // namespace keyfold::server
