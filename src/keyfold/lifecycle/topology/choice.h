#pragma once
// Which of a Region's keys is a domain's:
//  1. the one with the topology's three tags; of several, the one that the alias names: the others are not wanted;
//  2. else the one that the alias names, if it passes for the domain's: by its description, or by tags that are there
//     and none of which says otherwise;
//  3. else none, and one is to be made.
// Where that is doubtful it is said, and nobody's key is chosen: the alias names somebody else's key; several have the
// tags and the alias names none of them; unless one has tags and alias, several pass for the domain's, by alias,
// description or some of the tags; or one does, and has neither alias nor all tags.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "keyfold/lifecycle/topology/document.h"
#include "keyfold/lifecycle/topology/found.h"

namespace keyfold::topology {

struct Choice {
  const FoundKey* key = nullptr;       // Null: there is none, or it is in doubt.
  std::string alias_target{};          // The id of the key that the domain's alias names. Empty: there is no alias.
  std::string doubt{};                 // Not empty: what somebody must look at.
  std::vector<std::string> doubted{};  // The ids of the keys it is about, of those that were found.
};

// Of one Region. Lives as long as both of its arguments, which it refers to.
class Choosing {
 public:
  Choosing(const Topology& topology, const FoundRegion& found);

  Choice choose(const Domain& domain) const;
  // The domain of the file whose key this one says it is, by its description or by its tags for domain and environment.
  // Null: of none.
  const Domain* said_by(const FoundKey& key) const;

 private:
  using Place = std::pair<std::string_view, std::string_view>;  // Domain and environment.
  using Keys = std::vector<const FoundKey*>;

  const Keys& with_tags_of(const Domain& domain) const;
  Keys lost_of(const Domain& domain) const;

  const Topology& topology_;
  const FoundRegion& found_;
  std::map<Place, const Domain*> domains_;
  std::map<std::string, const Domain*, std::less<>> descriptions_;
  std::map<std::string_view, const FoundKey*> by_id_;
  std::map<Place, Keys> tagged_;
  std::map<std::string_view, Keys> described_;
  Keys partly_tagged_;  // With some of the tags, and none of the topology's aliases.
};

}  // namespace keyfold::topology
