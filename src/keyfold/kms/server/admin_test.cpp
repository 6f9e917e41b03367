#include "keyfold/kms/server/admin.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "keyfold/kms/server/admin_socket.h"
#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

// An account that holds all that one can.
class FullAccount final : public identity::Administration {
 public:
  FullAccount(const Clock& clock, Random& random) {
    const auto account = certain(AccountId::parse("123456789012"));
    for (std::size_t i = 0; i <= identity::users_per_account_max; ++i) {
      const std::string number = std::to_string(10000 + i);
      const auto name = certain(identity::UserName::parse(std::string(64 - number.size(), 'u') + number));
      const bool root = i == identity::users_per_account_max;
      if (!root) users_.push_back(identity::make_user(account, name, policy::administrator_policy, clock, random));
      for (std::size_t k = 0; k < identity::access_keys_per_user_max; ++k)
        keys_.push_back({.id = certain(AccessKeyId::parse("AKIAAAAAAAAAAAA" + std::to_string(k) + "ABCD")),
                         .account = account,
                         .user = root ? std::nullopt : std::optional(name),
                         .status = identity::KeyStatus::inactive,
                         .created = clock.now()});
    }
  }
  std::vector<identity::User> users(const AccountId&) const override { return users_; }
  std::vector<identity::AccessKey> access_keys(const AccountId&) const override { return keys_; }

  // It can hold no more, and gives nothing away.
  Outcome add_user(const identity::User&, const storage::OutboxRecord*) override { return full(); }
  Outcome add_user_with_key(const identity::User&, const identity::NewAccessKey&,
                            std::span<const storage::OutboxRecord>) override {
    return full();
  }
  Outcome remove_user(const AccountId&, const identity::UserName&, const storage::OutboxRecord*) override {
    return full();
  }
  Outcome add_access_key(const AccountId&, const std::optional<identity::UserName>&, const identity::NewAccessKey&,
                         const storage::OutboxRecord*) override {
    return full();
  }
  Outcome set_status(const AccountId&, const AccessKeyId&, identity::KeyStatus, const storage::OutboxRecord*) override {
    return full();
  }
  Outcome remove_access_key(const AccountId&, const AccessKeyId&, const storage::OutboxRecord*) override {
    return full();
  }
  Outcome reset_root(const AccountId&, const identity::NewAccessKey&, const storage::OutboxRecord*) override {
    return full();
  }

 private:
  static Error full() { return {ErrorCode::limit_exceeded, "full"}; }
  std::vector<identity::User> users_;
  std::vector<identity::AccessKey> keys_;
};

int connect_to(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return client;
}

class AdminTest : public testing::Test {
 protected:
  std::string command(std::string_view line, Administrator::Where where = Administrator::Where::socket) {
    return admin_.execute(line, {.name = "uid 1000", .where = where});
  }
  std::string member(const std::string& reply, std::string_view name) {
    return kms_.text({.status = 0, .error = "", .body = reply}, name);
  }
  std::string sign_in(const std::string& reply) {
    return kms_
        .call("ListKeys", "{}", member(reply, "access_key_id"), "eu-central-1", member(reply, "secret_access_key"))
        .error;
  }
  Kms kms_;
  Admin admin_{kms_.callers(), kms_.audit(),  kms_.outbox(),
               kms_.clock(),   kms_.random(), {*AccountId::parse("123456789012")}};
};

TEST_F(AdminTest, AUserIsMadeWithAKeyThatSigns) {
  const auto made = command(R"({"command":"user-add","user":"writer","administrator":true})");
  EXPECT_EQ(member(made, "arn"), "arn:aws:iam::123456789012:user/writer") << made;
  EXPECT_EQ(sign_in(made), "");
  EXPECT_NE(command(R"({"command":"user-list"})").find(R"("user":"writer")"), std::string::npos);
  EXPECT_NE(command(R"({"command":"user-add","user":"writer"})").find(R"("ok":false)"), std::string::npos);
}

