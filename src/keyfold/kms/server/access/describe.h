#pragma once
// A decision as JSON, for those who ask: docs/access.md has the members.

#include <string_view>

#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/kms/policy/lint.h"
#include "keyfold/kms/server/access/judge.h"

namespace keyfold::server::access {

// "allow", "deny", "depends".
std::string_view to_text(policy::Verdict verdict);

// Members of an object that is open: "KeyArn", "KeyState", "Action". The state is no question of access: it is told.
void append_key(protocol::JsonWriter& json, const keys::KeyRecord& key, const KeyAction& action);
// "Verdict", "Because", "Until", "Remaining", "Text".
void append_judgement(protocol::JsonWriter& json, const Judgement& judgement, const Subject& subject);

}  // namespace keyfold::server::access
