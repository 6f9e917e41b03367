// The branch-key keyring against branch keys in memory: what it writes, what it takes, whose keys it uses.

#include "keyfold/envelope/keyrings/branch_key.h"

#include <gtest/gtest.h>

#include "keyfold/core/crypto/aead.h"
#include "keyfold/core/crypto/kdf.h"
#include "keyfold/envelope/keyrings/fake_branch_keys_test.h"
#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::keyrings {
namespace {

using namespace std::chrono_literals;
using keyfold::keyrings::testing::FakeBranchKeys;
using materials::EncryptionMaterials;
using materials::SuiteId;

const EncryptionContext tenant_context{{"purpose", "ledger"}, {"tenant", "4711"}};

EncryptionMaterials fresh(SuiteId suite = SuiteId::aes_256_gcm_hkdf_sha512_commit_key,
                          const EncryptionContext& context = tenant_context) {
  EncryptionMaterials made;
  made.suite = materials::find_suite(static_cast<std::uint16_t>(suite));
  made.encryption_context = context;
  return made;
}

Result<SecretBytes> unwrap(const Keyring& keyring, const EncryptionMaterials& sealed, const EncryptionContext& context,
                           BytesView serialized) {
  std::vector<ContextPair> pairs;
  std::vector<materials::EncryptedDataKeyView> keys;
  keys.reserve(sealed.encrypted_data_keys.size());
  for (const auto& key : sealed.encrypted_data_keys) keys.push_back(key.view());
  return keyring.on_decrypt({.suite = *sealed.suite,
                             .encryption_context = context.view(pairs),
                             .serialized_context = serialized,
                             .keys = keys});
}
Result<SecretBytes> unwrap(const Keyring& keyring, const EncryptionMaterials& sealed,
                           const EncryptionContext& context = tenant_context) {
  std::vector<ContextPair> pairs;
  Bytes serialized;
  EXPECT_TRUE(materials::append_serialized_context(serialized, context.view(pairs)));
  return unwrap(keyring, sealed, context, serialized);
}
template <class T>
ErrorCode code(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::internal : result.error().code;
}

class BranchKeys : public ::testing::Test {
 protected:
  std::shared_ptr<const Keyring> keyring(
      BranchKeysByContext rule = {.context_key = "tenant", .ids = {}, .prefix = "t-"}, BranchKeyOptions options = {}) {
    if (options.time_to_live == Duration::zero()) options.time_to_live = 60s;
    if (options.cache == nullptr) options.cache = cache_;
    return *branch_key_keyring(store_, *branch_key_by_context(std::move(rule)), std::move(options));
  }
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<BranchKeyCache> cache_ = std::make_shared<BranchKeyCache>(1000, clock_);
  std::shared_ptr<FakeBranchKeys> store_ = std::make_shared<FakeBranchKeys>();
};

TEST_F(BranchKeys, WrapTheDataKeyOfEverySuiteAsTheSpecificationSays) {
  const auto key = SeededRandom(3).bytes<branch_key_size>();
  const auto version = *parse_branch_key_version("83eec007-5659-4554-bf11-699b90f41ac6");
  store_->put("t-4711", version, key);
  for (const auto& suite : materials::all_suites()) {
    auto sealed = fresh(suite.id);
    ASSERT_TRUE(keyring()->on_encrypt(sealed)) << suite.name;
    ASSERT_EQ(sealed.data_key.size(), suite.data_key_size);
    ASSERT_EQ(sealed.encrypted_data_keys.size(), 1U);
    const auto& wrapped = sealed.encrypted_data_keys[0];
    EXPECT_EQ(wrapped.provider_id, "aws-kms-hierarchy");
    EXPECT_EQ(as_text(wrapped.provider_info), "t-4711");
    ASSERT_EQ(wrapped.ciphertext.size(), 16U + 12 + 16 + suite.data_key_size + 16);
    // By the specification's words, step by step.
    const BytesView bytes(wrapped.ciphertext);
    EXPECT_EQ(to_hex(bytes.subspan(28, 16)), to_hex(version));
    ByteArray<32> derived;
    ASSERT_TRUE(crypto::kbkdf_hmac_sha256(key, "aws-kms-hierarchy", bytes.first(16), derived));
    crypto::AesGcm gcm;
    ASSERT_TRUE(gcm.set_key(derived));
    auto aad = to_bytes("aws-kms-hierarchyt-4711");
    Writer(aad).bytes(version).u16(2).sized16(as_bytes("purpose")).sized16(as_bytes("ledger"));
    Writer(aad).sized16(as_bytes("tenant")).sized16(as_bytes("4711"));
    Bytes opened(suite.data_key_size);
    ASSERT_TRUE(gcm.open(bytes.subspan(16, 12), aad, bytes.subspan(44), opened));
    EXPECT_EQ(to_hex(opened), to_hex(sealed.data_key.reveal()));
    const auto again = unwrap(*keyring(), sealed);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(*again == sealed.data_key);
  }
}

TEST_F(BranchKeys, NeverUseASaltOrAnIvTwice) {
  store_->rotate("t-4711");
  const auto one = keyring();
  std::map<std::string, int> seen;
  for (int i = 0; i < 1000; ++i) {
    auto sealed = fresh();
    ASSERT_TRUE(one->on_encrypt(sealed));
    const BytesView bytes(sealed.encrypted_data_keys[0].ciphertext);
    ++seen[to_hex(bytes.first(16))];
    ++seen[to_hex(bytes.subspan(16, 12))];
  }
  EXPECT_EQ(seen.size(), 2000U);
}

TEST_F(BranchKeys, RefuseAnyFlippedBitAndEveryTruncation) {
  store_->rotate("t-4711");
  const auto one = keyring();
  auto sealed = fresh();
  ASSERT_TRUE(one->on_encrypt(sealed));
  for (auto field : {&materials::EncryptedDataKey::provider_info, &materials::EncryptedDataKey::ciphertext}) {
    auto& bytes = sealed.encrypted_data_keys[0].*field;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
      EXPECT_FALSE(unwrap(*one, sealed)) << bit;
      bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    }
  }
  auto& ciphertext = sealed.encrypted_data_keys[0].ciphertext;
  const auto whole = ciphertext;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ciphertext.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(code(unwrap(*one, sealed)), ErrorCode::invalid_input) << size;
  }
  ciphertext = whole;
  ciphertext.push_back(std::byte{0});
  EXPECT_EQ(code(unwrap(*one, sealed)), ErrorCode::invalid_input);
  ciphertext = whole;
  EXPECT_TRUE(unwrap(*one, sealed));
}

