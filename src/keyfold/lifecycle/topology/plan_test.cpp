// Looking, planning and applying against a KMS in memory: from nothing to everything, from anywhere in between, and
// what was changed by hand.

#include "keyfold/lifecycle/topology/plan.h"

#include <gtest/gtest.h>

#include "keyfold/lifecycle/topology/apply.h"
#include "keyfold/lifecycle/topology/key_policy.h"
#include "keyfold/lifecycle/topology/names.h"
#include "keyfold/lifecycle/topology/report.h"
#include "keyfold/lifecycle/topology/shop_test.h"

namespace keyfold::topology {
namespace {

using testing::FakeManagement;
using testing::no_pause;
using testing::parsed;
using testing::shop;
using testing::shop_toml;

constexpr std::string_view cards_alias = "alias/shop/production/payments/cards";

class Applied : public ::testing::Test {
 protected:
  Topology topology = shop();
  std::shared_ptr<FakeManagement> frankfurt = std::make_shared<FakeManagement>(),
                                  dublin = std::make_shared<FakeManagement>("eu-west-1");
  RegionalKms clients{{"eu-central-1", frankfurt}, {"eu-west-1", dublin}};
  std::vector<std::string> reported;
  Unreadable unreadable = Unreadable::in_doubt;

  Plan plan() {
    const auto found = look(clients, topology, no_pause);
    if (!found) ADD_FAILURE() << found.error().message;
    return make_plan(topology, *found, unreadable);
  }
  Result<ApplySummary> apply_now(Deletion deletion = Deletion::refused) {
    return apply(plan(), clients, deletion, [&](const Done& done) { reported.push_back(done_text(done)); }, no_pause);
  }
  // A second one has nothing to do, and calls nothing that writes.
  void expect_settled() {
    const auto before = writes();
    const auto again = apply_now();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->done + again->failed, 0U);
    EXPECT_EQ(writes(), before);
    EXPECT_EQ(drift_count(plan()), 0U) << drift_text(topology, plan());
  }
  std::size_t writes() const { return frankfurt->writes.size() + dublin->writes.size(); }
  FakeManagement::Key& cards() { return frankfurt->keys.at(frankfurt->aliases.find(cards_alias)->second); }
  const KeyPlan& cards_plan(const Plan& all) {
    for (const auto& key : all.keys)
      if (key.alias == cards_alias && key.region.text() == "eu-central-1") return key;
    return all.keys.front();
  }
  // The one step that puts right what a hand did.
  void expect_found_and_put_right(Aspect aspect, std::string_view operation, std::string_view found) {
    const auto all = plan();
    EXPECT_EQ(all.step_count(), 1U) << plan_text(topology, all, Deletion::refused);
    const auto& steps = cards_plan(all).steps;
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0].aspect, aspect);
    EXPECT_EQ(steps[0].operation, operation);
    EXPECT_NE(steps[0].found.find(found), std::string::npos) << steps[0].found;
    EXPECT_NE(drift_text(topology, all).find(steps[0].found), std::string::npos);
    ASSERT_TRUE(apply_now());
    expect_settled();
  }
};

TEST_F(Applied, FromNothingEveryKeyIsMadeAsTheFileSays) {
  EXPECT_EQ(plan().keys.size(), 18U);
  EXPECT_EQ(plan().step_count(), 18U * 3 - 2);  // Make, name, rotate; payments/cards in development is not rotated.
  EXPECT_EQ(writes(), 0U);
  const auto done = apply_now();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->failed, 0U);
  for (const auto& kms : {frankfurt, dublin}) {
    EXPECT_EQ(kms->keys.size(), 9U);
    EXPECT_EQ(kms->aliases.size(), 9U);
    for (const auto& domain : topology.domains) {
      const auto& key = kms->keys.at(kms->aliases.at(std::string(alias_of(topology, domain).text())));
      EXPECT_EQ(key.policy, key_policy(topology, domain));
      EXPECT_EQ(key.tags, tags_of(topology, domain));
      EXPECT_EQ(key.rotation_days.has_value(), domain.rotation_days.has_value());
    }
  }
  EXPECT_EQ(reported.size(), 52U);
  expect_settled();
}

