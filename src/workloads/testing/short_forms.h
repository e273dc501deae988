// For tests: objects written short in data files.
//
//   pods: [{name: a, ready: true, ip: 10.0.0.1, ...}]   see pod()
//   sets: [{name: old, image: "1", replicas: 3, available: 3, revision: 1}]   see replica_set()
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/time.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::workloads::testing {

inline WallTime at(std::string_view text) {
  auto time = base::parse_rfc3339(text);
  REQUIRE_MESSAGE(time, "no time: " << text);
  return *time;
}
inline const std::string noon = "2026-01-01T12:00:00Z";  // "now" in the data files

// The cases of a file: a list of objects with a `case:` each.
inline std::vector<Value> cases(const std::string& file) {
  std::ifstream in("testdata/" + file);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  auto parsed = value::parse_yaml(text, file);
  REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().str()));
  REQUIRE(parsed->items().size() > 0);
  return {parsed->items().begin(), parsed->items().end()};
}

inline Value owned_by(const char* api_version, const char* kind, const std::string& name) {
  return Value::array({Value{{"apiVersion", api_version},
                             {"kind", kind},
                             {"name", name},
                             {"uid", name + "-uid"},
                             {"controller", true},
                             {"blockOwnerDeletion", true}}});
}

// {name, owner: a replica set's name, labels, phase, ready: true|false, since: time of Ready, ip, node, born, cost,
//  restarts, terminating: true, spec: merged in}
inline Value pod(const Value& s) {
  ObjectBuilder metadata;
  std::string name = s["name"].str();
  metadata.set("name", name).set("namespace", "shop").set("uid", name + "-uid");
  metadata.set("labels", s.has("labels") ? s["labels"] : Value{{"app", "web"}});
  metadata.set("creationTimestamp", s["born"].str("2026-01-01T10:00:00Z"));
  if (s.has("owner")) metadata.set("ownerReferences", owned_by("apps/v1", "ReplicaSet", s["owner"].str()));
  if (s.has("cost")) {
    metadata.set("annotations", Value{{"controller.kubernetes.io/pod-deletion-cost", s["cost"].str()}});
  }
  if (s["terminating"].as_bool()) metadata.set("deletionTimestamp", noon);
  ObjectBuilder spec;
  spec.set_unless_empty("nodeName", s.has("node") ? s["node"] : Value("here"));
  for (const auto& [key, value] : s["spec"].members()) spec.set(key.str(), value);
  ObjectBuilder status;
  status.set("phase", s["phase"].str("Running")).set_unless_empty("podIP", s["ip"]);
  bool ready = !s.has("ready") || s["ready"].as_bool();
  status.set("conditions", Value::array({Value{{"type", "Ready"},
                                               {"status", ready ? "True" : "False"},
                                               {"lastTransitionTime", s["since"].str("2026-01-01T11:00:00Z")}}}));
  status.set("containerStatuses", Value::array({Value{{"name", "web"}, {"restartCount", s["restarts"].as_int()}}}));
  return Value{{"apiVersion", "v1"},
               {"kind", "Pod"},
               {"metadata", metadata.build()},
               {"spec", spec.build()},
               {"status", status.build()}};
}
inline std::vector<Value> pods(const Value& list) {
  std::vector<Value> out;
  for (const Value& s : list.items()) out.push_back(pod(s));
  return out;
}

inline Value pod_template(const std::string& image) {
  return Value{{"metadata", Value{{"labels", Value{{"app", "web"}}}}},
               {"spec", Value{{"containers", Value::array({Value{{"name", "web"}, {"image", image}}})}}}};
}

inline std::string names_of(const std::vector<Value>& objects) {
  std::string out;
  for (const Value& o : objects) out += (out.empty() ? "" : " ") + o["metadata"]["name"].str();
  return out;
}

// `wanted`'s members must be in `got`, deeply; a null: must not be there. Empty: all well.
inline std::string missing(const Value& wanted, const Value& got, const std::string& where = "") {
  if (!wanted.is_object()) {
    if (wanted == got) return {};
    return where + ": expected " + value::to_json(wanted) + ", got " + value::to_json(got);
  }
  for (const auto& [key, value] : wanted.members()) {
    std::string here = where + "/" + key.str();
    if (value.is_null() && got.has(key.view()))
      return here + ": expected nothing, got " + value::to_json(got[key.view()]);
    if (value.is_null()) continue;
    if (auto problem = missing(value, got[key.view()], here); !problem.empty()) return problem;
  }
  return {};
}

}  // namespace slipway::workloads::testing
