#pragma once
// Branch keys in memory, for the tests of whoever uses a BranchKeyStore.

#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/branch_key_store.h"

namespace keyfold::keyrings::testing {

// Holds what it is given or makes up, and counts how often it is asked. Safe to use from several threads at once.
class FakeBranchKeys final : public BranchKeyStore {
 public:
  std::optional<Error> failure;  // Set while no other thread asks.
  std::atomic<int> asked_active = 0, asked_version = 0;

  explicit FakeBranchKeys(std::string logical_name = "tenants") : logical_name_(std::move(logical_name)) {}

  // A new version becomes the active one; the key is made up.
  BranchKeyVersion rotate(std::string_view id) {
    const auto version = random_.bytes<16>();
    put(id, version, random_.bytes<branch_key_size>());
    return version;
  }
  void put(std::string_view id, const BranchKeyVersion& version, BytesView key) {
    const std::lock_guard lock(mutex_);
    auto made = std::make_shared<BranchKey>();
    made->id = id;
    made->version = version;
    made->key = *SecretBytes::copy_of(key);
    versions_[{std::string(id), version}] = made;
    active_[std::string(id)] = made;
  }

  Result<std::shared_ptr<const BranchKey>> active(std::string_view id) override {
    ++asked_active;
    if (failure) return *failure;
    const std::lock_guard lock(mutex_);
    const auto found = active_.find(id);
    if (found == active_.end()) return Error{ErrorCode::not_found, "no such branch key"};
    return found->second;
  }
  Result<std::shared_ptr<const BranchKey>> version(std::string_view id, const BranchKeyVersion& version) override {
    ++asked_version;
    if (failure) return *failure;
    const std::lock_guard lock(mutex_);
    const auto found = versions_.find({std::string(id), version});
    if (found == versions_.end()) return Error{ErrorCode::not_found, "no such version"};
    return found->second;
  }
  const std::string& logical_name() const override { return logical_name_; }

 private:
  const std::string logical_name_;
  SeededRandom random_{11};
  std::mutex mutex_;
  std::map<std::pair<std::string, BranchKeyVersion>, std::shared_ptr<const BranchKey>> versions_;
  std::map<std::string, std::shared_ptr<const BranchKey>, std::less<>> active_;
};

}  // namespace keyfold::keyrings::testing
