#include "keyfold/kms/audit/event.h"

#include <gtest/gtest.h>

#include <vector>

namespace keyfold::audit {
namespace {

constexpr std::string_view key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

AuditEvent decrypt_event() {
  AuditEvent event;
  event.time = *from_iso8601("2026-11-24T05:50:07Z");
  event.user = {.type = "IAMUser",
                .principal_id = "AIDAEXAMPLE",
                .arn = "arn:aws:iam::123456789012:user/ledger-writer",
                .account_id = "123456789012",
                .access_key_id = "AKIAEXAMPLE",
                .user_name = "ledger-writer"};
  event.name = "Decrypt";
  event.region = "eu-central-1";
  event.source_ip = "127.0.0.1";
  event.user_agent = "Boto3/1.26.27";
  event.request.key_id = "alias/payments";
  event.request.encryption_algorithm = "SYMMETRIC_DEFAULT";
  event.details = {
      .key_material_id = "00ff", .decision = "allow", .deciding_statement = "key policy, AllowLedger", .others = {}};
  event.tls = {.version = "TLSv1.3", .cipher_suite = "TLS_AES_256_GCM_SHA384", .host = "kms.example:8443"};
  event.request_id = "0a0a0a0a-0000-4000-8000-000000000001";
  event.event_id = "0b0b0b0b-0000-4000-8000-000000000002";
  event.resource_arn = key;
  event.resource_account = "123456789012";
  event.recipient_account = "123456789012";
  return event;
}

std::string encoded(const AuditEvent& event) {
  std::string leaf = "what was there before";
  encode(event, leaf);
  return leaf;
}

// docs/formats/audit-log.md prints this line.
TEST(Event, IsTheWorkedExampleOfTheFormatPage) {
  std::vector<ContextPair> pairs = {{"tenant", "42"}, {"purpose", "ledger"}};
  AuditEvent event = decrypt_event();
  event.request.encryption_context = *ContextView::over(pairs);
  EXPECT_EQ(
      encoded(event),
      R"({"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE",)"
      R"("arn":"arn:aws:iam::123456789012:user/ledger-writer","accountId":"123456789012",)"
      R"("accessKeyId":"AKIAEXAMPLE","userName":"ledger-writer"},"eventTime":"2026-11-24T05:50:07Z",)"
      R"("eventSource":"kms.amazonaws.com","eventName":"Decrypt","awsRegion":"eu-central-1",)"
      R"("sourceIPAddress":"127.0.0.1","userAgent":"Boto3/1.26.27","requestParameters":{"keyId":"alias/payments",)"
      R"("encryptionContext":{"purpose":"ledger","tenant":"42"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"},)"
      R"("responseElements":null,"additionalEventData":{"keyMaterialId":"00ff","decision":"allow",)"
      R"("decidingStatement":"key policy, AllowLedger"},"tlsDetails":{"tlsVersion":"TLSv1.3",)"
      R"("cipherSuite":"TLS_AES_256_GCM_SHA384","clientProvidedHostHeader":"kms.example:8443"},"requestID":"0a0a0a0a-0000-4000-8000-000000000001",)"
      R"("eventID":"0b0b0b0b-0000-4000-8000-000000000002","readOnly":true,"resources":[{)"
      R"("ARN":"arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",)"
      R"("accountId":"123456789012","type":"AWS::KMS::Key"}],"eventType":"AwsApiCall",)"
      R"("recipientAccountId":"123456789012","eventCategory":"Management"})");
}

TEST(Event, ARefusalNamesItsReason) {
  AuditEvent event = decrypt_event();
  event.error_code = "AccessDenied";
  event.error_message = "no statement allows kms:Decrypt";
  event.details.decision = "implicit deny";
  const auto leaf = encoded(event);
  EXPECT_NE(leaf.find(R"("errorCode":"AccessDenied","errorMessage":"no statement allows kms:Decrypt")"),
            std::string::npos);
  EXPECT_NE(leaf.find(R"("decision":"implicit deny")"), std::string::npos);
}

