#pragma once
// The command lines of the servers.

#include <variant>

#include "keyfold/kms/server/configuration.h"

namespace keyfold::app {

enum class ClockKind : std::uint8_t { system, simulated };

struct Options {
  server::Configuration configuration;
  ClockKind clock = ClockKind::system;  // The development server's choice.
};
struct Exit {
  int code;  // What there was to say has been said.
};
std::variant<Options, Exit> read_command_line(int argc, char** argv, server::Flavour flavour);

}  // namespace keyfold::app
