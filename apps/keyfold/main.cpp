// keyfold: seals and opens data, looks into what was sealed, talks to a KMS. One line on standard error says what went
// wrong.

#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include "keyfold/commands.h"
#include "keyfold/core/crypto/memory.h"
#include "keyfold/printable.h"

namespace {

int status_of(std::monostate) { return 0; }
int status_of(int status) { return status; }

template <class T>
int exit_status(const keyfold::Result<T>& outcome) {
  if (outcome) return status_of(*outcome);
  std::fprintf(stderr, "keyfold: %s\n", keyfold::cli::printable(outcome.error().message).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  keyfold::crypto::use_wiping_memory();  // Before libcrypto allocates anything.
  const rlimit no_core{};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_DUMPABLE, 0);
  // Each is an error of write() then, which says what happened and leaves nothing half-written.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);

  const auto parsed = keyfold::cli::parse_command_line(argc, argv);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  const auto& command = std::get<keyfold::cli::Command>(parsed);
  return std::visit([](const auto& chosen) { return exit_status(keyfold::cli::run(chosen)); }, command);
}
