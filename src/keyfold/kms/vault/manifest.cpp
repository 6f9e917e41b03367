#include "keyfold/kms/vault/manifest.h"

#include <algorithm>

namespace keyfold::vault {
namespace {

template <class Vector, class Value>
void set_at(Vector& vector, std::size_t index, const Value& value) {
  if (vector.size() <= index) vector.resize(index + 1);
  vector[index] = value;
}

}  // namespace

const Entry* Manifest::find(std::string_view name) const {
  const auto found = records_.find(name);
  return found == records_.end() ? nullptr : &found->second.entry;
}

std::vector<PageEntry> Manifest::entries_of(std::uint32_t page) const {
  std::vector<PageEntry> entries;
  if (page >= listed_.size()) return entries;
  for (const auto* name : listed_[page]) entries.push_back({*name, records_.find(*name)->second.entry});
  return entries;
}

Manifest::Update Manifest::plan(std::vector<EntryChange> changes) const {
  Update update;
  update.changes = std::move(changes);
  const auto page_at = [&](std::uint32_t page) -> std::vector<PageEntry>& {
    const auto found = update.pages.find(page);
    return found != update.pages.end() ? found->second : update.pages.emplace(page, entries_of(page)).first->second;
  };
  std::vector<const EntryChange*> added;
  for (const auto& change : update.changes) {
    const auto found = records_.find(change.name);
    if (found == records_.end()) {
      if (change.entry) added.push_back(&change);
      continue;
    }
    auto& page = page_at(found->second.page);
    const auto at = std::ranges::find(page, change.name, &PageEntry::name);
    if (change.entry)
      at->entry = *change.entry;
    else
      page.erase(at);
  }
  // Where there is room: first in a page that is rewritten anyway, then in one that has any, then in a new one.
  auto next_with_room = with_room_.begin();
  auto next_new = static_cast<std::uint32_t>(listed_.size());
  for (const auto* change : added) {
    auto open =
        std::ranges::find_if(update.pages, [](const auto& page) { return page.second.size() < page_entries_max; });
    while (open == update.pages.end()) {
      page_at(next_with_room != with_room_.end() ? *next_with_room++ : next_new++);
      open = std::ranges::find_if(update.pages, [](const auto& page) { return page.second.size() < page_entries_max; });
    }
    open->second.push_back({change->name, *change->entry});
  }
  return update;
}

std::map<std::uint32_t, std::vector<Entry>> Manifest::directories_after(const Update& update) const {
  std::map<std::uint32_t, std::vector<Entry>> directories;
  for (const auto& [page, entry] : update.page_entries) {
    const auto directory = static_cast<std::uint32_t>(page / directory_entries_max);
    auto [at, is_new] = directories.try_emplace(directory);
    if (const auto first = directory * directory_entries_max; is_new && first < pages_.size()) {
      const auto last = std::min(first + directory_entries_max, pages_.size());
      at->second.assign(pages_.begin() + static_cast<std::ptrdiff_t>(first),
                        pages_.begin() + static_cast<std::ptrdiff_t>(last));
    }
    set_at(at->second, page % directory_entries_max, entry);
  }
  return directories;
}

std::vector<Entry> Manifest::all_directories_after(const Update& update) const {
  auto directories = directories_;
  for (const auto& [directory, entry] : update.directory_entries) set_at(directories, directory, entry);
  return directories;
}

void Manifest::apply(const Update& update) {
  for (const auto& [page, entries] : update.pages) {
    std::vector<const std::string*> names;
    for (const auto& [name, entry] : entries) {
      const auto at = records_.try_emplace(name).first;
      at->second = {.entry = entry, .page = page};
      names.push_back(&at->first);
    }
    set_at(listed_, page, names);
    if (entries.size() < page_entries_max)
      with_room_.insert(page);
    else
      with_room_.erase(page);
  }
  for (const auto& change : update.changes)
    if (!change.entry) records_.erase(change.name);
  for (const auto& [page, entry] : update.page_entries) set_at(pages_, page, entry);
  directories_ = all_directories_after(update);
}

void Manifest::add_page(const Entry& page) {
  pages_.push_back(page);
  listed_.emplace_back();
}

Outcome Manifest::fill_page(std::uint32_t page, const std::vector<PageEntry>& entries) {
  for (const auto& [name, entry] : entries) {
    const auto [at, is_new] = records_.try_emplace(name, Slot{.entry = entry, .page = page});
    if (!is_new) return Error{ErrorCode::corrupt, "lists " + name + ", which another page lists"};
    listed_[page].push_back(&at->first);
  }
  if (entries.size() < page_entries_max) with_room_.insert(page);
  return ok();
}

}  // namespace keyfold::vault
