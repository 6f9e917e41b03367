// What may be done to entities, and what it means for those who call.
#include "keyfold/kms/identity/changes.h"

#include <gtest/gtest.h>

#include <map>

#include "keyfold/kms/identity/session.h"
#include "keyfold/kms/vault/vault_testing.h"

namespace keyfold::identity {
namespace {

const AccountId account = *AccountId::parse("123456789012");
const AccountId other_account = *AccountId::parse("999999999999");
const UserName writer = *UserName::parse("ledger-writer");
const GroupName clerks = *GroupName::parse("clerks");
const RoleName auditor = *RoleName::parse("auditor");
const PolicyName inlined = *PolicyName::parse("inline");
const std::string encrypts =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}})";
const std::string decrypts =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}})";
const std::string trust =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}})";

class Changes : public testing::Test {
 protected:
  Changes() { reopen(); }
  void reopen() {
    directory_.reset();
    sealed_.reset();
    sealed_ = *vault::open_with(*store_, random_);
    directory_ = *open_directory(*sealed_, clock_, random_);
  }
  template <class Do>
  Outcome change(Do&& act) {
    return directory_->change([&](Edit& edit) -> Outcome { return act(edit); });
  }
  template <class Do>
  void must(Do&& act) {
    const auto outcome = change(act);
    EXPECT_TRUE(outcome) << outcome.error().message;
  }
  template <class Do>
  void fails(ErrorCode code, Do&& act) {
    const auto before = sealed_->revision();
    const auto outcome = change(act);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, code) << outcome.error().message;
    EXPECT_EQ(sealed_->revision(), before);
  }
  User user(const UserName& name = writer) { return make_user(account, name, "", clock_, random_); }
  Group group(const GroupName& name = clerks) {
    return {.account = account, .name = name, .id = make_group_id(random_), .created = clock_.now()};
  }
  Role role(const RoleName& name = auditor) {
    return {
        .account = account, .name = name, .id = make_role_id(random_), .created = clock_.now(), .trust_policy = trust};
  }
  std::string policy(std::string_view name, const std::string& text = encrypts) {
    ManagedPolicy made{.account = account,
                       .name = *PolicyName::parse(name),
                       .id = make_policy_id(random_),
                       .created = clock_.now(),
                       .updated = clock_.now()};
    made.versions.push_back({.number = 1, .created = clock_.now(), .text = text});
    must([&](Edit& edit) { return create_policy(edit, made); });
    return made.arn();
  }
  std::size_t policies_of(const UserName& name) {
    const auto snapshot = directory_->snapshot();
    const auto* entry = snapshot->find(account, name);
    return entry == nullptr ? 0 : entry->entitlements->identity.size();
  }

  ManualClock clock_;
  SystemRandom random_;
  std::unique_ptr<storage::Store> store_ = storage::open_memory_store();
  std::unique_ptr<vault::SealedStore> sealed_;
  std::unique_ptr<Directory> directory_;
};

TEST_F(Changes, AUsersPoliciesAreHisOwnAndThoseOfHisGroups) {
  must([&](Edit& edit) { return create(edit, user()); });
  must([&](Edit& edit) { return create(edit, group()); });
  const auto managed = policy("managed");
  EXPECT_EQ(policies_of(writer), 0U);
  must([&](Edit& e) { return put_inline_policy<User>(e, account, writer, inlined, encrypts); });
  EXPECT_EQ(policies_of(writer), 1U);
  must([&](Edit& e) { return attach<User>(e, account, writer, managed); });
  EXPECT_EQ(policies_of(writer), 2U);
  must([&](Edit& e) { return put_inline_policy<Group>(e, account, clerks, inlined, decrypts); });
  EXPECT_EQ(policies_of(writer), 2U);
  must([&](Edit& e) { return add_to_group(e, account, clerks, writer); });
  EXPECT_EQ(policies_of(writer), 3U);
  must([&](Edit& e) { return attach<Group>(e, account, clerks, managed); });
  for (const bool restarted : {false, true}) {
    if (restarted) reopen();
    EXPECT_EQ(policies_of(writer), 4U);
    const auto snapshot = directory_->snapshot();
    EXPECT_EQ(snapshot->find(account, writer)->entitlements->identity_names,
              (std::vector<std::string>{"inline", managed, "inline", managed}));
  }
  must([&](Edit& e) { return remove_from_group(e, account, clerks, writer); });
  EXPECT_EQ(policies_of(writer), 2U);
}

