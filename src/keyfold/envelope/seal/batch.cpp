// Envelope's batches: many small messages, sealed or opened on several threads.

#include <atomic>
#include <numeric>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/seal/envelope.h"
#include "keyfold/envelope/seal/frames.h"
#include "keyfold/envelope/seal/in_order.h"
#include "keyfold/envelope/seal/whole_message.h"

namespace keyfold::seal {
namespace {

constexpr std::size_t slice_size = 64;  // Messages that a thread does at a time.

struct Slice {
  std::size_t first = 0;
  std::size_t end = 0;
};

// Calls one(index) for each index below `count`, on several threads; the first failure in their order is the outcome.
template <class One>
Outcome each(std::size_t count, unsigned threads, const One& one) {
  std::vector<Slice> slices(threads_for(threads, (count + slice_size - 1) / slice_size));
  std::size_t next = 0;
  return run_in_order(
      std::span(slices),
      [&](Slice& slice) {
        slice.first = next;
        slice.end = next = std::min(count, next + slice_size);
        return Result<Taken>(slice.first == slice.end ? Taken::nothing
                             : slice.end == count     ? Taken::last_piece
                                                      : Taken::piece);
      },
      [&](Slice& slice) -> Outcome {
        for (auto i = slice.first; i < slice.end; ++i) TRY(one(i));
        return ok();
      },
      [](Slice&) { return ok(); });
}

Result<std::uint64_t> size_of(std::span<const BytesView> plaintexts) {
  if (plaintexts.size() > batch_messages_max)
    return Error{ErrorCode::invalid_input,
                 "a batch has at most " + std::to_string(batch_messages_max) + " messages: make several"};
  std::uint64_t size = 0;
  for (const auto plaintext : plaintexts) size += plaintext.size();
  if (size > batch_bytes_max)
    return Error{ErrorCode::invalid_input,
                 "a batch has at most " + std::to_string(batch_bytes_max) + " bytes: make several"};
  return size;
}

}  // namespace

Result<std::vector<Bytes>> Envelope::seal_batch(std::span<const BytesView> plaintexts,
                                                const SealOptions& options) const {
  if (plaintexts.empty()) return std::vector<Bytes>();
  TRY_ASSIGN(const auto size, size_of(plaintexts));
  TRY_ASSIGN(const auto materials, ask_for_materials(*manager_, options, size, plaintexts.size()));
  std::vector<Bytes> sealed(plaintexts.size());
  TRY(each(plaintexts.size(), options.threads, [&](std::size_t i) -> Outcome {
    OfThisThread<SealStart> start;
    TRY(start->start(materials, *random_, options));
    TRY_ASSIGN(const auto size_max, sealed_size_max(*start, plaintexts[i].size()));
    sealed[i].resize(size_max);
    TRY_ASSIGN(const auto used, seal_whole(*start, plaintexts[i], sealed[i], 1));
    sealed[i].resize(used);
    return ok();
  }));
  return sealed;
}

std::vector<Result<Opened>> Envelope::open_batch(std::span<const BytesView> sealed, const OpenOptions& options) const {
  std::vector<Result<Opened>> opened(sealed.size(), Error{ErrorCode::internal, "not opened"});
  auto one_thread = options;
  one_thread.threads = 1;
  const auto done = each(sealed.size(), options.threads, [&](std::size_t i) {
    opened[i] = caught([&] { return open(sealed[i], one_thread); });
    return ok();
  });
  KEYFOLD_CHECK(done);
  return opened;
}

}  // namespace keyfold::seal
