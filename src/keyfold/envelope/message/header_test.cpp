#include "keyfold/envelope/message/header.h"

#include <gtest/gtest.h>

namespace keyfold::message {
namespace {

const std::string message_id(64, '7');
const std::string commit_key(64, 'c');
const std::string tag(32, 'e');
const std::string key =
    "0001"
    "61"
    "0001"
    "62"
    "0001"
    "63";

struct Parts {
  std::string version = "02", suite = "0478", context = "0000", keys = "0001" + key, content_type = "02",
              frame_length = "00001000";
};
Bytes header(const Parts& parts) {
  return *from_hex(parts.version + parts.suite + message_id + parts.context + parts.keys + parts.content_type +
                   parts.frame_length + commit_key + tag);
}
struct Parts1 {
  std::string version = "01", type = "80", suite = "0178", context = "0000", keys = "0001" + key, content_type = "02",
              reserved = "00000000", iv_length = "0c", frame_length = "00001000", iv = "0102030405060708090a0b0c";
};
Bytes header(const Parts1& parts) {
  return *from_hex(parts.version + parts.type + parts.suite + message_id.substr(32) + parts.context + parts.keys +
                   parts.content_type + parts.reserved + parts.iv_length + parts.frame_length + parts.iv + tag);
}

Result<Header> read_whole(BytesView bytes, const Limits& limits = {}) {
  auto read = read_header(bytes, limits);
  if (!read) return std::move(read).error();
  if (auto* whole = std::get_if<Header>(&*read)) return *whole;
  return Error{ErrorCode::unavailable, "needs more"};
}
template <class AnyParts>
std::string refusal(const AnyParts& parts, const Limits& limits = {}) {
  const auto read = read_whole(header(parts), limits);
  return read ? "accepted" : read.error().message;
}

TEST(Header, ReadsTheFieldsInTheOrderOfTheSpecification) {
  auto bytes = header(Parts{.suite = "0578",
                            .context = "000a"
                                       "0001"
                                       "0002"
                                       "6b6b"
                                       "0002"
                                       "7676"});
  bytes.push_back(std::byte{0xAA});  // The first frame's.
  const auto read = read_whole(bytes);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->body.suite->id, materials::SuiteId::aes_256_gcm_hkdf_sha512_commit_key_ecdsa_p384);
  EXPECT_EQ(to_hex(read->body.message_id.view()), message_id);
  EXPECT_EQ(to_hex(read->body.encryption_context),
            "00010002"
            "6b6b"
            "0002"
            "7676");
  ASSERT_EQ(read->body.encrypted_data_keys.size(), 1U);
  EXPECT_EQ(read->body.encrypted_data_keys[0].provider_id, "a");
  EXPECT_EQ(as_text(read->body.encrypted_data_keys[0].provider_info), "b");
  EXPECT_EQ(as_text(read->body.encrypted_data_keys[0].ciphertext), "c");
  EXPECT_EQ(read->body.frame_length, 4096U);
  EXPECT_EQ(to_hex(read->body.commit_key), commit_key);
  EXPECT_EQ(to_hex(read->tag), tag);
  EXPECT_EQ(read->size, bytes.size() - 1);
  EXPECT_EQ(read->body_bytes.size(), read->size - 16);
}

TEST(Header, WritesWhatItReads) {
  const auto bytes = header(Parts{.keys = "0003" + key + key + key});
  const auto read = read_whole(bytes);
  ASSERT_TRUE(read);
  Bytes written;
  append_header_body(written, read->body);
  EXPECT_TRUE(std::ranges::equal(written, read->body_bytes));
}

TEST(Header, AsksForMoreAtEveryTruncationAndNeverForMoreThanThereIs) {
  const auto whole = header(Parts{.context = "000a"
                                             "0001"
                                             "0002"
                                             "6b6b"
                                             "0002"
                                             "7676",
                                  .keys = "0002" + key + key});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = read_header(BytesView(whole).first(size), {});
    ASSERT_TRUE(read) << size << ": " << read.error().message;
    const auto* more = std::get_if<NeedsMore>(&*read);
    ASSERT_NE(more, nullptr) << size;
    EXPECT_GT(more->at_least, size);
    EXPECT_LE(more->at_least, whole.size());
  }
}

TEST(Header, RefusesWhatTheSpecificationRulesOut) {
  EXPECT_EQ(refusal(Parts{}), "accepted");
  EXPECT_EQ(refusal(Parts{.version = "00"}), "not an AWS Encryption SDK message");
  EXPECT_EQ(refusal(Parts{.version = "41"}), "not an AWS Encryption SDK message");
  EXPECT_EQ(refusal(Parts{.suite = "0000"}), "unknown algorithm suite 0x0000");
  EXPECT_EQ(refusal(Parts{.suite = "0178"}), "suite 0x0178 does not belong to message format version 2.0");
  EXPECT_EQ(refusal(Parts{.keys = "0000"}), "the message has no encrypted data keys");
  EXPECT_EQ(refusal(Parts{.content_type = "00"}), "the message has an unknown content type");
  EXPECT_EQ(refusal(Parts{.content_type = "01"}), "the message is not framed, but has a frame length");
  EXPECT_EQ(refusal(Parts{.content_type = "01", .frame_length = "00000000"}), "accepted");
  EXPECT_EQ(refusal(Parts{.content_type = "03"}), "the message has an unknown content type");
  EXPECT_EQ(refusal(Parts{.keys = "0001"
                                  "0001"
                                  "ff"
                                  "0000"
                                  "0000"}),
            "the message has a key provider id that is not UTF-8");
  EXPECT_EQ(refusal(Parts{.frame_length = "00000000"}), "the message has a frame length of 0");
}

