// The contract of a Directory, run over both of them.
#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/identity/changes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "keyfold/core/sigv4/signing_key.h"
#include "keyfold/kms/vault/vault_testing.h"

namespace keyfold::identity {
namespace {

const AccountId account = *AccountId::parse("123456789012");
const AccountId other_account = *AccountId::parse("999999999999");
const Region region = *Region::parse("eu-central-1");
const UserName writer = *UserName::parse("ledger-writer");
const UserName reader = *UserName::parse("ledger-reader");

enum class Kind : std::uint8_t { sealed, dev };

class DirectoryContract : public testing::TestWithParam<Kind> {
 protected:
  DirectoryContract() { reopen(); }
  // As after a restart of the server.
  void reopen() {
    directory_.reset();
    sealed_.reset();
    const auto mode = GetParam() == Kind::dev ? vault::Mode::dev : vault::Mode::production;
    auto sealed = vault::SealedStore::open(*store_, vault::root_key_of(7), random_, mode);
    KEYFOLD_CHECK(sealed.has_value());
    sealed_ = *std::move(sealed);
    auto directory = GetParam() == Kind::dev ? open_dev_directory(*sealed_, clock_, random_, account)
                                             : open_directory(*sealed_, clock_, random_);
    KEYFOLD_CHECK(directory.has_value());
    directory_ = *std::move(directory);
  }
  User add(const UserName& name, std::string_view policy = "") {
    auto user = make_user(account, name, policy, clock_, random_);
    EXPECT_TRUE(directory_->add_user(user, nullptr));
    return user;
  }
  NewAccessKey add_key(const std::optional<UserName>& user) {
    auto key = *make_access_key(random_);
    EXPECT_TRUE(directory_->add_access_key(account, user, key, nullptr));
    return key;
  }
  // Whether the directory's signing key is the one that this secret makes.
  bool verifies(const NewAccessKey& key, std::string_view date = "20261124") {
    const auto signing = directory_->signing_key(key.id, date, region, "kms");
    EXPECT_TRUE(signing);
    return **signing == *sigv4::derive_signing_key(key.secret, date, region, "kms");
  }
  // Known to find(), and good for signing.
  bool works(const NewAccessKey& key) {
    const bool found = directory_->find(key.id).has_value();
    EXPECT_EQ(verifies(key), found);
    return found;
  }
  static ErrorCode code(const Outcome& outcome) {
    EXPECT_FALSE(outcome);
    return outcome.error().code;
  }
  std::string everything_stored() {
    std::string all;
    const auto records = store_->scan("", "", 10000);
    KEYFOLD_CHECK(records.has_value());
    for (const auto& record : *records) all.append(record.name).append(as_text(record.value));
    return all;
  }

  ManualClock clock_;
  SeededRandom random_{11};
  std::unique_ptr<storage::Store> store_ = storage::open_memory_store();
  std::unique_ptr<vault::SealedStore> sealed_;
  std::unique_ptr<Directory> directory_;
};

TEST_P(DirectoryContract, FindsAUserByTheAccessKey) {
  const auto user = add(writer);
  const auto key = add_key(writer);
  const auto caller = directory_->find(key.id);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->account, account);
  EXPECT_EQ(caller->arn.text(), "arn:aws:iam::123456789012:user/ledger-writer");
  EXPECT_EQ(caller->type, PrincipalType::user);
  EXPECT_EQ(caller->user_id, user.id);
  EXPECT_EQ(caller->principal_id(), user.id.text());
  EXPECT_EQ(caller->user_name, writer);
  EXPECT_EQ(caller->access_key_id, key.id);
  EXPECT_TRUE(caller->entitlements->identity.empty());
  EXPECT_TRUE(verifies(key));
}

TEST_P(DirectoryContract, FindsTheRootByItsAccessKey) {
  const auto key = add_key(std::nullopt);
  const auto caller = directory_->find(key.id);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->arn.text(), "arn:aws:iam::123456789012:root");
  EXPECT_EQ(caller->type, PrincipalType::root);
  EXPECT_EQ(caller->principal_id(), "123456789012");
  EXPECT_FALSE(caller->user_name);
  EXPECT_TRUE(works(key));
}