TEST_F(Applied, CutOffBeforeAnyCallItGoesOnWithoutMakingAnythingTwice) {
  for (int at = 1; at <= 26; ++at) {
    frankfurt = std::make_shared<FakeManagement>();
    dublin = std::make_shared<FakeManagement>("eu-west-1");
    clients = {{"eu-central-1", frankfurt}, {"eu-west-1", dublin}};
    frankfurt->fail_from = at;
    const auto cut = apply_now();
    ASSERT_TRUE(cut);
    EXPECT_GT(cut->failed, 0U);
    frankfurt->fail_from = 0;
    ASSERT_TRUE(apply_now());
    EXPECT_EQ(frankfurt->keys.size(), 9U) << at;
    expect_settled();
  }
}

TEST_F(Applied, WhatWasChangedByHandIsFoundNamedAndPutRight) {
  ASSERT_TRUE(apply_now());
  cards().rotation_days = 90;
  expect_found_and_put_right(Aspect::rotation, "EnableKeyRotation", "every 90 days");
  cards().rotation_days.reset();
  expect_found_and_put_right(Aspect::rotation, "EnableKeyRotation", "not rotated");
  cards().description = "mine";
  expect_found_and_put_right(Aspect::description, "UpdateKeyDescription", "\"mine\"");
  cards().state = "Disabled";
  expect_found_and_put_right(Aspect::state, "EnableKey", "disabled");
  cards().tags["owner"] = "me";
  expect_found_and_put_right(Aspect::tags, "TagResource", "owner is \"me\"");
  cards().tags.erase("owner");
  expect_found_and_put_right(Aspect::tags, "TagResource", "owner is missing");
  cards().tags["extra"] = "x";
  expect_found_and_put_right(Aspect::tags, "UntagResource", "extra");
  for (const auto* tag : {"keyfold:topology", "keyfold:domain", "keyfold:environment"}) {
    cards().tags.erase(tag);
    expect_found_and_put_right(Aspect::tags, "TagResource", tag);
    cards().tags[tag] = "altered";
    expect_found_and_put_right(Aspect::tags, "TagResource", tag);
  }
  frankfurt->aliases[std::string(cards_alias)] = frankfurt->aliases.at("alias/shop/staging/payments/cards");
  {
    const auto all = plan();
    EXPECT_EQ(cards_plan(all).steps.at(0).operation, "UpdateAlias");
  }
  ASSERT_TRUE(apply_now());
  expect_settled();
  frankfurt->aliases.erase(std::string(cards_alias));
  ASSERT_TRUE(apply_now());
  EXPECT_EQ(frankfurt->keys.size(), 9U);
  expect_settled();
}

TEST_F(Applied, APolicyThatWasChangedIsShownStatementByStatement) {
  ASSERT_TRUE(apply_now());
  auto& policy = cards().policy;
  policy.replace(policy.find("production-clearing", policy.find("\"Sid\": \"Decrypt\"")), 19, "somebody-else-again");
  const auto all = plan();
  const auto& step = cards_plan(all).steps.at(0);
  EXPECT_EQ(step.operation, "PutKeyPolicy");
  const auto has = [&](std::string_view line) {
    return std::ranges::any_of(step.diff, [&](const auto& one) { return one.find(line) != std::string::npos; });
  };
  EXPECT_TRUE(has("-     \"AWS\": \"arn:aws:iam::123456789012:role/somebody-else-again\""));
  EXPECT_TRUE(has("+     \"AWS\": \"arn:aws:iam::123456789012:role/production-clearing\""));
  EXPECT_TRUE(has("\"Sid\": \"Decrypt\""));
  EXPECT_FALSE(has("\"Sid\": \"Encrypt\""));
  expect_found_and_put_right(Aspect::policy, "PutKeyPolicy", "another");
  policy = "no policy at all";
  expect_found_and_put_right(Aspect::policy, "PutKeyPolicy", "another");
}

