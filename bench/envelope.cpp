// bench_envelope [ROUNDS]: sealing and opening in memory, suites 0x0478 and 0x0578 (signed) under a raw AES keyring,
// beside what no library could beat: OpenSSL's AES-256-GCM over the same frames, one key schedule for all of them, no
// associated data. CPU time of the thread, medians of alternating runs. A line of JSON per case: microseconds a
// message, and throughput as a ratio of OpenSSL's (1 is OpenSSL's own speed). Small messages with a data key of their
// own each (cold), with one from the cache, and in batches. Then large ones with two threads, as a multiple of the
// speed with one: wall time.

#include <openssl/evp.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/caching_materials_manager.h"
#include "keyfold/envelope/keyrings/raw_aes.h"
#include "keyfold/envelope/seal/envelope.h"

namespace {

using namespace keyfold;

constexpr std::size_t tag_size = 16;
constexpr std::size_t iv_size = 12;
constexpr std::size_t run_size = std::size_t{16} << 20;  // Bytes of plaintext a run.

void demand(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "bench_envelope: %s\n", what);
  std::exit(1);
}

double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

// AES-256-GCM over each piece of `frame` bytes, with its tag; the key is set once.
class Baseline {
 public:
  explicit Baseline(bool sealing) : sealing_(sealing), context_(EVP_CIPHER_CTX_new()) {
    const std::array<unsigned char, 32> key{7};
    demand(EVP_CipherInit_ex(context_, EVP_aes_256_gcm(), nullptr, key.data(), nullptr, sealing ? 1 : 0) == 1,
           "no AES");
  }
  Baseline(const Baseline&) = delete;
  Baseline& operator=(const Baseline&) = delete;
  ~Baseline() { EVP_CIPHER_CTX_free(context_); }

  // `sealed` has room for a tag after each frame; it is written when sealing, read when opening.
  void run(Bytes& plaintext, Bytes& sealed, std::size_t frame) {
    std::array<unsigned char, iv_size> iv{};
    std::byte* cipher_at = sealed.data();
    for (std::size_t at = 0; at < plaintext.size(); at += frame, cipher_at += frame + tag_size) {
      const std::size_t size = std::min(frame, plaintext.size() - at);
      for (int i = 0; i < 8; ++i)
        iv[11U - static_cast<unsigned>(i)] = static_cast<unsigned char>((at / frame) >> (8 * i));
      one(iv.data(), plaintext.data() + at, cipher_at, static_cast<int>(size));
    }
  }

 private:
  void one(const unsigned char* iv, std::byte* plaintext, std::byte* sealed, int size) {
    int done = 0;
    bool good = EVP_CipherInit_ex(context_, nullptr, nullptr, nullptr, iv, -1) == 1;
    if (sealing_) {
      good = good && EVP_CipherUpdate(context_, raw(sealed), &done, raw(plaintext), size) == 1 &&
             EVP_CipherFinal_ex(context_, raw(sealed) + size, &done) == 1 &&
             EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG, tag_size, raw(sealed) + size) == 1;
    } else {
      good = good && EVP_CipherUpdate(context_, raw(plaintext), &done, raw(sealed), size) == 1 &&
             EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, tag_size, raw(sealed) + size) == 1 &&
             EVP_CipherFinal_ex(context_, raw(plaintext) + size, &done) == 1;
    }
    demand(good, "OpenSSL refused");
  }
  bool sealing_;
  EVP_CIPHER_CTX* context_;
};

double wall_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

enum class Data : std::uint8_t { cold, cached, batched };  // Where the data key comes from.

struct Case {
  std::size_t message;  // Bytes of plaintext.
  std::uint32_t frame;  // Bytes.
  Data data;
  materials::SuiteId suite;
};

constexpr auto unsigned_suite = materials::SuiteId::aes_256_gcm_hkdf_sha512_commit_key;
constexpr auto signed_suite = materials::SuiteId::aes_256_gcm_hkdf_sha512_commit_key_ecdsa_p384;
constexpr std::size_t batch_size = 1000;  // Messages.

const char* name_of(Data data) {
  switch (data) {
    case Data::cold:
      return "cold";
    case Data::cached:
      return "cached";
    case Data::batched:
      return "batched";
  }
  return "";
}

class Bench {
 public:
  explicit Bench(int rounds) : rounds_(rounds) {
    auto key = SecretBytes::copy_of(Bytes(32, std::byte{7}));
    demand(key.has_value(), "no locked memory");
    const auto keyring = keyrings::raw_aes_keyring({"bench", "one", *std::move(key)});
    demand(keyring.has_value(), "no keyring");
    manager_ = keyrings::default_materials_manager(*keyring);
    keyrings::CacheLimits limits;  // Nothing is to be asked for while the clock runs.
    limits.messages_max = std::uint64_t{1} << 32;
    limits.bytes_max = std::uint64_t{1} << 62;
    limits.age_max = std::chrono::hours(1);
    const auto cache = keyrings::caching_materials_manager(manager_, limits);
    demand(cache.has_value(), "no cache");
    cache_ = *cache;
  }

