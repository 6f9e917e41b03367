// The only user of toml++, which takes long to compile.

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <fstream>

#include "keyfold/core/base/toml_guard.h"
#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/configuration.h"

namespace keyfold::server {
namespace {

Error wrong_at(const std::filesystem::path& file, std::size_t line, std::string_view what) {
  return Error{ErrorCode::invalid_input, file.native() + ":" + std::to_string(line) + ": " + std::string(what)};
}
Error wrong(const std::filesystem::path& file, const toml::key& key, std::string_view what) {
  return wrong_at(file, key.source().begin.line, std::string(key.str()) + " " + std::string(what));
}

Result<std::string> text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(settings_file_size_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.eof() && !in) return Error{ErrorCode::invalid_input, file.native() + ": cannot be read"};
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > settings_file_size_max)
    return Error{ErrorCode::invalid_input,
                 file.native() + ": more than " + std::to_string(settings_file_size_max) + " bytes"};
  return text;
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
  TRY_ASSIGN(const auto contents, text_of(file));
  if (const auto fault = toml_fault(contents, BeyondAscii::in_strings_and_comments))
    return wrong_at(file, fault->line, fault->what);
  const toml::parse_result parsed = toml::parse(contents);
  if (!parsed) return wrong_at(file, parsed.error().source().begin.line, parsed.error().description());
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
