#pragma once
// Envelope: seals and opens messages in the AWS Encryption SDK format.
//
//   auto keyring = keyfold::kms_keyring(client, *keyfold::KmsKeyName::parse("alias/ledger"));
//   keyfold::Envelope envelope(keyring);
//   auto sealed = envelope.seal("text", {.encryption_context = {{"tenant", "4711"}}});   // Result<Bytes>
//   auto opened = envelope.open(*sealed, {.required_context = {{"tenant", "4711"}}});    // Result<Opened>
//
// Immutable: one may be shared by any number of threads. The objects it makes (Sealer, Opener) are for one thread and
// one message each.

#include <iosfwd>
#include <memory>
#include <vector>

#include "keyfold/envelope/seal/opener.h"
#include "keyfold/envelope/seal/range_reader.h"
#include "keyfold/envelope/seal/sealer.h"
#include "keyfold/envelope/seal/source.h"

namespace keyfold::seal {

inline constexpr std::size_t batch_messages_max = 10'000;
inline constexpr std::uint64_t batch_bytes_max = std::uint64_t{1} << 30;

struct Opened {
  Bytes plaintext;
  MessageInfo info;

  std::string_view text() const { return as_text(plaintext); }
};

class Envelope {
 public:
  // Under a keyring with the default materials manager, or under a manager of the caller's. Neither may be null, nor
  // may `random` (CHECK).
  explicit Envelope(std::shared_ptr<const keyrings::Keyring> keyring);
  explicit Envelope(std::shared_ptr<keyrings::MaterialsManager> manager,
                    std::shared_ptr<Random> random = std::make_shared<SystemRandom>());

  // Whole messages in memory. Each fails with `invalid_input` when a limit is broken, and with what the keyrings fail
  // with; opening fails with `authentication` when the message was altered or is not the one that `required_context`
  // describes. Opening checks the shape of the whole message before it asks for a key, and gives nothing out before
  // everything has been verified.
  Result<Bytes> seal(BytesView plaintext, const SealOptions& options = {}) const;
  Result<Bytes> seal(std::string_view plaintext, const SealOptions& options = {}) const;
  Result<Opened> open(BytesView sealed, const OpenOptions& options = {}) const;
  Result<Opened> open(std::string_view sealed, const OpenOptions& options = {}) const;

  // The same, into memory of the caller's; they return the bytes used. Sealing needs plaintext.size() plus 32 bytes a
  // frame, header and footer: `invalid_input` says how many when `out` is too small (then a call to the KMS was spent).
  // Opening never needs more than sealed.size(); what it wrote is wiped when it fails. `out` must not overlap the
  // input.
  Result<std::size_t> seal_into(BytesView plaintext, std::span<std::byte> out, const SealOptions& options = {}) const;
  Result<std::size_t> open_into(BytesView sealed, std::span<std::byte> out, const OpenOptions& options = {}) const;

  // From source to sink, to the end of the input: a few pieces in memory, whatever the size, and options.threads at
  // work. On failure the sink has received an incomplete message, or the authentic beginning of one: write to a
  // temporary file and rename it. For signed messages see SignedRelease. They fail as source and sink do, too, and with
  // `internal` when one throws. With several threads a failure is returned only when the read under way returns: a
  // source that may wait for ever should be one that can be told to stop.
  Result<MessageInfo> seal(Source& plaintext, Sink& sealed, const SealOptions& options = {}) const;
  Result<MessageInfo> open(Source& sealed, Sink& plaintext, const OpenOptions& options = {}) const;
  Result<MessageInfo> seal_stream(std::istream& in, std::ostream& out, const SealOptions& options = {}) const;
  Result<MessageInfo> open_stream(std::istream& in, std::ostream& out, const OpenOptions& options = {}) const;

  // Pushed, piece by piece: see sealer.h and opener.h. `sink` must outlive what is returned; the Envelope need not.
  Result<Sealer> sealer(Sink& sink, const SealOptions& options = {}) const;
  Opener opener(Sink& sink, const OpenOptions& options = {}) const;

  // Pulled, piece by piece: a Source of what the other one gives, sealed or opened. (Of a signed message, nothing comes
  // before its signature has verified, unless options.signed_release says that the caller is a quarantine.) What an
  // opening source has given is authentic, but only its end, a read of nothing, says that it was all. The source given
  // must outlive it; the Envelope need not. For one thread each.
  Result<std::unique_ptr<Source>> sealing(Source& plaintext, const SealOptions& options = {}) const;
  std::unique_ptr<Source> opening(Source& sealed, const OpenOptions& options = {}) const;

  // Parts of a message that is not signed: see range_reader.h.
  Result<RangeReader> range_reader(std::shared_ptr<RandomAccess> sealed, const OpenOptions& options = {}) const;

  // Many small messages: one request for materials, so one data key, for all of them. At most batch_messages_max
  // messages and batch_bytes_max bytes; else `invalid_input`, as for a suite that seals under the data key itself.
  // options.threads work. Each is a message like any other.
  Result<std::vector<Bytes>> seal_batch(std::span<const BytesView> plaintexts, const SealOptions& options = {}) const;
  // Each on its own: what one fails with hides no other.
  std::vector<Result<Opened>> open_batch(std::span<const BytesView> sealed, const OpenOptions& options = {}) const;

 private:
  std::shared_ptr<keyrings::MaterialsManager> manager_;
  std::shared_ptr<Random> random_;
};

}  // namespace keyfold::seal
