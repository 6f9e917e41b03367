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

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  append_json_escaped(out, text);
  return out + "\"";
}

}  // namespace keyfold::topology
