#include "keyfold/core/protocol/query.h"

#include <gtest/gtest.h>

#include "keyfold/core/protocol/query_errors.h"
#include "keyfold/core/protocol/xml_writer.h"

namespace keyfold::protocol {
namespace {

TEST(Query, ReadsParametersAsFormsEncodeThem) {
  QueryReader query;
  ASSERT_TRUE(query.parse("Action=CreateUser&Path=%2Fa%2f&Note=one+two%2Bthree&Empty=&Bare&Umlaut=%C3%A9&Eq=a=b"));
  EXPECT_EQ(query.text("Action"), "CreateUser");
  EXPECT_EQ(query.text("Path"), "/a/");
  EXPECT_EQ(query.text("Note"), "one two+three");
  EXPECT_EQ(query.text("Empty"), "");
  EXPECT_EQ(query.text("Bare"), "");
  EXPECT_EQ(query.text("Umlaut"), "\xC3\xA9");
  EXPECT_EQ(query.text("Eq"), "a=b");
  EXPECT_EQ(query.text("action"), std::nullopt);
  ASSERT_TRUE(query.parse(""));
  EXPECT_EQ(query.size(), 0U);
  EXPECT_EQ(query.text("Action"), std::nullopt);
}

TEST(Query, RefusesWhatCouldBeReadInTwoWays) {
  QueryReader query;
  for (const std::string_view body :
       {"A=1&A=2", "A=1&%41=2", "=1", "&A=1", "A=1&", "A=1&&B=2", "&", "A=%", "A=%4", "A=%4g", "A=%g4", "%zz=1",
        "A=%00", "A=%FF", "A=%C3%28", "A=%ED%A0%80", "A=%C0%AF"}) {
    const auto outcome = query.parse(body);
    ASSERT_FALSE(outcome) << body;
    EXPECT_EQ(outcome.error().code, ErrorCode::validation);
    EXPECT_EQ(query.size(), 0U);
  }
}

TEST(Query, HasItsLimits) {
  QueryReader query;
  std::string many = "p0=";
  for (std::size_t i = 1; i < query_parameters_max; ++i) many += "&p" + std::to_string(i) + "=";
  EXPECT_TRUE(query.parse(many));
  EXPECT_FALSE(query.parse(many + "&more="));
  EXPECT_EQ(query.size(), 0U);
  EXPECT_TRUE(query.parse(std::string(query_name_size_max, 'n') + "=1"));
  EXPECT_FALSE(query.parse(std::string(query_name_size_max + 1, 'n') + "=1"));
  EXPECT_TRUE(query.parse("A=" + std::string(query_size_max - 2, 'v')));
  EXPECT_FALSE(query.parse("A=" + std::string(query_size_max - 1, 'v')));
}

TEST(Query, ReadsListsInOrder) {
  QueryReader query;
  std::string body = "Tags.member.2.Key=b&Tags.member.1.Key=a&Tags.member.1.Value=1&Tagsx.member.1=no";
  for (int i = 3; i <= 12; ++i) body += "&Tags.member." + std::to_string(i) + ".Key=k" + std::to_string(i);
  ASSERT_TRUE(query.parse(body));
  const auto members = query.list("Tags");
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 12U);
  EXPECT_EQ(query.text_of((*members)[0], "Key"), "a");
  EXPECT_EQ(query.text_of((*members)[0], "Value"), "1");
  EXPECT_EQ(query.text_of((*members)[1], "Value"), std::nullopt);
  EXPECT_EQ(query.text_of((*members)[11], "Key"), "k12");
  EXPECT_TRUE(query.list("Other")->empty());
  ASSERT_TRUE(query.parse("TagKeys.member.1=a&TagKeys.member.2=b&Tags="));
  EXPECT_EQ(query.text_of(query.list("TagKeys")->back(), ""), "b");
  EXPECT_TRUE(query.list("Tags")->empty());
}

TEST(Query, RefusesListsWithGapsAndOddNumbers) {
  QueryReader query;
  for (const std::string_view body :
       {"T.member.2=a", "T.member.1=a&T.member.3=c", "T.member.01=a", "T.member.=a", "T.member.0=a", "T.member.-1=a",
        "T.member.1x=a", "T.member.+1=a", "T.member.129=a", "T.member.99999999999999999999=a"}) {
    ASSERT_TRUE(query.parse(body));
    EXPECT_FALSE(query.list("T")) << body;
  }
}

TEST(Xml, EscapesWhateverATextHolds) {
  std::string out;
  XmlWriter(out)
      .open("A", "https://example.org/")
      .text("B", "<&>\"'\r\n\t\x01 \xC3\xA9")
      .integer("C", -5)
      .boolean("D", true)
      .time("E", Timestamp(std::chrono::seconds(1'800'000'000)))
      .close("A");
  EXPECT_EQ(out,
            "<A xmlns=\"https://example.org/\"><B>&lt;&amp;&gt;&quot;'&#xD;\n\t\xEF\xBF\xBD \xC3\xA9</B><C>-5</C>"
            "<D>true</D><E>2027-01-15T08:00:00Z</E></A>");
}

// U+FFFE and U+FFFF, and their neighbours; also where a text ends in the middle.
TEST(Xml, HasNoCharacterThatItCannotHave) {
  std::string out;
  XmlWriter(out).text("A", "\xEF\xBF\xBD\xEF\xBF\xBE\xEF\xBF\xBF\xF0\x90\x80\x80|\xEF\xBF");
  EXPECT_EQ(out, "<A>\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xF0\x90\x80\x80|\xEF\xBF</A>");
}

TEST(Query, AListIsNoTextAtTheSameTime) {
  QueryReader query;
  ASSERT_TRUE(query.parse("Tags=&TagKeys.member.1=a"));
  EXPECT_TRUE(query.list("Tags")->empty());
  for (const auto* body : {"TagKeys=a", "TagKeys=&TagKeys.member.1=a", "TagKeys=a&TagKeys.member.1=a"}) {
    ASSERT_TRUE(query.parse(body));
    EXPECT_FALSE(query.list("TagKeys")) << body;
  }
}

TEST(QueryErrors, AreAwssNamesAndStatuses) {
  const auto is = [](ErrorCode code, std::string_view name, int status) {
    EXPECT_EQ(query_error_name(code), name);
    EXPECT_EQ(query_http_status(code), status);
  };
  is(ErrorCode::not_found, "NoSuchEntity", 404);
  is(ErrorCode::already_exists, "EntityAlreadyExists", 409);
  is(ErrorCode::delete_conflict, "DeleteConflict", 409);
  is(ErrorCode::limit_exceeded, "LimitExceeded", 409);
  is(ErrorCode::malformed_policy_document, "MalformedPolicyDocument", 400);
  is(ErrorCode::access_denied, "AccessDenied", 403);
  is(ErrorCode::expired_token, "ExpiredToken", 403);
  is(ErrorCode::corrupt, "ServiceFailure", 500);
  std::string body;
  append_query_error_body(body, iam_namespace, {ErrorCode::not_found, "The user <x> cannot be found."}, "id");
  EXPECT_EQ(body,
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>"
            "<Code>NoSuchEntity</Code><Message>The user &lt;x&gt; cannot be found.</Message></Error>"
            "<RequestId>id</RequestId></ErrorResponse>");
  body.clear();
  append_query_error_body(body, sts_namespace, {ErrorCode::io, "the disk is full"}, "id");
  EXPECT_EQ(body.find("disk"), std::string::npos);
}

}  // namespace
}  // namespace keyfold::protocol
