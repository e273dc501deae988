#include <doctest/doctest.h>

#include <map>
#include <set>
#include <sstream>

#include "base/text.h"
#include "kinds/object.h"
#include "kinds/testing/sets.h"

using namespace slipway;
using namespace slipway::kinds;
using namespace slipway::kinds::testing;

// Every object that the real server refused as invalid when it was created is refused by us in the same words. What
// needs more than the object (admission, allocation) or Go's own printing is in testdata/other_words.
TEST_CASE("what the real server refused is refused in its words") {
  std::map<std::string, Value> answers;
  std::vector<Value> cases;
  for (std::string set : {"errors.json", "refusals.json"}) {
    Value asked = read_json(project / "tests/conformance/http/cases" / set)["steps"];
    cases.insert(cases.end(), asked.items().begin(), asked.items().end());
    Value recorded = read_json(project / "tests/conformance/http/recorded" / set);
    for (const Value& step : recorded.items()) answers[step["name"].str()] = step;
  }
  std::set<std::string> other;
  std::istringstream lines(read_file("testdata/other_words"));
  for (std::string line; std::getline(lines, line);) other.insert(line.substr(0, line.find(" #")));
  int passed = 0, of = 0;
  for (size_t i = 0; i < cases.size(); ++i) {
    std::string name = cases[i]["name"].str();
    const Value answer = answers[name]["body"];
    int64_t status = answers[name]["status"].as_int();
    if (!cases[i].has("post") || !cases[i].has("body") || (status != 422 && status != 400)) continue;
    if (!name.starts_with("invalid: ") && !name.starts_with("create with")) continue;
    std::string_view path = cases[i]["post"].as_string();
    auto parts = base::split(path.substr(0, path.find('?')), '/');
    bool core = parts[1] == "api";
    const Kind* kind = builtin_catalog().find_resource(core ? "" : parts[2], core ? parts[2] : parts[3], parts.back());
    if (!kind) continue;
    ++of;
    Value body = cases[i]["body"];
    std::string ours;
    auto conformed = conform(*kind, body);
    if (!conformed) {
      ours = fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", kind->id.kind, kind->id.version,
                         kind->id.kind, conformed.error().message());
    } else {
      Value object = apply_defaults(*kind, conformed->object);
      if (kind->namespaced && object["metadata"]["namespace"].is_null())
        object = object.with("/metadata/namespace", "http-errors");
      auto causes = validate(*kind, object, nullptr);
      if (!causes.empty()) ours = invalid(*kind, name_of(object), std::move(causes)).message();
    }
    std::string theirs = base::replace_all(answer["message"].str(), "e.g. <ip>/24", "e.g. 10.9.8.0/24");
    theirs = base::replace_all(theirs, "<ip>", "10.9.8.7");
    bool same = ours == theirs;
    passed += same;
    if (!same && !other.contains(name)) MESSAGE(name << "\n  ours   " << ours << "\n  theirs " << theirs);
    if (same && other.contains(name)) MESSAGE(name << " passes now: take it out of testdata/other_words");
    CHECK(same != other.contains(name));
  }
  report("recorded-refusals", passed, of);
}

TEST_CASE("what the real server stored is valid, also as an update of itself") {
  Value recorded = read_json(project / "tests/conformance/http/recorded/defaults.json");
  int passed = 0, of = 0;
  for (const Value& step : recorded.items()) {
    Value object = step["body"];
    const Kind* kind = builtin_catalog().find(GroupVersionKind::of(object));
    if (!kind || !kind->served) continue;
    ++of;
    // Masked members are not what was stored.
    for (std::string_view pointer : {"/spec/clusterIP", "/spec/clusterIPs"})
      if (object.at(pointer) != Value("None")) object = object.without(pointer);
    std::string text = base::replace_all(
        base::replace_all(base::replace_all(value::to_json(object), "<5>", "bcdfg"), "\"<nodePort>\"", "30080"),
        "<uid>", "u");
    object = *value::parse_json(base::replace_all(text, "<ip>", "10.0.0.1"));
    auto causes = validate(*kind, object, &object);
    if (causes.empty())
      ++passed;
    else
      MESSAGE(invalid(*kind, name_of(object), causes).message());
  }
  report("recorded-valid", passed, of);
}