TEST_F(AdminTest, AKeyIsDeactivatedActivatedAndRemoved) {
  const auto made = command(R"({"command":"user-add","user":"writer","administrator":true})");
  const auto id = member(made, "access_key_id");
  const auto with_key = [&](std::string_view name) {
    return command(R"({"command":")" + std::string(name) + R"(","access_key_id":")" + id + "\"}");
  };
  EXPECT_EQ(with_key("key-deactivate"), R"({"ok":true})");
  EXPECT_EQ(sign_in(made), "UnrecognizedClientException");
  EXPECT_EQ(with_key("key-activate"), R"({"ok":true})");
  EXPECT_EQ(sign_in(made), "");
  EXPECT_EQ(with_key("key-remove"), R"({"ok":true})");
  EXPECT_EQ(sign_in(made), "UnrecognizedClientException");
  EXPECT_NE(with_key("key-remove").find(R"("ok":false)"), std::string::npos);
}

TEST_F(AdminTest, EveryChangeIsRecordedWithoutTheSecret) {
  const auto made = command(R"({"command":"user-add","user":"writer"})");
  command(R"({"command":"key-add","user":"writer"})");
  command(R"({"command":"user-remove","user":"writer"})");
  const auto leaves = kms_.leaves();
  ASSERT_EQ(leaves.size(), 4U);
  for (const auto& leaf : leaves) {
    EXPECT_NE(leaf.find(R"("eventType":"KeyfoldAdmin")"), std::string::npos) << leaf;
    EXPECT_NE(leaf.find("uid 1000"), std::string::npos) << leaf;
    EXPECT_EQ(leaf.find(member(made, "secret_access_key")), std::string::npos);
  }
}

// A crash leaves both behind, or neither; and their records are in the order of what they tell.
TEST_F(AdminTest, AUserIsMadeWithItsKeyInOneCommit) {
  for (int i = 0; i < 20; ++i) {
    const auto before = kms_.revision();
    command(R"({"command":"user-add","user":"writer-)" + std::to_string(i) + "\"}");
    // That of the user with its key, and that of the outbox, which forgets both events.
    EXPECT_EQ(kms_.revision(), before + 2);
  }
  const auto leaves = kms_.leaves();
  ASSERT_EQ(leaves.size(), 40U);
  for (std::size_t i = 0; i < leaves.size(); ++i)
    EXPECT_NE(leaves[i].find(i % 2 == 0 ? R"("eventName":"CreateUser")" : R"("eventName":"CreateAccessKey")"),
              std::string::npos)
        << leaves[i];
}

TEST_F(AdminTest, TheRootIsResetOfflineOnly) {
  EXPECT_NE(command(R"({"command":"reset-root"})").find(R"("ok":false)"), std::string::npos);
  const auto first = command(R"({"command":"reset-root"})", Administrator::Where::offline);
  EXPECT_EQ(sign_in(first), "");
  const auto second = command(R"({"command":"reset-root"})", Administrator::Where::offline);
  EXPECT_EQ(sign_in(first), "UnrecognizedClientException");
  EXPECT_EQ(sign_in(second), "");
}

TEST_F(AdminTest, WhatIsNoCommandIsRefused) {
  for (const std::string_view line :
       {"", "{", "[]", "{}", R"({"command":"nothing"})", R"({"command":"user-add"})",
        R"({"command":"user-add","user":"a b"})", R"({"command":"user-list","acount":"1"})",
        R"({"command":"user-list","account":"1"})", R"({"command":"key-remove"})"})
    EXPECT_NE(command(line).find(R"("ok":false)"), std::string::npos) << line;
  EXPECT_TRUE(kms_.leaves().empty());
}

