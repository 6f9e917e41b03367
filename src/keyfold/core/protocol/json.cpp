#include "keyfold/core/protocol/json.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "keyfold/core/base/try.h"

namespace keyfold::protocol {
namespace {

namespace dom = simdjson::dom;

Error malformed(std::string_view why) { return Error{ErrorCode::serialization, "not valid JSON: " + std::string(why)}; }

// Few members: compare each with each. Many: sort, or a hostile body costs n² comparisons.
constexpr std::size_t few_members = 16;

bool has_duplicate_names(dom::object object, std::vector<std::string_view>& names) {
  const std::size_t start = names.size();
  for (const auto& member : object) names.push_back(member.key);
  const auto first = names.begin() + static_cast<std::ptrdiff_t>(start);
  bool duplicate = false;
  if (names.size() - start > few_members) {
    std::sort(first, names.end());
    duplicate = std::adjacent_find(first, names.end()) != names.end();
  } else {
    for (auto name = first; name != names.end() && !duplicate; ++name)
      duplicate = std::find(first, name, *name) != name;
  }
  names.resize(start);
  return duplicate;
}

// What simdjson lets pass and we do not. It looks through the whole document, whose depth the parser has limited, but
// for empty objects and arrays, which simdjson does not count.
Outcome check_rules(dom::element element, std::size_t depth, std::vector<std::string_view>& names) {
  if (!element.is_object() && !element.is_array()) return ok();
  if (depth == json_depth_max) return malformed("more than 32 levels");
  if (element.is_object()) {
    const dom::object object = element.get_object().value_unsafe();
    if (has_duplicate_names(object, names)) return malformed("a name stands twice in an object");
    for (const auto& member : object) TRY(check_rules(member.value, depth + 1, names));
  } else {
    const dom::array array = element.get_array().value_unsafe();
    for (const dom::element child : array) TRY(check_rules(child, depth + 1, names));
  }
  return ok();
}

}  // namespace

// simdjson's element is a document and a place in it: two words, which JsonValue holds without knowing simdjson's
// header.
struct JsonValue::Access {
  struct Words {
    const void* document;
    std::size_t place;
  };
  static_assert(sizeof(dom::element) == sizeof(Words) && std::is_trivially_copyable_v<dom::element>);
  static dom::element element(const JsonValue& value) {
    return std::bit_cast<dom::element>(Words{value.document_, value.place_});
  }
  static JsonValue value(dom::element element) {
    const auto words = std::bit_cast<Words>(element);
    JsonValue value;
    value.document_ = words.document;
    value.place_ = words.place;
    return value;
  }
  template <class T>
  static T get(const JsonValue& value) {
    T out{};
    KEYFOLD_CHECK(element(value).get(out) == simdjson::SUCCESS);
    return out;
  }
};

JsonValue::Kind JsonValue::kind() const {
  switch (Access::element(*this).type()) {
    case dom::element_type::NULL_VALUE:
      return Kind::null;
    case dom::element_type::BOOL:
      return Kind::boolean;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
      return Kind::integer;
    case dom::element_type::DOUBLE:
      return Kind::real;
    case dom::element_type::STRING:
      return Kind::text;
    case dom::element_type::ARRAY:
      return Kind::array;
    case dom::element_type::OBJECT:
      return Kind::object;
  }
  return Kind::null;
}

bool JsonValue::boolean() const { return Access::get<bool>(*this); }
std::int64_t JsonValue::integer() const {
  KEYFOLD_CHECK(is(Kind::integer));
  if (Access::element(*this).is_uint64() && !Access::element(*this).is_int64())
    return std::numeric_limits<std::int64_t>::max();
  return Access::get<std::int64_t>(*this);
}
double JsonValue::real() const { return Access::get<double>(*this); }
std::string_view JsonValue::text() const { return Access::get<std::string_view>(*this); }

std::size_t JsonValue::size() const {
  // Counted, not asked for: simdjson's own count is capped at 2^24 - 1, and its places are not.
  std::size_t count = 0;
  if (is(Kind::array)) {
    each_element([&count](JsonValue) { ++count; });
  } else {
    each_member([&count](std::string_view, JsonValue) { ++count; });
  }
  return count;
}

std::optional<JsonValue> JsonValue::find(std::string_view name) const {
  for (const auto& member : Access::get<dom::object>(*this))
    if (member.key == name) return Access::value(member.value);
  return std::nullopt;
}

std::string_view JsonValue::text_of(std::string_view name) const {
  const auto value = find(name);
  return value && value->is(Kind::text) ? value->text() : std::string_view();
}

void JsonValue::walk_members(VisitMember call, void* visit) const {
  for (const auto& member : Access::get<dom::object>(*this)) call(visit, member.key, Access::value(member.value));
}
void JsonValue::walk_elements(VisitElement call, void* visit) const {
  for (const dom::element element : Access::get<dom::array>(*this)) call(visit, Access::value(element));
}

struct JsonReader::Parser {
  dom::parser parser;
  std::vector<char> padded;  // The text and SIMDJSON_PADDING bytes behind it.
  std::size_t used = 0;
  std::vector<std::string_view> names;

  // simdjson says `capacity` when it has no room; room is made in powers of two, so that it is seldom.
  bool make_room(std::size_t size) {
    constexpr std::size_t smallest = 16384;
    const std::size_t wanted = std::max(smallest, std::bit_ceil(size));
    if (padded.size() < wanted + simdjson::SIMDJSON_PADDING) padded.resize(wanted + simdjson::SIMDJSON_PADDING);
    if (parser.capacity() >= wanted && parser.doc.capacity() >= wanted) return true;
    // simdjson counts the level of the document itself.
    return parser.allocate(wanted, json_depth_max + 1) == simdjson::SUCCESS &&
           (parser.doc.capacity() >= wanted || parser.doc.allocate(wanted) == simdjson::SUCCESS);
  }
};

JsonReader::JsonReader() : parser_(std::make_unique<Parser>()) {}
JsonReader::~JsonReader() {
  if (parser_ != nullptr) wipe();
}
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;

Result<JsonValue> JsonReader::parse(std::string_view text, std::size_t size_max) {
  if (text.size() > size_max) return malformed("more than " + std::to_string(size_max) + " bytes");
  if (text.empty()) return malformed("empty");
  Parser& p = *parser_;
  if (!p.make_room(text.size())) return Error{ErrorCode::internal, "no memory for a JSON parser"};
  std::memcpy(p.padded.data(), text.data(), text.size());
  std::memset(p.padded.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);
  p.used = std::max(p.used, text.size());
  const auto root = p.parser.parse(p.padded.data(), text.size(), false);
  if (root.error() != simdjson::SUCCESS) return malformed(simdjson::error_message(root.error()));
  TRY(check_rules(root.value_unsafe(), 0, p.names));
  return JsonValue::Access::value(root.value_unsafe());
}

void JsonReader::wipe() {
  Parser& p = *parser_;
  if (p.used == 0) return;
  keyfold::wipe(std::as_writable_bytes(std::span(p.padded).first(p.used)));
  // Where simdjson keeps unescaped strings: each behind four bytes of length and before a NUL, so at most 5/3 of the
  // text
  // (`""` takes 5 bytes for 3 with its comma) and a block of slack, as document::allocate has it.
  const std::size_t strings = std::min(p.used * 5 / 3 + 64, p.parser.doc.capacity() * 5 / 3);
  if (p.parser.doc.string_buf != nullptr)
    keyfold::wipe(std::as_writable_bytes(std::span(p.parser.doc.string_buf.get(), strings)));
  p.used = 0;
}

}  // namespace keyfold::protocol
