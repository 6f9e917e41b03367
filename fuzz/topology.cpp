// Any bytes as a topology file: read or refused by a line, and of what was read every key policy reads back as itself.
// And as a key policy that somebody put: it compares with itself and with no other.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "keyfold/lifecycle/topology/document.h"
#include "keyfold/lifecycle/topology/key_policy.h"
#include "keyfold/lifecycle/topology/names.h"
#include "keyfold/lifecycle/topology/policy_text.h"

using namespace keyfold;
using namespace keyfold::topology;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void look_at(const Topology& topology) {
  constexpr std::size_t looked_at_max = 20;  // Of many domains all are made alike.
  std::size_t looked_at = 0;
  for (const auto& domain : topology.domains) {
    if (++looked_at > looked_at_max) break;
    require(topology.find(domain.environment, domain.name) == &domain);
    (void)alias_of(topology, domain);
    require(tags_of(topology, domain).size() <= 50);
    const auto policy = key_policy(topology, domain);
    require(write_policy(read_policy(policy)) == policy);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto topology = parse_topology(text)) {
    look_at(*topology);
  } else {
    require(topology.error().code == ErrorCode::invalid_input && !topology.error().message.empty());
  }
  const auto policy = read_policy(text);
  require(is_same(policy, policy) && difference(policy, policy).empty());
  (void)difference(policy, {});
  return 0;
}
