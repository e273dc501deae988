// Objects with lists as long as a request may carry: whatever is done with one on the loop keeps everybody waiting, so
// it may cost four times as much for four times as many, not sixteen times.
#include <doctest/doctest.h>

#include <time.h>

#include <algorithm>
#include <functional>

#include "kinds/object.h"
#include "value/value.h"

using namespace slipway;
using namespace slipway::kinds;

namespace {

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

Value list_of(int n, const std::function<Value(const std::string&)>& one) {
  ArrayBuilder list;
  for (int i = 0; i < n; ++i) list.push(one(std::to_string(i)));
  return list.build();
}
Value map_of(int n, const std::function<Value(const std::string&)>& one) {
  std::vector<value::Member> members;
  for (int i = 0; i < n; ++i) members.push_back({"k" + std::to_string(i), one(std::to_string(i))});
  return Value::object(std::move(members));
}

Value pod(std::vector<value::Member> spec, std::vector<value::Member> container = {}) {
  Value c = Value{{"name", "c"}, {"image", "i"}}.with_members(std::move(container));
  Value s = Value{{"containers", Value::array({c})}}.with_members(std::move(spec));
  return Value{
      {"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", Value{{"name", "p"}, {"namespace", "n"}}}, {"spec", s}};
}

using Make = std::function<Value(int)>;
struct Case {
  const char* name;
  Make make;
};
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"containers",
       [](int n) {
         return pod({{"containers", list_of(n, [](auto& i) { return Value{{"name", "c" + i}, {"image", "i"}}; })}});
       }},
      {"initContainers",
       [](int n) {
         return pod({{"initContainers", list_of(n, [](auto& i) { return Value{{"name", "x" + i}, {"image", "i"}}; })}});
       }},
      {"volumes and mounts",
       [](int n) {
         return pod(
             {{"volumes", list_of(n, [](auto& i) { return Value{{"name", "v" + i}}; })}},
             {{"volumeMounts", list_of(n, [](auto& i) { return Value{{"name", "v" + i}, {"mountPath", "/m" + i}}; })}});
       }},
      {"env",
       [](int n) {
         return pod({}, {{"env", list_of(n, [](auto& i) { return Value{{"name", "E" + i}, {"value", "v"}}; })}});
       }},
      {"limits",
       [](int n) {
         Value resources{{"limits", map_of(n, [](auto&) { return Value("1"); })}};
         return pod({}, {{"resources", resources}});
       }},
      {"amounts below a thousandth",
       [](int n) {
         Value resources{{"requests", map_of(n, [](auto&) { return Value("1n"); })}};
         return pod({}, {{"resources", resources}});
       }},
      {"tolerations",
       [](int n) {
         return pod(
             {{"tolerations", list_of(n, [](auto& i) { return Value{{"key", "k" + i}, {"operator", "Exists"}}; })}});
       }},
      {"stringData",
       [](int n) {
         return Value{{"apiVersion", "v1"},
                      {"kind", "Secret"},
                      {"metadata", Value{{"name", "s"}, {"namespace", "n"}}},
                      {"stringData", map_of(n, [](auto& i) { return Value(i); })}};
       }},
      {"service ports",
       [](int n) {
         return Value{{"apiVersion", "v1"},
                      {"kind", "Service"},
                      {"metadata", Value{{"name", "s"}, {"namespace", "n"}}},
                      {"spec", Value{{"ports", list_of(n, [](auto& i) {
                                        return Value{{"name", "p" + i}, {"port", 1 + std::stoi(i)}};
                                      })}}}};
       }},
      {"statuses of sidecars",
       [](int n) {
         auto container = [](auto& i) { return Value{{"name", "x" + i}, {"image", "i"}, {"restartPolicy", "Always"}}; };
         auto status = [](auto& i) {
           return Value{{"name", "x" + i}, {"started", true}, {"ready", true}, {"state", Value::object()}};
         };
         return pod({{"initContainers", list_of(n, container)}})
             .with_member("status", Value{{"initContainerStatuses", list_of(n, status)}});
       }},
  };
  return all;
}

// What a create and an update that changes nothing do, and the row of a table.
void write(const Value& body) {
  const Kind& kind = *builtin_catalog().find(GroupVersionKind::of(body));
  auto conformed = conform(kind, body);
  REQUIRE(conformed);
  Value object = apply_defaults(kind, conformed->object);
  (void)validate(kind, object, nullptr);
  (void)validate(kind, object, &object);
  (void)table_cells(kind, object, WallTime());
}

double cost(const Value& body) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    double began = cpu_seconds();
    write(body);
    best = std::min(best, cpu_seconds() - began);
  }
  return best;
}

}  // namespace

TEST_CASE("what long lists cost grows with their length") {
  for (const Case& c : cases()) {
    double few = cost(c.make(1500)), many = cost(c.make(6000));
    INFO(c.name << ": 1,500 cost " << few << " s, 6,000 " << many << " s");
    CHECK(many < few * 9);
  }
}