TEST_F(BranchKeys, AreBoundToTheContextInTheOrderThatItsHeaderHas) {
  store_->rotate("t-4711");
  const auto one = keyring();
  auto sealed = fresh();
  ASSERT_TRUE(one->on_encrypt(sealed));
  EXPECT_EQ(code(unwrap(*one, sealed, {{"purpose", "audit"}, {"tenant", "4711"}})), ErrorCode::authentication);
  EXPECT_EQ(code(unwrap(*one, sealed, {{"tenant", "4711"}})), ErrorCode::authentication);
  // What was authenticated is what the header says, whatever we would have written.
  Bytes other_order;
  Writer(other_order).u16(2).sized16(as_bytes("tenant")).sized16(as_bytes("4711"));
  Writer(other_order).sized16(as_bytes("purpose")).sized16(as_bytes("ledger"));
  EXPECT_EQ(code(unwrap(*one, sealed, tenant_context, other_order)), ErrorCode::authentication);
}

TEST_F(BranchKeys, OfOneTenantDoNotOpenAnothersMessages) {
  store_->rotate("t-4711");
  store_->rotate("t-4712");
  const auto one = keyring();
  auto sealed = fresh();
  ASSERT_TRUE(one->on_encrypt(sealed));
  const EncryptionContext other{{"purpose", "ledger"}, {"tenant", "4712"}};
  // The wrapped key names one branch key, and the context asks for another.
  EXPECT_EQ(code(unwrap(*one, sealed, other)), ErrorCode::incorrect_key);
  // So named, it is a key of that tenant's that does not verify: there is no such version.
  sealed.encrypted_data_keys[0].provider_info = to_bytes("t-4712");
  EXPECT_EQ(code(unwrap(*one, sealed, other)), ErrorCode::not_found);
}