TEST_P(DirectoryContract, KeepsEverythingAcrossARestart) {
  const auto user = add(writer, policy::administrator_policy);
  add(reader);
  const auto key = add_key(writer);
  const auto inactive = add_key(writer);
  const auto root = add_key(std::nullopt);
  ASSERT_TRUE(directory_->set_status(account, inactive.id, KeyStatus::inactive, nullptr));
  reopen();
  const auto users = directory_->users(account);
  ASSERT_EQ(users.size(), 2U);
  EXPECT_EQ(users[0].name, reader);
  EXPECT_EQ(users[1].name, writer);
  EXPECT_EQ(users[1].id, user.id);
  EXPECT_EQ(users[1].created, user.created);
  EXPECT_EQ(users[1].administered_policy(), policy::administrator_policy);
  EXPECT_TRUE(works(key));
  EXPECT_TRUE(works(root));
  EXPECT_FALSE(works(inactive));
  ASSERT_EQ(directory_->access_keys(account).size(), 3U);
  EXPECT_TRUE(directory_->users(other_account).empty());
  EXPECT_TRUE(directory_->access_keys(other_account).empty());
}

TEST_P(DirectoryContract, AnUnknownKeyHasASigningKeyThatVerifiesNothing) {
  const auto key = *make_access_key(random_);
  EXPECT_FALSE(works(key));
  const auto other = *make_access_key(random_);
  const auto first = directory_->signing_key(key.id, "20261124", region, "kms");
  const auto second = directory_->signing_key(other.id, "20261124", region, "kms");
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(*first, *second);  // Cached as one: strangers do not push out what is in use.
}

TEST_P(DirectoryContract, ADeactivatedKeyStopsAtOnceAndMayComeBack) {
  add(writer);
  const auto key = add_key(writer);
  EXPECT_TRUE(works(key));
  ASSERT_TRUE(directory_->set_status(account, key.id, KeyStatus::inactive, nullptr));
  EXPECT_FALSE(works(key));
  ASSERT_TRUE(directory_->set_status(account, key.id, KeyStatus::active, nullptr));
  EXPECT_TRUE(works(key));
}

TEST_P(DirectoryContract, ARemovedKeyStopsAtOnce) {
  add(writer);
  const auto key = add_key(writer);
  const auto other = add_key(writer);
  EXPECT_TRUE(works(key));
  ASSERT_TRUE(directory_->remove_access_key(account, key.id, nullptr));
  EXPECT_FALSE(works(key));
  EXPECT_TRUE(works(other));
  EXPECT_EQ(code(directory_->remove_access_key(account, key.id, nullptr)), ErrorCode::not_found);
  reopen();
  EXPECT_FALSE(works(key));
  EXPECT_TRUE(works(other));
}

TEST_P(DirectoryContract, ARemovedUserTakesItsKeysAlong) {
  const auto before = add(writer);
  add(reader);
  const auto key = add_key(writer);
  const auto others = add_key(reader);
  EXPECT_TRUE(works(key));
  ASSERT_TRUE(directory_->remove_user(account, writer, nullptr));
  EXPECT_FALSE(works(key));
  EXPECT_TRUE(works(others));
  EXPECT_EQ(directory_->users(account).size(), 1U);
  EXPECT_EQ(code(directory_->remove_user(account, writer, nullptr)), ErrorCode::not_found);
  EXPECT_NE(add(writer).id, before.id);  // The name again, but not the one who had it.
  reopen();
  EXPECT_FALSE(works(key));
}

TEST_P(DirectoryContract, ASigningKeyIsForOneDayRegionAndService) {
  add(writer);
  const auto key = add_key(writer);
  for (const auto* date : {"20261124", "20261125", "20261124"})
    for (const auto& where : {region, *Region::parse("us-east-1"), region})
      for (const auto* service : {"kms", "iam", "kms"})
        EXPECT_TRUE(**directory_->signing_key(key.id, date, where, service) ==
                    *sigv4::derive_signing_key(key.secret, date, where, service));
}

