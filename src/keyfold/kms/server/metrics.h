#pragma once
// Metrics: what the pipeline counts, per thread, so that counting shares nothing; summed when somebody asks.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/http/server.h"
#include "keyfold/kms/audit/log.h"
#include "keyfold/kms/server/iam/iam_table.h"
#include "keyfold/kms/server/operation_table.h"

namespace keyfold::server {

enum class CallOutcome : std::uint8_t { success, client_error, server_error };
CallOutcome call_outcome(const Outcome& outcome);

class Metrics {
 public:
  explicit Metrics(std::size_t threads);

  // By the thread of this number only. `row`: null for an operation that we do not know.
  void count(std::size_t thread, const OperationRow* row, CallOutcome outcome, std::chrono::nanoseconds taken);
  void count(std::size_t thread, const IamRow* row, CallOutcome outcome, std::chrono::nanoseconds taken);
  void count_refused(std::size_t thread);  // Before authentication.

  // Any thread. Prometheus text format 0.0.4.
  void append(std::string& out) const;

 private:
  static constexpr std::array<std::int64_t, 12> bucket_us = {25,   50,   100,   250,   500,    1000,
                                                             2500, 5000, 10000, 50000, 250000, 1000000};
  // KMS's operations, the unknown, IAM's and STS's.
  static constexpr std::size_t series_count = operation_count + 1 + iam_operation_count;
  using Number = std::atomic<std::uint64_t>;  // One writer each.
  struct PerOperation {
    std::array<Number, 3> outcomes{};
    std::array<Number, bucket_us.size() + 1> buckets{};
    Number nanoseconds{};
  };
  struct alignas(64) PerThread {
    std::array<PerOperation, series_count> operations{};
    Number refused{};
  };
  static void add(Number& number, std::uint64_t value) {
    number.store(number.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }
  template <class Pick>
  std::uint64_t sum(Pick&& pick) const {
    std::uint64_t total = 0;
    for (const auto& thread : threads_) total += pick(*thread).load(std::memory_order_relaxed);
    return total;
  }
  void count(std::size_t thread, std::size_t series, CallOutcome outcome, std::chrono::nanoseconds taken);
  void append_operation(std::string& out, std::size_t operation) const;

  std::vector<std::unique_ptr<PerThread>> threads_;
};

// What other rooms count, in the same format.
void append_metrics(std::string& out, const http::ServerCounters& counters);
void append_metrics(std::string& out, const audit::Counters& counters);
void append_metric(std::string& out, std::string_view name, std::string_view kind, std::uint64_t value);

}  // namespace keyfold::server
