#pragma once
// A topology file as it is written: TOML's types are right and every name is known, nothing else is checked yet.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/result.h"

namespace keyfold::topology {

// A value, and the line it stands in.
template <class T>
struct Written {
  T value;
  std::uint32_t line = 0;
};
template <class T>
using MaybeWritten = std::optional<Written<T>>;
using WrittenTexts = std::vector<std::string>;

// A number, or "off".
struct NumberOrOff {
  std::optional<std::int64_t> number;  // Nothing: "off".
};

struct WrittenCaching {
  bool off = false;  // caching = "off"
  MaybeWritten<std::int64_t> max_age_seconds, max_messages, max_bytes;
};

struct WrittenTenants {
  MaybeWritten<std::string> store, context_key;
  MaybeWritten<std::int64_t> time_to_live_seconds;
  MaybeWritten<WrittenTexts> keepers;
};

// What can be said of a domain, by default, of itself or of one of its environments.
struct WrittenSettings {
  MaybeWritten<WrittenTexts> administrators, encryptors, decryptors;
  MaybeWritten<NumberOrOff> rotation_days;
  MaybeWritten<std::int64_t> deletion_window_days;
  MaybeWritten<WrittenCaching> caching;
  MaybeWritten<std::map<std::string, std::string, std::less<>>> tags;
  MaybeWritten<WrittenTenants> tenants;
  MaybeWritten<bool> opens_unsigned;
};

struct WrittenDomain {
  std::string name;
  std::uint32_t line = 0;
  WrittenSettings settings;
  std::map<std::string, Written<WrittenSettings>> environments;
};

struct WrittenTopology {
  MaybeWritten<std::string> topology, account;
  MaybeWritten<WrittenTexts> regions, environments, in_several_environments;
  WrittenSettings defaults;
  std::vector<WrittenDomain> domains;
};

Error error_at(std::uint32_t line, std::string_view what);

// Fails with `invalid_input`, naming line and member.
Result<WrittenTopology> read_toml(std::string_view text);

}  // namespace keyfold::topology
