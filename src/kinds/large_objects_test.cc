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
