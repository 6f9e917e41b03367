#pragma once
// What is there: the KMS keys of a Region that are, or pass for, a topology's. Read through the public API:
// ListAliases, ListKeys, ListResourceTags of every key, and of those that are found so DescribeKey, GetKeyPolicy and
// GetKeyRotationStatus. While a domain has no key with both its alias and its tags, every other key is described too:
// one that has lost both is told by its description.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "keyfold/lifecycle/topology/calls.h"
#include "keyfold/lifecycle/topology/document.h"
#include "keyfold/lifecycle/topology/policy_text.h"

namespace keyfold::topology {

struct FoundKey {
  std::string id;
  std::string description{};
  std::string state{};        // "Enabled", "Disabled", "PendingDeletion", …
  bool is_symmetric = false;  // SYMMETRIC_DEFAULT, for encryption, made by a customer.
  bool is_multi_region = false;
  PolicyText policy{};
  Tags tags{};                                  // All but those of AWS's own (aws:…).
  std::optional<std::int64_t> rotation_days{};  // Nothing: no automatic rotation.

  std::string_view tag(std::string_view name) const;  // Empty: not there.
  bool is_tagged_as(const Topology& topology, const Domain& domain) const;
};

struct FoundRegion {
  Region region;
  std::vector<FoundKey> keys{};  // With a tag, an alias or a description of the topology's.
  std::map<std::string, std::string, std::less<>> aliases{};  // That begin as the topology's do, and their keys' ids.
  std::size_t unreadable = 0;  // Keys that the caller may not read enough of to tell whose they are.
};

// Fails with what the KMS answers, and with `invalid_input` when that is about another account or Region than the
// file's. A key that goes while it is looked at is not there.
Result<FoundRegion> look(client::Kms& kms, const Topology& topology, const Region& region,
                         const Pause& pause = sleep_for);
// In every Region of the topology. Fails with `invalid_input` when one has no client.
Result<std::vector<FoundRegion>> look(const RegionalKms& clients, const Topology& topology,
                                      const Pause& pause = sleep_for);

}  // namespace keyfold::topology