TEST_F(Changes, ANewDefaultVersionIsInForceForAllThatHaveThePolicy) {
  must([&](Edit& edit) { return create(edit, user()); });
  must([&](Edit& edit) { return create(edit, group()); });
  must([&](Edit& edit) { return create(edit, role()); });
  const auto arn = policy("managed");
  must([&](Edit& e) { return attach<Group>(e, account, clerks, arn); });
  must([&](Edit& e) { return add_to_group(e, account, clerks, writer); });
  must([&](Edit& e) { return attach<Role>(e, account, auditor, arn); });
  must([&](Edit& e) { return set_boundary<Role>(e, account, auditor, arn); });
  const auto before = directory_->snapshot();
  must([&](Edit& e) -> Outcome {
    auto added = add_policy_version(e, account, arn, decrypts, MakeDefault::yes, clock_.now());
    return added ? ok() : Outcome(added.error());
  });
  const auto after = directory_->snapshot();
  EXPECT_NE(before->find(account, writer)->entitlements->identity,
            after->find(account, writer)->entitlements->identity);
  EXPECT_NE(before->find(account, auditor)->entitlements->identity,
            after->find(account, auditor)->entitlements->identity);
  EXPECT_NE(before->find(account, auditor)->entitlements->boundary,
            after->find(account, auditor)->entitlements->boundary);
  // One document for both of them.
  EXPECT_EQ(after->find(account, writer)->entitlements->identity,
            after->find(account, auditor)->entitlements->identity);
}

TEST_F(Changes, WhatSomethingIsAttachedToIsNotRemoved) {
  must([&](Edit& edit) { return create(edit, user()); });
  must([&](Edit& edit) { return create(edit, group()); });
  must([&](Edit& edit) { return create(edit, role()); });
  const auto arn = policy("managed");
  must([&](Edit& e) { return add_to_group(e, account, clerks, writer); });
  must([&](Edit& e) { return attach<Role>(e, account, auditor, arn); });
  fails(ErrorCode::delete_conflict, [&](Edit& e) { return remove(e, account, writer); });
  fails(ErrorCode::delete_conflict, [&](Edit& e) { return remove(e, account, clerks); });
  fails(ErrorCode::delete_conflict, [&](Edit& e) { return remove(e, account, auditor); });
  fails(ErrorCode::delete_conflict, [&](Edit& e) { return remove_policy(e, account, arn); });
  must([&](Edit& e) { return remove_from_group(e, account, clerks, writer); });
  must([&](Edit& e) { return detach<Role>(e, account, auditor, arn); });
  must([&](Edit& e) { return set_boundary<User>(e, account, writer, arn); });
  fails(ErrorCode::delete_conflict, [&](Edit& e) { return remove_policy(e, account, arn); });
  must([&](Edit& e) { return remove(e, account, writer); });
  must([&](Edit& e) { return remove(e, account, clerks); });
  must([&](Edit& e) { return remove(e, account, auditor); });
  must([&](Edit& e) { return remove_policy(e, account, arn); });
  reopen();
  EXPECT_TRUE(directory_->snapshot()->users.empty());
  EXPECT_TRUE(directory_->snapshot()->policies.empty());
}

TEST_F(Changes, NothingReachesIntoAnotherAccount) {
  must([&](Edit& edit) { return create(edit, user()); });
  const auto arn = policy("managed");
  fails(ErrorCode::not_found, [&](Edit& e) { return remove(e, other_account, writer); });
  fails(ErrorCode::not_found, [&](Edit& e) { return remove_policy(e, other_account, arn); });
  User theirs = user();
  theirs.account = other_account;
  must([&](Edit& edit) { return create(edit, theirs); });
  fails(ErrorCode::not_found, [&](Edit& e) { return attach<User>(e, other_account, writer, arn); });
  fails(ErrorCode::not_found, [&](Edit& e) { return set_boundary<User>(e, other_account, writer, arn); });
}

