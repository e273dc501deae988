// How many resources are looked at for each reference, however many of them there are and whatever they share.
#include "render/kustomize/name_reference.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "render/kustomize/configuration.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render;
using namespace slipway::render::kustomize;

namespace {

struct Made {
  KnownKinds known;
  ResourceSet set;
  // Under the name that it had at first, when that is another one.
  Resource& add(const std::string& text, const std::string& renamed = "") {
    Resource made(*value::parse_yaml(text), {}, &known);
    if (!renamed.empty()) made.remember_id(), made.set_name(renamed);
    REQUIRE(set.append(std::move(made)).has_value());
    return set.all().back();
  }
};

NameReference reference(const std::string& kind, const std::string& referrer, const std::string& path) {
  NameReference one;
  one.target.kinds = {kind};
  one.fields = {FieldSpec::parse(referrer + " */* " + path)};
  return one;
}

std::string meta(const std::string& kind, const std::string& name, const std::string& ns = "") {
  return fmt::format("{{apiVersion: v1, kind: {}, metadata: {{name: {}{}}}", kind, name,
                     ns.empty() ? "" : ", namespace: " + ns);
}

// Adds `count` of some resources, follows their references, and says how many were looked at for each of them.
template <class Fill>
double candidates_each(int count, const NameReference& one, Fill fill) {
  Made made;
  for (int i = 0; i < count; ++i) fill(made, i);
  ReferenceCount counted;
  REQUIRE(update_name_references(made.set, std::vector{one}, &counted).has_value());
  for (const Resource& r : made.set.all())
    if (const Value& ref = r.object()["ref"]; !ref.is_null()) CHECK(ref == r.object()["expected"]);
  return static_cast<double>(counted.candidates) / count;
}

template <class Fill>
void check_linear(const NameReference& one, Fill fill) {
  double few = candidates_each(100, one, fill), many = candidates_each(1000, one, fill);
  CHECK(few > 0);
  CHECK(many <= few * 1.5);
}

}  // namespace

TEST_CASE("a name in many namespaces leads to the one of its own") {
  check_linear(reference("ConfigMap", "Pod", "ref"), [](Made& made, int i) {
    std::string ns = fmt::format("n{}", i);
    made.add(meta("ConfigMap", "c", ns) + "}", "p-c" + ns);
    made.add(meta("Pod", "p", ns) + ", ref: c, expected: p-c" + ns + "}", "p-p");
  });
}

TEST_CASE("a name with many prefixes leads to the one with the referrer's") {
  check_linear(reference("ConfigMap", "Pod", "ref"), [](Made& made, int i) {
    for (const char* kind : {"ConfigMap", "Pod"}) {
      std::string n = std::to_string(i), more = kind == std::string("Pod") ? ", ref: c, expected: o-" + n + "-c}" : "}";
      Resource& r = made.add(meta(kind, "c") + more, "o-" + n + "-c");
      r.prefixes = {n + "-", "o-"};  // what all share stands behind
      if (kind == std::string("ConfigMap")) r.prefixes.insert(r.prefixes.begin(), "base-");
    }
  });
}

TEST_CASE("a name that resources of many kinds have leads to the one of the kind") {
  check_linear(reference("ConfigMap", "Pod", "ref"), [](Made& made, int i) {
    if (i == 0) made.add(meta("ConfigMap", "c") + "}", "p-c");
    made.add(meta("Service", "c", fmt::format("n{}", i)) + "}", "p-c");
    made.add(meta("Pod", fmt::format("p{}", i)) + ", ref: c, expected: p-c}");
  });
}

TEST_CASE("namespaces that references name are known without a look at every resource") {
  check_linear(reference("Service", "ClusterRole", "ref"), [](Made& made, int i) {
    std::string n = std::to_string(i);
    Resource& r = made.add(meta("Service", "s" + n, "first") + "}", "p-s" + n);
    r.set_namespace("later");
    made.add("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r" + n +
             "}, ref: {name: s" + n + ", namespace: first}, expected: {name: p-s" + n + ", namespace: later}}");
  });
}

TEST_CASE("a kind is asked about its own rows of a long table") {
  for (int count : {100, 1000}) {
    Made made;
    std::vector<NameReference> table;
    for (int i = 0; i < count; ++i) {
      std::string kind = fmt::format("Kind{}", i);
      table.push_back(reference(kind, kind, "ref"));
      made.add(meta(kind, "a") + ", ref: a}", "p-a");
    }
    ReferenceCount counted;
    REQUIRE(update_name_references(made.set, table, &counted).has_value());
    for (const Resource& r : made.set.all()) CHECK(r.object()["ref"].as_string() == "p-a");
    CHECK(counted.rows == static_cast<size_t>(count));
  }
}

TEST_CASE("thousands of rows and targets are merged in a time that grows with their number" * doctest::timeout(30)) {
  Configuration all, more;
  for (int i = 0; i < 20'000; ++i) {
    std::string kind = fmt::format("Kind{}", i);
    more.common_labels.push_back(FieldSpec::parse(kind + " */* spec/selector"));
    more.name_references.push_back(reference(kind, kind, "ref"));
  }
  REQUIRE(all.merge(more).has_value());
  REQUIRE(all.merge(more).has_value());
  CHECK(all.common_labels.size() == 20'000);
  CHECK(all.name_references.size() == 20'000);
}

TEST_CASE("many of one name among which affixes do not decide are told in their order") {
  Made made;
  for (int i = 0; i < 20; ++i) {
    Resource& r = made.add(meta("ConfigMap", "c") + "}", fmt::format("c{}", i));
    r.prefixes = {i % 2 ? "a-" : "b-"};
  }
  made.add(meta("Pod", "p") + ", ref: c}").prefixes = {"a-"};
  auto done = update_name_references(made.set, std::vector{reference("ConfigMap", "Pod", "ref")});
  REQUIRE(!done);
  CHECK(done.error().message().find("ConfigMap.v1.[noGrp]/c1.[noNs] (), ConfigMap.v1.[noGrp]/c3.[noNs] ()") !=
        std::string::npos);
}