  // CPU time of one thread, beside OpenSSL's.
  void one_thread(const Case& shape) {
    const seal::Envelope envelope(shape.data == Data::cached ? cache_ : manager_);
    const seal::SealOptions options{
        .encryption_context = {{"tenant", "4711"}}, .suite = shape.suite, .frame_length = shape.frame};
    Bytes plaintext(shape.message);
    SeededRandom(1).fill(plaintext);
    const std::size_t frames = shape.message / shape.frame + 1;
    Bytes sealed(shape.message + 32 * frames + 4096), opened(sealed.size()), baseline_sealed(sealed.size());
    std::size_t sealed_size = 0;
    Baseline sealing(true), opening(false);
    const std::vector<BytesView> batch(batch_size, plaintext);
    std::vector<Bytes> sealed_batch;
    std::function<void()> seal = [&] {
      const auto done = envelope.seal_into(plaintext, sealed, options);
      demand(done.has_value(), "sealing failed");
      sealed_size = *done;
    };
    std::function<void()> open = [&] {
      demand(envelope.open_into(BytesView(sealed).first(sealed_size), opened).has_value(), "opening failed");
    };
    std::size_t messages = 1;
    if (shape.data == Data::batched) {
      messages = batch_size;
      seal = [&] {
        auto done = envelope.seal_batch(batch, options);
        demand(done.has_value(), "sealing failed");
        sealed_batch = *std::move(done);
      };
      open = [&] {
        const std::vector<BytesView> views(sealed_batch.begin(), sealed_batch.end());
        for (const auto& one : envelope.open_batch(views)) demand(one.has_value(), "opening failed");
      };
    }
    compare("seal", shape, messages, seal, [&] { sealing.run(plaintext, baseline_sealed, shape.frame); });
    compare("open", shape, messages, open, [&] { opening.run(plaintext, baseline_sealed, shape.frame); });
  }

  // Wall time with two threads, as a multiple of the speed with one.
  void two_threads(std::uint32_t frame, materials::SuiteId suite) {
    constexpr std::size_t size = std::size_t{64} << 20;
    const seal::Envelope envelope(manager_);
    Bytes plaintext(size);
    SeededRandom(1).fill(plaintext);
    Bytes sealed(size + size / frame * 32 + 4096), opened(size);
    std::size_t sealed_size = 0;
    const auto seal = [&](unsigned threads) {
      const auto done =
          envelope.seal_into(plaintext, sealed, {.suite = suite, .frame_length = frame, .threads = threads});
      demand(done.has_value(), "sealing failed");
      sealed_size = *done;
    };
    const auto open = [&](unsigned threads) {
      demand(envelope.open_into(BytesView(sealed).first(sealed_size), opened, {.threads = threads}).has_value(),
             "opening failed");
    };
    scale("seal", frame, suite, seal);
    scale("open", frame, suite, open);
  }

 private:
  template <class Work>
  void scale(const char* name, std::uint32_t frame, materials::SuiteId suite, const Work& work) const {
    std::vector<double> gains;
    const auto timed = [&](unsigned threads) {
      const double before = wall_us();
      work(threads);
      return wall_us() - before;
    };
    timed(2);  // Warm.
    for (int i = 0; i < rounds_; ++i) {
      const double one = timed(1);
      gains.push_back(one / timed(2));
    }
    std::printf(R"({"case": "%s", "frame": %u, "signed": %s, "threads": 2, "gain": %.2f})"
                "\n",
                name, frame, suite == signed_suite ? "true" : "false", median(gains));
    std::fflush(stdout);
  }

  // `ours` does `messages` messages, the baseline one.
  void compare(const char* name, const Case& shape, std::size_t messages, const std::function<void()>& ours,
               const std::function<void()>& baseline) const {
    const auto cost = shape.message + (shape.suite == signed_suite ? 4'000'000 : 8192);  // As good as bytes.
    const auto repeats = std::clamp<std::size_t>(run_size / cost / messages, 1, 2000);
    const auto timed = [&](const std::function<void()>& work, std::size_t times) {
      const double before = cpu_us();
      for (std::size_t i = 0; i < times; ++i) work();
      return (cpu_us() - before) / static_cast<double>(times);
    };
    std::vector<double> our_times, baseline_times, ratios;
    timed(ours, repeats), timed(baseline, repeats * messages);  // Warm.
    for (int i = 0; i < rounds_; ++i) {
      our_times.push_back(timed(ours, repeats) / static_cast<double>(messages));
      baseline_times.push_back(timed(baseline, std::max<std::size_t>(repeats * messages, 20)));
      ratios.push_back(baseline_times.back() / our_times.back());
    }
    std::printf(R"({"case": "%s", "message": %zu, "frame": %u, "data_key": "%s", "signed": %s, "us": %.2f, )"
                R"("openssl_us": %.2f, "ratio": %.3f})"
                "\n",
                name, shape.message, shape.frame, name_of(shape.data), shape.suite == signed_suite ? "true" : "false",
                median(our_times), median(baseline_times), median(ratios));
    std::fflush(stdout);
  }

  const int rounds_;
  std::shared_ptr<keyrings::MaterialsManager> manager_, cache_;
};

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  demand(rounds > 0, "ROUNDS is a number");
  Bench bench(rounds);
  constexpr std::size_t large = std::size_t{8} << 20;
  for (const auto suite : {unsigned_suite, signed_suite}) {
    for (const std::size_t small : {std::size_t{64}, std::size_t{1024}})
      for (const auto data : {Data::cold, Data::cached, Data::batched}) bench.one_thread({small, 4096, data, suite});
    for (const std::uint32_t frame : {4096U, 65536U, 1U << 20}) bench.one_thread({large, frame, Data::cold, suite});
    for (const std::uint32_t frame : {4096U, 65536U, 1U << 20}) bench.two_threads(frame, suite);
  }
}
