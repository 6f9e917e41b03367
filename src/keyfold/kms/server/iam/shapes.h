#pragma once
// Entities as IAM's replies have them. In the order of AWS's model.

#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/protocol/xml_writer.h"
#include "keyfold/kms/identity/changes.h"

namespace keyfold::server {

// Lists leave tags and boundaries out, as AWS's do.
enum class Detail : std::uint8_t { full, listed };

void write_user(protocol::XmlWriter& xml, const identity::User& user, Detail detail);
void write_group(protocol::XmlWriter& xml, const identity::Group& group);
void write_role(protocol::XmlWriter& xml, const identity::Role& role, Detail detail);
void write_policy(protocol::XmlWriter& xml, const identity::ManagedPolicy& policy, const identity::PolicyUse& use,
                  Detail detail);
void write_tags(protocol::XmlWriter& xml, const std::vector<identity::Tag>& tags);

// Documents go URL-encoded (RFC 3986), as AWS sends them.
std::string url_encoded(std::string_view text);

std::string_view status_of(identity::KeyStatus status);  // "Active"

}  // namespace keyfold::server