TEST_P(DirectoryContract, ASigningKeyAskedForTwiceIsTheSameObject) {
  add(writer);
  const auto key = add_key(writer);
  EXPECT_EQ(*directory_->signing_key(key.id, "20261124", region, "kms"),
            *directory_->signing_key(key.id, "20261124", region, "kms"));
}

TEST_P(DirectoryContract, SurvivesScopesThatNobodyWouldSend) {
  add(writer);
  const auto key = add_key(writer);
  for (const std::size_t length : {0U, 7U, 8U, 9U, 32U, 33U, 5000U}) {
    EXPECT_TRUE(directory_->signing_key(key.id, std::string(length, '1'), region, "kms"));
    EXPECT_TRUE(directory_->signing_key(key.id, "20261124", region, std::string(length, 'k')));
  }
  EXPECT_TRUE(works(key));
}

TEST_P(DirectoryContract, StaysRightWhenMoreScopesAreAskedForThanAreKept) {
  add(writer);
  const auto key = add_key(writer);
  for (int round = 0; round < 2; ++round)
    for (int day = 20260000; day < 20261500; ++day) ASSERT_TRUE(verifies(key, std::to_string(day)));
}

TEST_P(DirectoryContract, NoSecretIsInTheStoreInTheClear) {
  add(writer, policy::administrator_policy);
  const auto key = add_key(writer);
  const auto root = add_key(std::nullopt);
  ASSERT_TRUE(directory_->set_status(account, key.id, KeyStatus::inactive, nullptr));
  ASSERT_TRUE(directory_->set_status(account, key.id, KeyStatus::active, nullptr));
  EXPECT_TRUE(works(key));
  const auto stored = everything_stored();
  for (const auto* made : {&key, &root})
    for (std::size_t at = 0; at + 8 <= made->secret.size(); ++at)
      EXPECT_EQ(stored.find(as_text(made->secret.reveal().subspan(at, 8))), std::string::npos);
  EXPECT_EQ(stored.find("kms:"), std::string::npos);  // Nor is the policy.
  EXPECT_NE(stored.find(key.id.text()), std::string::npos);
}

TEST_P(DirectoryContract, ResetsTheRootToOneNewKey) {
  add(writer);
  const auto users = add_key(writer);
  const auto first = add_key(std::nullopt);
  const auto second = add_key(std::nullopt);
  const auto foreign = *make_access_key(random_);
  ASSERT_TRUE(directory_->add_access_key(other_account, std::nullopt, foreign, nullptr));
  const auto fresh = *make_access_key(random_);
  EXPECT_TRUE(works(first));
  ASSERT_TRUE(directory_->reset_root(account, fresh, nullptr));
  for (const bool restarted : {false, true}) {
    if (restarted) reopen();
    EXPECT_FALSE(works(first));
    EXPECT_FALSE(works(second));
    EXPECT_TRUE(works(fresh));
    EXPECT_TRUE(works(users));
    EXPECT_TRUE(works(foreign));
  }
  EXPECT_EQ(code(directory_->reset_root(account, users, nullptr)), ErrorCode::already_exists);
  EXPECT_TRUE(works(fresh));
}

