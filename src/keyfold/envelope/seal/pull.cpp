#include "keyfold/envelope/seal/pull.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"
#include "keyfold/envelope/seal/opener.h"
#include "keyfold/envelope/seal/sealer.h"

namespace keyfold::seal {
namespace {

constexpr std::size_t read_size = std::size_t{64} << 10;  // Bytes asked of the source at a time.

// What has been made and not yet been fetched. Plaintext, sometimes: wiped.
class Waiting final : public Sink {
 public:
  Waiting() = default;
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() override { wipe(bytes_); }

  Outcome write(BytesView bytes) override {
    if (empty()) {
      bytes_.clear();
      taken_ = 0;
    }
    append_wiping(bytes_, bytes);
    return ok();
  }
  bool empty() const { return taken_ == bytes_.size(); }
  std::size_t take(std::span<std::byte> out) {
    const auto part = BytesView(bytes_).subspan(taken_, std::min(out.size(), bytes_.size() - taken_));
    std::ranges::copy(part, out.begin());
    taken_ += part.size();
    return part.size();
  }

 private:
  Bytes bytes_;
  std::size_t taken_ = 0;
};

// Pulls through something with an update(), `finish` at the end. Once something has failed, everything after does.
class Pulling {
 public:
  explicit Pulling(Source& from) : from_(from) {}
  ~Pulling() { wipe(piece_); }
  Pulling(const Pulling&) = delete;
  Pulling& operator=(const Pulling&) = delete;

  Waiting& waiting() { return waiting_; }

  template <class Through, class Finish>
  Result<std::size_t> read(std::span<std::byte> out, Through& through, const Finish& finish) {
    while (waiting_.empty() && !ended_ && !failed_ && !out.empty())
      if (auto pulled = pull(through, finish); !pulled) failed_ = std::move(pulled).error();
    if (failed_) return *failed_;
    return waiting_.take(out);
  }

 private:
  template <class Through, class Finish>
  Outcome pull(Through& through, const Finish& finish) {
    piece_.resize(read_size);
    TRY_ASSIGN(const std::size_t got, from_.read(piece_));
    KEYFOLD_CHECK(got <= piece_.size());
    if (got != 0) return through.update(BytesView(piece_).first(got));
    ended_ = true;
    return finish();
  }

  Source& from_;
  Waiting waiting_;
  Bytes piece_;
  bool ended_ = false;
  std::optional<Error> failed_;
};

class SealingSource final : public Source {
 public:
  explicit SealingSource(Source& plaintext) : pulling_(plaintext) {}
  Outcome start(keyrings::MaterialsManager& manager, Random& random, const SealOptions& options) {
    TRY_ASSIGN(auto sealer, Sealer::start(manager, random, pulling_.waiting(), options));
    sealer_.emplace(std::move(sealer));
    return ok();
  }
  Result<std::size_t> read(std::span<std::byte> out) override {
    return pulling_.read(out, *sealer_, [this] { return sealer_->finish(); });
  }

 private:
  Pulling pulling_;
  std::optional<Sealer> sealer_;
};

class OpeningSource final : public Source {
 public:
  OpeningSource(std::shared_ptr<keyrings::MaterialsManager> manager, Source& sealed, const OpenOptions& options)
      : pulling_(sealed), opener_(std::move(manager), pulling_.waiting(), options) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    return pulling_.read(out, opener_, [this]() -> Outcome {
      TRY(opener_.finish());
      return ok();
    });
  }

 private:
  Pulling pulling_;
  Opener opener_;
};

}  // namespace

Result<std::unique_ptr<Source>> sealing_source(keyrings::MaterialsManager& manager, Random& random, Source& plaintext,
                                               const SealOptions& options) {
  auto source = std::make_unique<SealingSource>(plaintext);
  TRY(source->start(manager, random, options));
  return std::unique_ptr<Source>(std::move(source));
}

std::unique_ptr<Source> opening_source(std::shared_ptr<keyrings::MaterialsManager> manager, Source& sealed,
                                       const OpenOptions& options) {
  return std::make_unique<OpeningSource>(std::move(manager), sealed, options);
}

}  // namespace keyfold::seal
