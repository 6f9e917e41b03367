#include "keyfold/core/protocol/json_writer.h"

#include <gtest/gtest.h>

#include "keyfold/core/protocol/json.h"

namespace keyfold::protocol {
namespace {

TEST(JsonWriter, PutsCommasBetweenValuesAndNowhereElse) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .name("a")
      .begin_array()
      .integer(1)
      .begin_object()
      .end_object()
      .begin_array()
      .end_array()
      .end_array();
  json.boolean("b", false).name("c").begin_object().text("d", "e").end_object().hex("f", as_bytes("\x0f")).end_object();
  EXPECT_EQ(out, R"({"a":[1,{},[]],"b":false,"c":{"d":"e"},"f":"0f"})");
}

TEST(JsonWriter, EveryByteOfATextIsReadBack) {
  std::string text;
  for (int c = 0; c < 0x80; ++c) text += static_cast<char>(c);
  text += "\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91";
  std::string out;
  JsonWriter(out).text(text);
  JsonReader reader;
  EXPECT_EQ(reader.parse(out)->text(), text);
  EXPECT_NE(out.find("\\u0000"), std::string::npos);
}

TEST(JsonWriter, WritesTimesAsSecondsWithMilliseconds) {
  const auto written = [](std::int64_t microseconds) {
    std::string out;
    JsonWriter(out).time(Timestamp(Duration(microseconds)));
    return out;
  };
  EXPECT_EQ(written(0), "0");
  EXPECT_EQ(written(1'764'000'000'000'000), "1764000000");
  EXPECT_EQ(written(1'764'000'000'123'456), "1764000000.123");
  EXPECT_EQ(written(1'764'000'000'007'999), "1764000000.007");
}

TEST(JsonWriter, AppendsToWhatIsThereAndReusesItsMemory) {
  std::string out = "x";
  out.reserve(256);
  const auto* memory = out.data();
  JsonWriter(out).begin_object().base64("k", as_bytes("hello")).integer("n", -1).end_object();
  EXPECT_EQ(out, R"(x{"k":"aGVsbG8=","n":-1})");
  EXPECT_EQ(out.data(), memory);
}

}  // namespace
}  // namespace keyfold::protocol
