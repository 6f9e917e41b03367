#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <random>
#include <thread>

#include "keyfold/kms/keys/grant_directory.h"
#include "keyfold/kms/keys/keys_world.h"
#include "keyfold/kms/keys/record_codec.h"
#include "keyfold/testing/count_malloc.h"

namespace keyfold::keys {
namespace {

using policy::GrantConstraint;
using policy::GrantOperation;
using policy::GrantOperations;
using policy::MaintenanceTask;

const std::string reader = "arn:aws:iam::111122223333:user/reader";
const std::string writer = "arn:aws:iam::111122223333:user/writer";

NewGrant grant_to(std::string grantee, std::initializer_list<GrantOperation> operations = {GrantOperation::decrypt}) {
  NewGrant grant{.issuer = *AccountId::parse(test_account)};
  grant.grantee = std::move(grantee);
  for (const auto operation : operations) grant.operations.add(operation);
  return grant;
}

Result<Grant> create(World& world, const KeyRecord& key, NewGrant grant) {
  std::vector<ContextPair> pairs;
  const auto context = grant.pairs.view(pairs);
  return world.keys->create_grant(world.permit<op::CreateGrant>(key, context), world.keys->new_grant_id(),
                                  std::move(grant), world.event());
}

std::vector<std::string> ids(const std::vector<Grant>& grants) {
  std::vector<std::string> ids;
  for (const auto& grant : grants) ids.emplace_back(grant->id().text());
  std::ranges::sort(ids);
  return ids;
}

std::size_t given(const World& world, const KeyRecord& key, std::string_view principal, GrantOperation operation,
                  const ContextView& context = {}) {
  std::vector<Grant> grants;
  world.keys->collect_grants(key.arn, principal, operation, context, grants);
  return grants.size();
}

TEST(Grants, ApplyAtOnceAndAfterARestartUntilTheyEnd) {
  World world;
  const auto key = world.create(), other = world.create();
  const auto kept = must(create(world, *key, grant_to(reader)));
  const auto retired = must(create(world, *key, grant_to(writer)));
  const auto revoked = must(create(world, *key, grant_to(writer, {GrantOperation::encrypt})));
  EXPECT_EQ(given(world, *key, reader, GrantOperation::decrypt), 1U);
  EXPECT_EQ(given(world, *key, reader, GrantOperation::encrypt), 0U);
  EXPECT_EQ(given(world, *other, reader, GrantOperation::decrypt), 0U);
  world.reopen();
  EXPECT_EQ(given(world, *key, writer, GrantOperation::decrypt), 1U);
  EXPECT_EQ(ids(must(world.keys->list_grants(*key, {}, 10, "")).items), ids({kept, retired, revoked}));
  must(world.keys->retire_grant(world.permit<op::RetireGrant>(*key), retired->id(), world.event()));
  must(world.keys->revoke_grant(world.permit<op::RevokeGrant>(*key), revoked->id(), world.event()));
  EXPECT_EQ(given(world, *key, writer, GrantOperation::decrypt), 0U);
  EXPECT_EQ(given(world, *key, writer, GrantOperation::encrypt), 0U);
  EXPECT_EQ(code_of(world.keys->retire_grant(world.permit<op::RetireGrant>(*key), retired->id(), world.event())),
            ErrorCode::not_found);
  EXPECT_EQ(code_of(world.keys->revoke_grant(world.permit<op::RevokeGrant>(*other), kept->id(), world.event())),
            ErrorCode::not_found);
  world.reopen();
  EXPECT_EQ(ids(must(world.keys->list_grants(*key, {}, 10, "")).items), ids({kept}));
}

TEST(Grants, AreWhatTheyWereAfterARestart) {
  World world;
  const auto key = world.create();
  NewGrant what = grant_to("arn:aws:sts::444455556666:assumed-role/batch/nightly",
                           {GrantOperation::re_encrypt_from, GrantOperation::create_grant});
  what.issuer = *AccountId::parse(other_account);
  what.name = "nightly";
  what.retiring = "arn:aws:iam::444455556666:root";
  what.constraint = GrantConstraint::Kind::subset;
  what.pairs = {{"domain", "cards"}, {"Domain", "ü"}};
  const auto made = must(create(world, *key, what));
  world.reopen();
  const auto found = must(world.keys->find_grant(key->arn, made->id().text()));
  EXPECT_EQ(found->what(), what);
  EXPECT_EQ(found->created(), made->created());
  EXPECT_EQ(found->epoch(), made->epoch());
  EXPECT_EQ(found->for_policy().id(), made->id().text());
  EXPECT_EQ(found->for_policy().retiring->text, "444455556666");
}

TEST(Grants, ARecordThatIsNotSoundIsFoundAtTheStart) {
  World world;
  const auto key = world.create();
  const auto made = must(create(world, *key, grant_to(reader)));
  const auto name = grant_name(key->arn, made->id());
  const Bytes sound = write_grant(made->what(), made->created());
  ASSERT_TRUE(read_grant(name, 1, sound));
  for (std::size_t length = 0; length < sound.size(); ++length)
    EXPECT_EQ(code_of(read_grant(name, 1, BytesView(sound).first(length))), ErrorCode::corrupt) << length;
  const vault::RecordName nameless(vault::RecordType::grant, key->place.account, key->place.region, "x");
  EXPECT_EQ(code_of(read_grant(nameless, 1, sound)), ErrorCode::corrupt);
  // On a key that is not there.
  const auto stray =
      grant_name(key_arn(key->place.region, key->place.account, world.keys->new_key_id(MultiRegion::no)), made->id());
  const std::array changes{vault::Change{.name = stray, .expected_version = 0, .value = sound}};
  must(world.store->commit(changes, nullptr));
  EXPECT_EQ(code_of(Keys::open(*world.store, world.clock, world.random)), ErrorCode::corrupt);
}

TEST(Grants, ANameMakesTheSameRequestFindTheSameGrant) {
  World world;
  const auto key = world.create();
  NewGrant what = grant_to(reader);
  EXPECT_EQ(world.keys->find_same_grant(key->arn, what), nullptr);
  must(create(world, *key, what));
  EXPECT_EQ(world.keys->find_same_grant(key->arn, what), nullptr);  // It has no name.
  what.name = "one";
  const auto made = must(create(world, *key, what));
  EXPECT_EQ(world.keys->find_same_grant(key->arn, what), made);
  EXPECT_EQ(code_of(create(world, *key, what)), ErrorCode::conflict);
  const std::vector<std::function<void(NewGrant&)>> changes = {
      [](NewGrant& g) { g.name = "two"; },
      [](NewGrant& g) { g.grantee = writer; },
      [](NewGrant& g) { g.retiring = writer; },
      [](NewGrant& g) { g.operations.add(GrantOperation::encrypt); },
      [](NewGrant& g) { g.issuer = *AccountId::parse(other_account); },
      [](NewGrant& g) { g.constraint = GrantConstraint::Kind::equals, g.pairs = {{"a", "b"}}; }};
  for (const auto& change : changes) {
    NewGrant other = what;
    change(other);
    EXPECT_EQ(world.keys->find_same_grant(key->arn, other), nullptr);
    EXPECT_TRUE(create(world, *key, other));
  }
  EXPECT_EQ(world.keys->find_same_grant(world.create()->arn, what), nullptr);
}

TEST(Grants, CannotBeWhatAKeyCannotDoOrLargerThanTheirLimits) {
  World world;
  const auto key = world.create();
  const auto refused = [&](const NewGrant& grant) {
    const auto code = code_of(world.keys->check_grant(*key, grant));
    EXPECT_EQ(code_of(create(world, *key, grant)), code);
    return code;
  };
  EXPECT_EQ(refused(grant_to(reader, {})), ErrorCode::validation);
  for (const auto operation :
       {GrantOperation::sign, GrantOperation::verify, GrantOperation::get_public_key, GrantOperation::generate_mac,
        GrantOperation::verify_mac, GrantOperation::derive_shared_secret})
    EXPECT_EQ(refused(grant_to(reader, {GrantOperation::decrypt, operation})), ErrorCode::validation);
  EXPECT_EQ(refused(grant_to("arn:aws:iam::111122223333:group/g")), ErrorCode::invalid_arn);
  NewGrant grant = grant_to(reader);
  grant.retiring = "reader";
  EXPECT_EQ(refused(grant), ErrorCode::invalid_arn);
  grant = grant_to(reader);
  grant.constraint = GrantConstraint::Kind::equals;
  EXPECT_EQ(refused(grant), ErrorCode::validation);
  for (int i = 0; i < 8; ++i) grant.pairs.set("k" + std::to_string(i), std::string(46, 'v'));  // 384 characters.
  EXPECT_TRUE(world.keys->check_grant(*key, grant));
  NewGrant nine = grant;
  nine.pairs.set("k8", "");
  EXPECT_EQ(refused(nine), ErrorCode::validation);
  grant.pairs.set("k0", std::string(45, 'v') + "ü");  // Two bytes, one character.
  EXPECT_TRUE(world.keys->check_grant(*key, grant));
  grant.pairs.set("k0", std::string(47, 'v'));
  EXPECT_EQ(refused(grant), ErrorCode::validation);
}

TEST(Grants, AreMadeOnEnabledKeysOnlyAndEndOnAny) {
  World world;
  auto key = world.create();
  const auto one = must(create(world, *key, grant_to(reader))), two = must(create(world, *key, grant_to(reader)));
  key = world.disable(*key);
  EXPECT_EQ(code_of(create(world, *key, grant_to(reader))), ErrorCode::disabled);
  must(world.keys->retire_grant(world.permit<op::RetireGrant>(*key), one->id(), world.event()));
  key = world.schedule_deletion(*key);
  EXPECT_EQ(code_of(create(world, *key, grant_to(reader))), ErrorCode::invalid_state);
  must(world.keys->revoke_grant(world.permit<op::RevokeGrant>(*key), two->id(), world.event()));
}

TEST(Grants, GoWithTheirKey) {
  World world;
  auto key = world.create();
  const auto other = world.create();
  for (int i = 0; i < 20; ++i) must(create(world, *key, grant_to(i % 2 == 0 ? reader : writer)));
  const auto kept = must(create(world, *other, grant_to(reader)));
  key = world.schedule_deletion(*key);
  world.clock.advance(std::chrono::hours(24 * 8));
  must(world.keys->destroy_due(world.maintenance(key->arn, MaintenanceTask::destroy), world.event()));
  EXPECT_EQ(given(world, *key, reader, GrantOperation::decrypt), 0U);
  EXPECT_TRUE(must(world.keys->list_grants(*key, {}, 10, "")).items.empty());
  world.reopen();  // Where one that was left behind would be found.
  EXPECT_EQ(ids(must(world.keys->list_grants(*other, {}, 10, "")).items), ids({kept}));
}

TEST(Grants, AreListedByPagesByKeyByGranteeAndByRetiringPrincipal) {
  World world;
  const auto one = world.create(), two = world.create();
  std::vector<Grant> of_one, of_reader, retirable;
  for (int i = 0; i < 25; ++i) {
    auto what = grant_to(i % 3 == 0 ? reader : writer);
    if (i % 2 == 0) what.retiring = "arn:aws:iam::111122223333:role/cleaner";
    const auto& key = i % 5 == 0 ? *two : *one;
    const auto made = must(create(world, key, what));
    if (&key == one.get()) of_one.push_back(made);
    if (&key == one.get() && i % 3 == 0) of_reader.push_back(made);
    if (i % 2 == 0) retirable.push_back(made);
  }
  const auto all = [&](auto&& list) {
    std::vector<Grant> grants;
    std::string marker;
    do {
      auto page = must(list(marker));
      EXPECT_LE(page.items.size(), 4U);
      grants.insert(grants.end(), page.items.begin(), page.items.end());
      marker = page.next_marker;
    } while (!marker.empty());
    return ids(grants);
  };
  EXPECT_EQ(all([&](const auto& marker) { return world.keys->list_grants(*one, {}, 4, marker); }), ids(of_one));
  EXPECT_EQ(all([&](const auto& marker) { return world.keys->list_grants(*one, reader, 4, marker); }), ids(of_reader));
  const auto cleaner = "arn:aws:iam::111122223333:role/cleaner";
  EXPECT_EQ(all([&](const auto& marker) {
              return world.keys->list_retirable_grants(world.place.region, cleaner, 4, marker);
            }),
            ids(retirable));
  const auto elsewhere = must(world.keys->list_retirable_grants(*Region::parse("us-east-1"), cleaner, 4, ""));
  EXPECT_TRUE(elsewhere.items.empty());
  const auto marker = must(world.keys->list_grants(*one, {}, 4, "")).next_marker;
  EXPECT_EQ(code_of(world.keys->list_grants(*two, {}, 4, marker)), ErrorCode::invalid_marker);
  EXPECT_EQ(code_of(world.keys->list_grants(*one, reader, 4, marker)), ErrorCode::invalid_marker);
}

// ---- What applies: by the directory's search, and by looking at every grant.

TEST(Grants, WhatIsFoundIsWhatLookingAtEachOneFinds) {
  World world;
  const auto key = world.create(), other = world.create();
  std::mt19937 random(1);
  GrantDirectory directory;
  std::vector<Grant> all;
  const auto context = [&] {
    EncryptionContext pairs;
    for (auto n = random() % 4; n > 0; --n)
      pairs.set(random() % 2 == 0 ? "a" : "b" + std::to_string(random() % 2), std::to_string(random() % 3));
    return pairs;
  };
  const auto random_grant = [&] {
    NewGrant grant = grant_to(random() % 2 == 0 ? reader : writer, {});
    for (const auto operation : {GrantOperation::decrypt, GrantOperation::encrypt, GrantOperation::create_grant,
                                 GrantOperation::describe_key, GrantOperation::retire_grant})
      if (random() % 3 == 0) grant.operations.add(operation);
    grant.pairs = context();
    if (!grant.pairs.empty())
      grant.constraint = random() % 2 == 0 ? GrantConstraint::Kind::equals : GrantConstraint::Kind::subset;
    return std::make_shared<const GrantRecord>(random() % 4 == 0 ? other->arn : key->arn, world.keys->new_grant_id(),
                                               std::move(grant), Timestamp(), 1);
  };
  std::size_t found_some = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<Grant> removed, added;
    for (int i = 0; i < 3 && all.size() > 10; ++i) {
      const auto at = all.begin() + static_cast<std::ptrdiff_t>(random() % all.size());
      removed.push_back(*at);
      all.erase(at);
    }
    for (int i = 0; i < 4 && all.size() < 30; ++i) added.push_back(random_grant());
    all.insert(all.end(), added.begin(), added.end());
    directory.change(removed, added);
    for (int i = 0; i < 20; ++i) {
      const auto& grantee = random() % 2 == 0 ? reader : writer;
      const auto operation = static_cast<GrantOperation>(random() % policy::grant_operation_count);
      const auto asked = context();
      std::vector<ContextPair> pairs;
      const auto view = asked.view(pairs);
      std::vector<Grant> expected, found;
      for (const auto& grant : all)
        if (grant->key() == key->arn && grant->what().grantee == grantee && grant->what().operations.has(operation) &&
            (has_no_context(operation) || grant->for_policy().terms.constraint.holds(view)))
          expected.push_back(grant);
      directory.collect(key->arn, grantee, operation, view, found);
      if (operation == GrantOperation::create_grant) {
        ASSERT_EQ(ids(found), ids(expected));
      } else {
        ASSERT_EQ(found.size(), expected.empty() ? 0U : 1U);
        if (!found.empty()) {
          ASSERT_NE(std::ranges::find(expected, found[0]), expected.end());
        }
      }
      found_some += found.empty() ? 0 : 1;
    }
    ASSERT_EQ(directory.count(key->arn) + directory.count(other->arn), all.size());
  }
  EXPECT_GT(found_some, 500U);
}

// ---- Tokens.

TEST(GrantTokens, SayTheirGrantAndNothingElseIsOne) {
  World world;
  const auto key = world.create();
  const auto grant = must(create(world, *key, grant_to(reader)));
  const auto token = must(world.keys->make_grant_token(key->arn, grant->id()));
  EXPECT_LE(token.size(), 8192U);
  EXPECT_NE(token, must(world.keys->make_grant_token(key->arn, grant->id())));
  const auto read = must(world.keys->read_grant_token(token));
  EXPECT_EQ(read.key, key->arn);
  EXPECT_EQ(read.grant, grant->id());
  Bytes sealed = must(from_base64(token));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    sealed[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_EQ(code_of(world.keys->read_grant_token(to_base64(sealed))), ErrorCode::invalid_grant_token) << bit;
    sealed[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  for (std::size_t length = 0; length < sealed.size(); ++length)
    EXPECT_FALSE(world.keys->read_grant_token(to_base64(BytesView(sealed).first(length))));
  for (const auto* const text : {"", "x", "AA==", "not base64 at all", "=AAA"})
    EXPECT_EQ(code_of(world.keys->read_grant_token(text)), ErrorCode::invalid_grant_token) << text;
  // Of another store, and of another purpose.
  World stranger;
  stranger.keys.reset();
  stranger.store.reset();
  stranger.memory = storage::open_memory_store();
  must(stranger.vault_random.secret(32));  // So that it is not the same store.
  stranger.reopen();
  stranger.create();
  EXPECT_EQ(code_of(stranger.keys->read_grant_token(token)), ErrorCode::invalid_grant_token);
  const auto other = must(world.store->seal_token(
      "keyfold/session-token/v1", {.account = world.place.account, .region = world.place.region}, as_bytes("x")));
  EXPECT_EQ(code_of(world.keys->read_grant_token(to_base64(other))), ErrorCode::invalid_grant_token);
  world.reopen();
  EXPECT_TRUE(world.keys->read_grant_token(token));
}

// ---- Fifty thousand.

double microseconds_each(std::size_t times, const std::function<void(std::size_t)>& work) {
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < times; ++i) work(i);
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() /
         static_cast<double>(times);
}

// All to one grantee, so that only the search tells them apart; written in one commit.
void fill(World& world, const KeyRecord& key, std::size_t count) {
  std::vector<Bytes> values;
  std::vector<vault::Change> changes;
  values.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    NewGrant what = grant_to(reader, {GrantOperation::generate_data_key, GrantOperation::describe_key});
    what.constraint = i % 2 == 0 ? GrantConstraint::Kind::equals : GrantConstraint::Kind::subset;
    what.pairs = {{"tenant", std::to_string(i)}};
    values.push_back(write_grant(what, world.clock.now()));
    changes.push_back({.name = grant_name(key.arn, world.keys->new_grant_id()),
                       .expected_version = 0,
                       .value = BytesView(values.back())});
  }
  must(world.store->commit(changes, nullptr));
  world.reopen();
}

TEST(Grants, AKeyHasFiftyThousandOfThemAndNoMoreAndFindsOneAsFast) {
  World world;
  const auto key = world.create(), small = world.create();
  fill(world, *key, grants_max - 1);
  must(create(world, *small, grant_to(reader, {GrantOperation::generate_data_key})));
  const auto last = microseconds_each(1, [&](std::size_t) { must(create(world, *key, grant_to(reader))); });
  EXPECT_EQ(code_of(create(world, *key, grant_to(writer))), ErrorCode::limit_exceeded);
  std::vector<Grant> out;
  std::vector<ContextPair> pairs;
  std::size_t found = 0;
  const auto find = [&](const KeyRecord& of, const std::string& tenant) {
    const EncryptionContext context{{"tenant", tenant}};
    const auto view = context.view(pairs);
    return microseconds_each(20000, [&](std::size_t) {
      out.clear();
      world.keys->collect_grants(of.arn, reader, GrantOperation::generate_data_key, view, out);
      found += out.size();
    });
  };
  const auto one = find(*small, "31416"), hit = find(*key, "31416"), miss = find(*key, "x");
  EXPECT_EQ(found, 40000U);
  std::cout << "look-up: " << one << " us with one grant on the key, " << hit << " us with 50,000 (" << miss
            << " us when none applies); CreateGrant there: " << last << " us\n";
}

#if KEYFOLD_COUNTS_MALLOC
TEST(Grants, AreFoundWithoutAllocating) {
  World world;
  const auto key = world.create();
  must(create(world, *key, grant_to(reader)));
  NewGrant constrained = grant_to(writer);
  constrained.constraint = GrantConstraint::Kind::subset;
  constrained.pairs = {{"tenant", "acme"}};
  must(create(world, *key, constrained));
  const EncryptionContext context{{"purpose", "ledger"}, {"tenant", "acme"}};
  std::vector<ContextPair> pairs;
  const auto view = context.view(pairs);
  std::vector<Grant> out;
  out.reserve(8);
  std::size_t found = 0;
  const auto before = malloc_calls();
  for (int i = 0; i < 1000; ++i) {
    out.clear();
    world.keys->collect_grants(key->arn, reader, GrantOperation::decrypt, view, out);
    world.keys->collect_grants(key->arn, writer, GrantOperation::decrypt, view, out);
    found += out.size();
  }
  EXPECT_EQ(malloc_calls() - before, 0U);
  EXPECT_EQ(found, 2000U);
}
#endif

TEST(Grants, AreFoundByOthersWhileTheyComeAndGo) {
  World world;
  const auto key = world.create();
  const auto kept = must(create(world, *key, grant_to(reader)));
  std::atomic<bool> done = false;
  std::atomic<std::size_t> missed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      std::vector<Grant> out;
      while (!done) {
        out.clear();
        world.keys->collect_grants(key->arn, reader, GrantOperation::decrypt, {}, out);
        if (out.empty()) ++missed;
        (void)world.keys->list_grants(*key, {}, 10, "");
      }
    });
  for (int i = 0; i < 100; ++i) {
    const auto made = must(create(world, *key, grant_to(reader, {GrantOperation::encrypt})));
    must(world.keys->revoke_grant(world.permit<op::RevokeGrant>(*key), made->id(), world.event()));
  }
  done = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(missed, 0U);
}

}  // namespace
}  // namespace keyfold::keys