TEST_F(Changes, QuotasAreThoseOfAws) {
  must([&](Edit& edit) { return create(edit, user()); });
  const auto padded = [](std::size_t size) {  // So many characters that count, and some white space.
    const std::string head = R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*","Action":"kms:)";
    return head + std::string(size - head.size() - 3, 'x') + "\"} \n }";
  };
  must([&](Edit& e) { return put_inline_policy<User>(e, account, writer, inlined, padded(user_inline_size_max)); });
  fails(ErrorCode::limit_exceeded, [&](Edit& e) {
    return put_inline_policy<User>(e, account, writer, inlined, padded(user_inline_size_max + 1));
  });
  fails(ErrorCode::limit_exceeded,
        [&](Edit& e) { return put_inline_policy<User>(e, account, writer, *PolicyName::parse("another"), encrypts); });
  policy("large", padded(managed_policy_size_max));
  std::vector<Tag> tags;
  for (std::size_t i = 0; i < tags_per_entity_max; ++i) tags.push_back({.key = "k" + std::to_string(i), .value = ""});
  must([&](Edit& e) { return add_tags<User>(e, account, writer, tags); });
  const std::vector<Tag> one_more = {{.key = "one-more", .value = ""}};
  fails(ErrorCode::limit_exceeded, [&](Edit& e) { return add_tags<User>(e, account, writer, one_more); });
  must([&](Edit& e) -> Outcome {
    for (std::size_t i = 0; i < roles_per_account_max; ++i)
      if (auto made = create(e, role(*RoleName::parse("role-" + std::to_string(i)))); !made) return made;
    return ok();
  });
  fails(ErrorCode::limit_exceeded, [&](Edit& e) { return create(e, role()); });
}

// White space is not counted, and still not for nothing: what is stored has a limit, too.
TEST_F(Changes, WhiteSpaceIsBoundToo) {
  must([&](Edit& edit) { return create(edit, user()); });
  must([&](Edit& edit) { return create(edit, role()); });
  const auto spaced = [](const std::string& text, std::size_t size) {
    return text + std::string(size - text.size(), '\n');
  };
  const auto put = [&](std::string_view name, std::size_t size) {
    return change([&](Edit& e) {
      return put_inline_policy<User>(e, account, writer, *PolicyName::parse(name), spaced(encrypts, size));
    });
  };
  EXPECT_TRUE(put("a", 4 * user_inline_size_max));
  EXPECT_EQ(put("a", 4 * user_inline_size_max + 1).error().code, ErrorCode::limit_exceeded);
  EXPECT_TRUE(put("a", 4000));
  EXPECT_TRUE(put("b", 4 * user_inline_size_max - 4000));
  EXPECT_EQ(put("c", 200).error().code, ErrorCode::limit_exceeded) << "all together";
  const auto set = [&](std::size_t size) {
    return change([&](Edit& e) { return set_trust_policy(e, account, auditor, spaced(std::string(trust), size)); });
  };
  EXPECT_TRUE(set(4 * trust_policy_size_max));
  EXPECT_EQ(set(4 * trust_policy_size_max + 1).error().code, ErrorCode::limit_exceeded);
  const auto arn = policy("spaced", encrypts);
  const auto add = [&](std::size_t size) {
    return change([&](Edit& e) -> Outcome {
      auto made = add_policy_version(e, account, arn, spaced(encrypts, size), MakeDefault::no, clock_.now());
      return made ? ok() : Outcome(std::move(made).error());
    });
  };
  EXPECT_TRUE(add(4 * managed_policy_size_max));
  EXPECT_EQ(add(4 * managed_policy_size_max + 1).error().code, ErrorCode::limit_exceeded);
}

TEST_F(Changes, TagsHaveTheCharactersAndLengthsOfAws) {
  const auto takes = [](std::string key, std::string value) {
    const std::vector<Tag> tags = {{.key = std::move(key), .value = std::move(value)}};
    return check_tags(tags).has_value();
  };
  const auto times = [](int count, std::string_view text) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  EXPECT_TRUE(takes("team name_.:/=+-@9", ""));
  EXPECT_TRUE(takes(times(128, "\xC3\xA9"), times(256, "\xE2\x82\xAC")));
  EXPECT_FALSE(takes(times(129, "k"), ""));
  EXPECT_FALSE(takes("k", times(257, "\xC3\xA9")));
  for (unsigned c = 1; c < 0x80; ++c) {
    const char text[2] = {static_cast<char>(c), 0};
    const bool good =
        std::isalnum(static_cast<int>(c)) || std::string_view(" _.:/=+-@").find(text[0]) != std::string_view::npos;
    EXPECT_EQ(takes("k", text), good) << c;
    EXPECT_EQ(takes(std::string("k") + text, ""), good) << c;
  }
  for (const auto* text : {"\xC2\x80", "\xC2\x9F", "\xEF\xBF\xBE", "\xEF\xBF\xBF", "\xF0\x9F\xBF\xBE"})
    EXPECT_FALSE(takes("k", text)) << text;
}

