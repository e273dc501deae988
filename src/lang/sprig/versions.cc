// semver and semverCompare on lang/semver.
#include "lang/semver/semver.h"

#include "lang/gotemplate/format.h"
#include "lang/sprig/families.h"

namespace slipway::lang::sprig {

namespace {

class VersionNode : public gotemplate::Node {
 public:
  explicit VersionNode(semver::Version v) : version(std::move(v)) {}
  const semver::Version version;
};
const semver::Version& version_of(const Any& v) {
  static const semver::Version none;
  return v.node() == nullptr ? none : static_cast<const VersionNode*>(v.node())->version;
}

// The methods take and give these types, which therefore have their addresses before they have their methods.
Type& pointer() {
  static Type t;
  return t;
}
Type& structure() {
  static Type t;
  return t;
}

Any number(uint64_t n) {
  return Any::number(types::uint64, static_cast<int64_t>(n));
}
Any with(semver::Version v);

Any inc_major(Call& c) {
  semver::Version v = version_of(c.self());
  v.prerelease.clear();
  v.metadata.clear();
  ++v.major;
  v.minor = v.patch = 0;
  return with(std::move(v));
}
Any inc_minor(Call& c) {
  semver::Version v = version_of(c.self());
  v.prerelease.clear();
  v.metadata.clear();
  ++v.minor;
  v.patch = 0;
  return with(std::move(v));
}
Any inc_patch(Call& c) {
  semver::Version v = version_of(c.self());
  if (v.prerelease.empty()) ++v.patch;
  v.prerelease.clear();
  v.metadata.clear();
  return with(std::move(v));
}

// With another pre-release or other metadata, checked as a version's own would be.
Any changed(Call& c, std::string semver::Version::* part, char before) {
  semver::Version v = version_of(c.self());
  if (!c.text(0).empty()) {
    auto checked = semver::Version::parse("1.0.0" + (before + std::string(c.text(0))));
    if (!checked || (*checked).*part != c.text(0))
      return c.fail(before == '-' ? "invalid prerelease string" : "invalid metadata string");
  }
  v.*part = c.text(0);
  return with(std::move(v));
}

int compared(const Call& c) {
  return version_of(c.self()).compare(version_of(c[0]));
}
Any holds(Call& c, bool (*wanted)(int order)) {
  return c[0].node() == nullptr ? c.fail(std::string(kNilDereference)) : Any::of(wanted(compared(c)));
}

void describe(Type& t, bool is_pointer) {
  t.name = is_pointer ? "*semver.Version" : "semver.Version";
  t.kind = is_pointer ? Kind::pointer : Kind::structure;
  t.text = [](const Any& v) { return version_of(v).str(); };
  t.json = [](const Any& v) { return Value(version_of(v).str()); };
  auto method = [&t](std::string_view name, std::vector<const Type*> in, const Type& out, Any (*run)(Call&)) {
    t.methods.push_back({std::string(name), {std::move(in), false, &out}, run});
  };
  method("Major", {}, types::uint64, [](Call& c) { return number(version_of(c.self()).major); });
  method("Minor", {}, types::uint64, [](Call& c) { return number(version_of(c.self()).minor); });
  method("Patch", {}, types::uint64, [](Call& c) { return number(version_of(c.self()).patch); });
  method("Prerelease", {}, types::string, [](Call& c) { return Any::of(version_of(c.self()).prerelease); });
  method("Metadata", {}, types::string, [](Call& c) { return Any::of(version_of(c.self()).metadata); });
  method("String", {}, types::string, [](Call& c) { return Any::of(version_of(c.self()).str()); });
  t.field = [](const Any& v, size_t index) {
    const semver::Version& its = version_of(v);
    switch (index) {
      case 0:
        return number(its.major);
      case 1:
        return number(its.minor);
      case 2:
        return number(its.patch);
      default:
        return Any::of(index == 3 ? its.prerelease : index == 4 ? its.metadata : its.original);
    }
  };
  for (const char* name : {"major", "minor", "patch", "pre", "metadata", "original"}) {
    t.fields.emplace_back(name);
    t.fields.back().hidden = true;
  }
  method("SetPrerelease", {&types::string}, structure(),
         [](Call& c) { return changed(c, &semver::Version::prerelease, '-'); });
  method("SetMetadata", {&types::string}, structure(),
         [](Call& c) { return changed(c, &semver::Version::metadata, '+'); });
  method("MarshalText", {}, types::bytes, [](Call& c) { return gotemplate::bytes_of(version_of(c.self()).str()); });
  method("MarshalJSON", {}, types::bytes,
         [](Call& c) { return gotemplate::bytes_of(gotemplate::quote(version_of(c.self()).str())); });
  method("Value", {}, types::any, [](Call& c) { return Any::of(version_of(c.self()).str()); });
  method("IncMajor", {}, structure(), inc_major);
  method("IncMinor", {}, structure(), inc_minor);
  method("IncPatch", {}, structure(), inc_patch);
  if (!is_pointer) return;
  method("Original", {}, types::string, [](Call& c) { return Any::of(version_of(c.self()).original); });
  method("Compare", {&t}, types::int_, [](Call& c) {
    return c[0].node() == nullptr ? c.fail(std::string(kNilDereference)) : Any::of_int(compared(c));
  });
  auto comparison = [&method, &t](std::string_view name, Any (*run)(Call&)) {
    method(name, {&t}, types::boolean, run);
  };
  comparison("LessThan", [](Call& c) { return holds(c, [](int order) { return order < 0; }); });
  comparison("LessThanEqual", [](Call& c) { return holds(c, [](int order) { return order <= 0; }); });
  comparison("GreaterThan", [](Call& c) { return holds(c, [](int order) { return order > 0; }); });
  comparison("GreaterThanEqual", [](Call& c) { return holds(c, [](int order) { return order >= 0; }); });
  comparison("Equal", [](Call& c) { return holds(c, [](int order) { return order == 0; }); });
}

Any with(semver::Version v) {
  v.original = (v.original.starts_with('v') ? "v" : "") + v.str();
  return Any(structure(), new VersionNode(std::move(v)));
}

}  // namespace

void add_versions(Functions& f) {
  static const bool described = (describe(structure(), false), describe(pointer(), true), true);
  (void)described;
  const Type* more[] = {&pointer()};
  f.add(
      "semver", "(string) *semver.Version",
      [](Call& c) {
        auto v = semver::Version::parse(c.text(0));
        return v ? Any(pointer(), new VersionNode(std::move(*v))) : c.fail(v.error().message());
      },
      more);
  f.add("semverCompare", "(string, string) bool", [](Call& c) {
    auto range = semver::Range::parse(c.text(0));
    if (!range) return c.fail(range.error().message());
    auto v = semver::Version::parse(c.text(1));
    return v ? Any::of(range->contains(*v)) : c.fail(v.error().message());
  });
}

}  // namespace slipway::lang::sprig
