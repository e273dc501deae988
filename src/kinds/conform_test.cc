#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "base/text.h"
#include "kinds/object.h"
#include "kinds/testing/sets.h"

using namespace slipway;
using namespace slipway::kinds;
using namespace slipway::kinds::testing;

namespace {
const Kind& kind(std::string_view word) {
  const Kind* found = builtin_catalog().find_word(word);
  REQUIRE_MESSAGE(found, word);
  return *found;
}
Value json(std::string_view text) {
  auto parsed = value::parse_json(text);
  REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}
void check(std::string_view word, std::string_view text, std::string_view expected, std::string_view problems = "") {
  auto conformed = conform(kind(word), json(text));
  CHECK((conformed ? value::to_json(conformed->object) : conformed.error().str()) == expected);
  if (conformed) CHECK(base::join(conformed->problems, ", ") == problems);
}
}  // namespace

namespace {
// `unknown field "spec.containers[0].x"` -> /spec/containers/0/x
std::string pointer_of(std::string_view problem) {
  std::string path(problem.substr(problem.find('"') + 1));
  path.pop_back();
  path = base::replace_all(base::replace_all(path, "[", "."), "]", "");
  return "/" + base::replace_all(path, ".", "/");
}
}  // namespace

// The set was made with a newer Kubernetes than the one we are: its fields that 1.35 does not know are in
// testdata/newer_fields, and conform must name exactly these and keep everything else as it was.
TEST_CASE("every recorded object of every kind conforms unchanged") {
  auto folder = testdata("kubernetes-api/roundtrip");
  if (!folder) return;
  std::set<std::string> newer, seen;
  std::istringstream lines(read_file("testdata/newer_fields"));
  for (std::string name; lines >> name;) newer.insert(name);
  int passed = 0, of = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    if (entry.path().extension() != ".json") continue;
    ++of;
    Value object = read_json(entry.path());
    std::string file = entry.path().filename().string();
    auto id = GroupVersionKind::of(object);
    if (id.kind.empty()) id.kind = base::split(file, '.').rbegin()[1];  // WatchEvent says nothing of itself
    const Kind* found = builtin_catalog().find(id);
    Kind meta;
    if (!found) {  // kinds of meta/v1 are types alone
      meta.id = id;
      meta.type = builtin_type("io.k8s.apimachinery.pkg.apis.meta.v1." + id.kind);
      found = &meta;
    }
    if (!found->type) {
      fmt::print("  {}: no table (not in 1.35's v1)\n", file);
      continue;
    }
    auto conformed = conform(*found, object);
    if (!conformed) {
      MESSAGE(file << ": " << conformed.error().str());
      continue;
    }
    bool known = true;
    for (const std::string& problem : conformed->problems) {
      std::string pointer = pointer_of(problem), name = pointer.substr(pointer.rfind('/') + 1);
      if (!newer.contains(name)) MESSAGE(file << ": " << problem);
      known = known && newer.contains(name);
      seen.insert(name);
      object = object.without(pointer);
    }
    if (conformed->object != object)
      MESSAGE(file << ": changed to\n" << value::to_json(conformed->object) << " from\n" << value::to_json(object));
    else
      passed += known;
  }
  CHECK(seen == newer);
  report("roundtrip-json", passed, of);
}

TEST_CASE("an object is brought into the form that Go would write") {
  check("cm", R"({"metadata":{"name":"a","labels":{}},"data":{"a":null},"immutable":false})",
        R"({"data":{"a":""},"immutable":false,"metadata":{"name":"a"}})");
  check("pod", R"({"spec":{"containers":[{"name":"c","command":[],"stdin":false}],"hostNetwork":false}})",
        R"({"metadata":{},"spec":{"containers":[{"name":"c","resources":{}}]},"status":{}})");
  check("pod", R"({})", R"({"metadata":{},"spec":{"containers":null},"status":{}})");
  check(
      "pod", R"({"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":0.5,"memory":"1024Ki","x":"1e9"}}}]}})",
      R"({"metadata":{},"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"500m","memory":"1Mi","x":"1e9"}}}]},"status":{}})");
  check("lease", R"({"spec":{"renewTime":"2020-01-01T02:00:00.000000+02:00"}})",
        R"({"metadata":{},"spec":{"renewTime":"2020-01-01T00:00:00.000000Z"}})");
}

