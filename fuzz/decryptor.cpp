// Fuzzes opening as a whole, under a fixed raw AES key, messages of every suite. In memory, in pieces, from a source by
// two threads and in ranges the outcome is the same. So that the fuzzer gets past the tags, the first byte chooses what
// happens before: the rest is a message, or says how to spoil one of ours.

#include <cstdlib>

#include "keyfold/keyfold.h"

namespace {

using namespace keyfold;

void expect(bool holds) {
  if (!holds) std::abort();
}

const Envelope& envelope() {
  static const Envelope made = [] {
    auto key = SecretBytes::copy_of(Bytes(32, std::byte{7}));
    return Envelope(*raw_aes_keyring({"fuzz", "key", *std::move(key)}, std::make_shared<SeededRandom>(1)));
  }();
  return made;
}

OpenOptions any_suite() { return {.commitment_policy = CommitmentPolicy::require_encrypt_allow_decrypt}; }

// Pieces whose sizes the input chooses.
Result<MessageInfo> open_in_pieces(BytesView message, BytesView sizes, Bytes& out) {
  BytesSink sink(out);
  auto opener = envelope().opener(sink, any_suite());
  for (std::size_t i = 0; !message.empty(); ++i) {
    const std::size_t wanted = 1 + (sizes.empty() ? 63U : std::to_integer<std::size_t>(sizes[i % sizes.size()]));
    const auto piece = message.first(std::min(wanted, message.size()));
    if (auto taken = opener.update(piece); !taken) return std::move(taken).error();
    message = message.subspan(piece.size());
  }
  return opener.finish();
}

Result<MessageInfo> open_from_source(BytesView message, Bytes& out) {
  BytesSource source(message);
  BytesSink sink(out);
  auto options = any_suite();
  options.threads = 2;
  return envelope().open(source, sink, options);
}

// All of it, range after range of the size that the input chooses.
Outcome open_in_ranges(BytesView message, std::size_t size, Bytes& out) {
  auto reader = envelope().range_reader(std::make_shared<BytesAccess>(message), any_suite());
  if (!reader) return std::move(reader).error();
  for (Bytes part(size);;) {
    const auto got = reader->read(out.size(), part);
    if (!got) return got.error();
    if (*got == 0) break;
    out.insert(out.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(*got));
  }
  expect(out.size() == reader->plaintext_size());
  return ok();
}

bool is_for_ranges(BytesView message) {
  const auto info = inspect(message);
  return info && !info->suite->signs() && info->content_type == message::ContentType::framed;
}

std::vector<SuiteId> unsigned_suites() {
  std::vector<SuiteId> ids;
  for (const auto& suite : materials::all_suites())
    if (!suite.signs()) ids.push_back(suite.id);
  return ids;
}

void check_opening(BytesView message, BytesView sizes) {
  const auto whole = envelope().open(message, any_suite());
  Bytes released;
  const auto streamed = open_in_pieces(message, sizes, released);
  expect(whole.has_value() == streamed.has_value());
  if (whole) expect(whole->plaintext == released);
  Bytes from_source;
  expect(open_from_source(message, from_source).has_value() == whole.has_value());
  if (whole) expect(whole->plaintext == from_source);
  Bytes ranges;
  const auto ranged =
      open_in_ranges(message, 1 + (sizes.empty() ? 63U : std::to_integer<std::size_t>(sizes[0])), ranges);
  expect(ranged.has_value() == (whole.has_value() && is_for_ranges(message)));
  if (ranged) expect(whole->plaintext == ranges);
}

// Seals `plaintext`, then changes it as `edits` say: pairs of position and what to XOR. Nothing but the original may
// open.
void check_spoiled(SuiteId suite, BytesView plaintext, BytesView edits) {
  const auto policy = materials::suite_of(suite).commits() ? CommitmentPolicy::require_encrypt_allow_decrypt
                                                           : CommitmentPolicy::forbid_encrypt_allow_decrypt;
  auto sealed = envelope().seal(
      plaintext, {.encryption_context = {{"k", "v"}}, .suite = suite, .frame_length = 16, .commitment_policy = policy});
  expect(sealed.has_value());
  const auto original = *sealed;
  for (Reader in(edits); in.remaining() >= 3;) {
    const auto at = *in.u16() % sealed->size();
    (*sealed)[at] ^= static_cast<std::byte>(*in.u8());
  }
  const auto opened = envelope().open(*sealed, any_suite());
  expect(opened.has_value() == (*sealed == original));
  check_opening(*sealed, edits);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  if (bytes.empty()) return 0;
  const auto rest = bytes.subspan(1);
  const auto choice = std::to_integer<unsigned>(bytes[0]);
  if (choice < 0x80) {
    check_opening(rest, bytes.first(std::min<std::size_t>(bytes.size(), 8)));
  } else {
    const auto plaintext = rest.first(std::min<std::size_t>(rest.size() / 2, choice & 0x3F));
    // Signing takes a thousand times as long: rarely.
    const auto all = materials::all_suites();
    const auto plain = unsigned_suites();
    const auto pick = rest.empty() ? 0U : std::to_integer<unsigned>(rest[0]);
    const auto suite = choice >= 0xF8 ? all[pick % all.size()].id : plain[pick % plain.size()];
    check_spoiled(suite, plaintext, rest.subspan(plaintext.size()));
  }
  return 0;
}
