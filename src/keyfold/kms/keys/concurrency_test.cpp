#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "keyfold/kms/keys/keys_world.h"
#include "keyfold/kms/keys/published.h"

namespace keyfold::keys {
namespace {

// Until `counter` has moved on: so that reading and writing meet, however busy the machine is.
void wait_for_progress(const std::atomic<int>& counter) {
  const int seen = counter;
  while (counter == seen) std::this_thread::yield();
}

// Says in its destructor that it is gone, and while it lives that both halves agree.
struct Pair {
  explicit Pair(int value) : a(value), b(value) {}
  ~Pair() { a = -1, b = -2; }
  int a, b;
};

TEST(Published, IsNeverSeenHalfReplacedNorDestroyed) {
  ReadGate gate;
  Published<Pair> published(std::make_unique<const Pair>(0));
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0, reads = 0;
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      int last = 0;
      for (; !done; std::this_thread::yield()) {
        const auto pass = gate.enter();
        const Pair* pair = published.read(pass);
        if (pair->a != pair->b || pair->a < last) ++wrong;
        last = pair->a;
        ++reads;
      }
    });
  for (int i = 1; i <= 300; ++i) {
    const auto retired = published.exchange(std::make_unique<const Pair>(i));
    gate.wait_for_readers();
    if (i % 20 == 0) wait_for_progress(reads);
  }
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

// Tags are written in pairs of the same value: a snapshot in which they differ would be a torn one.
TEST(Keys, ReadersSeeWholeSnapshotsWhileAWriterChangesThem) {
  World world;
  const auto key = world.create(world.place, {{.key = "a", .value = "0"}, {.key = "b", .value = "0"}});
  must(world.create_alias("alias/x", *key));
  const auto blob = world.encrypt(*key, "still here");
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0, opened = 0, refused_otherwise = 0;
  const auto read = [&] {
    Bytes out;
    std::uint64_t last = 0;
    while (!done) {
      const auto found = world.keys->find(world.place, "alias/x");
      if (!found || found->key->tags[0].value != found->key->tags[1].value || found->key->epoch < last) {
        ++torn;
        continue;
      }
      last = found->key->epoch;
      const auto decrypted = world.keys->decrypt(world.permit<op::Decrypt>(*found->key), blob, {});
      if (decrypted)
        ++opened;
      else if (decrypted.error().code != ErrorCode::conflict && decrypted.error().code != ErrorCode::disabled)
        ++refused_otherwise;
    }
  };
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  for (int i = 1; i <= 60; ++i) {
    const auto value = std::to_string(i);
    must(world.keys->tag(world.permit<op::TagResource>(*world.now(*key)),
                         {{.key = "a", .value = value}, {.key = "b", .value = value}}, world.event()));
    if (i % 20 == 0) world.rotate(*world.now(*key));
    if (i % 15 == 0) world.enable(*world.disable(*world.now(*key)));
    must(world.update_alias("alias/x", *world.now(*key), *world.now(*key)));
    world.create();
    wait_for_progress(opened);
  }
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(refused_otherwise, 0);
}

TEST(Keys, ADestroyedKeyIsInNoCacheHoweverBusyItWas) {
  World world;
  auto key = world.create();
  const auto blob = world.encrypt(*key, "x");
  std::atomic<bool> done = false;
  std::atomic<int> opened = 0, opened_after = 0, rounds = 0;
  std::atomic<bool> destroyed = false;
  std::thread reader([&] {
    while (!done) {
      const bool was_destroyed = destroyed;
      ++rounds;
      const auto found = world.keys->find_for_blob(world.place, blob);
      if (!found) continue;
      if (!world.keys->decrypt(world.permit<op::Decrypt>(*found->key), blob, {})) continue;
      ++(was_destroyed ? opened_after : opened);
    }
  });
  wait_for_progress(opened);
  key = world.schedule_deletion(*key);
  world.clock.advance(std::chrono::days(7));
  must(world.keys->destroy_due(world.maintenance(key->arn, policy::MaintenanceTask::destroy), world.event()));
  destroyed = true;
  EXPECT_FALSE(world.keys->find_for_blob(world.place, blob));
  wait_for_progress(rounds);
  wait_for_progress(rounds);
  done = true;
  reader.join();
  EXPECT_EQ(opened_after, 0);
}

}  // namespace
}  // namespace keyfold::keys