TEST_F(BranchKeys, OpenWhatOldVersionsSealedAndSealUnderTheNewestOnceTheOldIsTooOld) {
  const auto first = store_->rotate("t-4711");
  const auto one = keyring();
  auto old = fresh();
  ASSERT_TRUE(one->on_encrypt(old));
  const auto second = store_->rotate("t-4711");
  const auto version_in = [](const EncryptionMaterials& sealed) {
    return to_hex(BytesView(sealed.encrypted_data_keys[0].ciphertext).subspan(28, 16));
  };
  EXPECT_EQ(version_in(old), to_hex(first));
  clock_->advance(60s);
  auto sealed = fresh();
  ASSERT_TRUE(one->on_encrypt(sealed));
  EXPECT_EQ(version_in(sealed), to_hex(second));
  EXPECT_TRUE(unwrap(*one, old));
  EXPECT_TRUE(unwrap(*one, sealed));
}

TEST_F(BranchKeys, CostOneCallForAnyNumberOfMessagesWithinTheirTime) {
  store_->rotate("t-4711");
  const auto one = keyring();
  auto sealed = fresh();
  ASSERT_TRUE(one->on_encrypt(sealed));
  for (int i = 0; i < 100; ++i) {
    auto another = fresh();
    ASSERT_TRUE(one->on_encrypt(another));
    ASSERT_TRUE(unwrap(*one, sealed));
  }
  EXPECT_EQ(store_->asked_active, 1);
  EXPECT_EQ(store_->asked_version, 1);
}

TEST_F(BranchKeys, WrapADataKeyThatIsThereAlready) {
  store_->rotate("t-4711");
  auto sealed = fresh();
  sealed.data_key = *SecretBytes::copy_of(Bytes(32, std::byte{9}));
  ASSERT_TRUE(keyring()->on_encrypt(sealed));
  EXPECT_TRUE(sealed.data_key == *SecretBytes::copy_of(Bytes(32, std::byte{9})));
  const auto opened = unwrap(*keyring(), sealed);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(*opened == sealed.data_key);
}

TEST_F(BranchKeys, LeaveTheMaterialsAsTheyWereWhenTheyFail) {
  const auto one = keyring();
  for (const auto& context : {EncryptionContext{{"tenant", "nobody"}}, EncryptionContext{{"purpose", "ledger"}},
                              EncryptionContext{{"tenant", ""}}, EncryptionContext{{"tenant", "a\nb"}}}) {
    auto sealed = fresh(SuiteId::aes_256_gcm_hkdf_sha512_commit_key, context);
    EXPECT_FALSE(one->on_encrypt(sealed));
    EXPECT_TRUE(sealed.data_key.empty());
    EXPECT_TRUE(sealed.encrypted_data_keys.empty());
  }
}

TEST_F(BranchKeys, SayWhatStoodInTheWay) {
  store_->rotate("t-4711");
  auto sealed = fresh();
  ASSERT_TRUE(keyring()->on_encrypt(sealed));
  clock_->advance(60s);
  for (const auto wrong : {ErrorCode::unavailable, ErrorCode::access_denied, ErrorCode::disabled, ErrorCode::not_found,
                           ErrorCode::corrupt}) {
    store_->failure = Error{wrong, "as told"};
    EXPECT_EQ(code(unwrap(*keyring(), sealed)), wrong);
    auto another = fresh();
    const auto done = keyring()->on_encrypt(another);
    EXPECT_EQ(code(done), wrong);
    EXPECT_EQ(done.error().message, "branch keys of tenants: as told");
  }
  store_->failure.reset();
  sealed.encrypted_data_keys[0].provider_id = "aws-kms";
  const int asked = store_->asked_version;
  EXPECT_EQ(code(unwrap(*keyring(), sealed)), ErrorCode::incorrect_key);
  // Nothing of ours in it: nobody need know whose it is.
  EXPECT_EQ(code(unwrap(*keyring(), sealed, {})), ErrorCode::incorrect_key);
  EXPECT_EQ(store_->asked_version, asked);
}