TEST_F(Changes, AnEditThatFailsChangesNothing) {
  must([&](Edit& edit) { return create(edit, user()); });
  fails(ErrorCode::malformed_policy_document, [&](Edit& e) -> Outcome {
    if (auto made = create(e, group()); !made) return made;
    return put_inline_policy<User>(e, account, writer, inlined, "{");
  });
  EXPECT_EQ(directory_->snapshot()->find(account, clerks), nullptr);
  sealed_->set_health_check([] { return Outcome(Error{ErrorCode::io, "the audit log is full"}); });
  fails(ErrorCode::io, [&](Edit& e) -> Outcome {
    e.record({.event_id = "a", .body = to_bytes("{}")});
    return create(e, group());
  });
  EXPECT_EQ(directory_->snapshot()->find(account, clerks), nullptr);
}

TEST_F(Changes, LastUsesAreWrittenInBundlesAndKept) {
  must([&](Edit& edit) { return create(edit, user()); });
  const auto key = *make_access_key(random_);
  must([&](Edit& e) { return add_key(e, account, writer, key, clock_.now()); });
  const auto use = [&] { return directory_->snapshot()->find(key.id)->last_used->get(); };
  EXPECT_FALSE(use());
  const auto revision = sealed_->revision();
  const Region region = *Region::parse("eu-central-1");
  directory_->note_use(key.id, region, "kms");
  ASSERT_TRUE(use());
  EXPECT_EQ(use()->time, clock_.now());
  EXPECT_EQ(sealed_->revision(), revision);
  const auto first = clock_.now();
  clock_.advance(LastUsed::precision - std::chrono::seconds(1));
  directory_->note_use(key.id, region, "kms");
  EXPECT_EQ(use()->time, first);
  clock_.advance(std::chrono::seconds(1));
  directory_->note_use(key.id, region, "sts");
  EXPECT_EQ(use()->service.view(), "sts");
  ASSERT_TRUE(directory_->write_last_used());
  EXPECT_EQ(sealed_->revision(), revision + 1);
  ASSERT_TRUE(directory_->write_last_used());
  EXPECT_EQ(sealed_->revision(), revision + 1);
  const auto known = *use();
  reopen();
  ASSERT_TRUE(use());
  EXPECT_EQ(use()->time, known.time);
  EXPECT_EQ(use()->service, known.service);
  // It survives a change of the key, and goes with it.
  must([&](Edit& e) { return set_key_status(e, account, key.id, KeyStatus::inactive); });
  EXPECT_TRUE(use());
  clock_.advance(std::chrono::hours(1));
  directory_->note_use(key.id, region, "iam");
  ASSERT_TRUE(directory_->write_last_used());
  must([&](Edit& e) { return remove_key(e, account, key.id); });
  reopen();
  EXPECT_TRUE(directory_->snapshot()->access_keys.empty());
}

// --- Sessions.

class SessionTokens : public Changes {
 protected:
  SessionTokens() {
    must([&](Edit& edit) { return create(edit, role()); });
    must([&](Edit& e) { return put_inline_policy<Role>(e, account, auditor, inlined, encrypts); });
  }
  SessionClaims claims() {
    const auto snapshot = directory_->snapshot();
    return {.kind = SessionClaims::Kind::role,
            .account = account,
            .access_key = *AccessKeyId::parse("x"),
            .name = std::string(auditor.text()),
            .id = std::string(snapshot->find(account, auditor)->role.id.text()),
            .session_name = "one",
            .issued = clock_.now(),
            .expires = clock_.now() + std::chrono::hours(1)};
  }
  // As a server of format version 1 gave it out: without ids of managed policies.
  Entities::Credentials of_first_format(SessionClaims claims) {
    auto key = *make_access_key(random_);
    claims.access_key = make_session_access_key_id(random_);
    std::string value(as_text((*write_session_claims(claims, key.secret)).reveal()));
    value[0] = 1;
    for (const auto& policy : claims.managed) value.erase(value.find(policy.id) - 2, policy.id.size() + 2);
    const auto token =
        *sealed_->seal_token(session_token_label, {.account = account, .region = std::nullopt}, as_bytes(value));
    return {.id = claims.access_key, .secret = std::move(key.secret), .token = to_base64(token)};
  }
};