// Controllers write the status of what they read: the spec is the stored one.
TEST_CASE("a status costs what it has, however long the spec is") {
  auto status_write = [](const Value& object) {
    const Kind& kind = *builtin_catalog().find(GroupVersionKind::of(object));
    Value stored = apply_defaults(kind, conform(kind, object)->object);
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
      Value status = stored["status"].with_member("observedGeneration", i + 1);
      Value wanted = stored.with_member("status", std::move(status));
      double began = cpu_seconds();
      auto conformed = conform(kind, wanted, stored);
      REQUIRE(conformed);
      Value after = apply_defaults(kind, conformed->object, stored);
      CHECK(validate(kind, after, &stored).empty());
      best = std::min(best, cpu_seconds() - began);
      CHECK(after == wanted);
      CHECK(after["spec"].same_node(stored["spec"]));
    }
    return best;
  };
  auto deployment = [](int n) {
    Value labels{{"a", "b"}}, selector{{"matchLabels", labels}};
    Value spec =
        pod({{"initContainers", list_of(n, [](auto& i) { return Value{{"name", "x" + i}, {"image", "i"}}; })}});
    Value pod_template{{"metadata", Value{{"labels", labels}}}, {"spec", spec["spec"]}};
    return Value{{"apiVersion", "apps/v1"},
                 {"kind", "Deployment"},
                 {"metadata", Value{{"name", "d"}, {"namespace", "n"}}},
                 {"spec", Value{{"selector", selector}, {"template", pod_template}}}};
  };
  auto large_pod = [](int n) {
    Value requests{{"requests", Value{{"cpu", "1"}}}, {"limits", Value{{"cpu", "1"}}}};
    auto container = [&](auto& i) { return Value{{"name", "c" + i}, {"image", "i"}, {"resources", requests}}; };
    return pod({{"containers", list_of(n, container)}}).with_member("status", Value{{"phase", "Pending"}});
  };
  for (auto& [name, make] : std::vector<std::pair<std::string, Make>>{{"Deployment", deployment}, {"Pod", large_pod}}) {
    double few = status_write(make(10)), many = status_write(make(5000));
    INFO(name << ": with 10 in the spec " << few << " s, with 5,000 " << many << " s");
    CHECK(many < few * 5);
  }
}

// What is shared with the stored object is passed over; what is new beside it is not.
TEST_CASE("what a write changes is judged, whatever it shares with the stored object") {
  Value good = pod({});
  const Kind& kind = *builtin_catalog().find(GroupVersionKind::of(good));
  Value stored = apply_defaults(kind, conform(kind, good)->object);
  auto container = [&](Value changed) { return stored.with("/spec/containers/0", std::move(changed)); };
  const Value& one = stored["spec"]["containers"][0];
  CHECK_FALSE(conform(kind, container(one.with_member("image", 7)), stored));
  auto unknown = conform(kind, container(one.with_member("color", "red")), stored);
  REQUIRE(unknown);
  CHECK(unknown->problems == std::vector<std::string>{"unknown field \"spec.containers[0].color\""});
  Value another = apply_defaults(kind, stored.with("/spec/containers/1", Value{{"name", "d"}, {"image", "i"}}), stored);
  CHECK(another["spec"]["containers"][1]["imagePullPolicy"].as_string() == "Always");
  CHECK_FALSE(validate(kind, container(one.with_member("name", "NO")), &stored).empty());
  CHECK_FALSE(validate(kind, stored.with("/metadata/labels/a", "!"), &stored).empty());
  CHECK(validate(kind, stored.with("/metadata/labels/a", "b"), &stored).empty());
}

TEST_CASE("patches of long lists and maps cost as much as these are long") {
  auto numbers = [](int n) { return list_of(n, [](auto& i) { return Value("k" + i); }); };
  auto retain = [&](int n) {
    Value target = map_of(n, [](auto&) { return Value("1"); });
    Value patch = target.with_member("$retainKeys", numbers(n));
    double began = cpu_seconds();
    REQUIRE(strategic_merge(nullptr, target, patch));
    return cpu_seconds() - began;
  };
  auto removed = [&](int n) {
    const Type* meta = builtin_type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    Value before{{"finalizers", numbers(n)}}, after{{"finalizers", Value::array({Value("other")})}};
    double began = cpu_seconds();
    REQUIRE(three_way_patch(meta, before, after, before));
    return cpu_seconds() - began;
  };
  for (auto& [name, run] : std::vector<std::pair<std::string, std::function<double(int)>>>{
           {"retained keys", retain}, {"removed texts", removed}}) {
    double few = std::min(run(1500), run(1500)), many = std::min(run(6000), run(6000));
    INFO(name << ": 1,500 cost " << few << " s, 6,000 " << many << " s");
    CHECK(many < few * 9);
  }
}