TEST_CASE("what may not change does not") {
  auto check = [](std::string_view word, std::string_view before, std::string_view after, std::string_view message) {
    const Kind& kind = *builtin_catalog().find_word(word);
    Value was = apply_defaults(kind, conform(kind, *value::parse_json(before))->object);
    Value now = apply_defaults(kind, conform(kind, *value::parse_json(after))->object);
    auto causes = validate(kind, now, &was);
    CHECK((causes.empty() ? "" : invalid(kind, name_of(now), causes).message()) == message);
  };
  check("cm", R"({"metadata":{"name":"a"},"immutable":true,"data":{"k":"v"}})",
        R"({"metadata":{"name":"a"},"immutable":true,"data":{"k":"w"}})",
        "ConfigMap \"a\" is invalid: data: Forbidden: field is immutable when `immutable` is set");
  check("cm", R"({"metadata":{"name":"a"},"immutable":true})", R"({"metadata":{"name":"a"}})",
        "ConfigMap \"a\" is invalid: immutable: Forbidden: field is immutable when `immutable` is set");
  check("secret", R"({"metadata":{"name":"a"},"type":"example.org/a"})",
        R"({"metadata":{"name":"a"},"type":"example.org/b"})",
        "Secret \"a\" is invalid: type: Invalid value: \"example.org/b\": field is immutable");
  std::string web =
      R"({"metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"app":"X"}},"template":{"metadata":{"labels":{"app":"X"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})";
  check("deploy", base::replace_all(web, "X", "x"), base::replace_all(web, "X", "y"),
        "Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"y\"}}: field is "
        "immutable");
  check("deploy", base::replace_all(web, "X", "x"), base::replace_all(web, "X", "x"), "");
  check("svc", R"({"metadata":{"name":"s"},"spec":{"clusterIP":"10.0.0.1","ports":[{"port":1}]}})",
        R"({"metadata":{"name":"s"},"spec":{"clusterIP":"10.0.0.2","ports":[{"port":1}]}})",
        "Service \"s\" is invalid: spec.clusterIPs[0]: Invalid value: [\"10.0.0.2\"]: may not change once set");
  check("pod", R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"a"}]}})",
        R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"b"}]}})", "");
  check("cm", R"({"metadata":{"name":"a","deletionTimestamp":"2020-01-01T00:00:00Z","finalizers":["x.io/a"]}})",
        R"({"metadata":{"name":"a","deletionTimestamp":"2020-01-01T00:00:00Z","finalizers":["x.io/a","z.io/w"]}})",
        "ConfigMap \"a\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is "
        "being deleted, found new finalizers []string{\"z.io/w\"}");
  // Claims: what may change depends on whether they are bound, and on what there is.
  auto claim = [](std::string_view size, std::string_view status) {
    return fmt::format(
        R"({{"metadata":{{"name":"p"}},"spec":{{"accessModes":["ReadWriteOnce"],"resources":{{"requests":)"
        R"({{"storage":"{}"}}}}}},"status":{}}})",
        size, status);
  };
  constexpr std::string_view pending = R"({"phase":"Pending"})",
                             there = R"({"phase":"Bound","capacity":{"storage":"2Gi"}})";
  std::string fixed =
      "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for "
      "bound claims";
  std::string less = "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity";
  check("pvc", claim("2Gi", pending), claim("3Gi", pending), "PersistentVolumeClaim \"p\" is invalid: " + fixed);
  check("pvc", claim("2Gi", pending), claim("1Gi", pending), "PersistentVolumeClaim \"p\" is invalid: " + fixed);
  check("pvc", claim("2Gi", there), claim("4Gi", there), "");
  check("pvc", claim("4Gi", there), claim("3Gi", there), "");
  check("pvc", claim("4Gi", there), claim("2Gi", there), "PersistentVolumeClaim \"p\" is invalid: " + less);
}

TEST_CASE("of an object that is wrong in very many places no more is said than somebody reads") {
  const Kind& kind = *builtin_catalog().find_resource("", "v1", "configmaps");
  auto check = [&](const char* field, const Value& item) {
    ArrayBuilder many;
    for (int i = 0; i < 50'000; ++i) many.push(item);
    Value object{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "a"}, {"namespace", "n"}}}};
    object = object.with(fmt::format("/metadata/{}", field), many.build());
    auto causes = validate(kind, object, nullptr);
    REQUIRE(causes.size() <= 101);
    CHECK(causes.back().reason == "FieldValueTooMany");
    CHECK(invalid(kind, "a", std::move(causes)).message().size() < 4 << 20);
  };
  check("finalizers", "");
  check("ownerReferences", Value::object());
  check("ownerReferences", {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", "p"}, {"uid", "u"}, {"controller", true}});
}

TEST_CASE("what is wrong since it was stored keeps nobody from changing something else") {
  const Kind& kind = *builtin_catalog().find_resource("batch", "v1", "cronjobs");
  auto cron_job = [&](std::string_view more, std::string_view name) {
    Value written = *value::parse_json(fmt::format(
        R"({{"apiVersion":"batch/v1","kind":"CronJob","metadata":{{"name":"{}","namespace":"a"}},"spec":{{"schedule":"* * * * *",{}"jobTemplate":)"
        R"({{"spec":{{"selector":{{"matchLabels":{{"a":"b"}}}},"template":{{"spec":{{"restartPolicy":"Never","containers":[{{"name":"c","image":"i"}}]}}}}}}}}}}}})",
        name, more));
    return apply_defaults(kind, conform(kind, written)->object);
  };
  const std::string long_name(53, 'n');
  Value stored = cron_job("", long_name), suspended = cron_job(R"("suspend":true,)", long_name);
  CHECK(validate(kind, stored, nullptr).size() == 2);  // the selector, the name
  CHECK(validate(kind, suspended, &stored).empty());
  auto causes = validate(kind, cron_job(R"("startingDeadlineSeconds":-1,)", long_name), &stored);
  REQUIRE(causes.size() == 1);
  CHECK(causes[0].field == "spec.startingDeadlineSeconds");
  Value other = suspended.with("/spec/jobTemplate/spec/selector/matchLabels/a", "c");
  CHECK(validate(kind, other, &stored).size() == 1);  // another selector is wrong anew
}
