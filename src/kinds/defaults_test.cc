#include <doctest/doctest.h>

#include <map>

#include "base/text.h"
#include "kinds/object.h"
#include "kinds/testing/sets.h"

using namespace slipway;
using namespace slipway::kinds;
using namespace slipway::kinds::testing;

namespace {

// The kind of "/apis/apps/v1/namespaces/{ns}/deployments".
const Kind* kind_of_path(std::string_view path) {
  auto parts = base::split(path, '/');
  bool core = parts[1] == "api";
  std::string_view group = core ? "" : parts[2], version = core ? parts[2] : parts[3];
  return builtin_catalog().find_resource(group, version, parts.back());
}

Value keep_items(const Value& list, bool (*wanted)(const Value&)) {
  ArrayBuilder out;
  for (const Value& item : list.items())
    if (wanted(item)) out.push(item);
  return out.build();
}

// The recorded answer without what the write path adds to a defaulted object: identity, allocations, admission.
Value without_write_path(Value o, const Value& sent) {
  for (std::string_view name : {"uid", "resourceVersion", "creationTimestamp", "generation", "namespace", "finalizers"})
    o = o.without("/metadata/" + std::string(name));
  if (sent["metadata"].has("generateName")) o = o.without("/metadata/name");
  std::string kind = o["kind"].str();
  if (kind == "Namespace") o = o.without("/spec/finalizers");
  if (kind == "Node") o = o.without("/spec/taints");
  if (kind == "Service") {
    if (o["spec"]["clusterIP"].as_string() != "None") o = o.without("/spec/clusterIP").without("/spec/clusterIPs");
    for (size_t i = 0; i < o["spec"]["ports"].size(); ++i) o = o.without(fmt::format("/spec/ports/{}/nodePort", i));
  }
  if (kind == "Job") {
    o = o.without("/spec/selector").without("/metadata/labels").without("/spec/template/metadata/labels");
  }
  if (kind == "Pod") {
    o = o.with("/status", Value::object()).without("/spec/priority").without("/spec/preemptionPolicy");
    if (sent["spec"]["tolerations"].is_null())
      o = o.without("/spec/tolerations");
    else
      o = o.with("/spec/tolerations", keep_items(o["spec"]["tolerations"], [](const Value& t) {
                   return !t["key"].as_string().starts_with("node.kubernetes.io/");
                 }));
    if (sent["spec"]["serviceAccountName"].is_null())
      o = o.without("/spec/serviceAccountName").without("/spec/serviceAccount");
    auto not_token = [](const Value& v) { return !v["name"].as_string().starts_with("kube-api-access-"); };
    auto trim_list = [&](std::string path) {
      if (o.at(path).is_null()) return;
      Value kept = keep_items(o.at(path), not_token);
      o = kept.empty() ? o.without(path) : o.with(path, kept);
    };
    trim_list("/spec/volumes");
    for (std::string list : {"containers", "initContainers"})
      for (size_t i = 0; i < o["spec"][list].size(); ++i) trim_list(fmt::format("/spec/{}/{}/volumeMounts", list, i));
  }
  return o;
}

}  // namespace

TEST_CASE("what is posted becomes what the real server stored") {
  Value cases = read_json(project / "tests/conformance/http/cases/defaults.json")["steps"];
  Value recorded = read_json(project / "tests/conformance/http/recorded/defaults.json");
  std::map<std::string, Value> answers;  // steps without interest are not recorded
  for (const Value& step : recorded.items()) answers[step["name"].str()] = step;
  int passed = 0, of = 0;
  for (size_t i = 0; i < cases.size(); ++i) {
    if (!cases[i].has("post") || answers[cases[i]["name"].str()]["status"].as_int() != 201) continue;
    const Kind* kind = kind_of_path(cases[i]["post"].as_string());
    if (!kind) continue;
    ++of;
    Value body = cases[i]["body"];
    auto conformed = conform(*kind, body);
    REQUIRE(conformed.has_value());
    Value ours = apply_defaults(*kind, conformed->object)
                     .with_member("kind", kind->id.kind)
                     .with_member("apiVersion", kind->id.api_version());
    Value theirs = without_write_path(answers[cases[i]["name"].str()]["body"], body);
    ours = without_write_path(ours, body);
    if (ours == theirs)
      ++passed;
    else
      MESSAGE(cases[i]["name"].str() << "\n  ours   " << value::to_json(ours) << "\n  theirs "
                                     << value::to_json(theirs));
    // Filling in twice changes nothing more.
    Value once = apply_defaults(*kind, conformed->object);
    CHECK(apply_defaults(*kind, once) == once);
  }
  report("recorded-defaults", passed, of);
}

TEST_CASE("quantities are exact and canonical") {
  auto check = [](std::string_view text, std::string_view canonical, int64_t milli, int64_t value) {
    auto quantity = Quantity::parse(text);
    REQUIRE_MESSAGE(quantity, text);
    CHECK(quantity->canonical() == canonical);
    CHECK(quantity->milli() == milli);
    CHECK(quantity->value() == value);
  };
  check("0", "0", 0, 0);
  check("0.5", "500m", 500, 1);
  check("500m", "500m", 500, 1);
  check("1000m", "1", 1000, 1);
  check("1024Ki", "1Mi", 1048576000, 1048576);
  check("1.5Gi", "1536Mi", 1610612736000, 1610612736);
  check("0.5Ki", "512", 512000, 512);
  check("1e9", "1e9", 1000000000000, 1000000000);
  check("1E3", "1e3", 1000000, 1000);
  check("2000000Ki", "2000000Ki", 2048000000000, 2048000000);
  check("100u", "100u", 1, 1);
  check("1n", "1n", 1, 1);
  check("0.1n", "1n", 1, 1);
  check("-1.5", "-1500m", -1500, -2);
  check("9E", "9E", INT64_MAX, 9000000000000000000);
  check("8Ei", "9223372036854775807", INT64_MAX, INT64_MAX);
  check("+1", "1", 1000, 1);
  check(".5", "500m", 500, 1);
  for (std::string_view bad : {"", "x", "1x", "1Kii", "--1", "1..2", "1e", "Ki", "1 ", "."})
    CHECK_FALSE(Quantity::parse(bad).has_value());
}
