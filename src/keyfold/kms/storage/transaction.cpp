#include "keyfold/kms/storage/transaction.h"

#include <set>

namespace keyfold::storage {

Outcome check_writes(std::span<const Write> writes) {
  std::set<std::string_view> names;
  for (const auto& write : writes) {
    if (write.name.empty() || write.name.size() > name_size_max || write.name.find('\0') != std::string::npos)
      return Error{ErrorCode::invalid_input, "not a record's name"};
    if (write.value && write.value->size() > value_size_max)
      return Error{ErrorCode::invalid_input, "too large for a record: " + write.name};
    if (!names.insert(write.name).second) return Error{ErrorCode::invalid_input, "written twice: " + write.name};
  }
  return ok();
}

Error conflict_of(const Condition& condition, std::uint64_t actual) {
  const std::string what = condition.name.empty() ? "the store" : condition.name;
  return {ErrorCode::conflict,
          what + " is at version " + std::to_string(actual) + ", not " + std::to_string(condition.version)};
}

std::string end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace keyfold::storage
