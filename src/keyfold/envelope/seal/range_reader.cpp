#include "keyfold/envelope/seal/range_reader.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/seal/frames.h"

namespace keyfold::seal {

using message::FrameHead;
using message::FrameKind;

namespace {

constexpr std::size_t final_overhead = message::final_frame_head_size + message::tag_size;

Error malformed() { return {ErrorCode::invalid_input, "the message is cut short, or followed by something"}; }

Result<message::Header> read_header(RandomAccess& sealed, Bytes& bytes, const message::Limits& limits) {
  // Ends: each turn wants more bytes than the one before, and message::read_header() refuses more than
  // limits.header_size_max.
  for (std::uint64_t wanted = 4096;;) {
    bytes.resize(static_cast<std::size_t>(std::min(wanted, sealed.size())));
    TRY(sealed.read_at(0, bytes));
    TRY_ASSIGN(const auto read, message::read_header(bytes, limits));
    if (const auto* header = std::get_if<message::Header>(&read)) return *header;
    if (bytes.size() == sealed.size()) return malformed();
    wanted = std::max<std::uint64_t>(std::get<message::NeedsMore>(read).at_least, 2 * bytes.size());
  }
}

}  // namespace

RangeReader::~RangeReader() { wipe(plaintext_); }

Result<RangeReader> RangeReader::start(keyrings::MaterialsManager& manager, std::shared_ptr<RandomAccess> sealed,
                                       const OpenOptions& options) {
  KEYFOLD_CHECK(sealed != nullptr);
  RangeReader reader(std::move(sealed));
  Bytes bytes;
  TRY_ASSIGN(const auto header, read_header(*reader.sealed_, bytes, options.limits));
  if (header.body.suite->signs())
    return Error{ErrorCode::invalid_input, "the message is signed: it can only be opened as a whole"};
  if (header.body.content_type != message::ContentType::framed)
    return Error{ErrorCode::invalid_input, "the message is not framed: it can only be opened as a whole"};
  TRY_ASSIGN(reader.info_, info_of(header));
  TRY(reader.find_end());
  TRY(reader.start_.start(manager, header, BytesView(bytes).first(header.size), options));
  reader.plaintext_.resize(reader.info_.frame_length);
  TRY(reader.open_frame(reader.regular_frames_, reader.plaintext_, ErrorCode::invalid_input));
  return reader;
}

// How many frames there are follows from the size; the final frame's tag, which covers its number, proves it.
Outcome RangeReader::find_end() {
  if (sealed_->size() < info_.header_size + final_overhead) return malformed();
  const auto body = sealed_->size() - info_.header_size - final_overhead;
  const std::uint64_t whole_frame = std::uint64_t{info_.frame_length} + frame_overhead;
  regular_frames_ = body / whole_frame;
  const auto last = body % whole_frame;
  if (regular_frames_ > message::regular_frames_max || last > info_.frame_length) return malformed();
  plaintext_size_ = regular_frames_ * info_.frame_length + last;
  return ok();
}

// Frame `index`, from 0.
FrameHead RangeReader::head_of(std::uint64_t index) const {
  const bool is_final = index == regular_frames_;
  const auto size = is_final ? plaintext_size_ - index * info_.frame_length : info_.frame_length;
  return {.kind = is_final ? FrameKind::final : FrameKind::regular,
          .sequence = static_cast<std::uint32_t>(index + 1),
          .content_size = static_cast<std::uint32_t>(size)};
}

// `out` has room for a whole frame; the content is at its front. Only one head belongs there.
Outcome RangeReader::open_frame(std::uint64_t index, std::span<std::byte> out, ErrorCode if_head_is_bad) {
  const auto head = head_of(index);
  frame_.resize(head.size());
  TRY(sealed_->read_at(info_.header_size + index * (std::uint64_t{info_.frame_length} + frame_overhead), frame_));
  ByteArray<message::final_frame_head_size> room;
  const auto belongs = std::span(room).first(head.head_size());
  message::write_frame_head(belongs, head);
  if (!std::ranges::equal(belongs, BytesView(frame_).first(belongs.size())))
    return Error{if_head_is_bad, "frame " + std::to_string(head.sequence) +
                                     " of the message is not where it belongs: altered, cut short, or continued"};
  return start_.cipher().open_frame(head, frame_, out.first(head.content_size));
}

// Where the frames are and how large has been proved: one that is not there was altered.
Outcome RangeReader::read_frames(std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const auto index = std::min(offset / info_.frame_length, regular_frames_);
    const auto skipped = static_cast<std::size_t>(offset - index * info_.frame_length);
    const std::size_t content_size = head_of(index).content_size;
    const auto taken = std::min(content_size - skipped, out.size());
    if (taken == content_size) {  // All of it: without a copy.
      TRY(open_frame(index, out, ErrorCode::authentication));
    } else {
      TRY(open_frame(index, plaintext_, ErrorCode::authentication));
      std::ranges::copy(BytesView(plaintext_).subspan(skipped, taken), out.begin());
    }
    offset += taken;
    out = out.subspan(taken);
  }
  return ok();
}

Result<std::size_t> RangeReader::read(std::uint64_t offset, std::span<std::byte> out) {
  if (offset >= plaintext_size_) return std::size_t{0};
  const auto part = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), plaintext_size_ - offset)));
  const auto read = read_frames(offset, part);
  if (!read) {
    wipe(part);
    return read.error();
  }
  return part.size();
}

}  // namespace keyfold::seal
