#pragma once
// What every back end refuses alike, and how it says so.

#include <span>
#include <string_view>

#include "keyfold/kms/storage/store.h"

namespace keyfold::storage {

// Fails with `invalid_input` beyond the limits of store.h, or when a name is written twice.
Outcome check_writes(std::span<const Write> writes);
Error conflict_of(const Condition& condition, std::uint64_t actual);
// The least text that is greater than every text with this prefix; empty: there is none.
std::string end_of_prefix(std::string_view prefix);

}  // namespace keyfold::storage
