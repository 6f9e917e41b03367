#include "keyfold/kms/audit/segment.h"

#include <algorithm>
#include <charconv>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/kms/audit/crc32c.h"

namespace keyfold::audit {
namespace {

constexpr std::string_view name_suffix = ".kfa";
constexpr std::size_t name_digits = 20;

// What may be checked, byte by byte, for a frame that vouches for damage: more than any segment needs that was not made
// to keep us busy.
constexpr std::uint64_t search_budget = std::uint64_t{1} << 30;  // Bytes under a CRC.

void put_u32(std::span<std::byte> out, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::byte>(value >> (24 - 8 * i));
}

std::uint32_t get_u32(BytesView in) {
  std::uint32_t value = 0;
  for (const std::byte b : in.first(4)) value = value << 8 | std::to_integer<std::uint32_t>(b);
  return value;
}

// Bound to the place: a frame moved to another offset or segment is damage.
std::uint32_t frame_crc(FramePlace place, BytesView before_crc) {
  ByteArray<12> where;
  put_u32(std::span(where).subspan(0, 4), static_cast<std::uint32_t>(place.first_leaf >> 32));
  put_u32(std::span(where).subspan(4, 4), static_cast<std::uint32_t>(place.first_leaf));
  put_u32(std::span(where).subspan(8, 4), place.offset);
  return crc32c(crc32c(0, where), before_crc);
}

bool all_zero(BytesView bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

Error header_error(const char* what) { return {ErrorCode::corrupt, std::string("audit segment header: ") + what}; }

}  // namespace

void append_header(Bytes& out, const SegmentHeader& header) {
  const std::size_t start = out.size();
  Writer writer(out);
  writer.text(segment_magic).u16(format_version).bytes(header.log_id).u64(header.first_leaf());
  writer.u8(static_cast<std::uint8_t>(header.frontier.peaks().size()));
  for (const TreeHash& peak : header.frontier.peaks()) writer.bytes(peak);
  const auto digest = crypto::sha256(BytesView(out).subspan(start));
  writer.bytes(digest);
}

Result<SegmentHeader> read_header(Reader& in) {
  const auto fields = [&in]() -> Result<SegmentHeader> {
    SegmentHeader header;
    TRY_ASSIGN(const auto magic, in.bytes(segment_magic.size()));
    if (as_text(magic) != segment_magic) return header_error("not an audit segment");
    TRY_ASSIGN(const auto version, in.u16());
    if (version != format_version) return header_error("of a version that is not known here");
    TRY_ASSIGN(header.log_id, in.array<16>());
    TRY_ASSIGN(const auto first_leaf, in.u64());
    if (first_leaf >> 63 != 0) return header_error("a leaf index that no log reaches");
    TRY_ASSIGN(const auto count, in.u8());
    std::array<TreeHash, Frontier::peaks_max> peaks;
    if (count > peaks.size()) return header_error("too many hashes");
    for (std::size_t i = 0; i < count; ++i) {
      TRY_ASSIGN(peaks[i], in.array<32>());
    }
    TRY_ASSIGN(header.frontier, Frontier::restore(first_leaf, std::span(peaks).first(count)));
    const auto digest = crypto::sha256(in.taken());
    TRY_ASSIGN(const auto stored, in.array<32>());
    if (stored != digest) return header_error("its digest does not match");
    return header;
  };
  auto header = fields();
  if (!header && header.error().code != ErrorCode::corrupt) return header_error("cut short, or damaged");
  return header;
}

std::string segment_name(std::uint64_t first_leaf) {
  const std::string digits = std::to_string(first_leaf);
  return std::string(name_digits - digits.size(), '0') + digits + std::string(name_suffix);
}

std::optional<std::uint64_t> first_leaf_of(std::string_view name) {
  if (name.size() != name_digits + name_suffix.size() || !name.ends_with(name_suffix)) return std::nullopt;
  const std::string_view digits = name.substr(0, name_digits);
  std::uint64_t first_leaf = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), first_leaf);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return first_leaf;
}

