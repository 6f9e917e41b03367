#include "keyfold/envelope/keyrings/branch_key_store.h"

#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::keyrings {
namespace {

// Where a UUID's text has its dashes.
constexpr std::array<std::size_t, 4> dashes{8, 13, 18, 23};
constexpr std::size_t uuid_text_size = 36;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::string to_string(const BranchKeyVersion& version) {
  auto text = to_hex(version);
  for (const auto at : dashes) text.insert(at, 1, '-');
  return text;
}

Result<BranchKeyVersion> parse_branch_key_version(std::string_view text) {
  const Error refused{ErrorCode::invalid_input, "a branch key's version is a UUID, in lower case"};
  if (text.size() != uuid_text_size) return refused;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::ranges::find(dashes, i) == dashes.end())
      digits.push_back(text[i]);
    else if (text[i] != '-')
      return refused;
  }
  if (std::ranges::any_of(digits, [](char c) { return c >= 'A' && c <= 'F'; })) return refused;
  const auto bytes = from_hex(digits);
  BranchKeyVersion version;
  if (!bytes || bytes->size() != version.size()) return refused;
  std::ranges::copy(*bytes, version.begin());
  return version;
}

Outcome check_branch_key_id(std::string_view id) {
  if (id.empty() || id.size() > branch_key_id_size_max || std::ranges::any_of(id, is_control) ||
      !materials::is_utf8(id))
    return Error{ErrorCode::invalid_input, "a branch key's id is 1 to " + std::to_string(branch_key_id_size_max) +
                                               " bytes of UTF-8 without control characters"};
  return ok();
}

}  // namespace keyfold::keyrings
