#include "keyfold/kms/vault/verification.h"

#include <algorithm>
#include <unordered_set>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/vault/record_opener.h"
#include "keyfold/kms/vault/root_record.h"

namespace keyfold::vault {
namespace {

constexpr std::size_t verify_batch = 1000;
constexpr std::size_t findings_told_max = 20;

std::string printable(std::string_view name) {
  std::string text(name.substr(0, 300));
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

class Verification {
 public:
  Verification(storage::Store& store, const RootKey& root) : store_(store), root_(root) {}
  Result<VerifiedStore> run();

 private:
  struct Finding {
    std::string name;
    std::string what;
  };
  void found(std::string_view name, std::string what) { findings_.push_back({printable(name), std::move(what)}); }
  Error report();

  Outcome read_root();
  Outcome read_head();
  Outcome read_storage_keys();
  Outcome read_directories();
  Outcome read_directory_pages(std::uint32_t directory, const std::vector<Entry>& pages);
  Outcome read_page_of(std::uint32_t page, const Entry& entry);
  Outcome find_missing_storage_keys();
  Outcome check_records();
  void check_record(const storage::Record& record);
  Outcome find_missing();
  // Opens a record of the manifest's that must match `entry` into value_; notes what is wrong and returns false when it
  // does not.
  enum class Is : std::uint8_t { good, bad };
  Result<Is> open_listed(const RecordName& name, const Entry& entry);

  storage::Store& store_;
  const RootKey& root_;
  VerifiedStore verified_;
  RecordOpener opener_{verified_.id, root_, *verified_.keys};
  Head head_;
  bool manifest_whole_ = true;  // Every page could be read.
  bool storage_key_missing_ = false;
  std::unordered_set<std::string> manifest_names_;
  std::size_t records_seen_ = 0;
  std::vector<Finding> findings_;
  Bytes value_;  // What was opened last; may be secret.
};

// "2 records are not as they were stored: key/…: altered; …"
Error Verification::report() {
  std::string message =
      std::to_string(findings_.size()) +
      (findings_.size() == 1 ? " record is not as it was stored: " : " records are not as they were stored: ");
  for (std::size_t i = 0; i < std::min(findings_.size(), findings_told_max); ++i)
    message.append(i == 0 ? "" : "; ").append(findings_[i].name).append(": ").append(findings_[i].what);
  if (findings_.size() > findings_told_max) message += "; and others";
  return {ErrorCode::corrupt, message};
}

Result<VerifiedStore> Verification::run() {
  // Past a bad root record, head or storage key nothing can be judged: everything would be reported. The others go on.
  enum class Then : std::uint8_t { go_on, report_findings };
  struct Step {
    Outcome (Verification::*run)();
    Then then;
  };
  for (const auto& step :
       {Step{&Verification::read_root, Then::report_findings}, Step{&Verification::read_head, Then::report_findings},
        Step{&Verification::read_storage_keys, Then::report_findings},
        Step{&Verification::read_directories, Then::go_on}, Step{&Verification::find_missing_storage_keys, Then::go_on},
        Step{&Verification::check_records, Then::go_on}, Step{&Verification::find_missing, Then::report_findings}}) {
    const auto done = (this->*step.run)();
    wipe(value_);
    TRY(done);
    if (storage_key_missing_) return report();
    if (step.then == Then::report_findings && !findings_.empty()) return report();
  }
  if (verified_.sum.value() != head_.sum || verified_.manifest.size() != head_.records) {
    found(head_name().text(), "does not add up to the records");
    return report();
  }
  verified_.revision = head_.revision;
  return std::move(verified_);
}

Outcome Verification::read_root() {
  const auto name = root_record_name();
  TRY_ASSIGN(const auto stored, store_.get(name.text()));
  if (!stored) return found(name.text(), "missing"), ok();
  const auto record = read_root_record(stored->value);
  if (record && record->root_key != root_.id()) {
    // Either it is another store's root key, or somebody altered this record; the head names the root key as well.
    TRY_ASSIGN(const auto head, store_.get(head_name().text()));
    const auto header = head ? read_sealed_header(head->value) : Result<SealedHeader>(Error{ErrorCode::corrupt, ""});
    if (!header || header->key != root_.id())
      return Error{ErrorCode::authentication, "the root key " + to_hex(root_.id()) + " is not the one of this store"};
  }
  if (const auto whole = verify_root_record(root_, stored->value); !record || !whole)
    return found(name.text(), "altered"), ok();
  verified_.id = record->store;
  TRY_ASSIGN(verified_.sum, RecordSum::of_nothing(root_, verified_.id));
  return ok();
}

Outcome Verification::read_head() {
  const auto name = head_name();
  TRY_ASSIGN(const auto stored, store_.get(name.text()));
  if (!stored) return found(name.text(), "missing"), ok();
  if (!opener_.open_into(value_, name, stored->version, stored->value))
    return found(name.text(), "altered, or " + root_record_name().text() + " is another store's"), ok();
  TRY_ASSIGN(head_, vault::read_head(value_));
  TRY_ASSIGN(const auto revision, store_.revision());
  if (head_.revision != stored->version || head_.revision != revision)
    return found(name.text(),
                 "is of revision " + std::to_string(head_.revision) + ", the store is at " + std::to_string(revision)),
           ok();
  return ok();
}

Outcome Verification::read_storage_keys() {
  const std::string prefix = std::string(text_of(RecordType::storagekey)) + "/";
  std::string after;
  for (;;) {
    TRY_ASSIGN(const auto records, store_.scan(prefix, after, verify_batch));
    if (records.empty()) return ok();
    after = records.back().name;
    for (const auto& record : records) {
      const auto name = RecordName::parse(record.name);
      const auto id = name ? storage_key_id(*name) : Result<SealingKeyId>(name.error());
      auto key = id ? opener_.open_secret(*name, record.version, record.value) : Result<SecretBytes>(id.error());
      if (!key && key.error().code == ErrorCode::unavailable) return key.error();
      if (!key || key->size() != StorageKeys::key_size)
        found(record.name, id ? "altered" : "does not belong to this store");
      else
        verified_.keys->add(*name, record.version, {.id = *id, .bytes = *std::move(key)});
    }
  }
}

Result<Verification::Is> Verification::open_listed(const RecordName& name, const Entry& entry) {
  manifest_names_.insert(name.text());
  TRY_ASSIGN(const auto stored, store_.get(name.text()));
  if (!stored) return found(name.text(), "missing"), Is::bad;
  const auto opened = opener_.open_into(value_, name, stored->version, stored->value);
  if (!opened) {
    const auto header = read_sealed_header(stored->value);
    if (header && verified_.keys->current_for(name) == nullptr) {
      storage_key_missing_ = true;
      return found(storage_key_name(name, header->key).text(), "missing"), Is::bad;
    }
    return found(name.text(), "altered"), Is::bad;
  }
  if (stored->version != entry.version || tag_of(stored->value) != entry.tag)
    return found(name.text(), "is version " + std::to_string(stored->version) + ", which was replaced by version " +
                                  std::to_string(entry.version)),
           Is::bad;
  verified_.sum.add(name.text(), entry);
  return Is::good;
}

Outcome Verification::read_directories() {
  verified_.manifest.set_directories(head_.directories);
  for (std::uint32_t i = 0; i < head_.directories.size(); ++i) {
    TRY_ASSIGN(const auto is, open_listed(directory_name(i), head_.directories[i]));
    if (is == Is::bad) {
      manifest_whole_ = false;
      // The pages after it would be counted wrong.
      return ok();
    }
    TRY_ASSIGN(const auto pages, read_directory(value_));
    TRY(read_directory_pages(i, pages));
  }
  return ok();
}

Outcome Verification::read_directory_pages(std::uint32_t directory, const std::vector<Entry>& pages) {
  for (std::uint32_t i = 0; i < pages.size(); ++i) {
    verified_.manifest.add_page(pages[i]);
    TRY(read_page_of(static_cast<std::uint32_t>(directory * directory_entries_max + i), pages[i]));
  }
  return ok();
}

Outcome Verification::read_page_of(std::uint32_t page, const Entry& entry) {
  const auto name = page_name(page);
  TRY_ASSIGN(const auto is, open_listed(name, entry));
  if (is == Is::bad) {
    manifest_whole_ = false;
    return ok();
  }
  TRY_ASSIGN(const auto entries, read_page(value_));
  if (const auto filled = verified_.manifest.fill_page(page, entries); !filled)
    found(name.text(), filled.error().message);
  return ok();
}

Outcome Verification::find_missing_storage_keys() {
  verified_.manifest.for_each([this](const std::string& text, const Entry&) {
    const auto name = RecordName::parse(text);
    const auto id = name ? storage_key_id(*name) : Result<SealingKeyId>(name.error());
    if (!id || verified_.keys->find(*id) != nullptr) return;
    storage_key_missing_ = true;
    found(text, "missing");
  });
  return ok();
}

Outcome Verification::check_records() {
  std::string after;
  for (;;) {
    TRY_ASSIGN(const auto records, store_.scan("", after, verify_batch));
    if (records.empty()) return ok();
    after = records.back().name;
    for (const auto& record : records) check_record(record);
  }
}

void Verification::check_record(const storage::Record& record) {
  if (record.name == head_name().text() || manifest_names_.contains(record.name)) return;  // Checked already.
  const auto name = RecordName::parse(record.name);
  const auto* entry = verified_.manifest.find(record.name);
  bool whole = name.has_value();
  if (whole && name->type() == RecordType::root)
    whole = entry != nullptr && record.version == entry->version;
  else if (whole)
    whole = opener_.open_into(value_, *name, record.version, record.value).has_value();
  if (entry == nullptr) {
    // Whether it is listed on a page that cannot be read, we cannot tell; if it opens, it was ours at some time.
    if (!whole) return found(record.name, "altered, or does not belong to this store");
    if (manifest_whole_) found(record.name, "was removed, and put back");
    return;
  }
  ++records_seen_;
  if (!whole) return found(record.name, "altered");
  if (record.version != entry->version || tag_of(record.value) != entry->tag)
    return found(record.name, "is version " + std::to_string(record.version) + ", which was replaced by version " +
                                  std::to_string(entry->version));
  verified_.sum.add(record.name, *entry);
}

Outcome Verification::find_missing() {
  if (records_seen_ == verified_.manifest.size()) return ok();
  std::vector<std::string> names;
  verified_.manifest.for_each([&](const std::string& name, const Entry&) { names.push_back(name); });
  std::ranges::sort(names);
  for (const auto& name : names) {
    TRY_ASSIGN(const auto stored, store_.get(name));
    if (!stored) found(name, "missing");
  }
  return ok();
}

}  // namespace

Result<VerifiedStore> verify_store(storage::Store& store, const RootKey& root) {
  return Verification(store, root).run();
}

}  // namespace keyfold::vault