void seal_frame(std::span<std::byte> frame, FramePlace place, std::uint32_t synced) {
  KEYFOLD_CHECK(frame.size() >= frame_overhead);
  put_u32(frame.first(4), static_cast<std::uint32_t>(frame.size() - frame_overhead));
  put_u32(frame.subspan(4, 4), synced);
  put_u32(frame.last(4), frame_crc(place, frame.first(frame.size() - 4)));
}

void append_frame(Bytes& out, FramePlace place, std::uint32_t synced, BytesView leaf) {
  KEYFOLD_CHECK(!leaf.empty() && leaf.size() <= leaf_size_max);
  const std::size_t start = out.size();
  out.resize(start + frame_overhead + leaf.size());
  std::ranges::copy(leaf, out.begin() + static_cast<std::ptrdiff_t>(start) + 8);
  seal_frame(std::span(out).subspan(start), place, synced);
}

void append_mark(Bytes& out, FramePlace place) {
  const std::size_t start = out.size();
  out.resize(start + mark_size);
  seal_frame(std::span(out).subspan(start), place, place.offset);
}

Frame read_frame(BytesView segment, FramePlace place) {
  KEYFOLD_CHECK(place.offset <= segment.size());
  const BytesView rest = segment.subspan(place.offset);
  if (all_zero(rest.first(std::min(rest.size(), frame_overhead))))
    return {.kind = FrameKind::end, .synced = 0, .leaf = {}};
  if (rest.size() < frame_overhead) return {};
  const std::uint32_t length = get_u32(rest);
  if (length > leaf_size_max || length > rest.size() - frame_overhead) return {};
  const std::uint32_t synced = get_u32(rest.subspan(4));
  if (synced > place.offset) return {};
  const BytesView before_crc = rest.first(8 + length);
  if (get_u32(rest.subspan(before_crc.size())) != frame_crc(place, before_crc)) return {};
  if (length != 0) return {.kind = FrameKind::leaf, .synced = synced, .leaf = before_crc.subspan(8)};
  return {.kind = synced == place.offset ? FrameKind::mark : FrameKind::bad, .synced = synced, .leaf = {}};
}

Error frame_error(const SegmentScan& scan, const char* what) {
  return {ErrorCode::corrupt, "audit segment " + segment_name(scan.header.first_leaf()) + ", offset " +
                                  std::to_string(scan.end) + ", leaf " + std::to_string(scan.frontier.size()) + ": " +
                                  what};
}

Outcome judge_end(BytesView segment, SegmentScan& scan) {
  const std::uint64_t first_leaf = scan.header.first_leaf();
  std::size_t from = scan.end;
  scan.closed = read_frame(segment, {first_leaf, static_cast<std::uint32_t>(from)}).kind == FrameKind::mark;
  if (scan.closed) from += mark_size;
  std::size_t last = segment.size();
  while (last > from && segment[last - 1] == std::byte{0}) --last;
  if (last == from) return ok();
  // Something is behind the last good frame. Torn, unless a good frame behind it vouches for what should be here.
  std::uint64_t checked = 0;
  for (std::size_t at = from; at < last && segment.size() - at >= frame_overhead; ++at) {
    const std::uint32_t synced = get_u32(segment.subspan(at + 4));
    if (synced <= scan.end || synced > at) continue;
    const std::uint32_t length = get_u32(segment.subspan(at));
    if (length > leaf_size_max || length > segment.size() - at - frame_overhead) continue;
    checked += length;
    if (checked > search_budget) return frame_error(scan, "damaged beyond what can be told apart");
    const FrameKind kind = read_frame(segment, {first_leaf, static_cast<std::uint32_t>(at)}).kind;
    if (kind == FrameKind::leaf || kind == FrameKind::mark)
      return frame_error(scan, "damaged: a later record says that it was on disk");
  }
  scan.torn = last - scan.end;
  return ok();
}

}  // namespace keyfold::audit
