#pragma once
// The AWS query protocol, as IAM and STS speak it: a body of application/x-www-form-urlencoded parameters,
// "Action=CreateUser&Version=2010-05-08&UserName=…", lists as "Tags.member.1.Key=…". Total on any bytes, and strict:
// what two readers could read in two ways is refused.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"

namespace keyfold::protocol {

inline constexpr std::size_t query_size_max = std::size_t{256} << 10;  // Bytes of a body.
inline constexpr std::size_t query_parameters_max = 512;
inline constexpr std::size_t query_name_size_max = 128;  // Bytes of a parameter's name, decoded.
inline constexpr std::size_t query_list_max = 128;       // Members of a list.

// Reads one request after another, in memory of its own that it reuses. The texts that it gives are views into that
// memory: they live until the next parse() or wipe(). Not safe to use from several threads at once.
class QueryReader {
 public:
  // Fails with `validation` and what is wrong, and then has nothing: too large, too many parameters; a name that is
  // empty, too long, or there twice; a '%' without two hexadecimal digits; bytes that are no UTF-8, or a NUL.
  Outcome parse(std::string_view body);

  // None: it is not there.
  std::optional<std::string_view> text(std::string_view name) const;

  // The members of a list, "<name>.member.1" and so on, in order: of each its name, which is also the prefix of its
  // parts ("Tags.member.1" + ".Key"). Fails with `validation` when a number is missing or written in another way, or
  // there are more than query_list_max. An empty list is sent as "<name>=".
  Result<std::vector<std::string_view>> list(std::string_view name) const;
  // A part of a member: text_of("Tags.member.1", "Key").
  std::optional<std::string_view> text_of(std::string_view member, std::string_view part) const;

  std::size_t size() const { return parameters_.size(); }
  // visit(name, value), by name.
  template <class Visit>
  void each(Visit&& visit) const {
    for (const auto& parameter : parameters_) visit(parameter.name, parameter.value);
  }
  void wipe();

 private:
  struct Parameter {
    std::string_view name, value;
  };
  Outcome read_all(std::string_view body);
  Outcome decode(std::string_view pair);
  std::string decoded_;                // Reserved before it is written: it does not move while views point into it.
  std::vector<Parameter> parameters_;  // By name.
};

}  // namespace keyfold::protocol
