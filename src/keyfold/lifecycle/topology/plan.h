#pragma once
// Plan: what lies between a topology file and what is there, as the calls that would make the one of the other. A pure
// function: nothing is asked and nothing done.
//
// Which key is a domain's, in a Region and environment:
//  1. the one with the topology's three tags; of several, the one that the alias names: the others are not wanted;
//  2. else the one that the alias names, if it is recognisably the domain's: by its description, or by tags that are
//     there and none of which says otherwise;
//  3. else one is made.
// Where it is doubtful whether there is one (the alias names somebody else's key, several have the tags and the alias
// names none of them, one is described so and has neither alias nor tags), nothing is done before somebody has looked:
// a *conflict*.
// A key that waits for its deletion is taken back, never replaced: what it sealed opens under no other.

#include <span>
#include <string>
#include <vector>

#include "keyfold/lifecycle/topology/document.h"
#include "keyfold/lifecycle/topology/found.h"

namespace keyfold::topology {

enum class Aspect : std::uint8_t { key, policy, state, alias, tags, description, rotation };
std::string_view to_string(Aspect aspect);

// One call that changes something.
struct Step {
  Aspect aspect{};
  std::string operation;   // "EnableKeyRotation"
  std::string key_member;  // Where the key's id goes in the request: "KeyId", "TargetKeyId"; empty for CreateKey.
  std::string members;     // All else of the request: JSON members.
  std::string what;        // "rotate every 365 days"
  std::string found;       // What is otherwise now: "rotation is off"
  std::vector<std::string> diff{};  // Of a policy that changes: see difference().
};

// One key: of a domain, in an environment and a Region.
struct KeyPlan {
  Region region;
  std::string environment, domain, alias;
  std::string key_id;         // Empty: there is none yet, and the first step makes it.
  std::vector<Step> steps{};  // Empty: all is as it should be.
  std::string conflict{};     // Not empty: what somebody must look at; then there are no steps.
};

// A key that has the topology's tag and no place in the file.
struct UnwantedKey {
  Region region;
  std::string environment, domain;  // As its tags say.
  std::string key_id;
  std::string why;        // "the file has no domain payments/checks"
  bool is_going = false;  // Its deletion is scheduled; then there is nothing left to do.
  Step deletion;
};

struct Plan {
  std::vector<KeyPlan> keys;
  std::vector<UnwantedKey> unwanted;
  std::size_t unreadable = 0;  // See FoundRegion.

  std::size_t step_count() const;
  std::size_t conflict_count() const;
};

Plan make_plan(const Topology& topology, std::span<const FoundRegion> found);

}  // namespace keyfold::topology
