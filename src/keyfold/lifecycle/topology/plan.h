#pragma once
// Plan: what lies between a topology file and what is there, as the calls that would make the one of the other. A pure
// function: nothing is asked and nothing done.
//
// choice.h says which key is a domain's. Where that is doubtful nothing is done before somebody has looked: a
// *conflict*. A key that waits for its deletion is taken back, never replaced: what it sealed opens under no other.

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
  std::string key_id;                  // Empty: there is none yet, and the first step makes it.
  std::vector<Step> steps{};           // Empty: all is as it should be.
  std::string conflict{};              // Not empty: what somebody must look at; then there are no steps.
  std::vector<std::string> doubted{};  // The ids of other keys that a conflict is about.
};

// A key that has the topology's tag and no place in the file.
struct UnwantedKey {
  Region region;
  std::string environment, domain;  // As its tags say.
  std::string key_id;
  std::string why;        // "the file has no domain payments/checks"
  bool is_going = false;  // Its deletion is scheduled; then there is nothing left to do.
  // It says of itself that it is of a place that the file has, or has replicas: never deleted here, a person decides.
  bool is_doubtful = false;
  Step deletion;
};

struct Plan {
  AccountId account;  // Whose keys they are.
  std::vector<KeyPlan> keys{};
  std::vector<UnwantedKey> unwanted{};
  std::size_t unreadable = 0;  // See FoundRegion.

  std::size_t step_count() const;
  std::size_t conflict_count() const;
};

// What keys are that the caller may not read. In doubt none is made beside them: one of them may be the one.
enum class Unreadable : std::uint8_t { in_doubt, of_others };

Plan make_plan(const Topology& topology, std::span<const FoundRegion> found,
               Unreadable unreadable = Unreadable::in_doubt);

}  // namespace keyfold::topology
