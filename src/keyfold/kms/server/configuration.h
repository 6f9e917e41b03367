#pragma once
// What `keyfold-kms serve` is told: a TOML file (--config) and flags, which win over it. Secrets are never among it:
// files hold them, and it names the files.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "keyfold/core/base/log.h"
#include "keyfold/core/base/named.h"
#include "keyfold/core/http/server.h"
#include "keyfold/kms/audit/log.h"

namespace keyfold::server {

inline constexpr std::size_t settings_file_size_max = std::size_t{64} << 10;  // Bytes.

// As written; nothing is checked yet but the TOML's types. Empty: not said.
struct Settings {
  std::string data, root_key, passphrase_file, listen, metrics_listen, audit_sync, tls_cert, tls_key, ready_file,
      log_format;
  std::vector<std::string> accounts, regions;
  std::optional<std::size_t> threads;
};
// A table of `data = "…"`, `root_key`, `passphrase_file`, `listen`, `metrics_listen`, `accounts = […]`, `regions =
// […]`, `audit_sync`, `tls_cert`, `tls_key`, `threads`, `ready_file`, `log_format`. Any other name is refused: a
// misspelt setting must not pass for one. Fails with `invalid_input`, naming file, line and setting.
Result<Settings> read_settings_file(const std::filesystem::path& file);
// `flags` where they say something, else `file`.
Settings merged(Settings file, const Settings& flags);

struct Configuration {
  std::filesystem::path data;                     // Empty: in memory (the development server only).
  std::optional<std::filesystem::path> root_key;  // One of these two.
  std::optional<std::filesystem::path> passphrase_file;
  http::ListenAddress listen;
  http::ListenAddress metrics_listen;  // Loopback.
  std::vector<AccountId> accounts;
  std::vector<Region> regions;
  audit::Sync audit_sync = audit::Sync::always;
  std::optional<http::TlsFiles> tls;
  std::size_t threads = 1;
  std::filesystem::path ready_file;  // Empty: none.
  Log::Format log_format = Log::Format::text;
};

enum class Flavour : std::uint8_t {
  production,   // Needs data, a root key, at least one account and Region; off loopback, TLS.
  development,  // Loopback only. Defaults: account 123456789012, every Region, sync `interval`.
};
// Fails with `invalid_input`, naming the setting.
Result<Configuration> check(const Settings& settings, Flavour flavour);

}  // namespace keyfold::server
