#pragma once
// What tables of operations have in common: a row for each value of an enumeration, in its order, which is that of the
// rows' names.

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace keyfold::server {

template <class Rows>
constexpr bool in_order(const Rows& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].operation) != i || (i > 0 && rows[i - 1].name >= rows[i].name)) return false;
  return true;
}

// Null: there is none of this name.
template <class Rows>
const typename Rows::value_type* find_by_name(const Rows& rows, std::string_view name) {
  const auto* row = std::ranges::lower_bound(rows, name, {}, &Rows::value_type::name);
  return row != rows.end() && row->name == name ? row : nullptr;
}

}  // namespace keyfold::server