TEST_F(AdminTest, TheSocketServesOneLineAtATime) {
  Log log(kms_.clock(), STDERR_FILENO, Log::Format::text, Log::Level::error);
  const auto path = kms_.directory() / "admin.sock";
  {
    const auto socket = certain(AdminSocket::open(path, admin_, log));
    EXPECT_NE(certain(ask_admin_socket(path, R"({"command":"user-add","user":"writer"})")).find("secret_access_key"),
              std::string::npos);
    EXPECT_NE(certain(ask_admin_socket(path, R"({"command":"user-list"})")).find("writer"), std::string::npos);
    EXPECT_EQ(std::filesystem::status(path).permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(ask_admin_socket(path, "{}").error().code, ErrorCode::unavailable);
}

TEST_F(AdminTest, AFullAccountsListsFitIntoAReply) {
  Log log(kms_.clock(), STDERR_FILENO, Log::Format::text, Log::Level::error);
  const auto path = kms_.directory() / "admin.sock";
  FullAccount full(kms_.clock(), kms_.random());
  Admin admin(full, kms_.audit(), kms_.outbox(), kms_.clock(), kms_.random(), {*AccountId::parse("123456789012")});
  const auto socket = certain(AdminSocket::open(path, admin, log));
  protocol::JsonReader json;
  for (const auto& [command, list, size] :
       {std::tuple{"user-list", "users", identity::users_per_account_max},
        {"key-list", "keys", (identity::users_per_account_max + 1) * identity::access_keys_per_user_max}}) {
    const auto reply = certain(ask_admin_socket(path, R"({"command":")" + std::string(command) + "\"}"));
    EXPECT_GT(reply.size(), protocol::json_size_max) << "or there is nothing to try";
    EXPECT_LT(reply.size(), admin_reply_max / 4) << command;
    EXPECT_EQ(certain(json.parse(reply, admin_reply_max)).find(list)->size(), size);
  }
}

TEST_F(AdminTest, AClientThatTakesAReplyBitByBitIsLeftAlone) {
  Log log(kms_.clock(), STDERR_FILENO, Log::Format::text, Log::Level::error);
  const auto path = kms_.directory() / "admin.sock";
  FullAccount full(kms_.clock(), kms_.random());
  Admin admin(full, kms_.audit(), kms_.outbox(), kms_.clock(), kms_.random(), {*AccountId::parse("123456789012")});
  const auto socket = certain(AdminSocket::open(path, admin, log));
  const int client = connect_to(path);
  const std::string_view command = "{\"command\":\"key-list\"}\n";
  ASSERT_EQ(send(client, command.data(), command.size(), 0), static_cast<ssize_t>(command.size()));
  // Slow enough that all of it would take half a minute, and quick enough that no wait for it is long.
  std::array<char, 8192> buffer;
  std::size_t taken = 0;
  ssize_t count = 0;
  while ((count = recv(client, buffer.data(), buffer.size(), 0)) > 0) {
    taken += static_cast<std::size_t>(count);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  close(client);
  EXPECT_GT(taken, buffer.size());
  EXPECT_LT(taken, protocol::json_size_max) << "it was given all the time that it wanted";
}

TEST_F(AdminTest, AServerThatDoesNotAnswerIsNotWaitedForForever) {
  const auto path = kms_.directory() / "admin.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  const auto reply = ask_admin_socket(path, R"({"command":"user-list"})", std::chrono::milliseconds(20));
  close(listener);
  ASSERT_FALSE(reply);
  // Not `unavailable`: nobody may go on as if it had not been asked.
  EXPECT_EQ(reply.error().code, ErrorCode::io);
  EXPECT_NE(reply.error().message.find("is not known"), std::string::npos) << reply.error().message;
}

TEST_F(AdminTest, AClientThatTakesNoReplyDoesNotHoldUpTheStop) {
  Log log(kms_.clock(), STDERR_FILENO, Log::Format::text, Log::Level::error);
  const auto path = kms_.directory() / "admin.sock";
  auto socket = certain(AdminSocket::open(path, admin_, log));
  const int client = connect_to(path);
  // Until the server is stuck with its replies, and so takes no more commands.
  const std::string commands = [] {
    std::string lines;
    for (int i = 0; i < 32; ++i) lines += "{\"command\":\"user-list\"}\n";
    return lines;
  }();
  pollfd writable{.fd = client, .events = POLLOUT, .revents = 0};
  while (poll(&writable, 1, 500) > 0) ASSERT_GT(send(client, commands.data(), commands.size(), MSG_DONTWAIT), 0);
  const auto begun = std::chrono::steady_clock::now();
  socket.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(9));
  close(client);
}

}  // namespace
}  // namespace keyfold::server
