#include "keyfold/envelope/keyrings/caching_materials_manager.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/materials_cache.h"

namespace keyfold::keyrings {
namespace {

using materials::DecryptionMaterials;
using materials::EncryptionMaterials;

// An encryption request that owns what it points to.
struct OwnEncryptionRequest {
  EncryptionContext encryption_context;
  materials::ContextKeys required_context_keys;
  materials::SuiteId suite;
  materials::CommitmentPolicy commitment_policy;

  // Of one message and no size: what will be sealed under the answer is only known bit by bit.
  EncryptionRequest view() const {
    return {.encryption_context = encryption_context,
            .suite = suite,
            .commitment_policy = commitment_policy,
            .required_context_keys = &required_context_keys};
  }
};

// A decryption request that owns what it points to.
struct OwnDecryptionRequest {
  const materials::AlgorithmSuite& suite;
  materials::CommitmentPolicy commitment_policy;
  Bytes serialized_context, encrypted_data_keys;
  std::uint16_t key_count;
  EncryptionContext reproduced_context;

  explicit OwnDecryptionRequest(const DecryptionRequest& request)
      : suite(request.suite),
        commitment_policy(request.commitment_policy),
        serialized_context(request.serialized_context.begin(), request.serialized_context.end()),
        encrypted_data_keys(request.encrypted_data_keys.bytes().begin(), request.encrypted_data_keys.bytes().end()),
        key_count(static_cast<std::uint16_t>(request.encrypted_data_keys.size())),
        reproduced_context(request.reproduced_context) {}

  Result<std::shared_ptr<const DecryptionMaterials>> ask(MaterialsManager& manager) const {
    std::vector<ContextPair> pairs;
    TRY_ASSIGN(const auto context, materials::read_serialized_context(serialized_context, pairs));
    return manager.for_decryption({.suite = suite,
                                   .commitment_policy = commitment_policy,
                                   .encryption_context = context,
                                   .serialized_context = serialized_context,
                                   .encrypted_data_keys = {encrypted_data_keys, key_count},
                                   .reproduced_context = reproduced_context});
  }
};

// What an entry is found by. One a thread, so that finding one allocates nothing.
struct Name {
  Bytes bytes;
  std::vector<ContextPair> pairs;

