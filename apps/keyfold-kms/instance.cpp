#include "keyfold-kms/instance.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "keyfold/core/base/arena.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json_writer.h"

namespace keyfold::app {
namespace {

constexpr std::chrono::seconds stop_deadline{10};

http::ServerOptions http_options(const server::Configuration& configuration) {
  http::ServerOptions options;
  options.listen = {configuration.listen};
  options.tls = configuration.tls;
  options.loops = configuration.threads;
  return options;
}

server::Services services(Data& data, const Clock& signature_clock, World world) {
  return {.keys = data.keys(),
          .audit = data.audit(),
          .outbox = data.outbox(),
          .callers = data.callers(),
          .entities = data.callers(),
          .clock = world.clock,
          .signature_clock = signature_clock,
          .random = world.random,
          .log = world.log};
}

std::string url(const http::ListenAddress& address, bool tls) {
  return (tls ? "https://" : "http://") + http::to_text(address);
}

}  // namespace

Instance::Instance(Options options, Data& data, World world)
    : options_(std::move(options)),
      data_(data),
      world_(world),
      http_options_(http_options(options_.configuration)),
      refusals_(world.random),
      metrics_(http::thread_count(http_options_)),
      pipeline_(services(data, *options_.signature_clock, world), options_.scope, refusals_, metrics_,
                http::thread_count(http_options_)),
      scheduler_(services(data, *options_.signature_clock, world), maintenance_, refusals_),
      status_(status_sources()),
      admin_(data.callers(), data.audit(), data.outbox(), world.clock, world.random, options_.configuration.accounts) {}

Result<std::unique_ptr<Instance>> Instance::start(Options options, Data& data, World world) {
  std::unique_ptr<Instance> instance(new Instance(std::move(options), data, world));
  TRY(instance->open());
  return instance;
}

Outcome Instance::open() {
  TRY_ASSIGN(http_, http::open_server(pipeline_, http_options_, *options_.signature_clock));
  http::ServerOptions status_options;
  status_options.listen = {options_.configuration.metrics_listen};
  status_options.slow_lane.threads = 1;
  TRY_ASSIGN(status_http_, http::open_server(status_, status_options, *options_.signature_clock));
  if (const auto* directory = data_.directory()) {
    TRY_ASSIGN(admin_socket_, server::AdminSocket::open(directory->admin_socket(), admin_, world_.log));
  }
  TRY(record(audit::event_name::server_start));
  // What is overdue is done before the first call is answered.
  scheduler_.run_due();
  release_ = std::make_unique<server::ReleaseOnRecord>(*http_, world_.log);
  data_.audit().set_listener(release_.get());
  serving_ = true;
  http_->start();
  status_http_->start();
  scheduler_.start();
  world_.log.info("serving", {{"endpoint", endpoint()}, {"metrics", metrics()}, {"keys", data_.keys().size()}});
  return write_ready_file();
}

Instance::~Instance() { stop(); }

void Instance::stop() {
  if (!serving_) return;
  serving_ = false;
  admin_socket_.reset();
  http_->stop(stop_deadline);
  scheduler_.stop();
  status_http_->stop(std::chrono::seconds(1));
  data_.audit().set_listener(nullptr);
  if (auto recorded = record(audit::event_name::server_stop); !recorded)
    world_.log.error("the stop could not be recorded", {{"error", recorded.error().message}});
  if (!options_.configuration.ready_file.empty()) unlink(options_.configuration.ready_file.c_str());
  world_.log.info("stopped");
}

void Instance::reload_tls() {
  const auto reloaded = http_->reload_tls();
  if (reloaded) return world_.log.info("read the certificate again");
  world_.log.error("the certificate could not be read again; the former stays", {{"error", reloaded.error().message}});
}

std::string Instance::endpoint() const {
  return url(http_->addresses().front(), options_.configuration.tls.has_value());
}

std::string Instance::metrics() const { return url(status_http_->addresses().front(), false); }

Outcome Instance::record(std::string_view event_name) {
  const auto id = random_uuid(world_.random);
  audit::AuditEvent event;
  event.time = world_.clock.now();
  event.user.type = "AWSService";
  event.name = event_name;
  event.event_id = id.view();
  event.access = audit::Access::write;
  event.type = audit::EventType::keyfold_server;
  std::string leaf;
  audit::encode(event, leaf);
  TRY_ASSIGN(const auto sequence, data_.audit().append(leaf));
  return data_.audit().wait(sequence);
}

server::StatusService::Sources Instance::status_sources() {
  server::StatusService::Sources sources;
  sources.ready = [this] { return data_.audit().healthy(); };
  sources.metrics = [this](std::string& out) { append_metrics(out); };
  if (options_.clock != nullptr)
    sources.advance = [this](std::chrono::seconds by) -> Outcome {
      options_.clock->advance(by);
      scheduler_.wake();
      return ok();
    };
  return sources;
}

void Instance::append_metrics(std::string& out) const {
  metrics_.append(out);
  server::append_metrics(out, http_->counters());
  server::append_metrics(out, data_.audit().counters());
  const ArenaUse arena = arena_use();
  server::append_metric(out, "keyfold_secret_arena_bytes", "gauge", arena.size);
  server::append_metric(out, "keyfold_secret_arena_carved_bytes", "gauge", arena.carved);
  server::append_metric(out, "keyfold_keys", "gauge", data_.keys().size());
}

// Whole or not at all: whoever waits for it reads it as soon as it is there.
Outcome Instance::write_ready_file() const {
  const auto& path = options_.configuration.ready_file;
  if (path.empty()) return ok();
  std::string text;
  protocol::JsonWriter(text)
      .begin_object()
      .integer("pid", getpid())
      .text("endpoint", endpoint())
      .text("metrics", metrics())
      .text("account", options_.configuration.accounts.front().text())
      .end_object();
  const std::string draft = path.native() + ".tmp";
  std::ofstream file(draft, std::ios::trunc);
  file << text << '\n';
  file.close();
  if (!file || std::rename(draft.c_str(), path.c_str()) != 0)
    return Error{ErrorCode::io, "cannot write the ready file " + path.native()};
  return ok();
}

}  // namespace keyfold::app
