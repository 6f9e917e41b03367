// The only user of CLI11 among the servers' files, which takes long to compile.

#include "keyfold-kms/options.h"

#include <CLI/CLI.hpp>

#include <cstdio>

#include "keyfold-kms/process.h"

namespace keyfold::app {
namespace {

struct CommandLine {
  server::Settings settings;
  std::string config;
  std::string clock = "system";
};

void add_common(CLI::App& app, CommandLine& line) {
  server::Settings& s = line.settings;
  app.add_option("--data", s.data, "Directory of everything that is kept");
  app.add_option("--listen", s.listen, "ADDRESS:PORT to serve on; port 0 takes any")->type_name("ADDRESS:PORT");
  app.add_option("--metrics-listen", s.metrics_listen, "Loopback ADDRESS:PORT of /healthz, /readyz, /metrics")
      ->type_name("ADDRESS:PORT");
  app.add_option("--account", s.accounts, "12-digit account id; may be repeated")->type_name("ID");
  app.add_option("--region", s.regions, "Region to serve; may be repeated")->type_name("REGION");
  app.add_option("--audit-sync", s.audit_sync,
                 "always: answer when the audit record is on disk; interval: on disk within 10 ms of the answer")
      ->type_name("always|interval");
  app.add_option("--threads", s.threads, "Event loops; one per core unless said");
  app.add_option("--ready-file", s.ready_file, "Written when serving: JSON with pid and addresses")->type_name("FILE");
  app.add_option("--log-format", s.log_format, "How to log to standard error")->type_name("text|json");
}

void add_production(CLI::App& app, CommandLine& line) {
  server::Settings& s = line.settings;
  app.add_option("--config", line.config, "TOML file of settings, named as the flags with _ for -")->type_name("FILE");
  app.add_option("--root-key", s.root_key, "File of the root key; made at the first start")->type_name("FILE");
  app.add_option("--passphrase-file", s.passphrase_file, "File with a passphrase to use instead of a root key file")
      ->type_name("FILE");
  app.add_option("--tls-cert", s.tls_cert, "PEM file: the certificate and those of its issuers")->type_name("FILE");
  app.add_option("--tls-key", s.tls_key, "PEM file: the certificate's private key")->type_name("FILE");
}

std::variant<Options, Exit> conclude(CommandLine line, server::Flavour flavour) {
  server::Settings settings = std::move(line.settings);
  if (!line.config.empty()) {
    auto file = server::read_settings_file(line.config);
    if (!file) return Exit{fail(file.error())};
    settings = merged(*std::move(file), settings);
  }
  auto configuration = server::check(settings, flavour);
  if (!configuration) return Exit{fail(configuration.error())};
  return Options{.configuration = *std::move(configuration),
                 .clock = line.clock == "virtual" ? ClockKind::simulated : ClockKind::system};
}

}  // namespace

std::variant<Options, Exit> read_command_line(int argc, char** argv, server::Flavour flavour) {
  const bool production = flavour == server::Flavour::production;
  CommandLine line;
  CLI::App app(production ? "A key management service that speaks the AWS KMS API"
                          : "keyfold-kms for laptops and tests: credentials test/test, loopback only");
  app.set_version_flag("--version", KEYFOLD_VERSION);
  CLI::App* serving = &app;
  if (production) {
    app.require_subcommand(1);
    serving = app.add_subcommand("serve", "Serve the KMS API");
    add_production(*serving, line);
  } else {
    app.add_option("--clock", line.clock, "virtual: moved by POST /clock on the metrics listener")
        ->type_name("system|virtual")
        ->check(CLI::IsMember({"system", "virtual"}));
  }
  add_common(*serving, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return Exit{code == 0 ? 0 : 2};
  }
  return conclude(std::move(line), flavour);
}

}  // namespace keyfold::app