TEST(Event, AnEventOfTheServerItselfHasNoKeyAndNoRequest) {
  AuditEvent event;
  event.time = *from_iso8601("2026-11-24T05:50:07Z");
  event.user.type = "AWSService";
  event.name = event_name::server_start;
  event.event_id = "0b0b0b0b-0000-4000-8000-000000000002";
  event.type = EventType::keyfold_server;
  event.access = Access::write;
  const std::vector<EventField> others = {
      {"version", "0.1.0"}, EventField::number("leaves", -3), EventField::boolean("torn", true)};
  event.details.others = others;
  EXPECT_EQ(encoded(event),
            R"({"eventVersion":"1.11","userIdentity":{"type":"AWSService"},"eventTime":"2026-11-24T05:50:07Z",)"
            R"("eventSource":"kms.amazonaws.com","eventName":"ServerStart","requestParameters":null,)"
            R"("responseElements":null,"additionalEventData":{"version":"0.1.0","leaves":-3,"torn":true},)"
            R"("eventID":"0b0b0b0b-0000-4000-8000-000000000002","readOnly":false,"eventType":"KeyfoldServer",)"
            R"("eventCategory":"Management"})");
}

TEST(Event, AReEncryptionThatNamesItsSourceAloneHasARequest) {
  AuditEvent event = decrypt_event();
  event.request = {};
  ReEncryptSource source;
  event.re_encrypted = &source;
  EXPECT_NE(encoded(event).find(R"("requestParameters":null)"), std::string::npos);
  source.key_id = "alias/a";
  EXPECT_NE(encoded(event).find(R"("requestParameters":{"sourceKeyId":"alias/a"},)"), std::string::npos);
  source = {};
  source.encryption_algorithm = "SYMMETRIC_DEFAULT";
  EXPECT_NE(encoded(event).find(R"("requestParameters":{"sourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT"},)"),
            std::string::npos);
  std::vector<ContextPair> pairs = {{"a", "1"}};
  source = {};
  source.encryption_context = *ContextView::over(pairs);
  EXPECT_NE(encoded(event).find(R"("requestParameters":{"sourceEncryptionContext":{"a":"1"}},)"), std::string::npos);
}

TEST(Event, ObjectsAreWrittenInsideOfFields) {
  std::vector<ContextPair> pairs = {{"b", "2"}, {"a", "1"}};
  const std::vector<EventField> inner = {EventField::context("encryptionContextSubset", *ContextView::over(pairs)),
                                         {"more", "x"}};
  const std::vector<EventField> fields = {EventField::fields("constraints", inner), EventField::fields("none", {}),
                                          EventField::context("empty", {})};
  AuditEvent event = decrypt_event();
  event.request = {};
  event.request.others = fields;
  EXPECT_NE(encoded(event).find(R"("requestParameters":{"constraints":{"encryptionContextSubset":{"a":"1","b":"2"},)"
                                R"("more":"x"},"none":{},"empty":{}},)"),
            std::string::npos)
      << encoded(event);
}

TEST(Event, ListsAreWrittenAsCloudTrailHasThem) {
  const std::vector<std::string_view> keys = {"a", "[", "\""};
  const std::vector<EventTag> tags = {{"domain", "payments"}, {"empty", ""}};
  const std::vector<EventField> fields = {EventField::tags("tags", tags),
                                          EventField::texts("tagKeys", keys),
                                          EventField::tags("noTags", {}),
                                          EventField::texts("none", {}),
                                          {"policyName", "default"}};
  AuditEvent event = decrypt_event();
  event.request = {};
  event.request.others = fields;
  EXPECT_NE(encoded(event).find(R"("requestParameters":{"tags":[{"tagKey":"domain","tagValue":"payments"},)"
                                R"({"tagKey":"empty","tagValue":""}],"tagKeys":["a","[","\""],"noTags":[],"none":[],)"
                                R"("policyName":"default"},)"),
            std::string::npos)
      << encoded(event);
}