TEST_F(SessionTokens, AreFoundByTheirTokenAndByNothingElse) {
  const auto one = *directory_->seal_session(claims(), random_);
  const auto two = *directory_->seal_session(claims(), random_);
  const auto caller = directory_->find(one.id, one.token);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->arn.text(), "arn:aws:sts::123456789012:assumed-role/auditor/one");
  EXPECT_EQ(caller->type, PrincipalType::role_session);
  EXPECT_EQ(caller->for_policy().role, "arn:aws:iam::123456789012:role/auditor");
  EXPECT_EQ(caller->for_policy().identity.size(), 1U);
  EXPECT_EQ(caller->expires(), clock_.now() + std::chrono::hours(1));
  EXPECT_FALSE(directory_->find(one.id, ""));
  EXPECT_FALSE(directory_->find(one.id, two.token));
  EXPECT_FALSE(directory_->find(two.id, one.token));
  EXPECT_FALSE(directory_->find(one.id, one.token + "="));
  EXPECT_TRUE(directory_->find(one.id, one.token));
  reopen();
  EXPECT_TRUE(directory_->find(one.id, one.token));
}

TEST_F(SessionTokens, MoreThanAreKeptAreStillRight) {
  std::vector<Entities::Credentials> all;
  for (int i = 0; i < 600; ++i) all.push_back(*directory_->seal_session(claims(), random_));
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < all.size(); ++i) {
      ASSERT_TRUE(directory_->find(all[i].id, all[i].token));
      ASSERT_FALSE(directory_->find(all[i].id, all[(i + 1) % all.size()].token));
    }
}

TEST_F(SessionTokens, EndWithTheirRoleAndNotBefore) {
  const auto session = *directory_->seal_session(claims(), random_);
  must([&](Edit& e) { return put_inline_policy<Role>(e, account, auditor, *PolicyName::parse("more"), decrypts); });
  EXPECT_EQ(directory_->find(session.id, session.token)->for_policy().identity.size(), 2U);
  must([&](Edit& e) { return remove_inline_policy<Role>(e, account, auditor, *PolicyName::parse("more")); });
  EXPECT_EQ(directory_->find(session.id, session.token)->for_policy().identity.size(), 1U);
  must([&](Edit& e) { return remove_inline_policy<Role>(e, account, auditor, inlined); });
  must([&](Edit& e) { return remove(e, account, auditor); });
  EXPECT_FALSE(directory_->find(session.id, session.token));
  must([&](Edit& edit) { return create(edit, role()); });
  EXPECT_FALSE(directory_->find(session.id, session.token));
}

TEST_F(SessionTokens, SayWhatTheyWereGivenAndSessionTagsGoBeforeTheRoles) {
  const std::vector<Tag> own = {{.key = "team", .value = "books"}, {.key = "floor", .value = "2"}};
  must([&](Edit& e) { return add_tags<Role>(e, account, auditor, own); });
  auto given = claims();
  given.tags = {{.key = "TEAM", .value = "ledger"}};
  given.policy = decrypts;
  given.managed = {{.arn = "arn:aws:iam::123456789012:policy/absent", .id = "ANPAQWERTYUIASDFGJKLZ"}};
  const auto session = *directory_->seal_session(given, random_);
  const auto caller = directory_->find(session.id, session.token);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->session->claims.tags, given.tags);
  EXPECT_EQ(caller->for_policy().session.size(), 2U);  // The one that is not there allows nothing; it still limits.
  std::map<std::string, std::string> facts;
  for (const auto& fact : caller->for_policy().facts) facts[std::string(fact.key)] = fact.values->front();
  EXPECT_EQ(facts, (std::map<std::string, std::string>{{"aws:MultiFactorAuthPresent", "false"},
                                                       {"aws:PrincipalTag/TEAM", "ledger"},
                                                       {"aws:PrincipalTag/floor", "2"},
                                                       {"aws:TokenIssueTime", to_iso8601(given.issued)},
                                                       {"aws:userid", given.id + ":one"}}));
}