TEST_F(Applied, AKeyThatWaitsForItsDeletionIsTakenBackAndNotReplaced) {
  ASSERT_TRUE(apply_now());
  cards().state = "PendingDeletion";
  cards().rotation_days.reset();
  const auto done = apply_now();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, 0U);
  EXPECT_EQ(done->done, 3U);
  EXPECT_EQ(cards().state, "Enabled");
  EXPECT_EQ(frankfurt->keys.size(), 9U);
  expect_settled();
}

TEST_F(Applied, KeysThatAreNotWantedGoOnlyWhenThatIsAllowed) {
  ASSERT_TRUE(apply_now());
  std::string fewer(shop_toml);
  fewer.replace(fewer.find(", \"development\""), 15, "");
  fewer.erase(fewer.find("[domains.\"payments/cards\".environments.development]"),
              fewer.find("[domains.customers]") - fewer.find("[domains.\"payments/cards\".environments.development]"));
  topology = parsed(fewer);
  EXPECT_EQ(plan().unwanted.size(), 6U);
  EXPECT_EQ(plan().step_count(), 0U);
  const auto before = writes();
  const auto kept = apply_now();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->kept, 6U);
  EXPECT_EQ(writes(), before);
  EXPECT_EQ(drift_count(plan()), 6U);
  const auto gone = apply_now(Deletion::allowed);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->done, 6U);
  int going = 0;
  for (const auto& [id, key] : frankfurt->keys) going += static_cast<int>(key.state == "PendingDeletion");
  EXPECT_EQ(going, 3);
  EXPECT_EQ(apply_now(Deletion::allowed)->done, 0U);
  EXPECT_EQ(drift_count(plan()), 0U);
  // Wanted again, they come back.
  topology = shop();
  ASSERT_TRUE(apply_now());
  EXPECT_EQ(frankfurt->keys.size(), 9U);
  expect_settled();
}

TEST_F(Applied, WhereItIsDoubtfulWhichKeyItIsNothingIsDone) {
  ASSERT_TRUE(apply_now());
  const auto id = frankfurt->aliases.at(std::string(cards_alias));
  const auto refused = [&] {
    const auto before = writes();
    const auto all = plan();
    EXPECT_GE(all.conflict_count(), 1U);
    EXPECT_FALSE(cards_plan(all).conflict.empty());
    EXPECT_GT(drift_count(all), 0U);
    const auto done = apply_now(Deletion::allowed);
    EXPECT_FALSE(done);
    if (!done) {
      EXPECT_EQ(done.error().code, ErrorCode::conflict);
    }
    EXPECT_EQ(writes(), before);
  };
  const auto keys = frankfurt->keys;
  const auto aliases = frankfurt->aliases;
  frankfurt->keys["key-x"] = frankfurt->keys.at(id);  // Two with its tags, and an alias for neither.
  frankfurt->aliases.erase(std::string(cards_alias));
  refused();
  frankfurt->aliases[std::string(cards_alias)] = id;  // Now it is told.
  EXPECT_EQ(plan().conflict_count(), 0U);
  EXPECT_EQ(plan().unwanted.size(), 1U);

  frankfurt->keys = keys;  // The alias names somebody else's key.
  frankfurt->keys.erase(id);
  frankfurt->keys["key-y"] = {.description = "not ours", .policy = "{}", .tags = {{"team", "x"}}, .rotation_days = {}};
  frankfurt->aliases[std::string(cards_alias)] = "key-y";
  refused();
  // Or that of another domain, when ours is gone.
  frankfurt->aliases[std::string(cards_alias)] = frankfurt->aliases.at("alias/shop/production/customers");
  refused();

  frankfurt->keys = keys;  // Neither alias nor all of its tags, but its description.
  frankfurt->aliases.erase(std::string(cards_alias));
  frankfurt->keys.at(id).tags["keyfold:domain"] = "altered";
  refused();

  frankfurt->keys = keys;
  frankfurt->aliases[std::string(cards_alias)] = id;
  frankfurt->keys.at(id).spec = "RSA_2048";
  refused();
  frankfurt->keys.at(id).spec = "SYMMETRIC_DEFAULT";
  frankfurt->keys.at(id).state = "Unavailable";
  refused();
}