TEST(Event, TimesAreThoseOfTheClock) {
  for (const char* time :
       {"1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2024-02-29T12:00:01Z", "9999-12-31T23:59:59Z"}) {
    AuditEvent event = decrypt_event();
    event.time = *from_iso8601(time) + std::chrono::microseconds(999'999);
    EXPECT_NE(encoded(event).find("\"eventTime\":\"" + std::string(time) + "\""), std::string::npos) << time;
  }
}

// Whatever text a caller can choose.
std::vector<std::string> encodings_of(std::string_view text) {
  std::vector<std::string> leaves;
  const std::vector<std::string_view> texts = {text, text};
  const std::vector<EventTag> tags = {{text, text}};
  std::vector<ContextPair> pairs = {{text, text}};
  const auto context = *ContextView::over(pairs);
  const std::vector<EventField> inner = {{"field", text}, EventField::context(text, context)};
  const std::vector<EventField> fields = {{"field", text},
                                          {text, "value"},
                                          EventField::texts("texts", texts),
                                          EventField::tags("tags", tags),
                                          EventField::context("pairs", context),
                                          EventField::fields("inner", inner)};
  AuditEvent event = decrypt_event();
  event.user_agent = text;
  event.tls.host = text;
  event.error_message = text;
  event.request.key_id = text;
  event.request.encryption_context = context;
  event.request.others = fields;
  event.response = fields;
  event.details.others = fields;
  event.details.deciding_statement = text;
  leaves.push_back(encoded(event));
  return leaves;
}

bool well_formed(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0x20 || (lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || at + length > text.size()) return false;
    for (std::size_t i = 1; i < length; ++i)
      if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return false;
    at += length;
  }
  return true;
}

TEST(Event, NoTwoBytesBreakALineOrItsEncoding) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second)};
      for (const auto& leaf : encodings_of(text)) ASSERT_TRUE(well_formed(leaf)) << first << " " << second;
    }
  }
}

TEST(Event, BytesThatAreNotUtf8BecomeTheReplacementCharacter) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"\xC3\xA4", "\xC3\xA4"},                                  // ä
      {"\xE2\x82\xAC", "\xE2\x82\xAC"},                          // €
      {"\xF0\x9F\x94\x91", "\xF0\x9F\x94\x91"},                  // a key
      {"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // overlong
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // a surrogate
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"a\xFF\nb", "a\xEF\xBF\xBD\\nb"},
      {"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\x7F", "\x7F"},
      {"\"\\\x01", "\\\"\\\\\\u0001"},
  };
  for (const auto& [given, written] : cases) {
    AuditEvent event = decrypt_event();
    event.user_agent = given;
    EXPECT_NE(encoded(event).find("\"userAgent\":\"" + std::string(written) + "\","), std::string::npos)
        << to_hex(as_bytes(given));
  }
}

TEST(Event, ALongUserAgentOrHostIsCutAtACharacter) {
  for (std::size_t before = 1020; before <= 1024; ++before) {
    AuditEvent event = decrypt_event();
    const std::string agent = std::string(before, 'x') + "\xE2\x82\xAC" + std::string(100, 'y');
    event.user_agent = agent;
    event.tls.host = agent;
    const std::string kept = before + 3 <= 1024 ? agent.substr(0, 1024) : agent.substr(0, before);
    EXPECT_NE(encoded(event).find("\"userAgent\":\"" + kept + "\","), std::string::npos) << before;
    EXPECT_NE(encoded(event).find("\"clientProvidedHostHeader\":\"" + kept + "\"}"), std::string::npos) << before;
  }
}

TEST(Event, ItsIdIsFoundWhateverTheCallerWrites) {
  const std::string id = "0b0b0b0b-0000-4000-8000-000000000002";
  EXPECT_EQ(event_id_of(encoded(decrypt_event())), id);
  for (const char* forged : {"eventID", "\"eventID\":\"forged\"", "eventID\":\"forged"}) {
    for (const auto& leaf : encodings_of(forged)) EXPECT_EQ(event_id_of(leaf), id) << forged;
  }
  std::vector<ContextPair> pairs = {{"eventID", "forged"}};
  AuditEvent event = decrypt_event();
  event.request.encryption_context = *ContextView::over(pairs);
  EXPECT_EQ(event_id_of(encoded(event)), id);
  EXPECT_EQ(event_id_of(""), "");
  EXPECT_EQ(event_id_of("{}"), "");
  EXPECT_EQ(event_id_of("\"eventID\":\""), "");
}

}  // namespace
}  // namespace keyfold::audit
