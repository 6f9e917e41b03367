#pragma once
// KMSs in memory, one to a Region, with multi-Region keys: what one wraps under such a key, another that has it
// unwraps. Safe to use from several threads at once.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/kms_client.h"
#include "keyfold/envelope/keyrings/kms_key_name.h"

namespace keyfold::keyrings::testing {

class FakeRegions final : public KmsClients {
 public:
  struct Calls {
    int generated = 0, encrypted = 0, decrypted = 0;
    int all() const { return generated + encrypted + decrypted; }
  };

  // These are all the keys there are. A Region is there when a key is.
  explicit FakeRegions(const std::vector<std::string>& arns) {
    for (const auto& arn : arns) {
      keys_.insert(arn);
      const std::string region(KmsKeyArn::parse(arn)->region());
      if (!regions_.contains(region)) regions_[region] = std::make_shared<Client>(*this, region);
    }
  }

  Result<std::shared_ptr<KmsClient>> in_region(std::string_view region) override {
    const std::lock_guard lock(mutex_);
    ++asked_for_clients_;
    const auto found = regions_.find(region);
    if (found == regions_.end()) return Error{ErrorCode::invalid_input, "no KMS in " + std::string(region)};
    return std::shared_ptr<KmsClient>(found->second);
  }

  // What every call to the Region fails with from now on; nothing: it works.
  void fail(std::string_view region, std::optional<Error> failure) {
    const std::lock_guard lock(mutex_);
    failures_[std::string(region)] = std::move(failure);
  }
  void lose(std::string_view region) { fail(region, Error{ErrorCode::unavailable, "gone"}); }
  void restore(std::string_view region) { fail(region, std::nullopt); }
  // Called, with the Region, at the beginning of each call.
  void on_call(std::function<void(const std::string& region)> hook) { hook_ = std::move(hook); }
  // What the Region answers with instead of the true key ARN.
  void answer_with(std::string arn) { answers_with_ = std::move(arn); }

  Calls calls(std::string_view region) const {
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find(region);
    return found == calls_.end() ? Calls{} : found->second;
  }
  int asked_for_clients() const {
    const std::lock_guard lock(mutex_);
    return asked_for_clients_;
  }

 private:
  struct Kept {
    std::string arn;
    Bytes plaintext;
    EncryptionContext context;
  };
  class Client final : public KmsClient {
   public:
    Client(FakeRegions& world, std::string region) : world_(world), region_(std::move(region)) {}
    Result<GeneratedDataKey> generate_data_key(std::string_view key, std::size_t size,
                                               const ContextView& context) override {
      auto plaintext = world_.random_.secret(size);
      auto wrapped = world_.wrap(region_, key, *plaintext, context, &Calls::generated);
      if (!wrapped) return std::move(wrapped).error();
      return GeneratedDataKey{std::move(*plaintext), wrapped->ciphertext, wrapped->key_arn};
    }
    Result<WrappedDataKey> encrypt(std::string_view key, const SecretBytes& plaintext,
                                   const ContextView& context) override {
      return world_.wrap(region_, key, plaintext, context, &Calls::encrypted);
    }
    Result<UnwrappedDataKey> decrypt(std::string_view key, BytesView ciphertext, const ContextView& context) override {
      return world_.unwrap(region_, key, ciphertext, context);
    }

   private:
    FakeRegions& world_;
    const std::string region_;
  };

  // Counts the call; what stands against it, if anything.
  std::optional<Error> begin(const std::string& region, std::string_view key, int Calls::* which) {
    if (hook_) hook_(region);
    const std::lock_guard lock(mutex_);
    ++(calls_[region].*which);
    if (const auto& failure = failures_[region]) return failure;
    const auto arn = KmsKeyArn::parse(key);
    if (!arn || arn->region() != region || !keys_.contains(arn->text()))
      return Error{ErrorCode::not_found, "no such key in " + region};
    return std::nullopt;
  }
  Result<WrappedDataKey> wrap(const std::string& region, std::string_view key, const SecretBytes& plaintext,
                              const ContextView& context, int Calls::* which) {
    if (auto error = begin(region, key, which)) return *std::move(error);
    const std::lock_guard lock(mutex_);
    auto ciphertext = to_bytes(std::string(key) + "#" + std::to_string(kept_.size()));
    const auto bytes = plaintext.reveal();
    kept_[to_hex(ciphertext)] = {std::string(key), Bytes(bytes.begin(), bytes.end()), EncryptionContext(context)};
    return WrappedDataKey{ciphertext, answers_with_.empty() ? std::string(key) : answers_with_};
  }
  Result<UnwrappedDataKey> unwrap(const std::string& region, std::string_view key, BytesView ciphertext,
                                  const ContextView& context) {
    if (auto error = begin(region, key, &Calls::decrypted)) return *std::move(error);
    const std::lock_guard lock(mutex_);
    const auto kept = kept_.find(to_hex(ciphertext));
    if (kept == kept_.end() || kept->second.context != EncryptionContext(context))
      return Error{ErrorCode::invalid_ciphertext, "InvalidCiphertextException"};
    if (!KmsKeyArn::parse(key)->matches_for_decrypt(*KmsKeyArn::parse(kept->second.arn)))
      return Error{ErrorCode::incorrect_key, "IncorrectKeyException"};
    return UnwrappedDataKey{*SecretBytes::copy_of(kept->second.plaintext),
                            answers_with_.empty() ? std::string(key) : answers_with_};
  }

  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> keys_;
  std::map<std::string, std::shared_ptr<Client>, std::less<>> regions_;
  std::map<std::string, std::optional<Error>, std::less<>> failures_;
  std::map<std::string, Calls, std::less<>> calls_;
  std::map<std::string, Kept> kept_;
  std::function<void(const std::string&)> hook_;
  std::string answers_with_;
  int asked_for_clients_ = 0;
  SeededRandom random_{7};
};

// A multi-Region key and two others, of which one is another account's.
inline const std::string mrk_in(std::string_view region, std::string_view account = "123456789012") {
  return "arn:aws:kms:" + std::string(region) + ":" + std::string(account) +
         ":key/mrk-1234abcd12ab34cd56ef1234567890ab";
}
inline const std::string key_in(std::string_view region, std::string_view account = "123456789012") {
  return "arn:aws:kms:" + std::string(region) + ":" + std::string(account) +
         ":key/1234abcd-12ab-34cd-56ef-1234567890ab";
}

}  // namespace keyfold::keyrings::testing
