#include "cli/paths.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "runtime/testing/in_real_world.h"

using namespace slipway;

TEST_CASE("a real path has no links in it, whatever of it is there") {
  runtime::testing::TemporaryDirectory directory;
  namespace fs = std::filesystem;
  std::string base = fs::canonical(directory.path()).string();
  fs::create_directories(base + "/big disk/data");
  fs::create_directory_symlink(base + "/big disk", base + "/var");
  CHECK(cli::real_path(base + "/var/data") == base + "/big disk/data");
  CHECK(cli::real_path(base + "/var/data/") == base + "/big disk/data");
  CHECK(cli::real_path(base + "/var/new/below") == base + "/big disk/new/below");
  CHECK(cli::real_path(base + "/none/../var") == base + "/big disk");
}
