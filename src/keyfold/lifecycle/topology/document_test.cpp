// The topology file: what it may say, what it means, and that everything else is refused by its line and name.

#include "keyfold/lifecycle/topology/document.h"

#include <gtest/gtest.h>

#include "keyfold/lifecycle/topology/key_policy.h"
#include "keyfold/lifecycle/topology/names.h"
#include "keyfold/lifecycle/topology/shop_test.h"

namespace keyfold::topology {
namespace {

using testing::parsed;
using testing::shop;
using testing::shop_toml;
using Texts = std::vector<std::string>;

std::string replaced(std::string_view what, std::string_view with) {
  std::string text(shop_toml);
  const auto at = text.find(what);
  KEYFOLD_CHECK(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

// What parsing says when `what` stands as `with` in the example.
std::string refusal(std::string_view what, std::string_view with) {
  const auto topology = parse_topology(replaced(what, with));
  if (topology) return "accepted";
  EXPECT_EQ(topology.error().code, ErrorCode::invalid_input);
  return topology.error().message;
}
bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Topology, EachDomainIsThereInEachEnvironmentWithWhatIsMostParticular) {
  const auto topology = shop();
  EXPECT_EQ(topology.name, "shop");
  EXPECT_EQ(topology.domains.size(), 9U);
  const auto& production = **topology.domain("production", "payments/cards");
  EXPECT_EQ(production.administrators, Texts{"arn:aws:iam::123456789012:user/key-admin"});
  EXPECT_EQ(production.encryptors, Texts{"arn:aws:iam::123456789012:role/production-checkout"});
  EXPECT_EQ(production.decryptors, Texts{"arn:aws:iam::123456789012:role/production-clearing"});
  EXPECT_EQ(production.rotation_days, 365U);
  EXPECT_EQ(production.deletion_window_days, 14U);
  ASSERT_TRUE(production.caching);
  EXPECT_EQ(production.caching->age_max, std::chrono::seconds(30));
  EXPECT_EQ(production.caching->messages_max, 1000U);
  EXPECT_EQ(production.caching->bytes_max, 1048576U);
  EXPECT_EQ(production.tags, (Tags{{"owner", "security"}}));
  EXPECT_TRUE(production.is_signed());
  EXPECT_FALSE(production.opens_unsigned);
  EXPECT_EQ(refusal("caching = \"off\"", "opens_unsigned = true"), "accepted");
  EXPECT_TRUE(says(refusal("caching = \"off\"", "opens_unsigned = \"yes\""), "wants true or false"));

  const auto& development = **topology.domain("development", "payments/cards");
  EXPECT_EQ(development.encryptors, Texts{"arn:aws:iam::123456789012:role/development-checkout"});
  EXPECT_FALSE(development.rotation_days);
  EXPECT_FALSE(development.caching);
  EXPECT_EQ(development.tags, (Tags{{"owner", "payments"}, {"cost", "none"}}));

  const auto& mail = **topology.domain("staging", "mail");
  EXPECT_FALSE(mail.is_signed());
  ASSERT_TRUE(mail.tenants);
  EXPECT_EQ(mail.tenants->store, "mail-staging-{region}.sqlite");
  EXPECT_EQ(mail.tenants->time_to_live, std::chrono::seconds(120));
  EXPECT_EQ(mail.tenants->keepers, mail.encryptors);
}

TEST(Topology, WhatIsNotThereIsNamedWithWhatIs) {
  const auto topology = shop();
  EXPECT_TRUE(says(topology.domain("prod", "mail").error().message, "production, staging, development"));
  EXPECT_TRUE(says(topology.domain("staging", "letters").error().message, "customers, mail, payments/cards"));
  EXPECT_EQ(topology.find("", ""), nullptr);
}

TEST(Topology, AKeyIsKnownByItsAliasAndTags) {
  const auto topology = shop();
  const auto& cards = **topology.domain("production", "payments/cards");
  EXPECT_EQ(alias_of(topology, cards).text(), "alias/shop/production/payments/cards");
  EXPECT_EQ(description_of(topology, cards), "payments/cards, production (keyfold topology shop)");
  EXPECT_EQ(tags_of(topology, cards), (Tags{{"keyfold:topology", "shop"},
                                            {"keyfold:domain", "payments/cards"},
                                            {"keyfold:environment", "production"},
                                            {"owner", "security"}}));
}

TEST(Topology, UnknownMembersAreRefusedByNameAndLine) {
  EXPECT_EQ(refusal("rotation_days = 365", "rotation = 365"), "line 9: rotation is not known in defaults");
  EXPECT_TRUE(says(refusal("topology =", "region = 1\ntopology ="), "region is not known in a topology"));
  EXPECT_TRUE(says(refusal("decryptors =", "readers ="), "readers is not known in the domain payments/cards"));
  EXPECT_TRUE(says(refusal("max_bytes", "max_kilobytes"), "max_kilobytes is not known in caching"));
  EXPECT_TRUE(says(refusal("context_key", "key"), "key is not known in tenants"));
  EXPECT_TRUE(says(refusal("environments.development", "environments.devel"), "none of the environments"));
}

TEST(Topology, WrongTypesAndTomlThatIsNoneAreRefused) {
  EXPECT_EQ(refusal("\"123456789012\"", "123456789012"), "line 3: account wants a text");
  EXPECT_EQ(refusal("[\"eu-central-1\", \"eu-west-1\"]", "\"eu-central-1\""), "line 4: regions wants a list of texts");
  EXPECT_TRUE(says(refusal("rotation_days = 365", "rotation_days = \"never\""), "or \"off\""));
  EXPECT_TRUE(says(refusal("deletion_window_days = 14", "deletion_window_days = 14.0"), "whole number"));
  EXPECT_TRUE(says(refusal("[defaults]", "[defaults"), "line "));
  EXPECT_TRUE(says(refusal("[domains.mail]", "[domains.customers]"), "line "));
  EXPECT_FALSE(parse_topology(std::string(file_size_max + 1, '#')));
  EXPECT_TRUE(says(parse_topology("").error().message, "topology"));
  // What would overflow the stack of whoever reads it.
  std::string deep = "x";
  while (deep.size() < file_size_max - shop_toml.size() - 100) deep += ".x";
  EXPECT_TRUE(says(refusal("[defaults]", deep + " = 1\n[defaults]"), "line 7: more than 64 dots in a line"));
  EXPECT_TRUE(says(refusal("[defaults]", "x = " + std::string(17, '[')), "line 7: brackets in one another"));
  // Also where toml++ would take it for something else.
  for (const auto* text : {"regions\u00e6", "\"\u00e9\"", "# \u202e", "\xff"})
    EXPECT_TRUE(says(refusal("[defaults]", std::string(text) + "\n[defaults]"), "line 7: a character beyond ASCII"))
        << text;
  EXPECT_EQ(parsed(replaced("\"security\"", R"("s\u00e9curit\u00e9")")).domains[0].tags.at("owner"),
            "s\u00e9curit\u00e9");
}

TEST(Topology, LimitsAreExactAndEnforced) {
  for (const auto& [member, least, most] :
       {std::tuple("rotation_days = 365", 90, 2560), std::tuple("deletion_window_days = 14", 7, 30)}) {
    const std::string name(std::string_view(member).substr(0, std::string_view(member).find('=')));
    for (const auto days : {least, most}) EXPECT_EQ(refusal(member, name + "= " + std::to_string(days)), "accepted");
    for (const auto days : {least - 1, most + 1, 0, -1})
      EXPECT_TRUE(says(refusal(member, name + "= " + std::to_string(days)), "days")) << days;
  }
  EXPECT_TRUE(says(refusal("max_age_seconds = 30", "max_age_seconds = 86401"), "1 to 86400"));
  EXPECT_TRUE(says(refusal("max_messages = 1000", "max_messages = 4294967297"), "1 to 4294967296"));
  EXPECT_TRUE(says(refusal("max_bytes = 1048576", "max_bytes = 0"), "max_bytes is 1 to"));
  std::string many = "[";
  for (std::size_t i = 0; i <= principals_max; ++i)
    many += "\"arn:aws:iam::123456789012:user/u" + std::to_string(i) + "\",";
  EXPECT_TRUE(says(refusal("[\"arn:aws:iam::123456789012:user/key-admin\"]", many + "]"), "more than 50"));
}

TEST(Topology, NamesThatMeanSomethingElsewhereAreRefused) {
  for (const auto* name : {"aws", "", "Shop", "a/b", "a b", "a*", "${x}", "abcdefghijklmnopqrstuvwxyz0123456"})
    EXPECT_TRUE(says(refusal("topology = \"shop\"", "topology = \"" + std::string(name) + "\""), "topology is"))
        << name;
  for (const auto* name : {"/mail", "mail/", "a//b", "Mail", "a*", "${x}", "m:l"})
    EXPECT_TRUE(says(refusal("[domains.mail]", "[domains.\"" + std::string(name) + "\"]"), "a domain's name")) << name;
  EXPECT_TRUE(says(refusal("\"staging\"", "\"production\""), "twice"));
  EXPECT_TRUE(says(refusal("\"eu-west-1\"", "\"Dublin\""), "regions"));
  EXPECT_TRUE(says(refusal("tags = { owner", "tags = { \"KeyFold:x\""), "not the file's to set"));
  EXPECT_TRUE(says(refusal("tags = { owner", "tags = { \"aws:x\""), "not the file's to set"));
}

TEST(Topology, OnlyUsersAndRolesByTheirOwnNamesArePrincipals) {
  for (const auto* arn : {"*", "arn:aws:iam::123456789012:root", "123456789012", "arn:aws:iam::123456789012:role/*",
                          "arn:aws:iam::123456789012:role/${aws:username}", "arn:aws:iam::123456789012:group/readers",
                          "arn:aws:sts::123456789012:assumed-role/reader/session", ""})
    EXPECT_TRUE(says(refusal("arn:aws:iam::123456789012:role/{environment}-clearing", arn), "is not the ARN of a user"))
        << arn;
}

TEST(Topology, NobodyAdministersAndUses) {
  const std::string admin = "arn:aws:iam::123456789012:user/key-admin";
  EXPECT_TRUE(says(refusal("arn:aws:iam::123456789012:role/{environment}-clearing", admin), "those are to be two"));
  EXPECT_TRUE(says(refusal("context_key = \"tenant\"", "context_key = \"tenant\", keepers = [\"" + admin + "\"]"),
                   "those are to be two"));
  EXPECT_TRUE(says(refusal(admin, "arn:aws:iam::210987654321:user/key-admin"), "another account"));
}

TEST(Topology, WhoUsesKeysOfOneEnvironmentUsesNoneOfAnother) {
  const std::string shared = "arn:aws:iam::123456789012:role/clearing";
  const auto wrong = "role/clearing would use keys of production and of staging";
  const std::string_view reader = "arn:aws:iam::123456789012:role/{environment}-clearing";
  EXPECT_TRUE(says(refusal(reader, shared), wrong)) << refusal(reader, shared);
  EXPECT_TRUE(
      says(refusal("role/{environment}-checkout", "role/production-checkout"), "production-checkout would use"));
  EXPECT_TRUE(
      says(refusal("context_key = \"tenant\"", "context_key = \"tenant\", keepers = [\"" + shared + "\"]"), wrong));
  // Also by two domains.
  auto text = replaced("rotation_days = \"off\"", "decryptors = [\"arn:aws:iam::123456789012:role/production-crm\"]");
  const auto topology = parse_topology(text);
  ASSERT_FALSE(topology);
  EXPECT_TRUE(says(topology.error().message, "production-crm would use keys of")) << topology.error().message;
  // Unless that is said outright.
  text = replaced(reader, shared);
  const auto with = [&](const std::string& list) { return "in_several_environments = " + list + "\n" + text; };
  EXPECT_TRUE(parse_topology(with("[\"" + shared + "\"]")));
  EXPECT_FALSE(parse_topology(with("[\"" + shared + "x\"]")));
  EXPECT_TRUE(says(parse_topology(with("[\"*\"]")).error().message, "is not the ARN of a user or a role"));
}

TEST(Topology, ListsMayBeEmptyButNotForgotten) {
  EXPECT_EQ(refusal("[\"arn:aws:iam::123456789012:user/key-admin\"]", "[]"), "accepted");
  EXPECT_TRUE(
      says(refusal("administrators = [\"arn:aws:iam::123456789012:user/key-admin\"]", ""), "has no administrators"));
}

TEST(Topology, WithTenantsEncryptorsAndDecryptorsAreTheSame) {
  EXPECT_TRUE(says(refusal("decryptors = [\"arn:aws:iam::123456789012:role/{environment}-mail\"]", "decryptors = []"),
                   "can open"));
  for (const auto* key : {"domain", "environment", "aws-crypto-public-key", ""})
    EXPECT_TRUE(says(refusal("context_key = \"tenant\"", "context_key = \"" + std::string(key) + "\""), "context_key"));
}

TEST(Topology, APolicyThatNoKmsWouldTakeIsToldBeforeOneIsAsked) {
  std::string many = "[";
  for (std::size_t i = 0; i < principals_max; ++i)
    many += "\"arn:aws:iam::123456789012:role/{environment}" + std::string(90, 'x') + std::to_string(i) + "\",";
  many += "]";
  auto text = replaced("[\"arn:aws:iam::123456789012:role/{environment}-checkout\"]", many);
  text.replace(text.find("[\"arn:aws:iam::123456789012:role/{environment}-clearing\"]"), 57, many);
  const auto fits = check_key_policies(parsed(text));
  ASSERT_FALSE(fits);
  EXPECT_TRUE(says(fits.error().message, "payments/cards, development")) << fits.error().message;
  EXPECT_TRUE(says(fits.error().message, "a KMS takes 32768")) << fits.error().message;
  EXPECT_TRUE(check_key_policies(shop()));
}

}  // namespace
}  // namespace keyfold::topology
