// testdata/endpoints.yaml: a service and pods (ip, ready, ...), and what shall stand behind it. `subsets`: of the
// Endpoints, "ready ips | not ready ips -> name:port ..." one a line. `slices`: of each EndpointSlice, "ip" with "!"
// for not ready, "-" for not serving, "~" for terminating.
#include <doctest/doctest.h>

#include "workloads/endpoints/endpoints.h"
#include "workloads/testing/short_forms.h"

using namespace slipway;
using namespace slipway::workloads;
using namespace slipway::workloads::testing;

namespace {

Value service(const Value& spec) {
  return Value{{"apiVersion", "v1"},
               {"kind", "Service"},
               {"metadata", Value{{"name", "web"},
                                  {"namespace", "shop"},
                                  {"uid", "web-uid"},
                                  {"creationTimestamp", "2026-01-01T10:00:00Z"},
                                  {"labels", Value{{"team", "a"}}}}},
               {"spec", spec}};
}

std::string ports_text(const Value& ports) {
  std::string out;
  for (const Value& p : ports.items()) {
    out += fmt::format("{}{}:{}/{}", out.empty() ? "" : " ", p["name"].str(), p["port"].as_int(), p["protocol"].str());
  }
  return out;
}

Value subsets_text(const Value& endpoints) {
  ArrayBuilder lines;
  auto ips = [](const Value& addresses) {
    std::string out;
    for (const Value& a : addresses.items()) out += (out.empty() ? "" : " ") + a["ip"].str();
    return out;
  };
  for (const Value& s : endpoints["subsets"].items()) {
    lines.push(ips(s["addresses"]) + " | " + ips(s["notReadyAddresses"]) + " -> " + ports_text(s["ports"]));
  }
  return lines.build();
}

Value slices_text(const std::vector<Value>& slices) {
  ArrayBuilder lines;
  for (const Value& slice : slices) {
    std::string out;
    for (const Value& e : slice["endpoints"].items()) {
      const Value& c = e["conditions"];
      out += (out.empty() ? "" : " ") + e["addresses"][0].str() + (c["ready"].as_bool() ? "" : "!") +
             (c["serving"].as_bool() ? "" : "-") + (c["terminating"].as_bool() ? "~" : "");
    }
    lines.push(out + " -> " + ports_text(slice["ports"]));
  }
  return lines.build();
}

}  // namespace

TEST_CASE("what stands behind a service") {
  for (const Value& c : cases("endpoints.yaml")) {
    CAPTURE(c["case"].str());
    Value s = service(c["service"]);
    Value endpoints = endpoints_for(s, pods(c["pods"]));
    std::vector<Value> slices = slices_for(s, pods(c["pods"]), {});
    CHECK_MESSAGE(subsets_text(endpoints) == c["subsets"], value::to_json(subsets_text(endpoints)));
    CHECK_MESSAGE(slices_text(slices) == c["slices"], value::to_json(slices_text(slices)));
    for (const auto& [ip, hostname] : c["hostnames"].members()) {
      for (const Value& e : slices.at(0)["endpoints"].items()) {
        if (e["addresses"][0].as_string() == ip.view()) CHECK(e["hostname"].str() == hostname.str());
      }
    }
  }
}

TEST_CASE("both carry the service's labels and their makers', and say whose they are") {
  Value s = service(value::parse_yaml("{ports: [{port: 80}], clusterIP: None}").value());
  Value endpoints = endpoints_for(s, {});
  CHECK(endpoints["metadata"]["labels"] == Value{{"team", "a"},
                                                 {"service.kubernetes.io/headless", ""},
                                                 {"endpoints.kubernetes.io/managed-by", "endpoint-controller"}});
  Value slice = slices_for(s, {}, {}).at(0);
  CHECK(slice["metadata"]["labels"] ==
        Value{{"team", "a"},
              {"service.kubernetes.io/headless", ""},
              {"kubernetes.io/service-name", "web"},
              {"endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"}});
  CHECK(slice["metadata"]["generateName"].str() == "web-");
  CHECK(slice["metadata"]["ownerReferences"] == owned_by("v1", "Service", "web"));
}

TEST_CASE("a slice holds a hundred, and those that stand keep their names") {
  std::vector<Value> many;
  for (int i = 0; i < 250; ++i) {
    many.push_back(
        pod(Value{{"name", fmt::format("p{:03}", i)}, {"ip", fmt::format("10.0.{}.{}", i / 100, 100 + i % 100)}}));
  }
  Value s = service(value::parse_yaml("{ports: [{port: 80}]}").value());
  auto slices = slices_for(s, many, {});
  REQUIRE(slices.size() == 3);
  CHECK(slices[0]["endpoints"].items().size() == 100);
  CHECK(slices[2]["endpoints"].items().size() == 50);
  Value there = slices[0].with("/metadata/name", "web-abcde");
  auto again = slices_for(s, many, {there});
  CHECK(kinds::name_of(again[0]) == "web-abcde");
  CHECK_FALSE(again[0]["metadata"].has("generateName"));
  CHECK(kinds::name_of(again[1]) == "");
}

TEST_CASE("the trigger time is of what is new") {
  constexpr const char* key = "endpoints.kubernetes.io/last-change-trigger-time";
  Value s = service(value::parse_yaml("{ports: [{port: 80}]}").value());
  auto trigger = [&](std::string_view pod_list, const Value& there) {
    auto seen = pods(value::parse_yaml(pod_list).value());
    return with_trigger_time(s, seen, there, endpoints_for(s, seen))["metadata"]["annotations"][key].str();
  };
  std::string_view one = "[{name: a, ip: 10.0.0.1, since: '2026-01-01T11:00:00Z'}]";
  std::string_view two =
      "[{name: a, ip: 10.0.0.1, since: '2026-01-01T11:00:00Z'}, {name: b, ip: 10.0.0.2, since: "
      "'2026-01-01T11:30:00Z'}]";
  Value there = endpoints_for(s, pods(value::parse_yaml(one).value()));
  CHECK(trigger("[]", Value()) == "2026-01-01T10:00:00Z");  // the service is new
  CHECK(trigger(two, there) == "2026-01-01T11:30:00Z");     // b is
  CHECK(trigger(one, there) == "");                         // nothing is: an old time would lie
  Value old = endpoints_for(s, {}).with("/metadata/annotations", Value{{key, "x"}, {"mine", "y"}});
  Value next = with_trigger_time(s, {}, old, old);
  CHECK(next["metadata"]["annotations"] == Value{{"mine", "y"}});
}
