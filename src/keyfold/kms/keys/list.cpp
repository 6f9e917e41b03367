// Keys, listing.

#include <algorithm>
#include <charconv>
#include <string>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/keys/keys_state.h"

namespace keyfold::keys {
namespace {

std::string list_name(std::string_view what, const Place& place) {
  return std::string(what) + " " + std::string(place.account.text()) + " " + std::string(place.region.text());
}

std::string list_name(std::string_view what, const KeyRecord& key) {
  return std::string(what) + " " + std::string(key.arn.text());
}

Error invalid_marker() { return {ErrorCode::invalid_marker, "The marker is not valid for this list."}; }

// The name after which a page begins: none for an empty marker.
template <class Name>
Result<std::optional<Name>> name_after(std::string_view list, std::string_view marker) {
  TRY_ASSIGN(const auto last, read_marker(list, marker));
  if (marker.empty()) return std::optional<Name>();
  auto name = Name::parse(last);
  if (!name) return invalid_marker();
  return std::optional<Name>(*name);
}

// `items` are one more than a page, if there are so many.
template <class Item, class SortKey>
Page<Item> page_of(std::vector<Item> items, std::size_t limit, std::string_view list, SortKey&& sort_key) {
  Page<Item> page{.items = std::move(items), .next_marker = {}};
  if (page.items.size() > limit) {
    page.items.erase(page.items.begin() + static_cast<std::ptrdiff_t>(limit), page.items.end());
    page.next_marker = make_marker(list, sort_key(page.items.back()));
  }
  return page;
}

}  // namespace

Result<Page<KeyArn>> Keys::list_keys(const Place& place, std::size_t limit, std::string_view marker) const {
  const auto list = list_name("keys", place);
  TRY_ASSIGN(const auto after, name_after<KeyId>(list, marker));
  return page_of(state_->directory.list_keys(place, after, limit + 1), limit, list,
                 [](const KeyArn& arn) { return std::string(key_id_of(arn).text()); });
}

Result<Page<Alias>> Keys::list_aliases(const Place& place, const KeyRecord* of, std::size_t limit,
                                       std::string_view marker) const {
  const auto list = of != nullptr ? list_name("aliases of", *of) : list_name("aliases", place);
  TRY_ASSIGN(const auto after, name_after<AliasName>(list, marker));
  auto aliases = of != nullptr ? state_->directory.list_aliases_of(*of, after, limit + 1)
                               : state_->directory.list_aliases(place, after, limit + 1);
  return page_of(std::move(aliases), limit, list, [](const Alias& alias) { return std::string(alias.name.text()); });
}

Result<Page<Tag>> Keys::list_tags(const KeyRecord& key, std::size_t limit, std::string_view marker) {
  const auto list = list_name("tags", key);
  TRY_ASSIGN(const auto last, read_marker(list, marker));
  auto from = marker.empty() ? key.tags.begin() : std::ranges::upper_bound(key.tags, last, {}, &Tag::key);
  const auto rest = static_cast<std::size_t>(key.tags.end() - from);
  std::vector<Tag> tags(from, from + static_cast<std::ptrdiff_t>(std::min(rest, limit + 1)));
  return page_of(std::move(tags), limit, list, [](const Tag& tag) { return tag.key; });
}

Result<Page<Material>> Keys::list_rotations(const KeyRecord& key, Rotations which, std::size_t limit,
                                            std::string_view marker) {
  const auto list = list_name(which == Rotations::rotations_only ? "rotations" : "materials", key);
  TRY_ASSIGN(const auto last, read_marker(list, marker));
  std::size_t from = which == Rotations::rotations_only ? 1 : 0;
  if (!marker.empty()) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), index);
    if (error != std::errc() || end != last.data() + last.size() || index >= key.materials.size())
      return invalid_marker();
    from = std::max(from, index + 1);
  }
  std::vector<Material> materials;
  for (std::size_t i = from; i < key.materials.size() && materials.size() <= limit; ++i)
    materials.push_back(key.materials[i]);
  return page_of(std::move(materials), limit, list,
                 [](const Material& material) { return std::to_string(material.rotation_index); });
}

Result<Page<Grant>> Keys::list_grants(const KeyRecord& key, const std::optional<std::string_view>& grantee,
                                      std::size_t limit, std::string_view marker) const {
  const auto list = list_name(grantee ? "grants of " + std::string(*grantee) + " on" : "grants on", key);
  TRY_ASSIGN(const auto last, read_marker(list, marker));
  auto grants = grantee ? state_->grants.list_of_grantee(key.arn, *grantee, last, limit + 1)
                        : state_->grants.list(key.arn, last, limit + 1);
  return page_of(std::move(grants), limit, list, [](const Grant& grant) { return grant->record_id(); });
}

Result<Page<Grant>> Keys::list_retirable_grants(const Region& region, std::string_view retiring, std::size_t limit,
                                                std::string_view marker) const {
  const std::string list = "grants for " + std::string(retiring) + " to retire in " + std::string(region.text());
  TRY_ASSIGN(const auto last, read_marker(list, marker));
  return page_of(state_->grants.list_of_retiring(region, retiring, last, limit + 1), limit, list,
                 [](const Grant& grant) { return grant->record_id(); });
}

Result<Page<std::string>> Keys::list_policies(const KeyRecord& key, std::size_t limit, std::string_view marker) {
  const auto list = list_name("policies", key);
  TRY_ASSIGN(const auto last, read_marker(list, marker));
  std::vector<std::string> names;
  if (last.empty()) names.emplace_back("default");
  return page_of(std::move(names), std::max<std::size_t>(limit, 1), list, [](const std::string& name) { return name; });
}

}  // namespace keyfold::keys