TEST_CASE("times of any year are kept") {
  auto created = [](std::string_view text, std::string_view expected) {
    check("cm", fmt::format(R"({{"metadata":{{"creationTimestamp":"{}"}}}})", text),
          expected.empty() ? std::string(R"({"metadata":{}})")
                           : fmt::format(R"({{"metadata":{{"creationTimestamp":"{}"}}}})", expected));
  };
  created("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z");
  created("9999-12-31T23:59:59.9+01:00", "9999-12-31T22:59:59Z");
  created("2262-04-11T23:47:17Z", "2262-04-11T23:47:17Z");
  created("1600-02-29T00:00:00+12:00", "1600-02-28T12:00:00Z");
  created("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z");
  created("0001-01-01T00:00:00.5Z", "");  // Go's zero time
  check(
      "lease", R"({"spec":{"renewTime":"9999-12-31T23:59:59.123456Z","acquireTime":"0999-01-01T00:00:00.000001Z"}})",
      R"({"metadata":{},"spec":{"acquireTime":"0999-01-01T00:00:00.000001Z","renewTime":"9999-12-31T23:59:59.123456Z"}})");
  auto refused = [](std::string_view text, std::string_view why) {
    check("cm", fmt::format(R"({{"metadata":{{"creationTimestamp":"{}"}}}})", text),
          fmt::format("parsing time \"{}\": {}", text, why));
  };
  refused("9999-12-31T23:59:59-00:01", "year out of range");
  refused("0000-01-01T00:00:00+01:00", "year out of range");
  refused("2023-02-29T00:00:00+01:00", "day out of range");
  refused("2023-02-01T00:00:00+25:00", "time zone offset hour out of range");
  refused("2023-02-01T00:00:00-01:61", "time zone offset minute out of range");
}

TEST_CASE("unknown fields are named and dropped") {
  check("cm", R"({"metadata":{"name":"a"},"dat":{"k":"v"}})", R"({"metadata":{"name":"a"}})", R"(unknown field "dat")");
  check(
      "deploy", R"({"spec":{"unk":1,"template":{"spec":{"containers":[{"name":"c","imag":"x"}]}}}})",
      R"({"metadata":{},"spec":{"selector":null,"strategy":{},"template":{"metadata":{},"spec":{"containers":[{"name":"c","resources":{}}]}}},"status":{}})",
      R"(unknown field "spec.template.spec.containers[0].imag", unknown field "spec.unk")");
}

TEST_CASE("wrong types are refused in Go's words") {
  check("cm", R"({"metadata":{"name":5}})",
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string");
  check("deploy", R"({"spec":{"replicas":"3"}})",
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32");
  check("deploy", R"({"spec":{"replicas":3000000000}})",
        "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32");
  check("cm", R"({"data":[]})",
        "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string");
  check("cm", R"({"data":{"a":1}})",
        "json: cannot unmarshal number into Go struct field ConfigMap.data of type string");
  check("pod", R"({"spec":{"containers":["x"]}})",
        "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container");
  check("pod", R"({"spec":{"containers":[{"resources":{"limits":{"cpu":"x"}}}]}})",
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  check("cm", R"({"binaryData":{"a":"!!"}})", "illegal base64 data at input byte 0");
  check("cm", R"({"metadata":{"creationTimestamp":"yesterday"}})",
        R"(parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006")");
  check("lease", R"({"spec":{"renewTime":"2020-01-01T00:00:00Z"}})",
        R"(parsing time "2020-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000")");
}