TEST_F(Applied, AnImpostorWithTheTagsDoesNotTakeThePlaceOfTheKeyThatWasThere) {
  ASSERT_TRUE(apply_now());
  const auto keys = frankfurt->keys;
  const auto aliases = frankfurt->aliases;
  const auto id = frankfurt->aliases.at(std::string(cards_alias));
  const auto start = [&] {
    frankfurt->keys = keys;
    frankfurt->aliases = aliases;
    auto& impostor = frankfurt->keys["key-impostor"] = frankfurt->keys.at(id);
    impostor.description.clear();
  };
  const auto expect_refused = [&] {
    const auto before = writes();
    const auto all = plan();
    EXPECT_EQ(all.conflict_count(), 1U) << plan_text(topology, all, Deletion::allowed);
    EXPECT_NE(cards_plan(all).conflict.find("key-impostor"), std::string::npos) << cards_plan(all).conflict;
    EXPECT_TRUE(all.unwanted.empty());
    EXPECT_FALSE(apply_now(Deletion::allowed));
    EXPECT_EQ(writes(), before);
  };
  // The alias names the one and the tags are the other's.
  for (const auto* tag : {"keyfold:topology", "keyfold:domain", "keyfold:environment"}) {
    start();
    frankfurt->keys.at(id).tags.erase(tag);
    expect_refused();
    frankfurt->keys.at(id).description = "altered too";
    expect_refused();
    // Neither: all that is left is the description, or tags.
    frankfurt->aliases.erase(std::string(cards_alias));
    expect_refused();
  }
  // Neither has all tags, and the alias names the other.
  start();
  frankfurt->keys.at(id).tags.clear();
  frankfurt->keys.at("key-impostor").tags.erase("keyfold:domain");
  frankfurt->aliases[std::string(cards_alias)] = "key-impostor";
  expect_refused();
  // Both have the tags, and the alias was moved: the file's key is told by it, and the other is nobody's to delete.
  start();
  frankfurt->aliases[std::string(cards_alias)] = "key-impostor";
  auto done = apply_now(Deletion::allowed);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->doubtful, 1U);
  EXPECT_EQ(frankfurt->keys.at(id).state, "Enabled");
  EXPECT_NE(plan_text(topology, plan(), Deletion::allowed).find("for a person to decide about"), std::string::npos);
  EXPECT_EQ(drift_count(plan()), 1U);
  // Its tags say that it is of a place that is gone, but it is described as of one that is not.
  start();
  frankfurt->aliases[std::string(cards_alias)] = "key-impostor";
  frankfurt->keys.at(id).tags["keyfold:domain"] = "gone";
  done = apply_now(Deletion::allowed);
  ASSERT_TRUE(done);
  EXPECT_EQ(frankfurt->keys.at(id).state, "Enabled");
}

