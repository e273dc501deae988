// For tests: runs a coroutine in a real World of its own, in a fresh temporary directory, and checks that no file
// descriptor stays behind. Other rooms' tests may use it too.
#pragma once

#include <dirent.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "runtime/real_world.h"

namespace slipway::runtime::testing {

inline int count_descriptors() {
  int count = 0;
  DIR* all = ::opendir("/proc/self/fd");
  while (::readdir(all)) ++count;
  ::closedir(all);
  return count;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "slipway-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

template <class Body>
Task<int> run_body(Body body, World* world, std::string directory) {
  co_await body(*world, directory);
  co_return 0;
}

// in_real_world([](World& world, std::string directory) -> Task<void> { ... });  the lambda captures nothing.
template <class Body>
void in_real_world(Body body) {
  TemporaryDirectory directory;
  int before = count_descriptors();
  {
    auto world = RealWorld::create();
    world->run(run_body(body, world.get(), directory.path()));
  }
  CHECK(count_descriptors() == before);
}

}  // namespace slipway::runtime::testing