TEST_P(DirectoryContract, AddsAUserAndItsKeyInOneCommitOrNeither) {
  const auto key = *make_access_key(random_);
  const auto user = make_user(account, writer, policy::administrator_policy, clock_, random_);
  const storage::OutboxRecord events[] = {{.event_id = "a", .body = to_bytes("the user")},
                                          {.event_id = "b", .body = to_bytes("its key")}};
  const auto before = sealed_->revision();
  ASSERT_TRUE(directory_->add_user_with_key(user, key, events));
  EXPECT_EQ(sealed_->revision(), before + 1);
  for (const bool restarted : {false, true}) {
    if (restarted) reopen();
    EXPECT_TRUE(works(key));
    const auto caller = directory_->find(key.id);
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->user_id, user.id);
    EXPECT_EQ(caller->entitlements->identity.size(), 1U);
    const auto pending = sealed_->pending(100);
    ASSERT_EQ(pending->size(), 2U);
    EXPECT_EQ(as_text(pending->front().body), "the user");
    EXPECT_EQ(as_text(pending->back().body), "its key");
  }
  const auto fresh = *make_access_key(random_);
  const auto other = make_user(account, reader, "", clock_, random_);
  const auto bad = make_user(account, reader, "{", clock_, random_);
  EXPECT_EQ(code(directory_->add_user_with_key(user, fresh, {})), ErrorCode::already_exists);
  EXPECT_EQ(code(directory_->add_user_with_key(other, key, {})), ErrorCode::already_exists);
  EXPECT_EQ(code(directory_->add_user_with_key(bad, fresh, {})), ErrorCode::malformed_policy_document);
  EXPECT_EQ(code(directory_->add_user_with_key(other, fresh, events)), ErrorCode::conflict);
  sealed_->set_health_check([] { return Outcome(Error{ErrorCode::io, "the audit log is full"}); });
  const storage::OutboxRecord event{.event_id = "c", .body = to_bytes("{}")};
  EXPECT_EQ(code(directory_->add_user_with_key(other, fresh, {&event, 1})), ErrorCode::io);
  EXPECT_EQ(directory_->users(account).size(), 1U);
  EXPECT_EQ(directory_->access_keys(account).size(), 1U);
  EXPECT_FALSE(works(fresh));
  // What was removed and made again has its new key, and no other.
  sealed_->set_health_check([] { return ok(); });
  ASSERT_TRUE(directory_->remove_user(account, writer, nullptr));
  EXPECT_FALSE(works(key));
  ASSERT_TRUE(directory_->add_user_with_key(user, fresh, {}));
  EXPECT_TRUE(works(fresh));
  EXPECT_FALSE(works(key));
}

TEST_P(DirectoryContract, RefusesWhatIsThereAlready) {
  const auto user = add(writer);
  const auto key = add_key(writer);
  EXPECT_EQ(code(directory_->add_user(make_user(account, writer, "", clock_, random_), nullptr)),
            ErrorCode::already_exists);
  EXPECT_EQ(code(directory_->add_access_key(account, std::nullopt, key, nullptr)), ErrorCode::already_exists);
  EXPECT_EQ(directory_->users(account)[0].id, user.id);
  EXPECT_EQ(directory_->find(key.id)->arn, user.arn());
}

TEST_P(DirectoryContract, RefusesAThirdAccessKey) {
  add(writer);
  const auto first = add_key(writer);
  add_key(writer);
  add_key(std::nullopt);
  add_key(std::nullopt);
  const auto third = *make_access_key(random_);
  EXPECT_EQ(code(directory_->add_access_key(account, writer, third, nullptr)), ErrorCode::limit_exceeded);
  EXPECT_EQ(code(directory_->add_access_key(account, std::nullopt, third, nullptr)), ErrorCode::limit_exceeded);
  ASSERT_TRUE(directory_->remove_access_key(account, first.id, nullptr));
  EXPECT_TRUE(directory_->add_access_key(account, writer, third, nullptr));
}

TEST_P(DirectoryContract, RefusesWhatIsNotThereOrInAnotherAccount) {
  add(writer);
  const auto key = add_key(writer);
  const auto fresh = *make_access_key(random_);
  EXPECT_EQ(code(directory_->add_access_key(account, reader, fresh, nullptr)), ErrorCode::not_found);
  EXPECT_EQ(code(directory_->add_access_key(other_account, writer, fresh, nullptr)), ErrorCode::not_found);
  EXPECT_EQ(code(directory_->set_status(other_account, key.id, KeyStatus::inactive, nullptr)), ErrorCode::not_found);
  EXPECT_EQ(code(directory_->remove_access_key(other_account, key.id, nullptr)), ErrorCode::not_found);
  EXPECT_EQ(code(directory_->remove_user(other_account, writer, nullptr)), ErrorCode::not_found);
  EXPECT_TRUE(works(key));
}

