#pragma once
// What the command line says, as values. (CLI11 stays in command_line.cpp: it is slow to compile.)

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace keyfold::cli {

// Where the KMS is. Empty: from the environment and the shared files, as AWS's own tools do it.
struct ConnectionOptions {
  std::string endpoint_url, region, profile, ca_file;
};

// "-" is standard input or output.
struct Streams {
  std::string in = "-";
  std::string out = "-";
};

// A domain of a topology: its key, context, suite and cache.
struct DomainOptions {
  std::string topology_file, environment, domain;  // All, or none.
};

struct KeyOptions {
  std::vector<std::string> keys;  // The first generates the data key, the others wrap it too.
  std::string keyring_file;
  DomainOptions domain;              // Instead of both.
  std::vector<std::string> context;  // "key=value"
};

struct EncryptCommand {
  ConnectionOptions connection;
  KeyOptions keys;
  Streams streams;
  std::string suite, commitment_policy;  // Empty: the library's.
  std::vector<std::string> left_out;     // Context keys.
  std::optional<std::uint32_t> frame_length;
  unsigned jobs = 0;  // 0: one for each core, or one for a stream.
  bool allow_raw_keys = false;
  bool quiet = false;
};

struct DecryptCommand {
  ConnectionOptions connection;
  KeyOptions keys;
  Streams streams;
  std::string commitment_policy;        // Empty: the library's.
  std::vector<std::string> reproduced;  // "key=value"
  std::optional<std::string> range;     // "offset:" or "offset:length", in bytes; absent: all of it.
  unsigned jobs = 0;                    // 0: one for each core, or one for a stream.
  bool quiet = false;
};

struct InspectCommand {
  std::string file;
  bool json = false;
};

struct CallCommand {
  ConnectionOptions connection;
  std::string operation;
  std::string request;  // JSON; "-": from standard input
};

struct AdminCommand {
  std::string data;
  std::string root_key, passphrase_file;  // For the offline way.
  std::string command;                    // As the server takes it: "user-add", "reset-root", …
  std::string account, user, access_key_id;
  bool administrator = false;
  std::string credentials_file;  // Where a new secret goes; empty: to standard output.
};

struct AuditCommand {
  std::string directory;
  bool brief = false;
};

struct BranchKeyCommand {
  enum class Action : std::uint8_t { init, create, rotate, list, show, rewrap };
  Action action{};
  ConnectionOptions connection;
  std::string store;  // A file, or postgresql://…
  std::string logical_name;
  std::string key;  // A key ARN.
  bool multi_region = false;
  std::string id;
  std::vector<std::string> context;  // "key=value"
  bool json = false;
  bool quiet = false;
};

struct AccessCommand {
  enum class Action : std::uint8_t { who_can, explain, lint };
  Action action{};
  ConnectionOptions connection;
  std::string principal, iam_action, key;
  std::vector<std::string> context;     // "key=value"
  bool no_context = false;              // That there is none; without either, whatever it may be.
  std::vector<std::string> conditions;  // "aws:SourceIp=192.0.2.1"
  bool json = false;
};

struct TopologyCommand {
  enum class Action : std::uint8_t { plan, apply, drift };
  Action action{};
  ConnectionOptions connection;
  std::string file;
  bool allow_deletion = false;
  bool ignore_unreadable = false;
  bool json = false;
};

using Command = std::variant<EncryptCommand, DecryptCommand, InspectCommand, CallCommand, AdminCommand, AuditCommand,
                             BranchKeyCommand, AccessCommand, TopologyCommand>;

// The command, or the exit status of a process that has already said what there is to say (help, a usage error).
std::variant<Command, int> parse_command_line(int argc, char** argv);

}  // namespace keyfold::cli
