#include <doctest/doctest.h>

#include <fstream>

#include "base/text.h"
#include "kinds/object.h"
#include "kinds/testing/sets.h"

using namespace slipway;
using namespace slipway::kinds;
using namespace slipway::kinds::testing;

namespace {
const WallTime now = *base::parse_rfc3339("2020-01-01T00:10:00Z");
void check(std::string_view word, std::string_view object, std::string_view cells) {
  const Kind* kind = builtin_catalog().find_word(word);
  REQUIRE(kind);
  CHECK(value::to_json(table_cells(*kind, *value::parse_json(object), now)) == cells);
}
}  // namespace

TEST_CASE("every kind has columns, and a cell for each of them, whatever the object") {
  auto folder = testdata("kubernetes-api/roundtrip");
  for (const Kind* kind : builtin_catalog().all()) {
    size_t columns = table_columns(*kind).size();
    CHECK(columns >= 2);
    CHECK(table_cells(*kind, Value::object(), now).size() == columns);
    std::string group = kind->id.group.empty() ? "core" : kind->id.group;
    if (!folder) continue;
    auto file = *folder / fmt::format("{}.{}.{}.json", group, kind->id.version, kind->id.kind);
    if (std::filesystem::exists(file)) CHECK(table_cells(*kind, read_json(file), now).size() == columns);
  }
}

TEST_CASE("cells are as kubectl shows them") {
  check(
      "pod",
      R"({"metadata":{"name":"p","creationTimestamp":"2020-01-01T00:08:29Z"},"spec":{"containers":[{"name":"c"}]},"status":{"phase":"Pending"}})",
      R"(["p","0/1","Pending","0","91s","<none>","<none>","<none>","<none>"])");
  check(
      "pod",
      R"({"metadata":{"name":"p","creationTimestamp":"2020-01-01T00:00:00Z"},"spec":{"nodeName":"n","containers":[{"name":"c"}]},"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.9"}],
        "conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"c","ready":true,"restartCount":3,"state":{"running":{}},"lastState":{"terminated":{"finishedAt":"2020-01-01T00:05:00Z"}}}]}})",
      R"x(["p","1/1","Running","3 (5m ago)","10m","10.0.0.9","n","<none>","<none>"])x");
  check(
      "pod",
      R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}],"initContainers":[{"name":"i"},{"name":"j"}]},"status":{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":0}}},{"name":"j","state":{"running":{}}}]}})",
      R"(["p","0/1","Init:1/2","0","<unknown>","<none>","<none>","<none>","<none>"])");
  check(
      "pod",
      R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}]},"status":{"phase":"Running","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}})",
      R"(["p","0/1","CrashLoopBackOff","0","<unknown>","<none>","<none>","<none>","<none>"])");
  check(
      "pod",
      R"({"metadata":{"name":"p","deletionTimestamp":"2020-01-01T00:00:00Z"},"spec":{"containers":[{"name":"c"}]},"status":{"phase":"Running"}})",
      R"(["p","0/1","Terminating","0","<unknown>","<none>","<none>","<none>","<none>"])");
  check(
      "deploy",
      R"({"metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"containers":[{"name":"x","image":"i"},{"name":"y","image":"j"}]}}},"status":{"readyReplicas":1}})",
      R"(["d","1/2",0,0,"<unknown>","x,y","i,j","a=b"])");
  check(
      "svc",
      R"({"metadata":{"name":"s"},"spec":{"type":"NodePort","clusterIP":"10.1.1.1","ports":[{"port":80,"nodePort":30578,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}})",
      R"(["s","NodePort","10.1.1.1","<none>","80:30578/TCP,53/UDP","<unknown>","<none>"])");
  check(
      "job",
      R"({"metadata":{"name":"jx"},"spec":{"completions":1,"suspend":true},"status":{"conditions":[{"type":"Suspended","status":"True"}]}})",
      R"(["jx","Suspended","0/1","","<unknown>","","","<none>"])");
  check("cj", R"({"metadata":{"name":"cj"},"spec":{"schedule":"* * * * *","suspend":true}})",
        R"(["cj","* * * * *","<none>","True",0,"<none>","<unknown>","","","<none>"])");
  check(
      "hpa",
      R"({"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"minReplicas":1,"maxReplicas":3,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]}})",
      R"(["h","Deployment/d","cpu: <unknown>/80%","1",3,0,"<unknown>"])");
  check("pdb", R"({"metadata":{"name":"b"},"spec":{"minAvailable":1}})", R"(["b","1","N/A",0,"<unknown>"])");
  check("endpointslices", R"({"metadata":{"name":"e"},"addressType":"IPv4","endpoints":[]})",
        R"(["e","IPv4","<unset>","<unset>","<unknown>"])");
  check("roles", R"({"metadata":{"name":"r","creationTimestamp":"2020-01-01T00:00:00Z"}})",
        R"(["r","2020-01-01T00:00:00Z"])");
  check(
      "events",
      R"({"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p"},"reason":"Made","type":"Normal","message":" by hand ","lastTimestamp":"2020-01-01T00:00:00Z","count":2,"source":{"component":"x"}})",
      R"(["10m","Normal","Made","pod/p","","x","by hand","<unknown>",2,"e"])");
}

TEST_CASE("a completed pod says so beside its row") {
  const Kind& pod = *builtin_catalog().find_word("pod");
  CHECK(table_row_conditions(pod, *value::parse_json(R"({"status":{"phase":"Succeeded"}})"))[0]["reason"] ==
        Value("Succeeded"));
  CHECK(table_row_conditions(pod, *value::parse_json(R"({"status":{"phase":"Running"}})")).is_null());
}
