#pragma once
// The values that conditions compare, out of their texts. None: the text is not one. Pure functions.

#include <cstdint>
#include <optional>
#include <string_view>

#include "keyfold/kms/policy/condition.h"

namespace keyfold::policy {

std::optional<double> read_number(std::string_view text);  // "12", "-0.5"; finite.
std::optional<bool> read_truth(std::string_view text);     // "true", "false", in any case.
// Milliseconds since 1970: "2026-11-24", "2026-11-24T05:50Z", "2026-11-24T05:50:00.250+01:00" (W3C's profile of ISO
// 8601; no time is midnight, no zone UTC), or seconds since 1970 as a whole number. Years 1970 to 9999.
std::optional<std::int64_t> read_date(std::string_view text);
std::optional<AddressRange> read_address_range(std::string_view text);  // "192.0.2.0/24", "2001:db8::1"
bool contains(const AddressRange& range, const AddressRange& other);

}  // namespace keyfold::policy
