// Sets of cases that others wrote: where they are, and how many pass. Each set's count is printed and held against
// testdata/passed ("SET COUNT" a line): fewer is a failure, more asks for the new number.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "value/json.h"

namespace slipway::kinds::testing {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}
inline Value read_json(const std::filesystem::path& path) {
  auto parsed = value::parse_json(read_file(path));
  REQUIRE_MESSAGE(parsed.has_value(), path.string() << ": " << (parsed ? "" : parsed.error().str()));
  return *parsed;
}

// Tests run in their room's folder.
inline const std::filesystem::path project = "../..";

// A folder of ../shared/testdata (SLIPWAY_TESTDATA says elsewhere); nothing where it is missing, which CI=true forbids.
inline std::optional<std::filesystem::path> testdata(std::string_view folder) {
  const char* set = std::getenv("SLIPWAY_TESTDATA");
  std::filesystem::path path = (set ? std::filesystem::path(set) : project / "../shared/testdata") / folder;
  if (std::filesystem::exists(path)) return path;
  const char* ci = std::getenv("CI");
  if (ci && std::string_view(ci) == "true")
    FAIL(path.string(), " is missing: with CI=true the conformance data must be there (SLIPWAY_TESTDATA)");
  fmt::print("SKIPPED: {} is missing (SLIPWAY_TESTDATA names another place)\n", path.string());
  return std::nullopt;
}

inline void report(std::string_view set, int passed, int of) {
  fmt::print("{}: {} of {} pass\n", set, passed, of);
  std::istringstream lines(read_file("testdata/passed"));
  std::string name;
  int expected = -1;
  for (int count; lines >> name >> count;)
    if (name == set) expected = count;
  CHECK_MESSAGE(passed == expected, set, ": ", passed, " pass, testdata/passed says ", expected);
}

}  // namespace slipway::kinds::testing
