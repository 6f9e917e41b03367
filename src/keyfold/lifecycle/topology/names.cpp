#include "keyfold/lifecycle/topology/names.h"

#include "keyfold/core/base/json_text.h"

namespace keyfold::topology {

std::string alias_prefix(const Topology& topology) { return "alias/" + topology.name + "/"; }

std::string store_name_of(const Topology& topology, const Domain& domain) {
  return topology.name + "/" + domain.environment + "/" + domain.name;
}

AliasName alias_of(const Topology& topology, const Domain& domain) {
  auto alias = AliasName::parse("alias/" + store_name_of(topology, domain));
  KEYFOLD_CHECK(alias.has_value());  // Each part has been checked, and they fit.
  return *alias;
}

Tags tags_of(const Topology& topology, const Domain& domain) {
  Tags tags = domain.tags;
  tags.insert_or_assign(std::string(topology_tag), topology.name);
  tags.insert_or_assign(std::string(domain_tag), domain.name);
  tags.insert_or_assign(std::string(environment_tag), domain.environment);
  return tags;
}

std::string description_of(const Topology& topology, const Domain& domain) {
  return domain.name + ", " + domain.environment + description_end(topology);
}

std::string description_end(const Topology& topology) { return " (keyfold topology " + topology.name + ")"; }

std::string shown(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

std::string in_quotes(std::string_view text) { return "\"" + shown(text) + "\""; }

std::string shortened(std::string_view text) {
  constexpr std::size_t shortened_max = 160;  // Bytes.
  if (text.size() <= shortened_max) return std::string(text);
  std::size_t end = shortened_max;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;  // Not within a character.
  return std::string(text.substr(0, end)) + "…";
}

std::string filled(std::string text, std::string_view placeholder, std::string_view value) {
  for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos; at += value.size())
    text.replace(at, placeholder.size(), value);
  return text;
}

}  // namespace keyfold::topology
