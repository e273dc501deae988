#include "cli/paths.h"

#include <cstdlib>
#include <filesystem>

namespace slipway::cli {

std::string absolute_path(std::string path) {
  if (path.empty()) path = ".";  // as Go's Join has it: "" and a name are that name here, never /name
  if (path.starts_with("~/")) {
    const char* home = std::getenv("HOME");  // without one, here: as Go's Join has it, and never / or a folder "~"
    path = (home && *home ? home : ".") + path.substr(1);
  }
  std::error_code problem;
  auto whole = std::filesystem::absolute(path, problem).lexically_normal().string();
  if (problem) return path;
  while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  return whole;
}

std::string real_path(std::string path) {
  std::string whole = absolute_path(std::move(path));
  std::error_code problem;
  std::string found = std::filesystem::weakly_canonical(whole, problem).string();
  return problem ? whole : found;
}

}  // namespace slipway::cli