  static Name& of_this_thread() {
    thread_local Name name;
    return name;
  }
  void start(materials::SuiteId suite, materials::CommitmentPolicy policy) {
    bytes.clear();
    Writer(bytes).u16(static_cast<std::uint16_t>(suite)).u8(static_cast<std::uint8_t>(policy));
  }
  void add(const EncryptionContext& context) { append_canonical(bytes, context.view(pairs)); }
  void add(const materials::ContextKeys* keys) {
    Writer writer(bytes);
    writer.u32(static_cast<std::uint32_t>(keys == nullptr ? 0 : keys->size()));
    if (keys == nullptr) return;
    for (const auto& key : *keys) writer.sized32(as_bytes(key));
  }
  void add(BytesView text) { Writer(bytes).sized32(text); }
};

std::string wrapped_by(const EncryptionMaterials& materials) {
  if (materials.encrypted_data_keys.empty()) return {};
  const auto& key = materials.encrypted_data_keys.front();
  return key.provider_id + " " + std::string(as_text(key.provider_info));
}

class Caching final : public CachingMaterialsManager {
 public:
  Caching(std::shared_ptr<MaterialsManager> manager, const CacheLimits& limits, std::shared_ptr<const Clock> clock,
          std::shared_ptr<Random> random)
      : manager_(std::move(manager)),
        limits_(limits),
        sealing_(limits, clock, random),
        opening_(for_opening(limits), std::move(clock), std::move(random)),
        sweeps_([this] { sealing_.sweep(), opening_.sweep(); },
                std::clamp(limits.age_max / 4, std::chrono::milliseconds(50), std::chrono::milliseconds(5'000))) {}

  Outcome start() {
    if (renewals_.start() && sweeps_.start()) return ok();
    return Error{ErrorCode::unavailable, "the system has no thread left for a cache of data keys"};
  }

  Result<std::shared_ptr<const EncryptionMaterials>> for_encryption(const EncryptionRequest& request) override {
    TRY(materials::check_may_encrypt(request.commitment_policy, materials::suite_of(request.suite)));
    TRY(check_batch(request));
    const auto* tenant = tenant_of(request);
    if (tenant == nullptr || !fits(request)) return ++bypasses_, manager_->for_encryption(request);
    auto& name = Name::of_this_thread();
    name.start(request.suite, request.commitment_policy);
    name.add(request.required_context_keys);
    name.add(request.encryption_context);
    TRY_ASSIGN(auto made,
               sealing_.get(name.bytes, *tenant, {.messages = request.messages, .bytes = *request.plaintext_size},
                            renewals_, [&] { return fetch(request); }));
    if (made != nullptr && made->suite != nullptr) {
      TRY(materials::check_may_encrypt(request.commitment_policy, *made->suite));
      // It was asked for one that derives its keys: another must not seal twice under what it got.
      if (!made->suite->derives_keys()) return unfit();
    }
    return made;
  }

  Result<std::shared_ptr<const DecryptionMaterials>> for_decryption(const DecryptionRequest& request) override {
    TRY(materials::check_may_decrypt(request.commitment_policy, request.suite));
    const auto tenant = tenant_of(request);
    if (!tenant) return ++bypasses_, manager_->for_decryption(request);
    auto& name = Name::of_this_thread();
    name.start(request.suite.id, request.commitment_policy);
    name.add(request.serialized_context);
    name.add(request.reproduced_context);
    name.add(request.encrypted_data_keys.bytes());
    TRY_ASSIGN(auto made, opening_.get(name.bytes, *tenant, {}, renewals_, [&] { return fetch(request); }));
    if (made != nullptr && made->suite != &request.suite) return unfit();
    return made;
  }

  CacheCounters counters() const override {
    CacheCounters counters;
    counters.bypasses = bypasses_;
    sealing_.add_to(counters);
    opening_.add_to(counters);
    return counters;
  }

  std::vector<DataKeyUse> uses() const override {
    std::vector<DataKeyUse> uses;
    sealing_.each([&](const auto& materials, const auto& tenant, const auto& used, Duration age) {
      uses.push_back({.wrapped_by = wrapped_by(materials),
                      .tenant = tenant,
                      .seals = true,
                      .messages = used.messages,
                      .bytes = used.bytes,
                      .age = age});
    });
    opening_.each([&](const auto&, const auto& tenant, const auto& used, Duration age) {
      uses.push_back({.wrapped_by = {}, .tenant = tenant, .messages = used.messages, .age = age});
    });
    return uses;
  }

  void clear() override {
    sealing_.clear();
    opening_.clear();
  }

 private:
  static Error unfit() {
    return {ErrorCode::internal, "the materials manager answered with materials of another suite"};
  }

  // How often a data key opens is no more exposure.
  static CacheLimits for_opening(CacheLimits limits) {
    limits.messages_max = limits.bytes_max = UINT64_MAX;
    return limits;
  }

  // A batch is sealed under one data key, so one of its own would be beyond the limits too.
  Outcome check_batch(const EncryptionRequest& request) const {
    if (request.messages <= 1) return ok();
    if (request.messages <= limits_.messages_max && request.plaintext_size.value_or(0) <= limits_.bytes_max)
      return ok();
    return Error{ErrorCode::invalid_input, "a batch of more messages or bytes than the cache allows to one data key (" +
                                               std::to_string(limits_.messages_max) + " messages, " +
                                               std::to_string(limits_.bytes_max) + " bytes): make several"};
  }
  bool fits(const EncryptionRequest& request) const {
    return materials::suite_of(request.suite).derives_keys() && request.plaintext_size &&
           *request.plaintext_size <= limits_.bytes_max;
  }

  // Null when the message says nothing of its tenant, and must.
  const std::string* tenant_of(const EncryptionRequest& request) const {
    static const std::string nobody;
    return limits_.tenant_key.empty() ? &nobody : request.encryption_context.find(limits_.tenant_key);
  }
  std::optional<std::string_view> tenant_of(const DecryptionRequest& request) const {
    if (limits_.tenant_key.empty()) return std::string_view();
    if (const auto* held = request.encryption_context.find(limits_.tenant_key)) return *held;
    if (const auto* known = request.reproduced_context.find(limits_.tenant_key)) return *known;
    return std::nullopt;
  }

  MaterialsCache<EncryptionMaterials>::Fetch fetch(const EncryptionRequest& request) {
    auto own =
        std::make_shared<OwnEncryptionRequest>(OwnEncryptionRequest{.encryption_context = request.encryption_context,
                                                                    .required_context_keys = {},
                                                                    .suite = request.suite,
                                                                    .commitment_policy = request.commitment_policy});
    if (request.required_context_keys != nullptr) own->required_context_keys = *request.required_context_keys;
    return [manager = manager_, own] { return manager->for_encryption(own->view()); };
  }
  MaterialsCache<DecryptionMaterials>::Fetch fetch(const DecryptionRequest& request) {
    auto own = std::make_shared<const OwnDecryptionRequest>(request);
    return [manager = manager_, own] { return own->ask(*manager); };
  }

  const std::shared_ptr<MaterialsManager> manager_;
  const CacheLimits limits_;
  std::atomic<std::uint64_t> bypasses_ = 0;
  MaterialsCache<EncryptionMaterials> sealing_;
  MaterialsCache<DecryptionMaterials> opening_;
  // Last: they work on both. Apart, so that a call that hangs keeps no data key in memory.
  BackgroundWorker renewals_;
  Ticker sweeps_;
};

Outcome check_limits(const CacheLimits& limits) {
  const auto refused = [](std::string_view what) {
    return Error{ErrorCode::invalid_input, "a cache's " + std::string(what)};
  };
  if (limits.messages_max == 0 || limits.messages_max > std::uint64_t{1} << 32)
    return refused("messages_max is 1 to 2^32");
  if (limits.bytes_max == 0 || limits.bytes_max >= std::uint64_t{1} << 63) return refused("bytes_max is 1 to 2^63 - 1");
  if (limits.age_max < std::chrono::milliseconds(1) || limits.age_max > std::chrono::hours(24))
    return refused("age_max is 1 ms to 24 h");
  const auto is_count = [](std::size_t count) { return count >= 1 && count <= cache_entries_max; };
  if (!is_count(limits.entries_max) || !is_count(limits.entries_per_tenant_max))
    return refused("entries_max and entries_per_tenant_max are 1 to " + std::to_string(cache_entries_max));
  return ok();
}

}  // namespace

Result<std::shared_ptr<CachingMaterialsManager>> caching_materials_manager(std::shared_ptr<MaterialsManager> manager,
                                                                           const CacheLimits& limits,
                                                                           std::shared_ptr<const Clock> clock,
                                                                           std::shared_ptr<Random> random) {
  KEYFOLD_CHECK(manager != nullptr && clock != nullptr && random != nullptr);
  TRY(check_limits(limits));
  auto made = std::make_shared<Caching>(std::move(manager), limits, std::move(clock), std::move(random));
  TRY(made->start());
  return std::shared_ptr<CachingMaterialsManager>(std::move(made));
}

}  // namespace keyfold::keyrings
