// That finding a caller and its signing key allocates nothing: malloc itself is counted.

#include <gtest/gtest.h>

#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/vault/vault_testing.h"
#include "keyfold/testing/count_malloc.h"

#if KEYFOLD_COUNTS_MALLOC

namespace keyfold::identity {
namespace {

TEST(Allocations, NoneInFindingACallerAndItsSigningKey) {
  const auto account = *AccountId::parse("123456789012");
  const auto region = *Region::parse("eu-central-1");
  const auto name = *UserName::parse("a-user-whose-name-is-not-short");
  ManualClock clock;
  SystemRandom random;
  const auto store = storage::open_memory_store();
  const auto sealed = *vault::SealedStore::open(*store, vault::root_key_of(7), random, vault::Mode::dev);
  const auto directory = *open_dev_directory(*sealed, clock, random, account);
  const auto key = *make_access_key(random);
  ASSERT_TRUE(directory->add_user(make_user(account, name, policy::administrator_policy, clock, random), nullptr));
  ASSERT_TRUE(directory->add_access_key(account, name, key, nullptr));

  for (const auto& id : {key.id, *AccessKeyId::parse("test"), *AccessKeyId::parse("AKIANOBODYNOBODYNOBO")}) {
    ASSERT_TRUE(directory->signing_key(id, "20261124", region, "kms"));
    const std::size_t before = malloc_calls();
    std::size_t found = 0;
    for (int i = 0; i < 1000; ++i) {
      const auto caller = directory->find(id);
      const auto signing = directory->signing_key(id, "20261124", region, "kms");
      if (signing && (!caller || caller->for_policy().arn == caller->arn.text())) ++found;
    }
    EXPECT_EQ(malloc_calls() - before, 0U) << id.text();
    EXPECT_EQ(found, 1000U);
  }
}

}  // namespace
}  // namespace keyfold::identity

#endif
