// The room's only user of toml++, which takes long to compile.

#include "keyfold/lifecycle/topology/toml.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "keyfold/core/base/toml_guard.h"
#include "keyfold/core/base/try.h"
#include "keyfold/lifecycle/topology/names.h"

namespace keyfold::topology {
namespace {

std::uint32_t line_of(const toml::key& key) { return static_cast<std::uint32_t>(key.source().begin.line); }
Error wrong(const toml::key& key, std::string_view what) {
  return error_at(line_of(key), shown(shortened(key.str())) + " " + std::string(what));
}

Outcome take(const toml::key& key, const toml::node& node, std::string& to) {
  const auto text = node.value_exact<std::string>();
  if (!text) return wrong(key, "wants a text");
  to = *text;
  return ok();
}
Outcome take(const toml::key& key, const toml::node& node, std::int64_t& to) {
  const auto number = node.value_exact<std::int64_t>();
  if (!number) return wrong(key, "wants a whole number");
  to = *number;
  return ok();
}
Outcome take(const toml::key& key, const toml::node& node, bool& to) {
  const auto truth = node.value_exact<bool>();
  if (!truth) return wrong(key, "wants true or false");
  to = *truth;
  return ok();
}
Outcome take(const toml::key& key, const toml::node& node, NumberOrOff& to) {
  if (node.value_exact<std::string>() == "off") return ok();
  const auto number = node.value_exact<std::int64_t>();
  if (!number) return wrong(key, "wants a number of days, or \"off\"");
  to.number = number;
  return ok();
}
Outcome take(const toml::key& key, const toml::node& node, WrittenTexts& to) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return wrong(key, "wants a list of texts");
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return wrong(key, "wants a list of texts");
    to.push_back(*text);
  }
  return ok();
}
Result<const toml::table*> table_of(const toml::key& key, const toml::node& node) {
  if (const toml::table* table = node.as_table()) return table;
  return wrong(key, "wants a table");
}
Outcome take(const toml::key& key, const toml::node& node, std::map<std::string, std::string, std::less<>>& to) {
  TRY_ASSIGN(const auto* table, table_of(key, node));
  for (auto&& [name, value] : *table) TRY(take(name, value, to[std::string(name.str())]));
  return ok();
}

Outcome take(const toml::key& key, const toml::node& node, WrittenCaching& to);
Outcome take(const toml::key& key, const toml::node& node, WrittenTenants& to);

// One member of a struct.
template <class T>
Outcome take(const toml::key& key, const toml::node& node, MaybeWritten<T>& to) {
  to.emplace(Written<T>{.value = {}, .line = line_of(key)});
  return take(key, node, to->value);
}

Outcome take(const toml::key& key, const toml::node& node, WrittenCaching& to) {
  if (node.value_exact<std::string>() == "off") {
    to.off = true;
    return ok();
  }
  if (!node.is_table()) return wrong(key, "wants a table of limits, or \"off\"");
  for (auto&& [name, value] : *node.as_table()) {
    if (name == "max_age_seconds") {
      TRY(take(name, value, to.max_age_seconds));
    } else if (name == "max_messages") {
      TRY(take(name, value, to.max_messages));
    } else if (name == "max_bytes") {
      TRY(take(name, value, to.max_bytes));
    } else {
      return wrong(name, "is not known in caching");
    }
  }
  return ok();
}

Outcome take(const toml::key& key, const toml::node& node, WrittenTenants& to) {
  TRY_ASSIGN(const auto* table, table_of(key, node));
  for (auto&& [name, value] : *table) {
    if (name == "store") {
      TRY(take(name, value, to.store));
    } else if (name == "context_key") {
      TRY(take(name, value, to.context_key));
    } else if (name == "time_to_live_seconds") {
      TRY(take(name, value, to.time_to_live_seconds));
    } else if (name == "keepers") {
      TRY(take(name, value, to.keepers));
    } else {
      return wrong(name, "is not known in tenants");
    }
  }
  return ok();
}

enum class Found : std::uint8_t { taken, unknown };

