#include "keyfold/core/base/wiping.h"

#include <gtest/gtest.h>

namespace keyfold {
namespace {

TEST(AppendWiping, AppendsWhateverTheSizes) {
  for (const std::size_t first : {0U, 1U, 15U, 16U, 1000U}) {
    for (const std::size_t more : {0U, 1U, 15U, 16U, 1000U}) {
      const std::string whole = std::string(first, 'a') + std::string(more, 'b');
      std::string text(first, 'a');
      append_wiping(text, std::string(more, 'b'));
      EXPECT_EQ(text, whole);
      Bytes bytes = to_bytes(std::string(first, 'a'));
      append_wiping(bytes, as_bytes(std::string(more, 'b')));
      EXPECT_EQ(as_text(bytes), whole);
    }
  }
}

// That nothing is left behind is shown where blocks are watched as they are given back: seal/memory_test.cpp.

TEST(WipeAtEnd, WipesHoweverTheScopeIsLeft) {
  std::string text(100, 'x');
  const char* memory = text.data();
  [&] {
    const WipeAtEnd wiped(text);
    return;
  }();
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string(memory, 100), std::string(100, '\0'));
}

}  // namespace
}  // namespace keyfold
