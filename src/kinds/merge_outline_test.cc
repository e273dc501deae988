#include "kinds/merge_outline.h"

#include <doctest/doctest.h>

#include <set>

#include "kinds/patch_schema.h"

using namespace slipway::kinds;

namespace {

using Keys = std::vector<std::string>;

// Walks a type in both, and counts the members that it compared.
struct Walk {
  const MergeOutline& outline;
  std::set<const Type*> seen;
  size_t members = 0;

  void type(const Type& full, const MergeOutline::Type& type) {
    if (!seen.insert(&full).second) return;
    CHECK(full.name == std::string(type.package) + "." + std::string(type.name));
    for (const Field* field : full.sorted()) {
      CAPTURE(full.name);
      CAPTURE(field->name);
      compare({.type = &full}, {.type = &type}, field->name);
    }
    CHECK_FALSE(outline.member({.type = &type}, "noSuchMember").known);
  }
  void compare(const PatchSchema& full, const MergeOutline::Place& place, std::string_view name) {
    ++members;
    PatchSchema::Member expected = full.member(name);
    MergeOutline::Member got = outline.member(place, name);
    CHECK(got.known);
    CHECK(got.merges == expected.merge);
    const Field* field = full.type ? full.type->field(name) : nullptr;
    Keys keys;
    if (field && expected.merge && field->list_keys.size() > 1)
      keys = field->list_keys;
    else if (expected.merge && !expected.merge_key.empty())
      keys = {expected.merge_key};
    if (expected.merge) CHECK(Keys(got.keys.begin(), got.keys.end()) == keys);
    CHECK((got.below.type != nullptr) == (expected.below.type != nullptr));
    CHECK(got.below.is_map() == (expected.below.element != nullptr));
    if (got.below.type && expected.below.type) type(*expected.below.type, *got.below.type);
    if (got.below.is_map() && expected.below.element) compare(expected.below, got.below, "any");
  }
};

}  // namespace

TEST_CASE("every type of every built-in kind reads as in the tables") {
  MergeOutline outline;
  Walk walk{outline, {}};
  for (const Kind* kind : builtin_catalog().all()) {
    if (!kind->builtin || !kind->type) continue;
    const MergeOutline::Type* type = outline.find(kind->id);
    REQUIRE(type);
    walk.type(*kind->type, *type);
  }
  CHECK(walk.seen.size() > 350);
  CHECK(walk.members > 1500);
}

TEST_CASE("a kind of another version is the preferred one's, and an unknown kind has metadata") {
  MergeOutline outline;
  const auto* job = outline.find({"batch", "v1beta1", "CronJob"});
  REQUIRE(job);
  CHECK(job->group_version == "batch/v1");
  CHECK_FALSE(outline.find({"example.com", "v1", "Deployment"}));
  auto metadata = outline.member({.type = &outline.metadata_only()}, "metadata");
  REQUIRE(metadata.below.type);
  CHECK(metadata.below.type->name == "ObjectMeta");
  CHECK_FALSE(outline.member({.type = &outline.metadata_only()}, "spec").known);
}
