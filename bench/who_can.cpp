// bench_who_can: how long "who can decrypt with this key?" takes where there are 10,000 principals and 1,000 keys. Half
// of the principals have a policy of their own, all are in groups that have one, and the key's policy has a fence and
// names a few. Prints milliseconds of CPU for the whole answer, all pages: the median of nine.

#include <ctime>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/identity/edit.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/server/access/describe.h"
#include "keyfold/kms/server/access/subjects.h"

namespace {

using namespace keyfold;
namespace access = keyfold::server::access;

constexpr int principals = 10'000;
constexpr int keys_made = 1'000;
constexpr int groups = 50;
constexpr int rounds = 9;
constexpr std::size_t page_size = 1'000;

constexpr std::string_view key_policy = R"({"Version":"2012-10-17","Statement":[
 {"Sid":"account","Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"kms:*","Resource":"*"},
 {"Sid":"readers","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:user/u7","arn:aws:iam::123456789012:user/u8"]},
  "Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:domain":"cards"}}},
 {"Sid":"fence","Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*",
  "Condition":{"StringNotEquals":{"kms:EncryptionContext:environment":"production"}}}]})";
constexpr std::string_view own_policy = R"({"Version":"2012-10-17","Statement":[
 {"Sid":"own","Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*",
  "Condition":{"StringEquals":{"kms:EncryptionContext:owner":"${aws:username}"}}}]})";
constexpr std::string_view group_policy = R"({"Version":"2012-10-17","Statement":[
 {"Sid":"look","Effect":"Allow","Action":["kms:DescribeKey","kms:List*"],"Resource":"*"}]})";

template <class T>
T certain(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().message.c_str());
  KEYFOLD_CHECK(result.has_value());
  return *std::move(result);
}

Outcome make_people(identity::Edit& edit, const AccountId& account, Timestamp now, Random& random) {
  std::vector<identity::GroupName> names;
  for (int i = 0; i < groups; ++i) {
    identity::Group group{.account = account,
                          .name = certain(identity::GroupName::parse("g" + std::to_string(i))),
                          .id = identity::make_group_id(random),
                          .created = now};
    group.policies.inlined["look"] = group_policy;
    names.push_back(group.name);
    if (auto put = edit.put(group); !put) return put;
  }
  for (int i = 0; i < principals; ++i) {
    identity::User user{.account = account,
                        .name = certain(identity::UserName::parse("u" + std::to_string(i))),
                        .id = identity::make_user_id(random),
                        .created = now};
    if (i % 2 == 0) user.policies.inlined["own"] = own_policy;
    user.groups.push_back(names[static_cast<std::size_t>(i) % names.size()]);
    if (auto put = edit.put(user); !put) return put;
  }
  return ok();
}

double cpu_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

// As the operation does it: the last one's ARN, or nothing when that was all.
std::string append_page(const identity::Directory& directory, const keys::Keys& keys, const keys::Keys::Record& key,
                        Timestamp now, const std::string& after, std::size_t& told) {
  std::string reply;
  protocol::JsonWriter json(reply);
  const auto identities = directory.snapshot();
  const access::Judge judge(
      keys, key, {.action = certain(access::key_action("kms:Decrypt")), .context = {}, .conditions = {}, .now = now});
  std::size_t on_page = 0;
  for (const auto& subject : access::people_of(*identities, keys, *key)) {
    if (subject.arn <= after || judge.verdict(subject) == policy::Verdict::deny) continue;
    json.begin_object();
    access::append_judgement(json, judge.judge(subject), subject);
    json.end_object();
    ++told;
    if (++on_page == page_size) return subject.arn;
  }
  return {};
}

}  // namespace

int main() {
  SystemRandom random;
  SystemClock clock;
  const auto store = storage::open_memory_store();
  const auto sealed = certain(vault::SealedStore::open(*store, certain(vault::RootKey::of(certain(random.secret(32)))),
                                                       random, vault::Mode::dev));
  const auto account = certain(AccountId::parse("123456789012"));
  const auto directory = certain(identity::open_dev_directory(*sealed, clock, random, account));
  KEYFOLD_CHECK(directory->change([&](identity::Edit& edit) { return make_people(edit, account, clock.now(), random); })
                    .has_value());
  const auto keys = certain(keys::Keys::open(*sealed, clock, random));
  const std::string root(identity::root_arn(account).text());
  const policy::Caller caller{.arn = root, .account = account, .type = policy::PrincipalType::root};
  keys::Keys::Record key;
  for (int i = 0; i < keys_made; ++i) {
    policy::Reason reason;
    auto permit = certain(policy::Authorizer().authorize<policy::op::CreateKey>(caller, reason));
    key = certain(keys->create_key(std::move(permit),
                                   {.place = {.account = account, .region = certain(Region::parse("eu-central-1"))},
                                    .id = keys->new_key_id(keys::MultiRegion::no),
                                    .policy = std::string(key_policy)},
                                   {.event_id = std::to_string(i), .body = to_bytes("made")}));
  }
  std::array<double, rounds> took{};
  std::size_t told = 0;
  for (double& one : took) {
    const double begun = cpu_milliseconds();
    told = 0;
    std::string last;
    do {
      last = append_page(*directory, *keys, key, clock.now(), last, told);
    } while (!last.empty());
    one = cpu_milliseconds() - begun;
  }
  std::ranges::sort(took);
  KEYFOLD_CHECK(told >= principals / 2);
  std::printf("%.0f\n", took[rounds / 2]);
}
