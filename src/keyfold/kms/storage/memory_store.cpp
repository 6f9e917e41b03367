// The store that forgets: one map under one mutex.

#include <map>
#include <mutex>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/storage/store.h"
#include "keyfold/kms/storage/transaction.h"

namespace keyfold::storage {
namespace {

class MemoryStore final : public Store {
 public:
  Result<std::optional<Record>> get(std::string_view name) override {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(name);
    if (found == records_.end()) return std::optional<Record>();
    return std::optional(record(*found));
  }

  Result<std::vector<Record>> scan(std::string_view prefix, std::string_view after, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<Record> found;
    auto next = after < prefix ? records_.lower_bound(prefix) : records_.upper_bound(after);
    for (; next != records_.end() && found.size() < limit && next->first.starts_with(prefix); ++next)
      found.push_back(record(*next));
    return found;
  }

  Result<std::uint64_t> commit(std::span<const Condition> conditions, std::span<const Write> writes) override {
    TRY(check_writes(writes));
    const std::lock_guard lock(mutex_);
    for (const auto& condition : conditions) {
      const auto actual = condition.name.empty() ? revision_ : version_of(condition.name);
      if (actual != condition.version) return conflict_of(condition, actual);
    }
    if (writes.empty()) return revision_;
    ++revision_;
    for (const auto& write : writes) {
      if (write.value)
        records_[write.name] = {.version = revision_, .value = *write.value};
      else
        records_.erase(write.name);
    }
    return revision_;
  }

  Result<std::uint64_t> revision() override {
    const std::lock_guard lock(mutex_);
    return revision_;
  }

  Outcome truncate_log() override { return ok(); }

 private:
  struct Stored {
    std::uint64_t version = 0;
    Bytes value;
  };
  using Records = std::map<std::string, Stored, std::less<>>;
  static Record record(const Records::value_type& entry) {
    return {.name = entry.first, .version = entry.second.version, .value = entry.second.value};
  }
  std::uint64_t version_of(std::string_view name) const {
    const auto found = records_.find(name);
    return found == records_.end() ? 0 : found->second.version;
  }

  std::mutex mutex_;
  std::uint64_t revision_ = 0;
  Records records_;
};

}  // namespace

std::unique_ptr<Store> open_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace keyfold::storage
