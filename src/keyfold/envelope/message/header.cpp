#include "keyfold/envelope/message/header.h"

#include "keyfold/core/base/try.h"

namespace keyfold::message {
namespace {

constexpr std::uint8_t version_1 = 0x01;
constexpr std::uint8_t version_2 = 0x02;

Error refused(std::string why) { return {ErrorCode::invalid_input, std::move(why)}; }

// Version, type, suite: enough of a Version 1.0 header to say which it is.
Error describe_version_1(Fields& in) {
  const auto type = in.u8();
  const auto suite_id = in.u16();
  const auto* suite = suite_id ? materials::find_suite(*suite_id) : nullptr;
  if (!type || *type != 0x80 || suite == nullptr || suite->message_version != 1)
    return refused("not an AWS Encryption SDK message");
  return refused("not supported: a message of format version 1.0, suite " + materials::to_string(suite->id) + " (" +
                 std::string(suite->name) + ")");
}

Outcome read_version(Fields& in) {
  TRY_ASSIGN(const auto version, in.u8());
  if (version == version_2) return ok();
  if (version == version_1) return describe_version_1(in);
  return refused("not an AWS Encryption SDK message");
}

Result<const materials::AlgorithmSuite*> read_suite(Fields& in) {
  TRY_ASSIGN(const auto id, in.u16());
  const auto* suite = materials::find_suite(id);
  if (suite != nullptr && suite->message_version != version_2)
    return refused("suite " + materials::to_string(suite->id) + " does not belong to message format version 2.0");
  return materials::usable_suite(id);
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

Result<materials::EncryptedDataKeyView> read_encrypted_data_key(Fields& in) {
  materials::EncryptedDataKeyView key;
  TRY_ASSIGN(const auto provider_id, in.sized16());
  key.provider_id = as_text(provider_id);
  TRY_ASSIGN(key.provider_info, in.sized16());
  TRY_ASSIGN(key.ciphertext, in.sized16());
  return key;
}

Result<std::vector<materials::EncryptedDataKeyView>> read_encrypted_data_keys(Fields& in, const Limits& limits) {
  TRY_ASSIGN(const auto count, in.u16());
  if (count == 0) return refused("the message has no encrypted data keys");
  // Before any is read: each one may cost the reader a call to a KMS.
  if (count > limits.encrypted_data_keys_max)
    return refused("the message has " + std::to_string(count) + " encrypted data keys; the limit is " +
                   std::to_string(limits.encrypted_data_keys_max));
  std::vector<materials::EncryptedDataKeyView> keys;
  keys.reserve(count);
  for (std::uint16_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const auto key, read_encrypted_data_key(in));
    keys.push_back(key);
  }
  return keys;
}

Result<ContentType> read_content_type(Fields& in) {
  TRY_ASSIGN(const auto value, in.u8());
  switch (static_cast<ContentType>(value)) {
    case ContentType::framed:
      return ContentType::framed;
    case ContentType::non_framed:
      return refused("not supported: a message whose content is not framed");
  }
  return refused("the message has an unknown content type");
}

Result<std::uint32_t> read_frame_length(Fields& in, const Limits& limits) {
  TRY_ASSIGN(const auto length, in.u32());
  if (length == 0) return refused("the message has a frame length of 0");
  if (length > limits.frame_length_max)
    return refused("the message has frames of " + std::to_string(length) + " bytes; the limit is " +
                   std::to_string(limits.frame_length_max));
  return length;
}

// Spec: data-format/message-header.md, "Header Body Version 2.0", in its order.
Result<HeaderBody> read_header_body(Fields& in, const Limits& limits) {
  HeaderBody body;
  TRY(read_version(in));
  TRY_ASSIGN(body.suite, read_suite(in));
  TRY(read_into(body.message_id, in));
  TRY_ASSIGN(body.encryption_context, read_encryption_context(in, limits));
  TRY_ASSIGN(body.encrypted_data_keys, read_encrypted_data_keys(in, limits));
  TRY_ASSIGN(body.content_type, read_content_type(in));
  TRY_ASSIGN(body.frame_length, read_frame_length(in, limits));
  TRY(read_into(body.commit_key, in));
  return body;
}

Result<Header> read_whole_header(Fields& in, BytesView bytes, const Limits& limits) {
  Header header;
  TRY_ASSIGN(header.body, read_header_body(in, limits));
  header.body_bytes = bytes.first(in.position());
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
  Writer writer(out);
  writer.u8(version_2)
      .u16(static_cast<std::uint16_t>(body.suite->id))
      .bytes(body.message_id)
      .sized16(body.encryption_context);
  KEYFOLD_CHECK(!body.encrypted_data_keys.empty() && body.encrypted_data_keys.size() <= 65535);
  writer.u16(static_cast<std::uint16_t>(body.encrypted_data_keys.size()));
  for (const auto& key : body.encrypted_data_keys)
    writer.sized16(as_bytes(key.provider_id)).sized16(key.provider_info).sized16(key.ciphertext);
  writer.u8(static_cast<std::uint8_t>(body.content_type)).u32(body.frame_length).bytes(body.commit_key);
}

}  // namespace keyfold::message
