#pragma once
// Key policies as text that can be compared: what means the same is written the same, whoever wrote it. Members stand
// in IAM's order; every list of a statement is a set, so it is sorted; a list of one is its element; a number or a
// truth value is its text. The order of statements means nothing either.

#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/result.h"

namespace keyfold::topology {

struct PolicyStatement {
  std::string label;  // Its Sid, or "statement 2", counting from 1.
  std::vector<std::string> lines;
};

struct PolicyText {
  std::string version{}, id{};  // Empty: none.
  std::vector<PolicyStatement> statements{};
};

// Total on any bytes. What is no policy is one statement of its lines, which equals nothing but itself.
PolicyText read_policy(std::string_view json);
// JSON again, indented.
std::string write_policy(const PolicyText& policy);
bool is_same(const PolicyText& a, const PolicyText& b);

// From one to the other, statement by statement: lines that begin with "- " (goes), "+ " (comes) or "  " (stays, in a
// statement that changes). Statements that stay as they are do not appear.
std::vector<std::string> difference(const PolicyText& from, const PolicyText& to);

}  // namespace keyfold::topology