TEST_P(DirectoryContract, CompilesIdentityPoliciesOnceAndRefusesBadOnes) {
  const UserName third = *UserName::parse("a.third+user");
  add(writer, policy::administrator_policy);
  add(reader, policy::administrator_policy);
  const auto one = *directory_->find(add_key(writer).id);
  const auto key = add_key(reader);
  EXPECT_EQ(one.entitlements->identity.size(), 1U);
  EXPECT_EQ(one.entitlements->identity, directory_->find(key.id)->entitlements->identity);
  const auto bad = make_user(account, third, R"({"Statement":{"Effect":"Allow","NotAction":"*"}})", clock_, random_);
  EXPECT_EQ(code(directory_->add_user(bad, nullptr)), ErrorCode::malformed_policy_document);
  const auto inlined = *PolicyName::parse(administered_policy_name);
  EXPECT_EQ(code(directory_->change(
                [&](Edit& edit) { return put_inline_policy<User>(edit, account, reader, inlined, "{"); })),
            ErrorCode::malformed_policy_document);
  EXPECT_FALSE(directory_->find(key.id)->entitlements->identity.empty());
  ASSERT_TRUE(
      directory_->change([&](Edit& edit) { return remove_inline_policy<User>(edit, account, reader, inlined); }));
  EXPECT_TRUE(directory_->find(key.id)->entitlements->identity.empty());
  reopen();
  EXPECT_TRUE(directory_->find(key.id)->entitlements->identity.empty());
  EXPECT_EQ(directory_->users(account).size(), 2U);
}

TEST_P(DirectoryContract, CommitsTheAuditEventWithTheChangeOrNeither) {
  int number = 0;
  const auto event = [&number] {
    return storage::OutboxRecord{.event_id = "event-" + std::to_string(++number), .body = to_bytes("{}")};
  };
  auto key = *make_access_key(random_);
  const auto fresh = *make_access_key(random_);
  auto e = event();
  ASSERT_TRUE(directory_->add_user(make_user(account, writer, "", clock_, random_), &(e = event())));
  ASSERT_TRUE(directory_->add_access_key(account, writer, key, &(e = event())));
  ASSERT_TRUE(directory_->set_status(account, key.id, KeyStatus::inactive, &(e = event())));
  ASSERT_TRUE(directory_->remove_access_key(account, key.id, &(e = event())));
  ASSERT_TRUE(directory_->remove_user(account, writer, &(e = event())));
  ASSERT_TRUE(directory_->reset_root(account, fresh, &(e = event())));
  EXPECT_EQ(sealed_->pending(100)->size(), 6U);
  EXPECT_FALSE(directory_->remove_user(account, writer, &(e = event())));
  EXPECT_EQ(sealed_->pending(100)->size(), 6U);

  sealed_->set_health_check([] { return Outcome(Error{ErrorCode::io, "the audit log is full"}); });
  EXPECT_EQ(code(directory_->add_user(make_user(account, reader, "", clock_, random_), &(e = event()))), ErrorCode::io);
  EXPECT_EQ(code(directory_->remove_access_key(account, fresh.id, &(e = event()))), ErrorCode::io);
  EXPECT_TRUE(directory_->users(account).empty());
  EXPECT_TRUE(works(fresh));
  EXPECT_EQ(sealed_->pending(100)->size(), 6U);
}

INSTANTIATE_TEST_SUITE_P(Directories, DirectoryContract, testing::Values(Kind::sealed, Kind::dev),
                         [](const auto& kind) { return kind.param == Kind::sealed ? "Sealed" : "Dev"; });

// --- What is known to a development server only.

class KnownCredentials : public testing::Test {
 protected:
  std::unique_ptr<vault::SealedStore> open_store(vault::Mode mode) {
    return *vault::SealedStore::open(*store_, vault::root_key_of(7), random_, mode);
  }
  bool signs(const Directory& directory, std::string_view id) {
    const auto secret = SecretBytes::copy_of(as_bytes("test"));
    return **directory.signing_key(*AccessKeyId::parse(id), "20261124", region, "kms") ==
           *sigv4::derive_signing_key(*secret, "20261124", region, "kms");
  }
  ManualClock clock_;
  SeededRandom random_{5};
  std::unique_ptr<storage::Store> store_ = storage::open_memory_store();
};

