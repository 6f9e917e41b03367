#include "keyfold/envelope/message/header.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::message {
namespace {

constexpr std::uint8_t version_1 = 0x01;
constexpr std::uint8_t version_2 = 0x02;
constexpr std::uint8_t type_customer_authenticated = 0x80;  // Version 1.0's only one.

Error refused(std::string why) { return {ErrorCode::invalid_input, std::move(why)}; }
Error not_a_message() { return refused("not an AWS Encryption SDK message"); }

// Spec: client-apis/decrypt.md, "Encrypted Message Format": a message in base64 starts with its version, and type or
// suite: 01 80, 02 04 78 or 02 05 78.
Error describe_text(Fields& in) {
  const auto more = in.bytes(3);
  if (!more) return not_a_message();
  const auto text = "A" + std::string(as_text(*more));
  if (text.starts_with("AYA") || text == "AgR4" || text == "AgV4")
    return refused("the message looks like base64: decode it first");
  return not_a_message();
}

Result<std::uint8_t> read_version(Fields& in) {
  TRY_ASSIGN(const auto version, in.u8());
  if (version == 'A') return describe_text(in);
  if (version != version_1 && version != version_2) return not_a_message();
  if (version == version_1) {
    TRY_ASSIGN(const auto type, in.u8());
    if (type != type_customer_authenticated) return not_a_message();
  }
  return version;
}

Result<const materials::AlgorithmSuite*> read_suite(Fields& in, std::uint8_t version) {
  TRY_ASSIGN(const auto id, in.u16());
  TRY_ASSIGN(const auto* suite, materials::suite_of(id));
  if (suite->message_version != version)
    return refused("suite " + materials::to_string(suite->id) + " does not belong to message format version " +
                   std::to_string(version) + ".0");
  return suite;
}

Result<MessageId> read_message_id(Fields& in, const materials::AlgorithmSuite& suite) {
  TRY_ASSIGN(const auto bytes, in.bytes(suite.message_id_size));
  return MessageId(bytes);
}

template <std::size_t N>
Outcome read_into(ByteArray<N>& out, Fields& in) {
  TRY_ASSIGN(const auto bytes, in.bytes(N));
  std::ranges::copy(bytes, out.begin());
  return ok();
}

Result<BytesView> read_encryption_context(Fields& in, const Limits& limits) {
  TRY_ASSIGN(const auto size, in.u16());
  if (size > limits.encryption_context_size_max)
    return refused("the message's encryption context is larger than the limit");
  return in.bytes(size);
}

Outcome skip_encrypted_data_key(Fields& in) {
  TRY_ASSIGN(const auto provider_id, in.sized16());
  // Told here: a provider id is compared as text, and shown to people. Spec: data-format/message-header.md, "Key
  // Provider ID".
  if (!materials::is_utf8(as_text(provider_id))) return refused("the message has a key provider id that is not UTF-8");
  TRY(in.sized16());  // Key provider information.
  TRY(in.sized16());  // Ciphertext.
  return ok();
}

Result<materials::EncryptedDataKeysView> read_encrypted_data_keys(Fields& in, BytesView bytes, const Limits& limits) {
  TRY_ASSIGN(const auto count, in.u16());
  if (count == 0) return refused("the message has no encrypted data keys");
  // Before any is read: each one may cost the reader a call to a KMS.
  if (count > limits.encrypted_data_keys_max)
    return refused("the message has " + std::to_string(count) + " encrypted data keys; the limit is " +
                   std::to_string(limits.encrypted_data_keys_max));
  const auto start = in.position();
  for (std::uint16_t i = 0; i < count; ++i) TRY(skip_encrypted_data_key(in));
  return materials::EncryptedDataKeysView(bytes.subspan(start, in.position() - start), count);
}

Result<ContentType> read_content_type(Fields& in) {
  TRY_ASSIGN(const auto value, in.u8());
  const auto type = static_cast<ContentType>(value);
  if (type != ContentType::framed && type != ContentType::non_framed)
    return refused("the message has an unknown content type");
  return type;
}

// Version 1.0 only: four bytes for later, and the length of an IV that has only ever had one.
Outcome read_reserved_and_iv_length(Fields& in) {
  TRY_ASSIGN(const auto reserved, in.u32());
  TRY_ASSIGN(const auto iv_length, in.u8());
  if (reserved != 0) return refused("the message's header has something in its reserved field");
  if (iv_length != iv_size) return refused("the message's header has an IV length that is not the suite's");
  return ok();
}

Result<std::uint32_t> read_frame_length(Fields& in, ContentType type, const Limits& limits) {
  TRY_ASSIGN(const auto length, in.u32());
  if (type == ContentType::non_framed) {
    if (length != 0) return refused("the message is not framed, but has a frame length");
    return length;
  }
  if (length == 0) return refused("the message has a frame length of 0");
  if (length > limits.frame_length_max)
    return refused("the message has frames of " + std::to_string(length) + " bytes; the limit is " +
                   std::to_string(limits.frame_length_max));
  return length;
}

// Spec: data-format/message-header.md, "Header Body Version 1.0" and "2.0", in their order.
Result<HeaderBody> read_header_body(Fields& in, BytesView bytes, const Limits& limits) {
  HeaderBody body;
  TRY_ASSIGN(const auto version, read_version(in));
  TRY_ASSIGN(body.suite, read_suite(in, version));
  TRY_ASSIGN(body.message_id, read_message_id(in, *body.suite));
  TRY_ASSIGN(body.encryption_context, read_encryption_context(in, limits));
  TRY_ASSIGN(body.encrypted_data_keys, read_encrypted_data_keys(in, bytes, limits));
  TRY_ASSIGN(body.content_type, read_content_type(in));
  if (version == version_1) TRY(read_reserved_and_iv_length(in));
  TRY_ASSIGN(body.frame_length, read_frame_length(in, body.content_type, limits));
  if (version == version_2) TRY(read_into(body.commit_key, in));
  return body;
}

// Spec: the same, "Header Authentication Version 1.0" and "2.0".
Result<Header> read_whole_header(Fields& in, BytesView bytes, const Limits& limits) {
  Header header;
  TRY_ASSIGN(header.body, read_header_body(in, bytes, limits));
  header.body_bytes = bytes.first(in.position());
  if (header.body.suite->message_version == version_1) TRY(read_into(header.iv, in));
  TRY(read_into(header.tag, in));
  header.size = in.position();
  return header;
}

}  // namespace

