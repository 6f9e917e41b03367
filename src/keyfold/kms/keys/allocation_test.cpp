// The fast lane allocates nothing: counted at malloc itself, so that libcrypto's allocations count too.

#include <gtest/gtest.h>

#include "keyfold/kms/keys/keys_world.h"
#include "keyfold/testing/count_malloc.h"

#if KEYFOLD_COUNTS_MALLOC

namespace keyfold::keys {
namespace {

TEST(FastLane, AllocatesNothingOnceItIsWarm) {
  World world;
  const auto key = world.create(), other = world.create();
  must(world.create_alias("alias/x", *key));
  const EncryptionContext context{{"tenant", "acme"}, {"purpose", "ledger"}};
  std::vector<ContextPair> pairs;
  const auto view = context.view(pairs);
  const auto digest = must(digest_of(view));
  constexpr std::string_view root_arn = "arn:aws:iam::111122223333:root";
  const auto caller = World::root_of(world.place.account, root_arn);
  const policy::Authorizer authorizer;
  policy::Reason reason;
  const auto access = [&](const KeyRecord& record) {
    return policy::KeyAccess{
        .key = record.arn, .policy = record.policy->document, .epoch = record.epoch, .context = view, .digest = digest};
  };
  const Bytes plaintext(4096, std::byte{1});
  const std::string id(key->id.text()), arn(key->arn.text()), other_arn(other->arn.text());
  Bytes blob, data_key_blob, moved;
  std::size_t failures = 0;
  const auto count = [&](bool succeeded) { failures += succeeded ? 0 : 1; };
  const auto round = [&] {
    auto found = world.keys->find(world.place, "alias/x");
    count(world.keys
              ->encrypt(*authorizer.authorize<op::Encrypt>(caller, access(*found->key), reason), plaintext, view, blob)
              .has_value());
    found = world.keys->find_for_blob(world.place, blob);
    count(world.keys->decrypt(*authorizer.authorize<op::Decrypt>(caller, access(*found->key), reason), blob, view)
              .has_value());
    found = world.keys->find(world.place, id);
    count(world.keys
              ->generate_data_key(*authorizer.authorize<op::GenerateDataKey>(caller, access(*found->key), reason), 32,
                                  view, data_key_blob)
              .has_value());
    found = world.keys->find(world.place, arn);
    count(world.keys
              ->generate_data_key_without_plaintext(
                  *authorizer.authorize<op::GenerateDataKeyWithoutPlaintext>(caller, access(*found->key), reason), 32,
                  view, data_key_blob)
              .has_value());
    const auto to = world.keys->find(world.place, other_arn);
    count(world.keys
              ->re_encrypt(*authorizer.authorize<op::ReEncryptFrom>(caller, access(*found->key), reason),
                           *authorizer.authorize<op::ReEncryptTo>(caller, access(*to->key), reason), blob, view, view,
                           moved)
              .has_value());
    count(
        world.keys->generate_random(*authorizer.authorize<op::GenerateRandom>(caller, reason), world.place.account, 32)
            .has_value());
  };
  for (int i = 0; i < 100; ++i) round();
  const auto before = malloc_calls();
  constexpr int rounds = 10000;
  for (int i = 0; i < rounds; ++i) round();
  const auto counted = malloc_calls() - before;
  EXPECT_EQ(failures, 0U);
  EXPECT_EQ(counted, 0U) << "in " << rounds << " rounds of six calls";
  EXPECT_GT(before, 0U) << "the counter does not count";
}

}  // namespace
}  // namespace keyfold::keys

#endif