TEST_F(BranchKeys, TryEveryWrappedKeyThatIsTheirs) {
  store_->rotate("t-4711");
  auto sealed = fresh();
  ASSERT_TRUE(keyring()->on_encrypt(sealed));
  auto bad = sealed.encrypted_data_keys[0];
  bad.ciphertext.back() ^= std::byte{1};
  sealed.encrypted_data_keys.insert(sealed.encrypted_data_keys.begin(), bad);
  EXPECT_TRUE(unwrap(*keyring(), sealed));
}

TEST_F(BranchKeys, AreSharedByKeyringsOfOnePartitionAndNoOthers) {
  store_->rotate("t-4711");
  const auto seal = [](const Keyring& keyring) {
    auto sealed = fresh();
    ASSERT_TRUE(keyring.on_encrypt(sealed));
  };
  const BranchKeysByContext rule{.context_key = "tenant", .ids = {}, .prefix = "t-"};
  seal(*keyring(rule, {.time_to_live = 60s, .cache = cache_, .partition = "readers"}));
  seal(*keyring(rule, {.time_to_live = 60s, .cache = cache_, .partition = "readers"}));
  EXPECT_EQ(store_->asked_active, 1);
  seal(*keyring(rule, {.time_to_live = 60s, .cache = cache_, .partition = "writers"}));
  EXPECT_EQ(store_->asked_active, 2);
  seal(*keyring(rule));  // Without a name: a partition of its own each.
  seal(*keyring(rule));
  EXPECT_EQ(store_->asked_active, 4);
  // A keyring that allows less takes nothing older.
  clock_->advance(10s);
  seal(*keyring(rule, {.time_to_live = 10s, .cache = cache_, .partition = "readers"}));
  EXPECT_EQ(store_->asked_active, 5);
}

TEST_F(BranchKeys, RefuseAStoreThatAnswersWithAnotherKeyThanAsked) {
  // Whatever is asked for, it gives that: the branch key `id` in this version, of so many bytes.
  class Confused final : public BranchKeyStore {
   public:
    Confused(std::string id, const BranchKeyVersion& version, std::size_t size)
        : id_(std::move(id)), version_(version), size_(size) {}
    Result<std::shared_ptr<const BranchKey>> active(std::string_view) override {
      auto made = std::make_shared<BranchKey>();
      made->id = id_;
      made->version = version_;
      made->key = *SecretBytes::zeroed(size_);
      return std::shared_ptr<const BranchKey>(std::move(made));
    }
    Result<std::shared_ptr<const BranchKey>> version(std::string_view id, const BranchKeyVersion&) override {
      return active(id);
    }
    const std::string& logical_name() const override { return name_; }

   private:
    const std::string id_;
    const BranchKeyVersion version_;
    const std::size_t size_;
    const std::string name_ = "confused";
  };
  const auto over = [&](const std::string& id, const BranchKeyVersion& version, std::size_t size) {
    return *branch_key_keyring(std::make_shared<Confused>(id, version, size), *fixed_branch_key("t-4711"),
                               {.time_to_live = 60s, .cache = std::make_shared<BranchKeyCache>(10, clock_)});
  };
  constexpr BranchKeyVersion asked{std::byte{1}}, another{std::byte{2}};
  auto sealed = fresh();
  ASSERT_TRUE(over("t-4711", asked, branch_key_size)->on_encrypt(sealed));
  EXPECT_TRUE(unwrap(*over("t-4711", asked, branch_key_size), sealed));
  EXPECT_EQ(code(unwrap(*over("t-4711", another, branch_key_size), sealed)), ErrorCode::corrupt);
  for (const auto& wrong : {over("t-4712", asked, branch_key_size), over("t-4711", asked, branch_key_size - 1),
                            over("t-4711", asked, branch_key_size + 1)}) {
    EXPECT_EQ(code(unwrap(*wrong, sealed)), ErrorCode::corrupt);
    auto again = fresh();
    EXPECT_EQ(code(wrong->on_encrypt(again)), ErrorCode::corrupt);
  }
}