Result<Progress<Header>> read_header(BytesView bytes, const Limits& limits) {
  Fields in(bytes);
  auto header = read_whole_header(in, bytes, limits);
  if (in.needed() > limits.header_size_max)
    return refused("the message's header is larger than " + std::to_string(limits.header_size_max) +
                   " bytes, the limit");
  if (header) return Progress<Header>(*std::move(header));
  if (in.cut_short()) return Progress<Header>(NeedsMore{in.needed()});
  return std::move(header).error();
}

void append_header_body(Bytes& out, const HeaderBody& body) {
  KEYFOLD_CHECK(!body.encrypted_data_keys.empty());
  KEYFOLD_CHECK(body.message_id.view().size() == body.suite->message_id_size);
  const bool is_version_1 = body.suite->message_version == version_1;
  Writer writer(out);
  writer.u8(body.suite->message_version);
  if (is_version_1) writer.u8(type_customer_authenticated);
  writer.u16(static_cast<std::uint16_t>(body.suite->id))
      .bytes(body.message_id.view())
      .sized16(body.encryption_context)
      .u16(static_cast<std::uint16_t>(body.encrypted_data_keys.size()))
      .bytes(body.encrypted_data_keys.bytes())
      .u8(static_cast<std::uint8_t>(body.content_type));
  if (is_version_1) writer.u32(0).u8(iv_size);
  writer.u32(body.frame_length);
  if (!is_version_1) writer.bytes(body.commit_key);
}

void append_header_authentication(Bytes& out, const HeaderBody& body, const ByteArray<iv_size>& iv,
                                  const ByteArray<header_tag_size>& tag) {
  Writer writer(out);
  if (body.suite->message_version == version_1) writer.bytes(iv);
  writer.bytes(tag);
}

}  // namespace keyfold::message
