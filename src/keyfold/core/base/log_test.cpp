#include "keyfold/core/base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "keyfold/core/base/bytes.h"

namespace keyfold {
namespace {

template <class Value>
concept Loggable = requires(const Value& value) { LogField("name", value); };
static_assert(Loggable<std::string> && Loggable<std::string_view> && Loggable<int> && Loggable<std::size_t>);
static_assert(!Loggable<SecretBytes>, "a secret cannot be logged");
static_assert(!Loggable<Bytes> && !Loggable<BytesView>, "nor raw bytes, which might be one");

class LogTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(pipe(ends_.data()), 0); }
  void TearDown() override {
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }
  // All that was written. Nothing more can be written then.
  std::string written() {
    close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    std::array<char, 4096> piece;
    for (ssize_t got = 0; (got = read(ends_[0], piece.data(), piece.size())) > 0;)
      text.append(piece.data(), static_cast<std::size_t>(got));
    return text;
  }
  int out() const { return ends_[1]; }
  ManualClock clock_{*from_iso8601("2026-11-24T05:50:00Z")};

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST_F(LogTest, WritesOneLineOfJsonPerMessage) {
  Log log(clock_, out(), Log::Format::json);
  log.info("started", {{"address", "127.0.0.1:4599"}, {"threads", 2}, {"balance", -7}});
  log.error("a \"quoted\"\nline", {{"path\t", "C:\\x"}});
  const std::string text = written();
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
  EXPECT_NE(text.find("\"address\":\"127.0.0.1:4599\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"threads\":2"), std::string::npos) << text;
  EXPECT_NE(text.find("\"balance\":-7"), std::string::npos) << text;
  EXPECT_NE(text.find("2026-11-24T05:50:00Z"), std::string::npos) << text;
  EXPECT_NE(text.find("a \\\"quoted\\\"\\nline"), std::string::npos) << text;
  EXPECT_NE(text.find("C:\\\\x"), std::string::npos) << text;
}

TEST_F(LogTest, WritesNothingBelowItsLevel) {
  Log log(clock_, out(), Log::Format::text, Log::Level::warning);
  log.debug("one");
  log.info("two");
  log.warning("three");
  log.error("four");
  const std::string text = written();
  EXPECT_EQ(text.find("one"), std::string::npos);
  EXPECT_EQ(text.find("two"), std::string::npos);
  EXPECT_NE(text.find("three"), std::string::npos);
  EXPECT_NE(text.find("four"), std::string::npos);
}

TEST_F(LogTest, KeepsAMessageOnOneLineInTextToo) {
  Log log(clock_, out(), Log::Format::text);
  log.info("first\nforged 2026 error", {{"name", "a\nb\x1b[31m"}});
  const std::string text = written();
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

TEST_F(LogTest, DoesNotMixTheLinesOfThreads) {
  Log log(clock_, out(), Log::Format::json);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 50; ++i) log.info("message", {{"thread", t}, {"text", "xxxxxxxxxxxxxxxxxxxxxxxx"}});
    });
  }
  for (auto& thread : threads) thread.join();
  std::string text = written();
  int lines = 0;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.erase(0, line.size() + 1);
    EXPECT_TRUE(line.starts_with('{') && line.ends_with('}') && std::ranges::count(line, '{') == 1) << line;
    ++lines;
  }
  EXPECT_EQ(lines, 200);
}

}  // namespace
}  // namespace keyfold
