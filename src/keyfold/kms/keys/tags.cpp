#include "keyfold/kms/keys/tags.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/keys/keys.h"

namespace keyfold::keys {
namespace {

constexpr std::size_t tag_key_size_max = 128;    // Characters.
constexpr std::size_t tag_value_size_max = 256;  // Characters.
constexpr std::string_view reserved_tag_prefix = "aws:";

// Of UTF-8: every byte but those that continue a character.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

Outcome check_key(std::string_view key) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (std::ranges::equal(key.substr(0, reserved_tag_prefix.size()), reserved_tag_prefix, {}, lower))
    return Error{ErrorCode::tag, "Tags beginning with aws: are reserved"};
  if (key.empty() || characters(key) > tag_key_size_max)
    return Error{ErrorCode::validation, "A tag key must be 1 to 128 characters long."};
  return ok();
}

}  // namespace

Result<std::vector<Tag>> with_tags(std::vector<Tag> tags, const std::vector<Tag>& added) {
  std::set<std::string_view> keys;
  for (const auto& tag : added) {
    TRY(check_key(tag.key));
    if (characters(tag.value) > tag_value_size_max)
      return Error{ErrorCode::validation, "A tag value must be at most 256 characters long."};
    if (!keys.insert(tag.key).second) return Error{ErrorCode::tag, "Duplicate tag keys"};
    const auto place = std::ranges::lower_bound(tags, tag.key, {}, &Tag::key);
    if (place != tags.end() && place->key == tag.key)
      place->value = tag.value;
    else
      tags.insert(place, tag);
  }
  if (tags.size() > tags_max) return Error{ErrorCode::tag, "Too many tags"};
  return tags;
}

Result<std::vector<Tag>> without_tags(std::vector<Tag> tags, const std::vector<std::string>& removed) {
  for (const auto& key : removed) {
    TRY(check_key(key));
    std::erase_if(tags, [&](const Tag& tag) { return tag.key == key; });
  }
  return tags;
}

}  // namespace keyfold::keys
