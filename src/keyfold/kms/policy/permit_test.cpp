#include "keyfold/kms/policy/permit.h"

#include <type_traits>

#include "keyfold/kms/policy/policy_testing.h"

namespace keyfold::policy {
namespace {

static_assert(!std::is_copy_constructible_v<Permit<op::Encrypt>> && !std::is_copy_assignable_v<Permit<op::Encrypt>>);
static_assert(!std::is_default_constructible_v<Permit<op::Encrypt>>);
static_assert(std::is_nothrow_move_constructible_v<Permit<op::Encrypt>>);
static_assert(!std::is_convertible_v<Permit<op::Encrypt>, Permit<op::Decrypt>> &&
              !std::is_constructible_v<Permit<op::Decrypt>, Permit<op::Encrypt>>);
static_assert(!std::is_constructible_v<Permit<op::Decrypt>, Permit<op::ReEncryptFrom>>);
static_assert(!std::is_constructible_v<Permit<op::Decrypt>, KeyArn, ContextDigest, SnapshotEpoch>);
static_assert(!std::is_constructible_v<Permit<op::Decrypt>, MaintenancePermit>);
static_assert(!std::is_constructible_v<MaintenancePermit, KeyArn, MaintenanceTask>);
static_assert(!std::is_copy_constructible_v<AccountPermit<op::CreateKey>> &&
              !std::is_constructible_v<AccountPermit<op::ListKeys>, AccountPermit<op::CreateKey>>);
static_assert(!std::is_copy_constructible_v<MaintenancePermit> && !std::is_copy_constructible_v<Maintenance>);

const ContextDigest digest{std::byte{1}, std::byte{2}};
const KeyArn other_key = *KeyArn::parse("arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ac");

Permit<op::Decrypt> permit() {
  const auto policy = key_policy(R"({"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"})");
  const auto arn = user_of(home(), "ledger-reader");
  const KeyAccess access{.key = sample_key(), .policy = policy, .epoch = 7, .context = {}, .digest = digest};
  Reason reason;
  auto made = Authorizer().authorize<op::Decrypt>({.arn = arn, .account = home()}, access, reason);
  KEYFOLD_CHECK(made.has_value());
  return *std::move(made);
}

ErrorCode code(const Outcome& outcome) {
  EXPECT_FALSE(outcome);
  return outcome.error().code;
}

TEST(Permit, IsGoodForOneUse) {
  auto once = permit();
  EXPECT_TRUE(once.spend(sample_key(), digest, 7));
  EXPECT_EQ(code(once.spend(sample_key(), digest, 7)), ErrorCode::internal);
}

TEST(Permit, IsSpentByARefusedUseToo) {
  auto once = permit();
  EXPECT_EQ(code(once.spend(other_key, digest, 7)), ErrorCode::internal);
  EXPECT_EQ(code(once.spend(sample_key(), digest, 7)), ErrorCode::internal);
}

TEST(Permit, IsBoundToKeyContextAndEpoch) {
  EXPECT_EQ(code(permit().spend(other_key, digest, 7)), ErrorCode::internal);
  for (std::size_t bit = 0; bit < 256; ++bit) {
    ContextDigest other = digest;
    other[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_EQ(code(permit().spend(sample_key(), other, 7)), ErrorCode::internal);
  }
  EXPECT_EQ(code(permit().spend(sample_key(), digest, 8)), ErrorCode::conflict);
  EXPECT_EQ(code(permit().spend(sample_key(), digest, 6)), ErrorCode::conflict);
}

TEST(Permit, MovesWithItsUse) {
  auto first = permit();
  auto second = std::move(first);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is the question.
  EXPECT_EQ(code(first.spend(sample_key(), digest, 7)), ErrorCode::internal);
  EXPECT_TRUE(second.spend(sample_key(), digest, 7));
  auto third = std::move(second);
  EXPECT_EQ(code(third.spend(sample_key(), digest, 7)), ErrorCode::internal);
}

TEST(MaintenancePermit, IsForOneTaskOnOneKeyOnce) {
  const Maintenance maintenance;
  EXPECT_TRUE(maintenance.permit(sample_key(), MaintenanceTask::rotate).spend(sample_key(), MaintenanceTask::rotate));
  EXPECT_FALSE(maintenance.permit(sample_key(), MaintenanceTask::rotate).spend(sample_key(), MaintenanceTask::destroy));
  EXPECT_FALSE(maintenance.permit(sample_key(), MaintenanceTask::rotate).spend(other_key, MaintenanceTask::rotate));
  auto once = maintenance.permit(sample_key(), MaintenanceTask::destroy);
  EXPECT_TRUE(once.spend(sample_key(), MaintenanceTask::destroy));
  EXPECT_FALSE(once.spend(sample_key(), MaintenanceTask::destroy));
}

TEST(AccountPermit, IsForOneAccountOrOneAlias) {
  const auto everything = identity_policy(R"({"Effect":"Allow","Action":"kms:*","Resource":"*"})");
  const auto arn = user_of(home(), "keeper");
  const Caller caller{.arn = arn, .account = home(), .identity = only(&everything)};
  const auto alias = *AliasArn::parse("arn:aws:kms:us-west-2:111122223333:alias/ledger");
  const auto other = *AliasArn::parse("arn:aws:kms:us-west-2:111122223333:alias/ledgers");
  Reason reason;
  auto create = Authorizer().authorize<op::CreateKey>(caller, reason);
  ASSERT_TRUE(create);
  EXPECT_TRUE(create->spend(home()));
  EXPECT_FALSE(create->spend(home()));
  EXPECT_FALSE(Authorizer().authorize<op::CreateKey>(caller, reason)->spend(abroad()));
  EXPECT_TRUE(Authorizer().authorize<op::CreateAlias>(caller, alias, reason)->spend(alias));
  EXPECT_FALSE(Authorizer().authorize<op::CreateAlias>(caller, alias, reason)->spend(other));
}

}  // namespace
}  // namespace keyfold::policy
