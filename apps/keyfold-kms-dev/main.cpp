// keyfold-kms-dev: the same service for laptops and tests. Known credentials (test/test, and any 12-digit account id
// with the secret `test`), every Region, a clock that can be moved; loopback only, and never on a production server's
// data.

#include <unistd.h>

#include "keyfold-kms/data.h"
#include "keyfold-kms/instance.h"
#include "keyfold-kms/options.h"
#include "keyfold-kms/process.h"
#include "keyfold/core/base/arena.h"
#include "keyfold/core/base/try.h"

namespace {

using namespace keyfold;

Outcome serve(const app::Options& options) {
  const auto& configuration = options.configuration;
  TRY(prepare_secret_arena());
  SystemClock system_clock;
  VirtualClock virtual_clock(system_clock);
  const bool simulated = options.clock == app::ClockKind::simulated;
  const Clock& clock = simulated ? static_cast<const Clock&>(virtual_clock) : system_clock;
  SystemRandom random;
  Log log(clock, STDERR_FILENO, configuration.log_format);
  const app::World world{.clock = clock, .random = random, .log = log};
  std::optional<vault::RootKeySource> root_key;
  if (!configuration.data.empty()) {
    auto file = std::filesystem::absolute(configuration.data).lexically_normal();
    if (!file.has_filename()) file = file.parent_path();
    file += ".dev-root-key";  // Beside the data, as ever, and nobody has to name it.
    root_key = vault::RootKeyFile{file};
  }
  TRY_ASSIGN(const auto data, app::Data::open({.directory = configuration.data,
                                               .root_key = std::move(root_key),
                                               .mode = vault::Mode::dev,
                                               .sync = configuration.audit_sync,
                                               .accounts = configuration.accounts},
                                              world));
  TRY_ASSIGN(const auto instance, app::Instance::start({.configuration = configuration,
                                                        .scope = {.accounts = {}, .regions = configuration.regions},
                                                        .signature_clock = &system_clock,
                                                        .clock = simulated ? &virtual_clock : nullptr},
                                                       *data, world));
  while (app::wait_for_signal() == app::Signal::reload) instance->reload_tls();
  instance->stop();
  return ok();
}

}  // namespace

int main(int argc, char** argv) {
  app::harden_process();
  const auto command = app::read_command_line(argc, argv, server::Flavour::development);
  if (const auto* exit = std::get_if<app::Exit>(&command)) return exit->code;
  const auto served = serve(std::get<app::Options>(command));
  return served ? 0 : app::fail(served.error());
}
