#pragma once
// Plans, as text for people and as JSON for programs.

#include <string>

#include "keyfold/lifecycle/topology/apply.h"
#include "keyfold/lifecycle/topology/plan.h"

namespace keyfold::topology {

// What apply would do, key by key, with the policies' differences, and what it would not do.
std::string plan_text(const Topology& topology, const Plan& plan, Deletion deletion);
std::string plan_json(const Topology& topology, const Plan& plan, Deletion deletion);

// What is otherwise than the file says, key by key: changed by hand, missing, or not in the file.
std::string drift_text(const Topology& topology, const Plan& plan);
std::string drift_json(const Topology& topology, const Plan& plan);
// How many such things there are.
std::size_t drift_count(const Plan& plan);

// A line for a step, with its end; and one for all of them.
std::string done_text(const Done& done);
std::string done_json(const Done& done);
std::string summary_text(const Topology& topology, const ApplySummary& summary);
std::string summary_json(const Topology& topology, const ApplySummary& summary);

}  // namespace keyfold::topology
