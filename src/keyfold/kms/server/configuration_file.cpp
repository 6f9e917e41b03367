// The only user of toml++, which takes long to compile.

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "keyfold/kms/server/configuration.h"

namespace keyfold::server {
namespace {

Error wrong(const std::filesystem::path& file, const toml::key& key, std::string_view what) {
  return Error{ErrorCode::invalid_input, file.native() + ":" + std::to_string(key.source().begin.line) + ": " +
                                             std::string(key.str()) + " " + std::string(what)};
}

bool take(const toml::node& node, std::string& into) {
  const auto text = node.value_exact<std::string>();
  if (text) into = *text;
  return text.has_value();
}
bool take(const toml::node& node, std::vector<std::string>& into) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return false;
  for (const toml::node& element : *array)
    if (!take(element, into.emplace_back())) return false;
  return true;
}

struct TextSetting {
  std::string_view name;
  std::string Settings::* member;
};
constexpr TextSetting text_settings[] = {
    {"data", &Settings::data},
    {"root_key", &Settings::root_key},
    {"passphrase_file", &Settings::passphrase_file},
    {"listen", &Settings::listen},
    {"metrics_listen", &Settings::metrics_listen},
    {"audit_sync", &Settings::audit_sync},
    {"tls_cert", &Settings::tls_cert},
    {"tls_key", &Settings::tls_key},
    {"ready_file", &Settings::ready_file},
    {"log_format", &Settings::log_format},
};

}  // namespace

Result<Settings> read_settings_file(const std::filesystem::path& file) {
  const toml::parse_result parsed = toml::parse_file(file.native());
  if (!parsed)
    return Error{ErrorCode::invalid_input, file.native() + ":" + std::to_string(parsed.error().source().begin.line) +
                                               ": " + std::string(parsed.error().description())};
  Settings settings;
  for (auto&& [key, node] : parsed.table()) {
    const std::string_view name = key.str();
    const auto* text = std::find_if(std::begin(text_settings), std::end(text_settings),
                                    [name](const TextSetting& setting) { return setting.name == name; });
    if (text != std::end(text_settings)) {
      if (!take(node, settings.*text->member)) return wrong(file, key, "wants a text");
    } else if (name == "accounts" || name == "regions") {
      if (!take(node, name == "accounts" ? settings.accounts : settings.regions))
        return wrong(file, key, "wants a list of texts");
    } else if (name == "threads") {
      const auto threads = node.value_exact<std::int64_t>();
      if (!threads || *threads < 1) return wrong(file, key, "wants a number from 1");
      settings.threads = static_cast<std::size_t>(*threads);
    } else {
      return wrong(file, key, "is no setting");
    }
  }
  return settings;
}

}  // namespace keyfold::server