// The worked example of docs/formats/session-token.md.
TEST(SessionClaims, AreWrittenAsTheFormatPageHasThem) {
  const SessionClaims claims{.kind = SessionClaims::Kind::role,
                             .account = account,
                             .access_key = *AccessKeyId::parse("ASIAQWERTYUIASDFGHJK"),
                             .name = "auditor",
                             .id = "AROAQWERTYUIASDFGJKLZ",
                             .session_name = "one",
                             .issued = Timestamp(std::chrono::seconds(1'800'000'000)),
                             .expires = Timestamp(std::chrono::seconds(1'800'003'600)),
                             .policy = "{}",
                             .managed = {{.arn = "arn:aws:iam::123456789012:policy/p", .id = "ANPAQWERTYUIASDFGJKLZ"}},
                             .tags = {{.key = "team", .value = "ledger"}}};
  const auto value = *write_session_claims(claims, *SecretBytes::copy_of(as_bytes("secret")));
  EXPECT_EQ(to_hex(value.reveal()),
            "0202000c31323334353637383930313200144153494151574552545955494153444647484a4b000761756469746f7200"
            "1541524f41515745525459554941534446474a4b4c5a00036f6e65000665172898800000066517ff2c240000027b7d01"
            "002261726e3a6177733a69616d3a3a3132333435363738393031323a706f6c6963792f700015414e5041515745525459"
            "554941534446474a4b4c5a0100047465616d00066c65646765720006736563726574");
  const auto read = read_session_claims(value.reveal());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->claims.tags, claims.tags);
  EXPECT_EQ(read->claims.managed, claims.managed);
  for (std::size_t length = 0; length < value.size(); ++length)
    EXPECT_FALSE(read_session_claims(value.reveal().first(length))) << length;
}

// The same of format version 1, which has no ids of managed policies.
TEST(SessionClaims, OfTheFirstFormatAreReadForEver) {
  const auto value = *from_hex(
      "0102000c31323334353637383930313200144153494151574552545955494153444647484a4b000761756469746f7200"
      "1541524f41515745525459554941534446474a4b4c5a00036f6e65000665172898800000066517ff2c240000027b7d01"
      "002261726e3a6177733a69616d3a3a3132333435363738393031323a706f6c6963792f700100047465616d00066c6564"
      "6765720006736563726574");
  const auto read = read_session_claims(value);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->claims.managed.size(), 1U);
  EXPECT_EQ(read->claims.managed[0], (SessionPolicy{.arn = "arn:aws:iam::123456789012:policy/p", .id = ""}));
  EXPECT_EQ(read->claims.tags, (std::vector<Tag>{{.key = "team", .value = "ledger"}}));
  for (std::size_t length = 0; length < value.size(); ++length)
    EXPECT_FALSE(read_session_claims(BytesView(value).first(length))) << length;
}

TEST_F(SessionTokens, AreLimitedByThePolicyThatWasGivenAndByNoneMadeAnewUnderItsName) {
  const std::string arn = "arn:aws:iam::123456789012:policy/limit";
  const auto made = [&](std::string_view text) {
    ManagedPolicy policy{.account = account,
                         .name = *PolicyName::parse("limit"),
                         .id = make_policy_id(random_),
                         .created = clock_.now(),
                         .updated = clock_.now()};
    policy.versions.push_back({.number = 1, .created = clock_.now(), .text = std::string(text)});
    must([&](Edit& edit) { return create_policy(edit, policy); });
    return std::string(policy.id.text());
  };
  auto given = claims();
  given.managed = {{.arn = arn, .id = made(encrypts)}};
  const auto session = *directory_->seal_session(given, random_);
  const auto first_format = of_first_format(given);
  const auto limit_of = [&](const Entities::Credentials& of) {
    const auto limits = directory_->find(of.id, of.token)->for_policy().session;
    EXPECT_EQ(limits.size(), 1U);
    return limits[0];
  };
  // Compiled once, for all who have it; a new default version is in force at once.
  const auto* first = limit_of(session);
  EXPECT_EQ(first, directory_->snapshot()->find_policy(arn)->for_sessions.get());
  must([&](Edit& e) -> Outcome {
    auto version = add_policy_version(e, account, arn, decrypts, MakeDefault::yes, clock_.now());
    return version ? ok() : Outcome(std::move(version).error());
  });
  EXPECT_NE(limit_of(session), first);
  EXPECT_EQ(limit_of(session), directory_->snapshot()->find_policy(arn)->for_sessions.get());
  must([&](Edit& e) { return remove_policy_version(e, account, arn, 1, clock_.now()); });
  must([&](Edit& e) { return remove_policy(e, account, arn); });
  const auto* nothing = limit_of(session);
  made(encrypts);
  EXPECT_EQ(limit_of(session), nothing) << "another policy, whatever its name";
  EXPECT_EQ(limit_of(first_format), directory_->snapshot()->find_policy(arn)->for_sessions.get());
  reopen();
  EXPECT_NE(limit_of(session), directory_->snapshot()->find_policy(arn)->for_sessions.get());
}

}  // namespace
}  // namespace keyfold::identity
