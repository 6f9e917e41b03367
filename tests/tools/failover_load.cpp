// Seals and opens under a failover keyring while somebody else cuts Regions off, and says how that went.
//
//   failover_load KEY_ARN ENDPOINT KEY_ARN ENDPOINT COUNT FOLDER
//
// Credentials come from the usual AWS settings. Four threads seal and open COUNT messages in all; after each thousand a
// line says so. Then it goes on, message by message, until the first key seals again (30 s at most); opens every
// message with a plain MRK-aware keyring of the second key; leaves the last message of each key in FOLDER; and prints
// one line of JSON: what was counted. Times are of whole calls to the library, in milliseconds.

#include <keyfold/keyfold.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>
#include <vector>

#include "keyfold/core/base/try.h"

namespace keyfold {
namespace {

using std::chrono::steady_clock;

constexpr int threads_count = 4;

thread_local bool met_a_loss = false;

// Passes calls on, and notes in the calling thread when a Region did not answer.
class Watched final : public KmsClient {
 public:
  explicit Watched(std::shared_ptr<KmsClient> client) : client_(std::move(client)) {}
  Result<GeneratedDataKey> generate_data_key(std::string_view key, std::size_t size,
                                             const ContextView& context) override {
    return watch(client_->generate_data_key(key, size, context));
  }
  Result<WrappedDataKey> encrypt(std::string_view key, const SecretBytes& plaintext,
                                 const ContextView& context) override {
    return watch(client_->encrypt(key, plaintext, context));
  }
  Result<UnwrappedDataKey> decrypt(std::string_view key, BytesView ciphertext, const ContextView& context) override {
    return watch(client_->decrypt(key, ciphertext, context));
  }

 private:
  template <class T>
  static Result<T> watch(Result<T> result) {
    if (!result && result.error().code == ErrorCode::unavailable) met_a_loss = true;
    return result;
  }
  const std::shared_ptr<KmsClient> client_;
};

class WatchedRegions final : public KmsClients {
 public:
  explicit WatchedRegions(std::shared_ptr<KmsClients> clients) : clients_(std::move(clients)) {}
  Result<std::shared_ptr<KmsClient>> in_region(std::string_view region) override {
    TRY_ASSIGN(auto client, clients_->in_region(region));
    return std::shared_ptr<KmsClient>(std::make_shared<Watched>(std::move(client)));
  }

 private:
  const std::shared_ptr<KmsClients> clients_;
};

// What all threads note.
class Tally {
 public:
  // Runs one call to the library.
  template <class Call>
  auto timed(Call&& call) {
    met_a_loss = false;
    const auto begun = steady_clock::now();
    auto result = call();
    const std::chrono::duration<double, std::milli> took = steady_clock::now() - begun;
    const std::lock_guard lock(mutex_);
    ++calls_;
    (met_a_loss ? met_loss_ms_ : others_ms_).push_back(took.count());
    if (!result) {
      ++failed_;
      first_failure_ = first_failure_.empty() ? result.error().message : first_failure_;
    }
    return result;
  }
  void keep(Bytes message) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    if (messages_.size() % 1000 == 0) std::cout << "sealed " << messages_.size() << std::endl;
  }
  const std::vector<Bytes>& messages() const { return messages_; }  // Once the threads have ended.

  void print(std::size_t standard, const std::vector<std::size_t>& sealed_by, bool has_returned) {
    if (failed_ != 0) std::cerr << "first failure: " << first_failure_ << '\n';
    std::cout << "{\"calls\":" << calls_ << ",\"failed\":" << failed_ << ",\"messages\":" << messages_.size()
              << ",\"standard\":" << standard << ",\"sealed_by_first\":" << sealed_by[0]
              << ",\"sealed_by_second\":" << sealed_by[1] << ",\"returned\":" << (has_returned ? "true" : "false")
              << ",\"met_loss\":" << met_loss_ms_.size() << ",\"met_loss_p99_ms\":" << percentile(met_loss_ms_, 99)
              << ",\"met_loss_max_ms\":" << percentile(met_loss_ms_, 100)
              << ",\"others_p50_ms\":" << percentile(others_ms_, 50)
              << ",\"others_p99_ms\":" << percentile(others_ms_, 99) << "}" << std::endl;
  }

 private:
  // Of none: 0.
  static double percentile(std::vector<double> values, std::size_t percent) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[(values.size() - 1) * percent / 100];
  }
  std::mutex mutex_;
  std::size_t calls_ = 0, failed_ = 0;
  std::string first_failure_;
  std::vector<double> met_loss_ms_, others_ms_;
  std::vector<Bytes> messages_;
};

