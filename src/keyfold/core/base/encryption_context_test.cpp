#include "keyfold/core/base/encryption_context.h"

#include <gtest/gtest.h>

namespace keyfold {
namespace {

TEST(ContextView, SortsByTheBytesOfItsKeys) {
  // In UTF-8 an é is above every ASCII letter; as signed characters it would be below.
  ContextPair pairs[] = {{"tenant", "1"}, {"\xc3\xa9", "2"}, {"Tenant", "3"}, {"", "4"}, {"tenan", "5"}};
  const auto view = ContextView::over(pairs);
  ASSERT_TRUE(view);
  std::string order;
  for (const auto& pair : *view) order += pair.value;
  EXPECT_EQ(order, "43512");
  EXPECT_EQ(*view->find("tenant"), "1");
  EXPECT_EQ(*view->find(""), "4");
  EXPECT_EQ(view->find("TENANT"), nullptr);
  EXPECT_EQ(view->find("z"), nullptr);
  EXPECT_EQ(view->size(), 5U);
}

TEST(ContextView, RefusesAKeyThatIsThereTwice) {
  ContextPair pairs[] = {{"a", "1"}, {"b", "2"}, {"a", "1"}};
  const auto view = ContextView::over(pairs);
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().code, ErrorCode::invalid_input);
}

TEST(ContextView, IsEqualWhateverTheOrderItCameIn) {
  ContextPair one[] = {{"a", "1"}, {"b", "2"}};
  ContextPair other[] = {{"b", "2"}, {"a", "1"}};
  ContextPair third[] = {{"b", "2"}, {"a", "0"}};
  EXPECT_EQ(*ContextView::over(one), *ContextView::over(other));
  EXPECT_FALSE(*ContextView::over(one) == *ContextView::over(third));
  EXPECT_TRUE(ContextView().empty());
}

TEST(EncryptionContext, HoldsWhatItIsGiven) {
  EncryptionContext context{{"b", "2"}, {"a", "1"}};
  EXPECT_FALSE(context.add("a", "other"));
  EXPECT_EQ(*context.find("a"), "1");
  EXPECT_TRUE(context.add("c", "3"));
  context.set("a", "0");
  EXPECT_EQ(*context.find("a"), "0");
  context.erase("b");
  context.erase("not there");
  EXPECT_FALSE(context.contains("b"));
  std::vector<ContextPair> scratch = {{"left", "over"}};
  const auto view = context.view(scratch);
  EXPECT_EQ(view.size(), 2U);
  EXPECT_EQ(EncryptionContext(view), context);
}

TEST(Canonical, IsCountThenLengthPrefixedPairsInOrder) {
  ContextPair pairs[] = {{"tenant", "caf\xc3\xa9"}, {"a", ""}};
  Bytes out = to_bytes("x");
  append_canonical(out, *ContextView::over(pairs));
  EXPECT_EQ(to_hex(out),
            "78"
            "00000002"
            "00000001"
            "61"
            "00000000"
            "00000006"
            "74656e616e74"
            "00000005"
            "636166c3a9");
  Bytes empty;
  append_canonical(empty, ContextView());
  EXPECT_EQ(to_hex(empty), "00000000");
}

}  // namespace
}  // namespace keyfold