// A member of what can be said of a domain.
Result<Found> take_setting(const toml::key& name, const toml::node& value, WrittenSettings& to) {
  if (name == "administrators") {
    TRY(take(name, value, to.administrators));
  } else if (name == "encryptors") {
    TRY(take(name, value, to.encryptors));
  } else if (name == "decryptors") {
    TRY(take(name, value, to.decryptors));
  } else if (name == "rotation_days") {
    TRY(take(name, value, to.rotation_days));
  } else if (name == "deletion_window_days") {
    TRY(take(name, value, to.deletion_window_days));
  } else if (name == "caching") {
    TRY(take(name, value, to.caching));
  } else if (name == "tags") {
    TRY(take(name, value, to.tags));
  } else if (name == "tenants") {
    TRY(take(name, value, to.tenants));
  } else if (name == "opens_unsigned") {
    TRY(take(name, value, to.opens_unsigned));
  } else {
    return Found::unknown;
  }
  return Found::taken;
}

Outcome take(const toml::key& key, const toml::node& node, WrittenSettings& to) {
  TRY_ASSIGN(const auto* table, table_of(key, node));
  for (auto&& [name, value] : *table) {
    TRY_ASSIGN(const auto found, take_setting(name, value, to));
    if (found == Found::unknown) return wrong(name, "is not known in " + shown(shortened(key.str())));
  }
  return ok();
}

Outcome take_environments(const toml::key& key, const toml::node& node, WrittenDomain& to) {
  TRY_ASSIGN(const auto* table, table_of(key, node));
  for (auto&& [name, value] : *table) {
    auto& environment = to.environments[std::string(name.str())];
    environment.line = line_of(name);
    TRY(take(name, value, environment.value));
  }
  return ok();
}

Result<WrittenDomain> domain_of(const toml::key& key, const toml::node& node) {
  WrittenDomain domain{.name = std::string(key.str()), .line = line_of(key), .settings = {}, .environments = {}};
  TRY_ASSIGN(const auto* table, table_of(key, node));
  for (auto&& [name, value] : *table) {
    if (name == "environments") {
      TRY(take_environments(name, value, domain));
      continue;
    }
    TRY_ASSIGN(const auto found, take_setting(name, value, domain.settings));
    if (found == Found::unknown) return wrong(name, "is not known in the domain " + shown(shortened(domain.name)));
  }
  return domain;
}

}  // namespace

Error error_at(std::uint32_t line, std::string_view what) {
  return {ErrorCode::invalid_input, "line " + std::to_string(line) + ": " + std::string(what)};
}

Result<WrittenTopology> read_toml(std::string_view text) {
  // ASCII alone: what looks like one name and is another (or turns the direction of writing) has no place in a file
  // that people review.
  if (const auto fault = toml_fault(text, BeyondAscii::nowhere))
    return error_at(static_cast<std::uint32_t>(fault->line), fault->what);
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed)
    return error_at(static_cast<std::uint32_t>(parsed.error().source().begin.line),
                    shown(shortened(parsed.error().description())));
  WrittenTopology topology;
  for (auto&& [name, value] : parsed.table()) {
    if (name == "topology") {
      TRY(take(name, value, topology.topology));
    } else if (name == "account") {
      TRY(take(name, value, topology.account));
    } else if (name == "regions") {
      TRY(take(name, value, topology.regions));
    } else if (name == "environments") {
      TRY(take(name, value, topology.environments));
    } else if (name == "in_several_environments") {
      TRY(take(name, value, topology.in_several_environments));
    } else if (name == "defaults") {
      TRY(take(name, value, topology.defaults));
    } else if (name == "domains") {
      TRY_ASSIGN(const auto* domains, table_of(name, value));
      for (auto&& [domain_name, domain] : *domains) {
        TRY_ASSIGN(auto made, domain_of(domain_name, domain));
        topology.domains.push_back(std::move(made));
      }
    } else {
      return wrong(name, "is not known in a topology");
    }
  }
  return topology;
}

}  // namespace keyfold::topology