TEST_F(Applied, AKeyThatLostAliasAndTagsIsNotMadeAgain) {
  ASSERT_TRUE(apply_now());
  const auto keys = frankfurt->keys;
  const auto aliases = frankfurt->aliases;
  const auto id = frankfurt->aliases.at(std::string(cards_alias));
  const auto expect_noticed = [&] {
    const auto all = plan();
    EXPECT_EQ(all.conflict_count(), 1U) << plan_text(topology, all, Deletion::refused);
    EXPECT_NE(cards_plan(all).conflict.find(id), std::string::npos) << cards_plan(all).conflict;
    EXPECT_EQ(drift_count(all), 1U);
    EXPECT_EQ(apply_now(Deletion::allowed).error().code, ErrorCode::conflict);
    EXPECT_EQ(frankfurt->keys.size(), 9U);
    frankfurt->keys = keys;
  };
  frankfurt->aliases.erase(std::string(cards_alias));
  frankfurt->keys.at(id).tags.erase("keyfold:topology");
  expect_noticed();
  frankfurt->keys.at(id).tags.clear();
  expect_noticed();
  frankfurt->keys.at(id).tags["keyfold:topology"] = "other";
  expect_noticed();
  frankfurt->keys.at(id).tags.erase("keyfold:topology");
  frankfurt->keys.at(id).description = "mine";
  expect_noticed();
}

TEST_F(Applied, AnotherAccountsOrRegionsKmsIsNotTouched) {
  const auto expect_refused = [&](std::string_view named) {
    const auto found = look(clients, topology, no_pause);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::invalid_input);
    EXPECT_NE(found.error().message.find(named), std::string::npos) << found.error().message;
  };
  ASSERT_TRUE(apply_now());
  auto theirs = std::make_shared<FakeManagement>("eu-west-1", "444455556666");
  theirs->keys = dublin->keys;
  clients["eu-west-1"] = theirs;
  expect_refused("444455556666:key/");
  theirs->keys.clear();
  theirs->aliases["alias/aws/ebs"] = "";  // As on AWS in any account.
  expect_refused("444455556666:alias/aws/ebs");
  clients["eu-west-1"] = frankfurt;
  expect_refused("arn:aws:kms:eu-central-1:123456789012:");
}

TEST_F(Applied, AnAccountOfWhichNothingIsKnownIsToldByTheFirstKeyThatIsMade) {
  auto theirs = std::make_shared<FakeManagement>("eu-west-1", "444455556666");
  clients["eu-west-1"] = theirs;
  const auto done = apply_now();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, 1U);
  EXPECT_EQ(done->done, 26U);
  EXPECT_EQ(theirs->writes.size(), 1U);
  EXPECT_NE(reported.back().find("444455556666:key/key-1: other credentials"), std::string::npos) << reported.back();
}

TEST_F(Applied, NothingIsDeletedAfterAStepThatFailed) {
  ASSERT_TRUE(apply_now());
  std::string renamed(shop_toml);
  renamed.replace(renamed.find("[domains.mail]"), 14, "[domains.letters]");
  topology = parsed(renamed);
  EXPECT_EQ(plan().unwanted.size(), 6U);
  frankfurt->failure = {ErrorCode::malformed_policy_document, "names nobody"};
  frankfurt->fail_from = static_cast<int>(frankfurt->writes.size()) + 1;
  const auto cut = apply_now(Deletion::allowed);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->failed, 3U);
  EXPECT_EQ(cut->kept_after_failure, 6U);
  EXPECT_NE(summary_text(topology, *cut).find("6 keys not in the file left, because steps failed"), std::string::npos);
  for (const auto& kms : {frankfurt, dublin})
    for (const auto& [id, key] : kms->keys) EXPECT_EQ(key.state, "Enabled");
  frankfurt->fail_from = 0;
  const auto done = apply_now(Deletion::allowed);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, 0U);
  EXPECT_EQ(done->kept_after_failure, 0U);
  EXPECT_EQ(std::ranges::count(frankfurt->writes, "ScheduleKeyDeletion"), 3);
}

