// That deciding "allow" allocates nothing: malloc itself is counted.

#include "keyfold/kms/policy/policy_testing.h"
#include "keyfold/testing/count_malloc.h"

#if KEYFOLD_COUNTS_MALLOC

namespace keyfold::policy {
namespace {

TEST(Allocations, NoneInAllowingACallAndSpendingItsPermit) {
  const auto policy = key_policy(R"(
    {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/other"},"Action":"kms:*","Resource":"*"},
    {"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*",
     "Condition":{"StringEquals":{"kms:EncryptionContext:a name that is not short":"and a value that is not short"}}},
    {"Sid":"a statement whose label is too long to be held inside of a std::string","Effect":"Allow",
     "Principal":{"AWS":["arn:aws:iam::111122223333:root","444455556666"]},"Action":["kms:Encr*t","kms:De*"],
     "Resource":"arn:aws:kms:*:111122223333:key/*"})");
  const auto identity = identity_policy(R"({"Effect":"Allow","Action":["kms:List*","kms:*crypt"],"Resource":"*"})");
  const auto arn = user_of(home(), "ledger-writer");
  const Caller caller{.arn = arn, .account = home(), .identity = only(&identity)};
  std::vector<ContextPair> pairs;
  const EncryptionContext context = {{"a name that is not short", "another value that is not short"}, {"b", "c"}};
  const KeyAccess access{
      .key = sample_key(), .policy = policy, .epoch = 3, .context = context.view(pairs), .digest = {}};

  const std::size_t before = malloc_calls();
  std::size_t allowed = 0;
  for (int i = 0; i < 1000; ++i) {
    Reason reason;
    auto permit = Authorizer().authorize<op::Decrypt>(caller, access, reason);
    auto random = Authorizer().authorize<op::ListKeys>(caller, reason);
    if (permit && permit->spend(sample_key(), {}, 3) && random && random->spend(home()) &&
        !reason.deciding_statement().empty())
      ++allowed;
  }
  EXPECT_EQ(malloc_calls() - before, 0U);
  EXPECT_EQ(allowed, 1000U);
}

TEST(Allocations, NoneInAllowingACallByAGrant) {
  const auto policy = key_policy(R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/other"},
                                     "Action":"kms:*","Resource":"*"})");
  const auto arn = user_of(home(), "ledger-writer");
  const Caller caller{.arn = arn, .account = home()};
  std::vector<ContextPair> pairs;
  const EncryptionContext context = {{"a name that is not short", "a value that is not short"}};
  Grant grant{.label = "grant 1", .grantee = *GrantPrincipal::parse(arn), .terms = {}};
  grant.terms.operations.add(GrantOperation::decrypt);
  grant.terms.constraint = {.kind = GrantConstraint::Kind::equals, .pairs = context.view(pairs)};
  const Grant* const grants[] = {&grant};
  const KeyAccess access{.key = sample_key(),
                         .policy = policy,
                         .epoch = 3,
                         .context = grant.terms.constraint.pairs,
                         .digest = {},
                         .grants = grants};
  const std::size_t before = malloc_calls();
  std::size_t allowed = 0;
  for (int i = 0; i < 1000; ++i) {
    Reason reason;
    auto permit = Authorizer().authorize<op::Decrypt>(caller, access, reason);
    if (permit && reason.deciding_statement() == "grant 1") ++allowed;
  }
  EXPECT_EQ(malloc_calls() - before, 0U);
  EXPECT_EQ(allowed, 1000U);
}

TEST(Allocations, AreSeenHere) {
  const std::size_t before = malloc_calls();
  const auto text = std::make_unique<std::string>(1000, 'x');
  EXPECT_GE(malloc_calls() - before, 1U);
}

}  // namespace
}  // namespace keyfold::policy

#endif
