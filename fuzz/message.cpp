// Fuzzes the parsers of messages: header, frames, footer, and the body as a whole. Whatever parses must be written back
// as it was.

#include <cstdlib>

#include "keyfold/envelope/materials/context_codec.h"
#include "keyfold/envelope/message/body.h"

namespace {

using namespace keyfold;

void expect(bool holds) {
  if (!holds) std::abort();
}

// A shorter beginning asks for more than it has, or is refused for what will not change.
void check_beginnings(BytesView bytes, const message::Header& header) {
  for (std::size_t size = 0; size < header.size; size += 1 + size / 8) {
    const auto read = message::read_header(bytes.first(size), {});
    expect(read.has_value());
    const auto* more = std::get_if<message::NeedsMore>(&*read);
    expect(more != nullptr && more->at_least > size && more->at_least <= header.size);
  }
}

void check_header(BytesView bytes, const message::Header& header) {
  Bytes written;
  message::append_header_body(written, header.body);
  expect(std::ranges::equal(written, header.body_bytes));
  message::append_header_authentication(written, header.body, header.iv, header.tag);
  expect(std::ranges::equal(written, bytes.first(header.size)));
  std::size_t keys = 0;
  for (const auto& key : header.body.encrypted_data_keys)
    keys += 6 + key.provider_id.size() + key.provider_info.size() + key.ciphertext.size();
  expect(keys == header.body.encrypted_data_keys.bytes().size());
  check_beginnings(bytes, header);
  std::vector<ContextPair> pairs;
  const auto context = materials::read_serialized_context(header.body.encryption_context, pairs);
  if (!context) return;
  Bytes serialized;
  expect(materials::append_serialized_context(serialized, *context).has_value());
  expect(serialized.size() == header.body.encryption_context.size());
}

void check_body(BytesView bytes, const message::Header& header) {
  const auto shape = message::read_body_shape(bytes, header.body, {});
  if (!shape) return;
  expect(shape->body_size + shape->footer.size == bytes.size());
  if (header.body.content_type == message::ContentType::non_framed) return;
  const auto size = message::body_size(shape->plaintext_size, header.body.frame_length);
  expect(size.has_value());
  // One frame more when the last one is empty after a full one.
  expect(shape->body_size == *size || shape->body_size == *size + message::regular_frame_head_size + message::tag_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto read = message::read_header(bytes, {});
  if (!read) return 0;
  const auto* header = std::get_if<message::Header>(&*read);
  if (header == nullptr) return 0;
  check_header(bytes, *header);
  check_body(bytes.subspan(header->size), *header);
  return 0;
}
