// keyfold topology: what a topology file would change at its KMSs, the change, and what was changed without it.

#include "keyfold/commands.h"
#include "keyfold/connection.h"
#include "keyfold/core/base/try.h"
#include "keyfold/files.h"
#include "keyfold/lifecycle/topology/apply.h"
#include "keyfold/lifecycle/topology/key_policy.h"
#include "keyfold/lifecycle/topology/report.h"
#include "keyfold/printable.h"

namespace keyfold::cli {
namespace {

using topology::Deletion;
using topology::Topology;

constexpr int drifted_status = 3;

// A client for each Region, at the one endpoint that the command line or the settings say, or else at AWS's own.
Result<topology::RegionalKms> connect_all(const ConnectionOptions& connection, const Topology& topology) {
  topology::RegionalKms clients;
  for (const auto& region : topology.regions) {
    auto overrides = overrides_in(connection, "");
    overrides.region = region.text();
    TRY_ASSIGN(auto settings, client::aws_settings(overrides));
    TRY_ASSIGN(auto kms, client::connect_kms(std::move(settings)));
    clients.emplace(region.text(), std::move(kms));
  }
  return clients;
}

// Tags and descriptions are whoever's.
Outcome print_lines(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    safe += printable(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return print(safe);
}

Result<int> plan(const TopologyCommand& command, const Topology& topology, const topology::Plan& made) {
  const auto deletion = command.allow_deletion ? Deletion::allowed : Deletion::refused;
  TRY(command.json ? print(plan_json(topology, made, deletion)) : print_lines(plan_text(topology, made, deletion)));
  return 0;
}

Result<int> drift(const TopologyCommand& command, const Topology& topology, const topology::Plan& made) {
  TRY(command.json ? print(drift_json(topology, made)) : print_lines(drift_text(topology, made)));
  return drift_count(made) > 0 ? drifted_status : 0;
}

Result<int> apply(const TopologyCommand& command, const Topology& topology, const topology::Plan& made,
                  const topology::RegionalKms& clients) {
  // What is in doubt is shown, and then refused.
  if (made.conflict_count() > 0) TRY(plan(command, topology, made));
  Outcome written = ok();  // When nobody reads any more, the work goes on.
  const auto report = [&](const topology::Done& done) {
    if (written) written = command.json ? print(done_json(done)) : print_lines(done_text(done));
  };
  const auto deletion = command.allow_deletion ? Deletion::allowed : Deletion::refused;
  TRY_ASSIGN(const auto summary, topology::apply(made, clients, deletion, report));
  TRY(std::move(written));
  TRY(print(command.json ? summary_json(topology, summary) : summary_text(topology, summary)));
  if (summary.failed > 0)
    return Error{ErrorCode::internal,
                 std::to_string(summary.failed) + " steps failed; run it again when that is mended"};
  return 0;
}

}  // namespace

Result<int> run(const TopologyCommand& command) {
  TRY_ASSIGN(const auto topology, topology::read_topology(command.file));
  TRY(topology::check_key_policies(topology));
  TRY_ASSIGN(const auto clients, connect_all(command.connection, topology));
  TRY_ASSIGN(const auto found, topology::look(clients, topology));
  using topology::Unreadable;
  const auto made =
      topology::make_plan(topology, found, command.ignore_unreadable ? Unreadable::of_others : Unreadable::in_doubt);
  switch (command.action) {
    case TopologyCommand::Action::plan:
      return plan(command, topology, made);
    case TopologyCommand::Action::apply:
      return apply(command, topology, made, clients);
    case TopologyCommand::Action::drift:
      return drift(command, topology, made);
  }
  return Error{ErrorCode::internal, "no such command"};
}

}  // namespace keyfold::cli
