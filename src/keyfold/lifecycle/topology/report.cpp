#include "keyfold/lifecycle/topology/report.h"

#include <algorithm>

#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/lifecycle/topology/names.h"

namespace keyfold::topology {
namespace {

using protocol::JsonWriter;

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

// Out of a tag, which may be missing.
std::string tag_text(const std::string& text) { return text.empty() ? "-" : shown(text); }

std::string place(const Region& region, const std::string& environment, const std::string& domain) {
  return std::string(region.text()) + " " + tag_text(environment) + " " + tag_text(domain);
}

std::string head(const KeyPlan& key) {
  return place(key.region, key.environment, key.domain) + (key.key_id.empty() ? "" : "  " + key.key_id) + "\n";
}
std::string head(const UnwantedKey& key) {
  return place(key.region, key.environment, key.domain) + "  " + key.key_id + "\n";
}

void append_diff(std::string& text, const Step& step) {
  for (const auto& line : step.diff) text += "      " + line + "\n";
}

std::size_t unwanted_count(const Plan& plan) {
  return static_cast<std::size_t>(std::ranges::count(plan.unwanted, false, &UnwantedKey::is_going));
}
std::size_t step_count(const Plan& plan, Deletion deletion) {
  if (deletion == Deletion::refused) return plan.step_count();
  const auto goes = [](const UnwantedKey& key) { return !key.is_going && !key.is_doubtful; };
  return plan.step_count() + static_cast<std::size_t>(std::ranges::count_if(plan.unwanted, goes));
}

std::string unreadable_line(const Plan& plan) {
  if (plan.unreadable == 0) return {};
  return "(the tags of " + counted(plan.unreadable, "other key", "other keys") + " may not be read by this caller)\n";
}

void write_place(JsonWriter& json, const Region& region, const std::string& environment, const std::string& domain,
                 const std::string& key_id) {
  json.text("region", region.text()).text("environment", environment).text("domain", domain);
  if (!key_id.empty()) json.text("key", key_id);
}

void write_step(JsonWriter& json, const Step& step) {
  json.begin_object();
  json.text("aspect", to_string(step.aspect)).text("operation", step.operation);
  json.text("what", step.what).text("found", step.found);
  if (!step.diff.empty()) {
    json.name("diff").begin_array();
    for (const auto& line : step.diff) json.text(line);
    json.end_array();
  }
  json.end_object();
}

void write_unwanted(JsonWriter& json, const Plan& plan) {
  json.name("unwanted").begin_array();
  for (const auto& key : plan.unwanted) {
    json.begin_object();
    write_place(json, key.region, key.environment, key.domain, key.key_id);
    json.text("why", key.why).boolean("deletion_is_scheduled", key.is_going);
    json.boolean("doubtful", key.is_doubtful).end_object();
  }
  json.end_array();
}

void write_keys(JsonWriter& json, const Plan& plan, std::string_view steps_name) {
  json.name("keys").begin_array();
  for (const auto& key : plan.keys) {
    if (key.steps.empty() && key.conflict.empty()) continue;
    json.begin_object();
    write_place(json, key.region, key.environment, key.domain, key.key_id);
    json.text("alias", key.alias);
    if (!key.conflict.empty()) json.text("conflict", key.conflict);
    json.name(steps_name).begin_array();
    for (const auto& step : key.steps) write_step(json, step);
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

std::string plan_text(const Topology& topology, const Plan& plan, Deletion deletion) {
  std::string text;
  for (const auto& key : plan.keys) {
    if (key.steps.empty() && key.conflict.empty()) continue;
    text += head(key);
    if (!key.conflict.empty()) text += "  ! " + key.conflict + "\n";
    for (const auto& step : key.steps) {
      text += "  " + std::string(step.operation == "CreateKey" ? "+ " : "~ ") + step.what + "\n";
      append_diff(text, step);
    }
  }
  for (const auto& key : plan.unwanted) {
    text += head(key);
    if (key.is_going)
      text += "  = " + key.why + "; its deletion is scheduled\n";
    else if (key.is_doubtful)
      text += "  = " + key.why + ": it is left, and for a person to decide about\n";
    else if (deletion == Deletion::allowed)
      text += "  - " + key.why + ": " + key.deletion.what + "\n";
    else
      text += "  = " + key.why + ": it would be left; --allow-deletion lets it go\n";
  }
  text += unreadable_line(plan);
  const auto steps = step_count(plan, deletion);
  text += topology.name + ": " + counted(plan.keys.size(), "key", "keys") + ", " +
          (steps == 0 ? "nothing to do" : counted(steps, "step", "steps") + " to do");
  if (plan.conflict_count() > 0) text += ", " + counted(plan.conflict_count(), "conflict", "conflicts");
  return text + "\n";
}

std::string plan_json(const Topology& topology, const Plan& plan, Deletion deletion) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().text("topology", topology.name);
  json.boolean("deletion_allowed", deletion == Deletion::allowed);
  json.integer("steps", static_cast<std::int64_t>(step_count(plan, deletion)));
  json.integer("conflicts", static_cast<std::int64_t>(plan.conflict_count()));
  write_keys(json, plan, "steps");
  write_unwanted(json, plan);
  json.integer("unreadable", static_cast<std::int64_t>(plan.unreadable));
  json.end_object();
  return text + "\n";
}

std::size_t drift_count(const Plan& plan) { return plan.step_count() + plan.conflict_count() + unwanted_count(plan); }

std::string drift_text(const Topology& topology, const Plan& plan) {
  std::string text;
  for (const auto& key : plan.keys) {
    if (key.steps.empty() && key.conflict.empty()) continue;
    text += head(key);
    if (!key.conflict.empty()) text += "  ! " + key.conflict + "\n";
    const bool is_missing = !key.steps.empty() && key.key_id.empty();
    for (const auto& step : key.steps) {
      if (is_missing && step.aspect != Aspect::key) continue;  // It follows.
      text += "  " + std::string(to_string(step.aspect)) + ": " + step.found + "\n";
      if (!is_missing) append_diff(text, step);
    }
  }
  for (const auto& key : plan.unwanted)
    if (!key.is_going) text += head(key) + "  key: " + key.why + "\n";
  text += unreadable_line(plan);
  const auto count = drift_count(plan);
  return text + topology.name + ": " +
         (count == 0 ? counted(plan.keys.size(), "key", "keys") + ", all as the file says" : "not as the file says") +
         "\n";
}

std::string drift_json(const Topology& topology, const Plan& plan) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().text("topology", topology.name);
  json.boolean("drifted", drift_count(plan) > 0);
  write_keys(json, plan, "differences");
  write_unwanted(json, plan);
  json.integer("unreadable", static_cast<std::int64_t>(plan.unreadable));
  json.end_object();
  return text + "\n";
}

std::string done_text(const Done& done) {
  return (done.error ? "failed  " : "done    ") + place(done.region, done.environment, done.domain) +
         (done.key_id.empty() ? "" : "  " + done.key_id) + ": " + done.step.what +
         (done.error ? ": " + done.error->message : "") + "\n";
}

std::string done_json(const Done& done) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  write_place(json, done.region, done.environment, done.domain, done.key_id);
  json.text("aspect", to_string(done.step.aspect)).text("operation", done.step.operation);
  json.text("what", done.step.what).text("outcome", done.error ? "failed" : "done");
  if (done.error) json.text("error", done.error->message);
  json.end_object();
  return text + "\n";
}

std::string summary_text(const Topology& topology, const ApplySummary& summary) {
  std::string text = topology.name + ": " + counted(summary.done, "step", "steps") + " done";
  if (summary.failed > 0) text += ", " + std::to_string(summary.failed) + " failed";
  if (summary.skipped > 0) text += ", " + std::to_string(summary.skipped) + " not tried";
  if (summary.kept > 0)
    text += ", " + counted(summary.kept, "key", "keys") + " not in the file left (--allow-deletion lets them go)";
  if (summary.kept_after_failure > 0)
    text += ", " + counted(summary.kept_after_failure, "key", "keys") + " not in the file left, because steps failed";
  if (summary.doubtful > 0)
    text += ", " + counted(summary.doubtful, "key", "keys") + " left for a person to decide about";
  return text + "\n";
}

std::string summary_json(const Topology& topology, const ApplySummary& summary) {
  std::string text;
  JsonWriter(text)
      .begin_object()
      .text("topology", topology.name)
      .integer("done", static_cast<std::int64_t>(summary.done))
      .integer("failed", static_cast<std::int64_t>(summary.failed))
      .integer("skipped", static_cast<std::int64_t>(summary.skipped))
      .integer("kept", static_cast<std::int64_t>(summary.kept))
      .integer("kept_after_failure", static_cast<std::int64_t>(summary.kept_after_failure))
      .integer("doubtful", static_cast<std::int64_t>(summary.doubtful))
      .end_object();
  return text + "\n";
}

}  // namespace keyfold::topology
