// bench_envelope [ROUNDS]: sealing and opening in memory, suite 0x0478 under a raw AES keyring, beside what no library
// could beat: OpenSSL's AES-256-GCM over the same frames, one key schedule for all of them, no associated data. CPU
// time of the thread, medians of alternating runs. A line of JSON per case: microseconds a message, and throughput as a
// ratio of OpenSSL's (1 is OpenSSL's own speed). Messages of 1 KiB are all header, key derivation and key wrapping.

#include <openssl/evp.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "keyfold/core/base/random.h"
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

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Case {
  std::size_t message;  // Bytes of plaintext.
  std::uint32_t frame;  // Bytes.
};

void measure(const char* name, const Case& shape, int rounds, const std::function<void()>& ours,
             const std::function<void()>& baseline) {
  const auto repeats = std::max<std::size_t>(1, std::min<std::size_t>(run_size / shape.message, 2000));
  const auto timed = [&](const std::function<void()>& work) {
    const double before = cpu_us();
    for (std::size_t i = 0; i < repeats; ++i) work();
    return (cpu_us() - before) / static_cast<double>(repeats);
  };
  std::vector<double> our_times, baseline_times, ratios;
  timed(ours), timed(baseline);  // Warm.
  for (int i = 0; i < rounds; ++i) {
    our_times.push_back(timed(ours));
    baseline_times.push_back(timed(baseline));
    ratios.push_back(baseline_times.back() / our_times.back());
  }
  std::printf(R"({"case": "%s", "message": %zu, "frame": %u, "us": %.2f, "openssl_us": %.2f, "ratio": %.3f})"
              "\n",
              name, shape.message, shape.frame, median(our_times), median(baseline_times), median(ratios));
  std::fflush(stdout);
}

void measure(const seal::Envelope& envelope, const Case& shape, int rounds) {
  Bytes plaintext(shape.message);
  SeededRandom(1).fill(plaintext);
  const std::size_t frames = shape.message / shape.frame + 1;
  Bytes sealed(shape.message + 32 * frames + 4096), opened(sealed.size()), baseline_sealed(sealed.size());
  const seal::SealOptions options{.encryption_context = {{"tenant", "4711"}}, .frame_length = shape.frame};
  std::size_t sealed_size = 0;
  Baseline sealing(true), opening(false);
  measure(
      "seal", shape, rounds,
      [&] {
        const auto done = envelope.seal_into(plaintext, sealed, options);
        demand(done.has_value(), "sealing failed");
        sealed_size = *done;
      },
      [&] { sealing.run(plaintext, baseline_sealed, shape.frame); });
  measure(
      "open", shape, rounds,
      [&] { demand(envelope.open_into(BytesView(sealed).first(sealed_size), opened).has_value(), "opening failed"); },
      [&] { opening.run(plaintext, baseline_sealed, shape.frame); });
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  demand(rounds > 0, "ROUNDS is a number");
  auto key = SecretBytes::copy_of(Bytes(32, std::byte{7}));
  demand(key.has_value(), "no locked memory");
  const auto keyring = keyrings::raw_aes_keyring({"bench", "one", *std::move(key)});
  demand(keyring.has_value(), "no keyring");
  const seal::Envelope envelope(*keyring);
  constexpr std::size_t large = std::size_t{8} << 20;
  for (const Case& shape : {Case{1024, 4096}, Case{large, 4096}, Case{large, 65536}, Case{large, 1 << 20}})
    measure(envelope, shape, rounds);
}
