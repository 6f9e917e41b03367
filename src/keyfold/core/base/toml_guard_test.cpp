// What toml++ must not be given is found, by its line; what may stand in a TOML text is not.

#include "keyfold/core/base/toml_guard.h"

#include <gtest/gtest.h>

namespace keyfold {
namespace {

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

bool passes(std::string_view text, BeyondAscii beyond = BeyondAscii::in_strings_and_comments) {
  return !toml_fault(text, beyond);
}
std::size_t fault_line(std::string_view text, BeyondAscii beyond = BeyondAscii::in_strings_and_comments) {
  const auto fault = toml_fault(text, beyond);
  return fault ? fault->line : 0;
}

TEST(TomlGuard, DotsAreCountedInALineOutsideOfStringsAndComments) {
  const auto dots = repeated(".", toml_dots_max);
  EXPECT_TRUE(passes(repeated("a.", toml_dots_max) + "a = 1\n" + repeated("a.", toml_dots_max) + "b = 1\n"));
  EXPECT_EQ(fault_line("x = 1\n" + repeated("a.", toml_dots_max + 1) + "a = 1\n"), 2U);
  EXPECT_EQ(fault_line(repeated("a.", 131'000) + "a = 1"), 1U);
  EXPECT_EQ(fault_line("[" + repeated("\"a\" . ", toml_dots_max + 1) + "a]"), 1U);
  for (const auto& text : {"a = \"" + dots + ".\"", "a = '" + dots + ".'", "a = 1 # " + dots + ".",
                           "a = \"\"\"\n" + dots + ".\n\"\"\"", "a = '''" + dots + ".'''", "a = \"\\\"" + dots + ".\""})
    EXPECT_TRUE(passes(text)) << text;
  // And again when the string is over.
  for (const auto* text :
       {"\"\"", "''", "\"\"\"\"\"\"", "''''''", "\"\\\\\"", "'\\'", "\"\"\"\"\"\"\"\"", "\"\"\"\\\"\"\"\"",
        "\"\"\"a\"b\"\"c\"\"\"", "\"'\"", "'\"'", "\"#\"", "\"no end\n", "# a comment\n"})
    EXPECT_NE(fault_line(text + dots + "."), 0U) << text;
}

TEST(TomlGuard, BracketsAreCountedAsDeepAsTheyStandInOneAnother) {
  const auto nested = [](std::size_t depth) { return "a = " + repeated("[\n", depth) + repeated("]\n", depth); };
  EXPECT_TRUE(passes(nested(toml_depth_max)));
  EXPECT_EQ(fault_line(nested(toml_depth_max + 1)), toml_depth_max + 1);
  EXPECT_FALSE(passes("a = " + repeated("{a = ", toml_depth_max + 1)));
  EXPECT_TRUE(passes(repeated("[a]\n[[b]]\nc = [1, {d = 2}] # [[[[[[\ne = \"[[[[[[[[\"\n", 100)));
  EXPECT_TRUE(passes(repeated("]", 100) + nested(toml_depth_max)));
}

TEST(TomlGuard, CharactersBeyondAsciiStandWhereTheyMay) {
  EXPECT_TRUE(passes("a = \"\u00e9\" # \u00e9\nb = '''\n\u00e9'''"));
  EXPECT_EQ(fault_line("a = 1\nb\u00e9 = 2"), 2U);
  EXPECT_EQ(fault_line("\xff"), 1U);
  EXPECT_EQ(fault_line("a = \"no end\n\u00e9 = 1"), 2U);
  for (const auto* text : {"a = \"\u00e9\"", "# \u00e9", "\u00e9"})
    EXPECT_EQ(fault_line(text, BeyondAscii::nowhere), 1U) << text;
  EXPECT_TRUE(passes("a = \"\\u00E9\"", BeyondAscii::nowhere));
}

}  // namespace
}  // namespace keyfold
