// Callers are found while users come and go.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "keyfold/core/sigv4/signing_key.h"
#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/vault/vault_testing.h"

namespace keyfold::identity {
namespace {

const AccountId account = *AccountId::parse("123456789012");
const Region region = *Region::parse("eu-central-1");

TEST(DirectoryConcurrency, AKeyThatWasDeactivatedIsNotFoundByRequestsThatStartLater) {
  SystemClock clock;
  SystemRandom random;
  const auto store = storage::open_memory_store();
  const auto sealed = *vault::open_with(*store, random);
  const auto directory = *open_directory(*sealed, clock, random);
  const auto steady = *make_access_key(random);
  const auto changing = *make_access_key(random);
  ASSERT_TRUE(directory->add_access_key(account, std::nullopt, steady, nullptr));
  ASSERT_TRUE(directory->add_access_key(account, std::nullopt, changing, nullptr));
  const auto right = *sigv4::derive_signing_key(steady.secret, "20261124", region, "kms");
  const auto changing_right = *sigv4::derive_signing_key(changing.secret, "20261124", region, "kms");

  // Odd: `changing` is certainly inactive. Even: it may be either.
  std::atomic<unsigned> phase = 0;
  std::atomic<int> wrong = 0;
  std::atomic<int> served = 0;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      while (!stop) {
        const auto caller = directory->find(steady.id);
        const auto key = directory->signing_key(steady.id, "20261124", region, "kms");
        if (!caller || !key || !(**key == right)) ++wrong;
        const unsigned before = phase;
        const bool found = directory->find(changing.id).has_value();
        const auto other = directory->signing_key(changing.id, "20261124", region, "kms");
        const bool signs = other && **other == changing_right;
        if (before % 2 == 1 && phase == before && (found || signs)) ++wrong;
        ++served;
      }
    });
  for (int i = 0; i < 100; ++i) {
    const int had = served;
    EXPECT_TRUE(directory->set_status(account, changing.id, KeyStatus::inactive, nullptr));
    ++phase;
    while (served < had + 8) std::this_thread::yield();
    ++phase;
    EXPECT_TRUE(directory->set_status(account, changing.id, KeyStatus::active, nullptr));
    const auto user = make_user(account, *UserName::parse("user-" + std::to_string(i)), "", clock, random);
    EXPECT_TRUE(directory->add_user(user, nullptr));
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(directory->users(account).size(), 100U);
}

}  // namespace
}  // namespace keyfold::identity
