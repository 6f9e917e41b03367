#pragma once
// Members: takes the members of a request out of its JSON, checks them against the limits of AWS's API model, and
// gathers what is wrong, to be told in AWS's words. `protocol`'s own; the shapes are in request_reader_*.cpp.

#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/protocol/json.h"
#include "keyfold/core/protocol/request_reader.h"

namespace keyfold::protocol {

enum class Need : std::uint8_t { optional, required };

// A text that must match: the pattern as AWS prints it, and what it means.
struct Pattern {
  std::string_view regex;
  bool (*matches)(std::string_view);
};
extern const Pattern alias_pattern;        // ^[a-zA-Z0-9:/_-]+$
extern const Pattern policy_pattern;       // [\u0009\u000A\u000D\u0020-\u00FF]+
extern const Pattern marker_pattern;       // [\u0020-\u00FF]*
extern const Pattern policy_name_pattern;  // [\w]+
extern const Pattern xks_key_id_pattern;   // ^[a-zA-Z0-9-_.]+$
extern const Pattern principal_pattern;    // ^[\w+=,.@:/-]+$
// ^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$
extern const Pattern service_principal_pattern;

struct TextLimits {
  std::size_t min = 0;  // Characters, as Java counts them (UTF-16 units).
  std::size_t max = json_size_max;
  const Pattern* pattern = nullptr;
};
inline constexpr TextLimits key_id_limits{.min = 1, .max = 2048};

// Not copied; lives for one request. The first wrong type decides (`serialization`); else all broken limits are told
// together.
class Members {
 public:
  explicit Members(const JsonValue& object) : object_(object) {}
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  // Whether it is there, and not null.
  bool has(std::string_view name) { return member(name, Need::optional).has_value(); }
  Text text(std::string_view name, const TextLimits& limits, Need need = Need::optional);
  std::string_view required_text(std::string_view name, const TextLimits& limits);
  Text one_of(std::string_view name, std::initializer_list<std::string_view> values);
  Integer integer(std::string_view name, std::int64_t min, std::int64_t max);
  bool boolean(std::string_view name);
  // The decoded bytes, in `out`, which is cleared first.
  BytesView blob(std::string_view name, Bytes& out, std::size_t max, Need need);
  ContextView context(std::string_view name, std::vector<ContextPair>& out);
  // A structure inside; nothing when it is not there.
  std::optional<JsonValue> structure(std::string_view name);
  // Of such a structure, whose name is the first part of its path; nothing when the context is not there.
  std::optional<ContextView> context_in(const JsonValue& structure, std::string_view structure_name,
                                        std::string_view name, std::vector<ContextPair>& out);
  Text text_in(const JsonValue& structure, std::string_view structure_name, std::string_view name,
               const TextLimits& limits);
  std::span<const Tag> tags(std::string_view name, std::vector<Tag>& out, Need need);
  std::span<const std::string_view> texts(std::string_view name, std::vector<std::string_view>& out,
                                          const TextLimits& limits, Need need);
  // Whether the list `name` holds `value`, each of its elements being one of `values`.
  bool list_has(std::string_view name, std::string_view value, std::initializer_list<std::string_view> values);
  std::size_t list_size(std::string_view name) { return present_list(name, Need::optional) ? list_->size() : 0; }
  // A list of texts, each one of `values`.
  std::span<const std::string_view> texts_of(std::string_view name, std::vector<std::string_view>& out,
                                             std::span<const std::string_view> values, Need need);
  std::span<const std::string_view> grant_tokens(std::vector<std::string_view>& out);
  bool recipient();

  // Adds an error of its own to those found: `constraint` as AWS says it.
  void refuse(std::string_view shown_value, std::string_view path, std::string_view constraint);
  // The outcome of everything taken so far.
  Outcome finish();

 private:
  std::optional<JsonValue> member(std::string_view name, Need need);
  bool present_list(std::string_view name, Need need);
  bool expect(const JsonValue& value, JsonValue::Kind kind, std::string_view wanted);
  void check_text(std::string_view value, std::string_view path, const TextLimits& limits);
  ContextView pairs_of(const JsonValue& map, std::string_view path, std::vector<ContextPair>& out);

  const JsonValue object_;
  std::optional<JsonValue> list_;
  std::optional<Error> serialization_;
  std::size_t broken_ = 0;
  std::string told_;
};

}  // namespace keyfold::protocol
