// Versions and ranges as Masterminds/semver 3.5, which Helm and sprig use. Pure; hand-written scanners, linear in the
// text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::lang::semver {

struct Version {
  uint64_t major = 0, minor = 0, patch = 0;
  std::string prerelease, metadata;
  std::string original;
  // "v1", "1.2", "1.2.3-rc.1+build". Errors: invalid, in the library's words: "invalid semantic version", "version
  // segment starts with 0", "invalid prerelease string", "version string is too long (max 256 bytes)".
  static Result<Version> parse(std::string_view text);
  std::string str() const;                  // "1.2.3-rc.1+build", whatever the original left out
  int compare(const Version& other) const;  // -1, 0, 1; metadata does not count
};

// "^1.2", ">=1.2, <2 || ~3.1", "1.2 - 1.4", "1.x", "*". A range without a pre-release in it holds no pre-releases.
class Range {
 public:
  // Errors: invalid, "improper constraint: \"latest\"" and the like.
  static Result<Range> parse(std::string_view text);
  bool contains(const Version& version) const;
  // contains(), and when not: why, one sentence for each part that does not hold.
  bool contains(const Version& version, std::vector<std::string>& why) const;

 private:
  enum class Op { tilde_or_equal, not_equal, greater, less, greater_equal, less_equal, tilde, caret };
  struct Part {
    Op op;
    Version version;
    std::string original;  // the version as written: "1.2.x"
    bool dirty = false, minor_dirty = false, patch_dirty = false;
  };
  struct Group {
    std::vector<Part> parts;
    bool prereleases = false;
  };
  static Result<Part> part(Op op, std::string_view version);
  static std::string fault(const Part& part, const Version& version, bool prereleases);
  std::vector<Group> groups_;
};

}  // namespace slipway::lang::semver
