#include "keyfold/kms/server/configuration.h"

#include <algorithm>
#include <thread>

#include "keyfold/core/base/try.h"
#include "keyfold/core/http/loopback.h"

namespace keyfold::server {
namespace {

constexpr std::size_t threads_max = 256;

Error wrong(std::string_view setting, std::string_view what) {
  return Error{ErrorCode::invalid_input, std::string(setting) + ": " + std::string(what)};
}

template <class Id>
Result<std::vector<Id>> parse_all(std::string_view setting, const std::vector<std::string>& texts) {
  std::vector<Id> ids;
  for (const auto& text : texts) {
    auto id = Id::parse(text);
    if (!id) return wrong(setting, "'" + text + "' is " + id.error().message);
    ids.push_back(*id);
  }
  return ids;
}

Result<http::ListenAddress> address(std::string_view setting, const std::string& text, std::string_view usual) {
  auto parsed = http::parse_listen_address(text.empty() ? usual : std::string_view(text));
  if (!parsed) return wrong(setting, parsed.error().message);
  return parsed;
}

// One of two words.
template <class Value>
Result<Value> choice(std::string_view setting, const std::string& text, std::string_view first, Value first_value,
                     std::string_view second, Value second_value, Value usual) {
  if (text.empty()) return usual;
  if (text == first) return first_value;
  if (text == second) return second_value;
  return wrong(setting, "'" + text + "' is neither " + std::string(first) + " nor " + std::string(second));
}

Outcome check_production(const Settings& settings, const Configuration& configuration) {
  if (settings.data.empty()) return wrong("data", "missing: say where the data lies");
  if (configuration.root_key.has_value() == configuration.passphrase_file.has_value())
    return wrong("root-key", "say either root-key or passphrase-file");
  if (configuration.accounts.empty()) return wrong("account", "missing: at least one 12-digit account id");
  if (configuration.regions.empty()) return wrong("region", "missing: at least one Region");
  if (!configuration.tls && !http::is_loopback(configuration.listen.host))
    return wrong("listen",
                 "'" + http::to_text(configuration.listen) + "' is not loopback: it needs tls-cert and tls-key");
  return ok();
}

}  // namespace

Settings merged(Settings file, const Settings& flags) {
  const auto prefer = [](auto& from_file, const auto& from_flags) {
    if (!from_flags.empty()) from_file = from_flags;
  };
  prefer(file.data, flags.data);
  if (!flags.root_key.empty() || !flags.passphrase_file.empty()) {
    file.root_key = flags.root_key;
    file.passphrase_file = flags.passphrase_file;
  }
  prefer(file.listen, flags.listen);
  prefer(file.metrics_listen, flags.metrics_listen);
  prefer(file.audit_sync, flags.audit_sync);
  prefer(file.tls_cert, flags.tls_cert);
  prefer(file.tls_key, flags.tls_key);
  prefer(file.ready_file, flags.ready_file);
  prefer(file.log_format, flags.log_format);
  prefer(file.accounts, flags.accounts);
  prefer(file.regions, flags.regions);
  if (flags.threads) file.threads = flags.threads;
  return file;
}

Result<Configuration> check(const Settings& settings, Flavour flavour) {
  const bool development = flavour == Flavour::development;
  Configuration configuration;
  configuration.data = settings.data;
  if (!settings.root_key.empty()) configuration.root_key = settings.root_key;
  if (!settings.passphrase_file.empty()) configuration.passphrase_file = settings.passphrase_file;
  TRY_ASSIGN(configuration.listen,
             address("listen", settings.listen, development ? "127.0.0.1:4599" : "127.0.0.1:8443"));
  TRY_ASSIGN(configuration.metrics_listen, address("metrics-listen", settings.metrics_listen, "127.0.0.1:0"));
  if (!http::is_loopback(configuration.metrics_listen.host))
    return wrong("metrics-listen", "'" + settings.metrics_listen + "' is not loopback");
  TRY_ASSIGN(configuration.accounts, parse_all<AccountId>("account", settings.accounts));
  TRY_ASSIGN(configuration.regions, parse_all<Region>("region", settings.regions));
  TRY_ASSIGN(configuration.audit_sync,
             choice("audit-sync", settings.audit_sync, "always", audit::Sync::always, "interval", audit::Sync::interval,
                    development ? audit::Sync::interval : audit::Sync::always));
  TRY_ASSIGN(configuration.log_format, choice("log-format", settings.log_format, "text", Log::Format::text, "json",
                                              Log::Format::json, Log::Format::text));
  if (settings.tls_cert.empty() != settings.tls_key.empty())
    return wrong("tls-cert", "tls-cert and tls-key go together");
  if (!settings.tls_cert.empty())
    configuration.tls = http::TlsFiles{.certificate_chain = settings.tls_cert, .private_key = settings.tls_key};
  configuration.threads = settings.threads.value_or(std::max(1U, std::thread::hardware_concurrency()));
  if (configuration.threads < 1 || configuration.threads > threads_max) return wrong("threads", "from 1 to 256");
  configuration.ready_file = settings.ready_file;
  if (development) {
    if (configuration.accounts.empty()) configuration.accounts.push_back(*AccountId::parse("123456789012"));
    if (!http::is_loopback(configuration.listen.host))
      return wrong("listen", "a development server listens on loopback only");
  } else {
    TRY(check_production(settings, configuration));
  }
  return configuration;
}

}  // namespace keyfold::server
