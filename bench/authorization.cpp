// bench_authorization: what deciding costs. One user asks for a data key, of a key whose policy has five statements,
// with ten in his own; all of them are read, and conditions on the context, the caller and the call are judged. Prints
// nanoseconds of CPU per decision: the median of nine rounds. `run` divides it by the CPU of the whole call.

#include <ctime>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "keyfold/kms/policy/authorizer.h"

namespace {

using namespace keyfold;

constexpr int rounds = 9;
constexpr int decisions = 50'000;

constexpr std::string_view key_policy = R"({"Version":"2012-10-17","Statement":[
 {"Sid":"account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},
 {"Sid":"admins","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/admins","arn:aws:iam::111122223333:user/admin"]},
  "Action":["kms:Put*","kms:Describe*","kms:List*","kms:Get*","kms:Enable*","kms:Disable*"],"Resource":"*"},
 {"Sid":"writers","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/writers"},"Action":["kms:Encrypt","kms:GenerateDataKey*"],
  "Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:domain":"cards"}}},
 {"Sid":"fence","Effect":"Deny","Principal":"*","Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey*","kms:ReEncrypt*"],"Resource":"*",
  "Condition":{"StringNotEquals":{"kms:EncryptionContext:environment":"production"}}},
 {"Sid":"home","Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"kms:CallerAccount":"111122223333"}}}]})";

std::string identity_policy() {
  std::string text = R"({"Version":"2012-10-17","Statement":[)";
  for (const std::string name : {"loans", "letters", "ledger", "audit", "archive", "people", "orders", "stock"})
    text += R"({"Sid":")" + name + R"(","Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":)" +
            R"("arn:aws:kms:*:111122223333:key/*","Condition":{"StringEquals":{"kms:EncryptionContext:domain":")" +
            name + R"("}}},)";
  text +=
      R"({"Sid":"no-deletion","Effect":"Deny","Action":"kms:ScheduleKeyDeletion","Resource":"*"},)"
      R"({"Sid":"cards","Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*",)"
      R"("Condition":{"StringEquals":{"kms:EncryptionContext:domain":"cards"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}}}]})";
  return text;
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class T>
T certain(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().message.c_str());
  KEYFOLD_CHECK(result.has_value());
  return *std::move(result);
}

}  // namespace

int main() {
  const auto key = certain(policy::Document::parse(key_policy));
  const auto identity = certain(policy::Document::parse(identity_policy(), policy::PolicyKind::identity));
  const policy::Document* const documents[] = {&identity};
  const auto arn =
      certain(KeyArn::parse("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"));
  const policy::Caller caller{.arn = "arn:aws:iam::111122223333:user/ledger-writer",
                              .account = certain(AccountId::parse("111122223333")),
                              .identity = documents};
  const EncryptionContext context = {{"domain", "cards"}, {"environment", "production"}, {"tenant", "17"}};
  std::vector<ContextPair> pairs;
  const policy::KeyAccess access{.key = arn, .policy = key, .epoch = 1, .context = context.view(pairs), .digest = {}};
  std::array<double, rounds> nanoseconds{};
  for (double& one : nanoseconds) {
    const double begun = cpu_seconds();
    for (int i = 0; i < decisions; ++i) {
      policy::Reason reason;
      KEYFOLD_CHECK(policy::Authorizer().authorize<policy::op::GenerateDataKey>(caller, access, reason).has_value());
    }
    one = (cpu_seconds() - begun) * 1e9 / decisions;
  }
  std::ranges::sort(nanoseconds);
  std::printf("%.0f\n", nanoseconds[rounds / 2]);
}
