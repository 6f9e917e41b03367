// keyfold-kms: the key management service.

#include <unistd.h>

#include "keyfold-kms/data.h"
#include "keyfold-kms/first_start.h"
#include "keyfold-kms/instance.h"
#include "keyfold-kms/options.h"
#include "keyfold-kms/process.h"
#include "keyfold/core/base/arena.h"
#include "keyfold/core/base/try.h"

namespace {

using namespace keyfold;

Result<vault::RootKeySource> root_key_source(const server::Configuration& configuration) {
  if (configuration.root_key) return vault::RootKeySource(vault::RootKeyFile{*configuration.root_key});
  // The first access key is written beside it.
  TRY(vault::check_outside("passphrase", *configuration.passphrase_file, configuration.data));
  TRY_ASSIGN(auto passphrase, vault::read_passphrase_file(*configuration.passphrase_file));
  return vault::RootKeySource(vault::RootPassphrase{.text = std::move(passphrase), .scrypt = {}});
}

Outcome serve(const server::Configuration& configuration) {
  TRY(prepare_secret_arena());
  SystemClock clock;
  SystemRandom random;
  Log log(clock, STDERR_FILENO, configuration.log_format);
  const app::World world{.clock = clock, .random = random, .log = log};
  TRY_ASSIGN(auto root_key, root_key_source(configuration));
  TRY_ASSIGN(const auto data, app::Data::open({.directory = configuration.data,
                                               .root_key = std::move(root_key),
                                               .mode = vault::Mode::production,
                                               .sync = configuration.audit_sync,
                                               .accounts = configuration.accounts},
                                              world));
  auto credentials = configuration.root_key ? *configuration.root_key : *configuration.passphrase_file;
  credentials += ".credentials";
  TRY(app::make_first_access_key(*data, configuration.accounts.front(), credentials, world));
  TRY_ASSIGN(const auto instance,
             app::Instance::start({.configuration = configuration,
                                   .scope = {.accounts = configuration.accounts, .regions = configuration.regions},
                                   .signature_clock = &clock},
                                  *data, world));
  while (app::wait_for_signal() == app::Signal::reload) instance->reload_tls();
  instance->stop();
  return ok();
}

}  // namespace

int main(int argc, char** argv) {
  app::harden_process();
  const auto command = app::read_command_line(argc, argv, server::Flavour::production);
  if (const auto* exit = std::get_if<app::Exit>(&command)) return exit->code;
  const auto served = serve(std::get<app::Options>(command).configuration);
  return served ? 0 : app::fail(served.error());
}
