#pragma once
// The commands: each does its work, or fails with an Error whose message is the one line that the person reads.

#include "keyfold/command_line.h"
#include "keyfold/core/base/result.h"

namespace keyfold::cli {

Outcome run(const EncryptCommand& command);
Outcome run(const DecryptCommand& command);
Outcome run(const InspectCommand& command);
Outcome run(const CallCommand& command);
Outcome run(const AdminCommand& command);
Outcome run(const AuditCommand& command);
Outcome run(const BranchKeyCommand& command);
// The exit status: 3 when lint found something.
Result<int> run(const AccessCommand& command);
// The exit status: 3 when there is drift.
Result<int> run(const TopologyCommand& command);

}  // namespace keyfold::cli
