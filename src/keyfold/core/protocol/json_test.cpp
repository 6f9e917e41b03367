#include "keyfold/core/protocol/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace keyfold::protocol {
namespace {

using Kind = JsonValue::Kind;

ErrorCode refusal(std::string_view text) {
  JsonReader reader;
  const auto value = reader.parse(text);
  return value ? ErrorCode::internal : value.error().code;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Json, ReadsEveryKindOfValue) {
  JsonReader reader;
  const auto value = reader.parse(R"({"n":null,"b":true,"i":-7,"r":1.5,"t":"a\u00e4\n","a":[1,2],"o":{"x":1}})");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->size(), 7U);
  EXPECT_TRUE(value->find("n")->is(Kind::null));
  EXPECT_TRUE(value->find("b")->boolean());
  EXPECT_EQ(value->text_of("b"), "");
  EXPECT_EQ(value->text_of("not there"), "");
  EXPECT_EQ(value->text_of("t"), "a\xc3\xa4\n");
  EXPECT_EQ(value->find("i")->integer(), -7);
  EXPECT_EQ(value->find("r")->real(), 1.5);
  EXPECT_EQ(value->find("t")->text(), "a\xc3\xa4\n");
  EXPECT_EQ(value->find("a")->size(), 2U);
  EXPECT_EQ(value->find("o")->find("x")->integer(), 1);
  EXPECT_FALSE(value->find("N"));
}

TEST(Json, IntegersAboveTheRangeAreTheLargest) {
  JsonReader reader;
  EXPECT_EQ(reader.parse("18446744073709551615")->integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(reader.parse("-9223372036854775808")->integer(), std::numeric_limits<std::int64_t>::min());
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string_view text : {"", " ", "{", "}", "{'a':1}", "{\"a\":1,}", "[1,]", "nul", "01", "1e", "\"\\x\"",
                                      "\"a", "{}{}", "{\"a\" 1}", "NaN", "+1", "\"\x01\"", "// c\n1", "1e999"})
    EXPECT_EQ(refusal(text), ErrorCode::serialization) << text;
}

TEST(Json, RefusesInvalidUtf8) {
  for (const std::string_view bytes : {"\x80", "\xc0\xaf", "\xe2\x28\xa1", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"})
    EXPECT_EQ(refusal("\"" + std::string(bytes) + "\""), ErrorCode::serialization);
  EXPECT_EQ(refusal("\"\\ud800\""), ErrorCode::serialization);
}

TEST(Json, RefusesANameThatStandsTwiceInAnObjectWhereverItIs) {
  EXPECT_EQ(refusal(R"({"a":1,"a":1})"), ErrorCode::serialization);
  EXPECT_EQ(refusal(R"({"a":1,"\u0061":2})"), ErrorCode::serialization) << "compared unescaped";
  EXPECT_EQ(refusal(R"([[{"x":[{"a":1,"b":2,"a":3}]}]])"), ErrorCode::serialization);
  JsonReader reader;
  EXPECT_TRUE(reader.parse(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"A":1})"));
}

TEST(Json, RefusesADuplicateAmongAnyNumberOfMembers) {
  for (std::size_t count = 2; count <= 40; ++count) {
    std::string unique = "{";
    for (std::size_t i = 0; i < count; ++i)
      unique.append(i > 0 ? ",\"m" : "\"m").append(std::to_string(i)).append("\":0");
    JsonReader reader;
    EXPECT_TRUE(reader.parse(unique + "}")) << count;
    EXPECT_EQ(refusal(unique + ",\"m0\":1}"), ErrorCode::serialization) << count;
    EXPECT_EQ(refusal(unique + ",\"m" + std::to_string(count - 1) + "\":1}"), ErrorCode::serialization) << count;
  }
}

TEST(Json, TakesThirtyTwoLevelsAndNoMore) {
  for (std::size_t depth = 1; depth <= 40; ++depth) {
    JsonReader reader;
    EXPECT_EQ(reader.parse(nested(depth)).has_value(), depth <= json_depth_max) << depth;
  }
  EXPECT_EQ(refusal(std::string(100'000, '[')), ErrorCode::serialization);
}

TEST(Json, KeepsItsDepthWhenItGrows) {
  JsonReader reader;
  ASSERT_TRUE(reader.parse("\"" + std::string(200'000, 'a') + "\""));
  EXPECT_TRUE(reader.parse(nested(json_depth_max)));
  EXPECT_FALSE(reader.parse(nested(json_depth_max + 1)));
}

TEST(Json, TakesOneMebibyteAndNoMoreUnlessToldTo) {
  JsonReader reader;
  EXPECT_TRUE(reader.parse("\"" + std::string(json_size_max - 2, 'a') + "\""));
  EXPECT_EQ(refusal("\"" + std::string(json_size_max - 1, 'a') + "\""), ErrorCode::serialization);
  for (const std::size_t size_max : {std::size_t{100}, 16 * json_size_max}) {
    EXPECT_TRUE(reader.parse("\"" + std::string(size_max - 2, 'a') + "\"", size_max));
    EXPECT_FALSE(reader.parse("\"" + std::string(size_max - 1, 'a') + "\"", size_max));
  }
}

TEST(Json, ReadsAgainAfterARefusalAndAfterAWipe) {
  JsonReader reader;
  EXPECT_FALSE(reader.parse("{"));
  EXPECT_EQ(reader.parse("[1]")->size(), 1U);
  reader.wipe();
  EXPECT_EQ(reader.parse("\"b\"")->text(), "b");
}

TEST(Json, WipeOverwritesTextsThatWereRead) {
  JsonReader reader;
  const std::string secret(3000, 's');
  const auto value = reader.parse("[\"" + secret + "\",\"\",\"\",\"" + secret + "\"]");
  ASSERT_TRUE(value);
  std::vector<std::string_view> texts;
  value->each_element([&](const JsonValue& element) { texts.push_back(element.text()); });
  reader.wipe();
  for (const std::string_view text : texts) EXPECT_EQ(text.find('s'), std::string_view::npos);
}

}  // namespace
}  // namespace keyfold::protocol
