#pragma once
// Reading JSON, strictly: the one parser for request and reply bodies, key rings and the admin socket. RFC 8259, and no
// more than that: UTF-8 is checked, a name that stands twice in an object is refused (parsers disagree on which one
// counts), so are more than 32 levels and, unless its reader says otherwise, more than 1 MiB. Unknown members are the
// reader's business to ignore.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"

namespace keyfold::protocol {

inline constexpr std::size_t json_size_max = std::size_t{1} << 20;  // Bytes.
inline constexpr std::size_t json_depth_max = 32;                   // Objects and arrays inside one another.

// A value inside a JsonReader's document. Cheap to copy. It and every text it gives are valid until that reader parses
// again, wipes or goes. Reading allocates nothing.
class JsonValue {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, real, text, array, object };

  Kind kind() const;
  bool is(Kind wanted) const { return kind() == wanted; }
  // Each is a CHECK that the value is of its kind.
  bool boolean() const;
  std::int64_t integer() const;  // Above its range: the largest.
  double real() const;
  std::string_view text() const;  // Unescaped UTF-8; may hold NUL bytes.

  std::size_t size() const;  // Elements of an array, members of an object.
  // The member of an object; nothing when it is not there.
  std::optional<JsonValue> find(std::string_view name) const;
  // The text of such a member; empty when it is not there, or no text.
  std::string_view text_of(std::string_view name) const;
  // Calls visit(std::string_view name, JsonValue value) for each member of an object, in the order of the text.
  template <class Visit>
  void each_member(Visit&& visit) const {
    walk_members(&call_member<std::remove_reference_t<Visit>>, &visit);
  }
  // Calls visit(JsonValue element) for each element of an array.
  template <class Visit>
  void each_element(Visit&& visit) const {
    walk_elements(&call_element<std::remove_reference_t<Visit>>, &visit);
  }

 private:
  friend class JsonReader;
  struct Access;
  using VisitMember = void (*)(void* visit, std::string_view name, JsonValue value);
  using VisitElement = void (*)(void* visit, JsonValue value);
  template <class Visit>
  static void call_member(void* visit, std::string_view name, JsonValue value) {
    (*static_cast<Visit*>(visit))(name, value);
  }
  template <class Visit>
  static void call_element(void* visit, JsonValue value) {
    (*static_cast<Visit*>(visit))(value);
  }
  void walk_members(VisitMember call, void* visit) const;
  void walk_elements(VisitElement call, void* visit) const;

  // What simdjson's element is made of: a document and a place in it (json.cpp). Its header stays out of ours.
  const void* document_ = nullptr;
  std::size_t place_ = 0;
};

// A parser with its memory, which it keeps: after the first few texts parsing allocates nothing.
// One per thread; not safe to use from several threads at once.
class JsonReader {
 public:
  JsonReader();
  ~JsonReader();
  JsonReader(JsonReader&&) noexcept;
  JsonReader& operator=(JsonReader&&) noexcept;

  // Fails with `serialization`: not JSON, or not by the rules above, or more than `size_max` bytes.
  Result<JsonValue> parse(std::string_view text, std::size_t size_max = json_size_max);
  // Overwrites what is left of the last text here: it may have held plaintext.
  void wipe();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace keyfold::protocol