TEST_F(Applied, AMultiRegionKeyIsNoDomainsForItsReplicasHaveOtherPolicies) {
  ASSERT_TRUE(apply_now());
  cards().is_multi_region = true;
  EXPECT_NE(cards_plan(plan()).conflict.find("its replicas have policies of their own"), std::string::npos);
  EXPECT_GT(drift_count(plan()), 0U);
  EXPECT_EQ(apply_now().error().code, ErrorCode::conflict);
  cards().is_multi_region = false;
  // Also of a KMS that does not say: by its id.
  auto key = frankfurt->keys.extract(frankfurt->aliases.at(std::string(cards_alias)));
  key.key() = "mrk-1234abcd12ab34cd56ef1234567890ab";
  frankfurt->aliases[std::string(cards_alias)] = key.key();
  frankfurt->keys.insert(std::move(key));
  EXPECT_NE(cards_plan(plan()).conflict.find("its replicas have policies of their own"), std::string::npos);
  EXPECT_EQ(apply_now().error().code, ErrorCode::conflict);
}

TEST_F(Applied, KeysOfOthersAreLeftAloneAndThoseThatMayNotBeReadAreCounted) {
  frankfurt->keys["key-theirs"] = {
      .description = "theirs", .policy = "{}", .tags = {{"keyfold:topology", "other"}}, .rotation_days = {}};
  frankfurt->keys["key-secret"] = {.description = "secret", .policy = "{}", .rotation_days = {}};
  frankfurt->unreadable.insert("key-secret");
  frankfurt->aliases["alias/ledger"] = "key-theirs";
  // One that may not be read may be any; so none is made before somebody has said that it is none of ours.
  EXPECT_EQ(plan().conflict_count(), 9U);
  EXPECT_NE(cards_plan(plan()).conflict.find("--ignore-unreadable"), std::string::npos);
  EXPECT_EQ(apply_now().error().code, ErrorCode::conflict);
  EXPECT_EQ(writes(), 0U);
  unreadable = Unreadable::of_others;
  ASSERT_TRUE(apply_now(Deletion::allowed));
  unreadable = Unreadable::in_doubt;  // Nothing is to be made any more: nothing is in doubt.
  EXPECT_EQ(frankfurt->keys.at("key-theirs").description, "theirs");
  EXPECT_EQ(plan().unreadable, 1U);
  EXPECT_EQ(frankfurt->keys.size(), 11U);
  expect_settled();
}

TEST_F(Applied, AStepThatFailsStopsItsKeyAndNoOther) {
  frankfurt->failure = {ErrorCode::access_denied, "no"};
  frankfurt->fail_from = 1;
  const auto done = apply_now();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, 9U);
  EXPECT_EQ(done->skipped, 17U);
  EXPECT_EQ(done->done, 26U);
  EXPECT_EQ(dublin->keys.size(), 9U);
}

TEST_F(Applied, WhatIsNotAnsweredIsAskedAgainAndWhatIsNotYetKnownIsWaitedFor) {
  frankfurt->unavailable_reads = 3;
  frankfurt->unknown_after_create = 2;
  const auto done = apply_now();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, 0U);
  expect_settled();
  frankfurt->unavailable_reads = 1000;
  const auto found = look(clients, topology, no_pause);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::unavailable);
}

TEST_F(Applied, WithoutAClientForARegionNothingIsDone) {
  const auto all = plan();
  clients.erase("eu-west-1");
  EXPECT_EQ(look(clients, topology, no_pause).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(
      apply(all, clients, Deletion::refused, [](const Done&) {}, no_pause).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(writes(), 0U);
}

TEST_F(Applied, PlansAndDriftAreJsonToo) {
  protocol::JsonReader reader;
  const auto all = plan();
  const auto planned = plan_json(topology, all, Deletion::refused);
  auto json = reader.parse(planned);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->find("steps")->integer(), 52);
  EXPECT_EQ(json->find("keys")->size(), 18U);
  ASSERT_TRUE(apply_now());
  cards().rotation_days = 90;
  json = reader.parse(drift_json(topology, plan()));
  ASSERT_TRUE(json);
  EXPECT_TRUE(json->find("drifted")->boolean());
  EXPECT_EQ(json->find("keys")->size(), 1U);
}

}  // namespace
}  // namespace keyfold::topology