TEST_F(KnownCredentials, TestIsTheRootOfTheDefaultAccount) {
  const auto sealed = open_store(vault::Mode::dev);
  const auto directory = *open_dev_directory(*sealed, clock_, random_, account);
  const auto caller = directory->find(*AccessKeyId::parse("test"));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->arn, root_arn(account));
  EXPECT_EQ(caller->type, PrincipalType::root);
  EXPECT_TRUE(signs(*directory, "test"));
}

TEST_F(KnownCredentials, TwelveDigitsAreTheRootOfThatAccount) {
  const auto sealed = open_store(vault::Mode::dev);
  const auto directory = *open_dev_directory(*sealed, clock_, random_, account);
  EXPECT_EQ(directory->find(*AccessKeyId::parse("999999999999"))->arn, root_arn(other_account));
  EXPECT_TRUE(signs(*directory, "999999999999"));
  for (const auto* other : {"99999999999", "9999999999999", "Test", "test2", "99999999999a", "_"}) {
    EXPECT_FALSE(directory->find(*AccessKeyId::parse(other))) << other;
    EXPECT_FALSE(signs(*directory, other)) << other;
  }
}

TEST_F(KnownCredentials, NoAccessKeyMayTakeTheirPlace) {
  const auto sealed = open_store(vault::Mode::dev);
  const auto directory = *open_dev_directory(*sealed, clock_, random_, account);
  NewAccessKey key{.id = *AccessKeyId::parse("test"), .secret = *SecretBytes::copy_of(as_bytes("other"))};
  EXPECT_FALSE(directory->add_access_key(account, std::nullopt, key, nullptr));
  EXPECT_FALSE(directory->reset_root(account, key, nullptr));
}

TEST_F(KnownCredentials, AreRefusedOnProductionData) {
  const auto sealed = open_store(vault::Mode::production);
  const auto directory = open_dev_directory(*sealed, clock_, random_, account);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::invalid_input);
  const auto production = *open_directory(*sealed, clock_, random_);
  EXPECT_FALSE(production->find(*AccessKeyId::parse("test")));
  EXPECT_FALSE(signs(*production, "test"));
}

TEST(NewAccessKeys, HaveTheFormOfAws) {
  SystemRandom random;
  std::set<std::string> ids;
  for (int i = 0; i < 200; ++i) {
    const auto key = *make_access_key(random);
    EXPECT_EQ(key.id.text().size(), 20U);
    EXPECT_TRUE(key.id.text().starts_with("AKIA"));
    EXPECT_EQ(key.secret.size(), 40U);
    ids.emplace(key.id.text());
    ids.emplace(as_text(key.secret.reveal()));
  }
  EXPECT_EQ(ids.size(), 400U);
}

TEST(UserNames, AreThoseOfIam) {
  for (const auto* good : {"a", "ledger-writer", "A_b+c=d,e.f@g-1"}) EXPECT_TRUE(UserName::parse(good)) << good;
  EXPECT_TRUE(UserName::parse(std::string(64, 'x')));
  EXPECT_FALSE(UserName::parse(std::string(65, 'x')));
  for (int c = 0; c < 256; ++c) {
    const std::string name = {'a', static_cast<char>(c)};
    const bool good = c < 128 && (std::isalnum(c) != 0 ||
                                  std::string_view("+=,.@_-").find(static_cast<char>(c)) != std::string_view::npos);
    EXPECT_EQ(UserName::parse(name).has_value(), good) << c;
    if (good) {
      EXPECT_EQ(user_arn(account, *UserName::parse(name)).text(), "arn:aws:iam::123456789012:user/" + name);
    }
  }
  EXPECT_FALSE(UserName::parse(""));
}

}  // namespace
}  // namespace keyfold::identity