TEST(HeaderVersion1, ReadsTheFieldsInTheOrderOfTheSpecification) {
  auto bytes = header(Parts1{.suite = "0378"});
  bytes.push_back(std::byte{0xAA});  // The first frame's.
  const auto read = read_whole(bytes);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->body.suite->id, materials::SuiteId::aes_256_gcm_hkdf_sha384_ecdsa_p384);
  EXPECT_EQ(to_hex(read->body.message_id.view()), message_id.substr(32));
  ASSERT_EQ(read->body.encrypted_data_keys.size(), 1U);
  EXPECT_EQ(read->body.frame_length, 4096U);
  EXPECT_EQ(to_hex(read->iv), "0102030405060708090a0b0c");
  EXPECT_EQ(to_hex(read->tag), tag);
  EXPECT_EQ(read->size, bytes.size() - 1);
  EXPECT_EQ(read->body_bytes.size(), read->size - 16 - 12);
}

TEST(HeaderVersion1, WritesWhatItReads) {
  const auto bytes = header(Parts1{.context = "0007"
                                              "0001"
                                              "0001"
                                              "6b"
                                              "0000",
                                   .keys = "0002" + key + key});
  const auto read = read_whole(bytes);
  ASSERT_TRUE(read) << read.error().message;
  Bytes written;
  append_header_body(written, read->body);
  append_header_authentication(written, read->body, read->iv, read->tag);
  EXPECT_EQ(written, bytes);
}

TEST(HeaderVersion1, AsksForMoreAtEveryTruncation) {
  const auto whole = header(Parts1{});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = read_header(BytesView(whole).first(size), {});
    ASSERT_TRUE(read) << size << ": " << read.error().message;
    const auto* more = std::get_if<NeedsMore>(&*read);
    ASSERT_NE(more, nullptr) << size;
    EXPECT_GT(more->at_least, size);
    EXPECT_LE(more->at_least, whole.size());
  }
}

TEST(HeaderVersion1, RefusesWhatTheSpecificationRulesOut) {
  EXPECT_EQ(refusal(Parts1{}), "accepted");
  EXPECT_EQ(refusal(Parts1{.type = "81"}), "not an AWS Encryption SDK message");
  EXPECT_EQ(refusal(Parts1{.suite = "0478"}), "suite 0x0478 does not belong to message format version 1.0");
  EXPECT_EQ(refusal(Parts1{.suite = "0000"}), "unknown algorithm suite 0x0000");
  EXPECT_EQ(refusal(Parts1{.reserved = "00000001"}), "the message's header has something in its reserved field");
  EXPECT_EQ(refusal(Parts1{.iv_length = "10"}), "the message's header has an IV length that is not the suite's");
  EXPECT_EQ(refusal(Parts1{.content_type = "01", .frame_length = "00000000"}), "accepted");
  for (const auto& suite : materials::all_suites())
    if (suite.message_version == 1) {
      EXPECT_EQ(refusal(Parts1{.suite = materials::to_string(suite.id).substr(2)}), "accepted");
    }
}

TEST(Header, SaysThatAMessageIsStillInBase64) {
  const std::string said = "the message looks like base64: decode it first";
  const auto refused = [](std::string_view text) {
    const auto read = read_whole(as_bytes(text));
    return read ? "accepted" : read.error().message;
  };
  for (const auto& suite : materials::all_suites()) {
    const auto id = materials::to_string(suite.id).substr(2);
    const auto bytes = suite.message_version == 1 ? header(Parts1{.suite = id}) : header(Parts{.suite = id});
    EXPECT_EQ(refused(to_base64(bytes)), said) << id;
  }
  for (const char* text : {"AXAAAAAA", "AgV5AAAA", "Agv4AAAA", "BYAAAAAA", "A letter."})
    EXPECT_EQ(refused(text), "not an AWS Encryption SDK message") << text;
}

TEST(Header, CountsTheKeysBeforeItReadsAny) {
  const auto whole = header(Parts{.keys = "0003" + key + key + key});
  const auto up_to_count = BytesView(whole).first(1 + 2 + 32 + 2 + 2);
  EXPECT_TRUE(read_header(up_to_count, {.encrypted_data_keys_max = 3}));
  const auto refused = read_header(up_to_count, {.encrypted_data_keys_max = 2});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the message has 3 encrypted data keys; the limit is 2");
}

TEST(Header, KeepsEveryLimitToTheByte) {
  const Parts parts{.context =
                        "000a"
                        "0001"
                        "0002"
                        "6b6b"
                        "0002"
                        "7676"};
  const auto size = header(parts).size();
  EXPECT_EQ(refusal(parts, {.header_size_max = size}), "accepted");
  EXPECT_NE(refusal(parts, {.header_size_max = size - 1}), "accepted");
  EXPECT_EQ(refusal(parts, {.encryption_context_size_max = 10}), "accepted");
  EXPECT_NE(refusal(parts, {.encryption_context_size_max = 9}), "accepted");
  EXPECT_EQ(refusal(parts, {.frame_length_max = 4096}), "accepted");
  EXPECT_NE(refusal(parts, {.frame_length_max = 4095}), "accepted");
}

TEST(Header, RefusesAFieldThatReachesBeyondTheLimitBeforeItIsThere) {
  const auto announced = header(Parts{.keys = "0001"
                                              "FFFF"});
  EXPECT_FALSE(read_header(BytesView(announced).first(41), {.header_size_max = 1000}));
}

}  // namespace
}  // namespace keyfold::message
