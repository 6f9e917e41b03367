#pragma once
// The manifest, in memory: for every record the version and tag that it must have, and the page that lists it. A page
// lists up to 32 records in no order; a new record goes where there is room and stays there for life, so that a commit
// rewrites one page per changed record at most, and usually one in all. docs/formats/sealed-head.md. Not safe to use
// from several threads at once.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "keyfold/kms/vault/sealed_head.h"

namespace keyfold::vault {

// A record's entry after a commit; none: it is removed.
struct EntryChange {
  std::string name;
  std::optional<Entry> entry;
};

class Manifest {
 public:
  // What a commit will do to it; nothing is done before apply().
  struct Update {
    std::vector<EntryChange> changes;
    std::map<std::uint32_t, std::vector<PageEntry>> pages;  // Those that are rewritten, as they will be.
    std::map<std::uint32_t, Entry> page_entries;  // What becomes of their records: filled in by whoever seals them.
    std::map<std::uint32_t, Entry> directory_entries;  // Likewise.
  };

  // The entry of a record that is listed, or null.
  const Entry* find(std::string_view name) const;
  std::size_t size() const { return records_.size(); }
  const std::vector<Entry>& pages() const { return pages_; }
  const std::vector<Entry>& directories() const { return directories_; }

  // Which pages will list what, once `changes` have happened. A name occurs once in `changes`.
  Update plan(std::vector<EntryChange> changes) const;
  // The directories that list the pages of `update`, and each one's entries as they will be; update.page_entries is
  // filled in.
  std::map<std::uint32_t, std::vector<Entry>> directories_after(const Update& update) const;
  // All directories as they will be; update.directory_entries is filled in.
  std::vector<Entry> all_directories_after(const Update& update) const;
  void apply(const Update& update);

  // As read from the store, in order. add_page fails with `corrupt` when a name is listed twice.
  void set_directories(std::vector<Entry> entries) { directories_ = std::move(entries); }
  void add_page(const Entry& page);
  Outcome fill_page(std::uint32_t page, const std::vector<PageEntry>& entries);

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [name, slot] : records_) visit(name, slot.entry);
  }

 private:
  struct Slot {
    Entry entry;
    std::uint32_t page = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  std::vector<PageEntry> entries_of(std::uint32_t page) const;

  std::unordered_map<std::string, Slot, Hash, std::equal_to<>> records_;
  std::vector<std::vector<const std::string*>> listed_;  // By page: names, which live in records_.
  std::vector<Entry> pages_;                             // By page.
  std::vector<Entry> directories_;
  std::set<std::uint32_t> with_room_;
};

}  // namespace keyfold::vault