struct Arguments {
  std::vector<KmsKeyArn> keys;
  RegionalEndpoints endpoints;
  int count;
  std::string folder;
};

const EncryptionContext context{{"tenant", "north-star"}, {"größe", "naïve ☃"}};

Result<std::shared_ptr<KmsClients>> clients_of(const Arguments& arguments, const KmsOptions& options) {
  TRY_ASSIGN(auto settings, aws_settings());
  return connect_kms_by_region(std::move(settings), arguments.endpoints, options);
}

// Seals a message and opens it again; the key it was sealed under, empty when either failed.
std::string seal_and_open(const Envelope& envelope, Tally& tally, const std::string& text) {
  auto sealed = tally.timed([&] { return envelope.seal(text, {.encryption_context = context}); });
  if (!sealed) return {};
  const auto opened = tally.timed([&] { return envelope.open(*sealed, {.required_context = context}); });
  if (!opened) return {};
  if (opened->text() != text) {
    std::cerr << "opened to something else\n";
    std::abort();
  }
  const auto info = inspect(*sealed);
  std::string key(as_text(info->encrypted_data_keys.at(0).provider_info));
  tally.keep(*std::move(sealed));
  return key;
}

void load(const Envelope& envelope, Tally& tally, int count) {
  std::atomic<int> next = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < threads_count; ++t)
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) seal_and_open(envelope, tally, "letter " + std::to_string(i));
    });
}

bool returns(const Envelope& envelope, Tally& tally, const KmsKeyArn& first) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(30);
  while (steady_clock::now() < deadline) {
    if (seal_and_open(envelope, tally, "a letter more") == first.text()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

// How many open with nothing but the specification's own keyring.
std::size_t count_standard(const Envelope& envelope, const std::vector<Bytes>& messages) {
  std::atomic<std::size_t> next = 0, standard = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < threads_count; ++t)
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < messages.size(); i = next++) {
        const auto opened = envelope.open(messages[i], {.required_context = context});
        if (opened && opened->info.encrypted_data_keys.size() == 1) ++standard;
        if (!opened) std::cerr << "does not open: " + opened.error().message + "\n";
      }
    });
  threads.clear();
  return standard;
}

void write_file(const std::string& path, BytesView bytes) { std::ofstream(path, std::ios::binary) << as_text(bytes); }

Outcome run(const Arguments& arguments) {
  TRY_ASSIGN(const auto patient, clients_of(arguments, KmsOptions()));
  TRY_ASSIGN(const auto hasty, clients_of(arguments, failover_kms_options()));
  WatchedRegions watched(hasty);
  TRY_ASSIGN(const auto keyring, failover_keyring(watched, arguments.keys, {.pause = std::chrono::milliseconds(500)}));
  const Envelope envelope(keyring);
  Tally tally;
  load(envelope, tally, arguments.count);
  const bool has_returned = returns(envelope, tally, arguments.keys[0]);

  TRY_ASSIGN(const auto client, patient->in_region(arguments.keys[1].region()));
  const auto standard = count_standard(Envelope(kms_mrk_keyring(client, arguments.keys[1])), tally.messages());
  std::vector<std::size_t> sealed_by(2);
  const Bytes* last_of[2] = {};
  for (const auto& message : tally.messages()) {
    const auto info = inspect(message);
    const auto second = as_text(info->encrypted_data_keys.at(0).provider_info) == arguments.keys[1].text();
    ++sealed_by[second ? 1 : 0];
    last_of[second ? 1 : 0] = &message;
  }
  for (const int which : {0, 1})
    if (last_of[which] != nullptr) write_file(arguments.folder + "/sealed-" + std::to_string(which), *last_of[which]);
  tally.print(standard, sealed_by, has_returned);
  return ok();
}

Result<Arguments> read(char** argv) {
  Arguments arguments{.keys = {}, .endpoints = {}, .count = std::atoi(argv[5]), .folder = argv[6]};
  for (const int i : {1, 3}) {
    TRY_ASSIGN(auto key, KmsKeyArn::parse(argv[i]));
    arguments.endpoints.emplace(key.region(), argv[i + 1]);
    arguments.keys.push_back(std::move(key));
  }
  return arguments;
}

}  // namespace
}  // namespace keyfold

int main(int argc, char** argv) {
  if (argc != 7) {
    std::cerr << "usage: failover_load KEY_ARN ENDPOINT KEY_ARN ENDPOINT COUNT FOLDER\n";
    return 2;
  }
  const auto arguments = keyfold::read(argv);
  const auto outcome = arguments ? keyfold::run(*arguments) : keyfold::Outcome(arguments.error());
  if (outcome) return 0;
  std::cerr << "failover_load: " << outcome.error().message << '\n';
  return 1;
}