TEST_F(BranchKeys, WantATimeToLiveWithinBounds) {
  const auto make = [&](Duration time) {
    return branch_key_keyring(store_, *fixed_branch_key("t-4711"), {.time_to_live = time, .cache = cache_});
  };
  EXPECT_EQ(code(make(0s)), ErrorCode::invalid_input);
  EXPECT_EQ(code(make(Duration(-1))), ErrorCode::invalid_input);
  EXPECT_EQ(code(make(branch_key_time_to_live_max + Duration(1))), ErrorCode::invalid_input);
  EXPECT_TRUE(make(Duration(1)));
  EXPECT_TRUE(make(branch_key_time_to_live_max));
}

TEST(BranchKeySuppliers, GiveTheListedIdOrPrefixAndValue) {
  const auto id = [](const BranchKeySupplier& supplier, const EncryptionContext& context) {
    std::vector<ContextPair> pairs;
    return supplier.branch_key_id(context.view(pairs));
  };
  const auto both = *branch_key_by_context(
      {.context_key = "tenant", .ids = {{"4711", "acme"}, {"0815", "umbra"}}, .prefix = "tenant-"});
  EXPECT_EQ(*id(*both, {{"tenant", "4711"}}), "acme");
  EXPECT_EQ(*id(*both, {{"tenant", "0815"}}), "umbra");
  EXPECT_EQ(*id(*both, {{"tenant", "47"}}), "tenant-47");
  EXPECT_EQ(code(id(*both, {{"Tenant", "4711"}})), ErrorCode::invalid_input);
  const auto listed = *branch_key_by_context({.context_key = "tenant", .ids = {{"4711", "acme"}}, .prefix = {}});
  EXPECT_EQ(*id(*listed, {{"tenant", "4711"}}), "acme");
  EXPECT_EQ(code(id(*listed, {{"tenant", "47"}})), ErrorCode::invalid_input);
  EXPECT_EQ(*id(**fixed_branch_key("acme"), {}), "acme");
  EXPECT_EQ(code(fixed_branch_key("")), ErrorCode::invalid_input);
  EXPECT_EQ(code(branch_key_by_context({.context_key = "", .ids = {}, .prefix = "x"})), ErrorCode::invalid_input);
  EXPECT_EQ(code(branch_key_by_context({.context_key = "tenant", .ids = {}, .prefix = {}})), ErrorCode::invalid_input);
  EXPECT_EQ(code(branch_key_by_context({.context_key = "tenant", .ids = {{"a", ""}}, .prefix = {}})),
            ErrorCode::invalid_input);
}

TEST(BranchKeyIds, AreUtf8WithoutControlCharactersUpToTheLimit) {
  for (const auto* good : {"a", "t-4711", "Zürich / 7", "日本"}) EXPECT_TRUE(check_branch_key_id(good)) << good;
  EXPECT_TRUE(check_branch_key_id(std::string(branch_key_id_size_max, 'a')));
  EXPECT_FALSE(check_branch_key_id(std::string(branch_key_id_size_max + 1, 'a')));
  for (const auto bad : {std::string_view(""), std::string_view("a\nb"), std::string_view("a\0b", 3),
                         std::string_view("\xff"), std::string_view("a\x7f")})
    EXPECT_FALSE(check_branch_key_id(bad)) << to_hex(as_bytes(bad));
}

TEST(BranchKeyVersions, AreReadAsTheyAreWritten) {
  const std::string text = "83eec007-5659-4554-bf11-699b90f41ac6";
  const auto version = parse_branch_key_version(text);
  ASSERT_TRUE(version);
  EXPECT_EQ(to_hex(*version), "83eec00756594554bf11699b90f41ac6");
  EXPECT_EQ(to_string(*version), text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto other = text;
    other[i] = other[i] == '-' ? '0' : '-';
    EXPECT_FALSE(parse_branch_key_version(other)) << other;
    EXPECT_FALSE(parse_branch_key_version(text.substr(0, i)));
  }
  EXPECT_FALSE(parse_branch_key_version("83EEC007-5659-4554-bf11-699b90f41ac6"));
  EXPECT_FALSE(parse_branch_key_version(text + "0"));
}

}  // namespace
}  // namespace keyfold::keyrings
