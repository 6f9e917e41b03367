#include "keyfold/kms/server/metrics.h"

#include <fmt/format.h>

#include <iterator>

#include "keyfold/core/protocol/errors.h"

namespace keyfold::server {
namespace {

constexpr std::array<std::string_view, 3> outcome_names = {"success", "client_error", "server_error"};

std::string_view name_of(std::size_t operation) {
  if (operation < operation_count) return operation_table()[operation].name;
  return operation == operation_count ? std::string_view("unknown")
                                      : iam_table()[operation - operation_count - 1].action();
}

}  // namespace

CallOutcome call_outcome(const Outcome& outcome) {
  if (outcome) return CallOutcome::success;
  return protocol::http_status(outcome.error().code) < 500 ? CallOutcome::client_error : CallOutcome::server_error;
}

Metrics::Metrics(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.push_back(std::make_unique<PerThread>());
}

void Metrics::count(std::size_t thread, const OperationRow* row, CallOutcome outcome, std::chrono::nanoseconds taken) {
  count(thread, row == nullptr ? operation_count : static_cast<std::size_t>(row->operation), outcome, taken);
}

void Metrics::count(std::size_t thread, const IamRow* row, CallOutcome outcome, std::chrono::nanoseconds taken) {
  const std::size_t behind = operation_count + 1;
  count(thread, row == nullptr ? operation_count : behind + static_cast<std::size_t>(row->operation), outcome, taken);
}

void Metrics::count(std::size_t thread, std::size_t series, CallOutcome outcome, std::chrono::nanoseconds taken) {
  PerOperation& operation = threads_[thread]->operations[series];
  add(operation.outcomes[static_cast<std::size_t>(outcome)], 1);
  add(operation.nanoseconds, static_cast<std::uint64_t>(taken.count()));
  std::size_t bucket = 0;
  while (bucket < bucket_us.size() && taken > std::chrono::microseconds(bucket_us[bucket])) ++bucket;
  add(operation.buckets[bucket], 1);
}

void Metrics::count_refused(std::size_t thread) { add(threads_[thread]->refused, 1); }

void Metrics::append_operation(std::string& out, std::size_t operation) const {
  const auto label = name_of(operation);
  std::uint64_t below = 0;
  std::uint64_t buckets[bucket_us.size() + 1];
  for (std::size_t b = 0; b <= bucket_us.size(); ++b)
    below += buckets[b] = sum([&](const PerThread& t) -> const Number& { return t.operations[operation].buckets[b]; });
  if (below == 0) return;  // Never called: no series.
  std::uint64_t cumulative = 0;
  for (std::size_t b = 0; b < bucket_us.size(); ++b) {
    cumulative += buckets[b];
    fmt::format_to(std::back_inserter(out),
                   "keyfold_request_duration_seconds_bucket{{operation=\"{}\",le=\"{}\"}} {}\n", label,
                   static_cast<double>(bucket_us[b]) / 1e6, cumulative);
  }
  const auto nanoseconds =
      sum([&](const PerThread& t) -> const Number& { return t.operations[operation].nanoseconds; });
  fmt::format_to(std::back_inserter(out),
                 "keyfold_request_duration_seconds_bucket{{operation=\"{0}\",le=\"+Inf\"}} {1}\n"
                 "keyfold_request_duration_seconds_sum{{operation=\"{0}\"}} {2}\n"
                 "keyfold_request_duration_seconds_count{{operation=\"{0}\"}} {1}\n",
                 label, below, static_cast<double>(nanoseconds) / 1e9);
}

void Metrics::append(std::string& out) const {
  out += "# TYPE keyfold_requests_total counter\n";
  for (std::size_t operation = 0; operation < series_count; ++operation) {
    for (std::size_t o = 0; o < outcome_names.size(); ++o) {
      const auto count = sum([&](const PerThread& t) -> const Number& { return t.operations[operation].outcomes[o]; });
      if (count > 0)
        fmt::format_to(std::back_inserter(out), "keyfold_requests_total{{operation=\"{}\",outcome=\"{}\"}} {}\n",
                       name_of(operation), outcome_names[o], count);
    }
  }
  out +=
      "# HELP keyfold_request_duration_seconds From a whole request to its reply, without the wait for the audit "
      "record.\n";
  out += "# TYPE keyfold_request_duration_seconds histogram\n";
  for (std::size_t operation = 0; operation < series_count; ++operation) append_operation(out, operation);
  append_metric(out, "keyfold_requests_refused_before_authentication_total", "counter",
                sum([](const PerThread& t) -> const Number& { return t.refused; }));
}

void append_metric(std::string& out, std::string_view name, std::string_view kind, std::uint64_t value) {
  fmt::format_to(std::back_inserter(out), "# TYPE {0} {1}\n{0} {2}\n", name, kind, value);
}

void append_metrics(std::string& out, const http::ServerCounters& c) {
  append_metric(out, "keyfold_http_connections_accepted_total", "counter", c.connections_accepted);
  append_metric(out, "keyfold_http_connections_open", "gauge", c.connections_open);
  append_metric(out, "keyfold_http_connections_shed_total", "counter", c.connections_shed);
  append_metric(out, "keyfold_http_tls_failures_total", "counter", c.tls_failures);
  append_metric(out, "keyfold_http_timeouts_total", "counter", c.timeouts);
  append_metric(out, "keyfold_http_requests_total", "counter", c.requests);
  append_metric(out, "keyfold_http_requests_malformed_total", "counter", c.requests_malformed);
  append_metric(out, "keyfold_http_requests_overloaded_total", "counter", c.requests_overloaded);
  append_metric(out, "keyfold_http_replies_held", "gauge", c.replies_held);
  append_metric(out, "keyfold_http_replies_refused_total", "counter", c.replies_refused);
  append_metric(out, "keyfold_http_received_bytes_total", "counter", c.bytes_received);
  append_metric(out, "keyfold_http_sent_bytes_total", "counter", c.bytes_sent);
}

void append_metrics(std::string& out, const audit::Counters& c) {
  append_metric(out, "keyfold_audit_records_total", "counter", c.records);
  append_metric(out, "keyfold_audit_bytes_total", "counter", c.bytes);
  append_metric(out, "keyfold_audit_commits_total", "counter", c.commits);
  append_metric(out, "keyfold_audit_syncs_total", "counter", c.syncs);
  append_metric(out, "keyfold_audit_failures_total", "counter", c.failures);
  append_metric(out, "keyfold_audit_refused_total", "counter", c.refused);
  append_metric(out, "keyfold_audit_commit_microseconds_total", "counter", c.commit_us_total);
  append_metric(out, "keyfold_audit_commit_microseconds_max", "gauge", c.commit_us_max);
}

}  // namespace keyfold::server
