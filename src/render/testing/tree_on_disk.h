// For tests: a folder on disk as a Tree.
#pragma once

#include <filesystem>

#include "kinds/testing/sets.h"
#include "sources/testing/make_tree.h"

namespace slipway::render::testing {

inline std::shared_ptr<const sources::Tree> tree_on_disk(const std::filesystem::path& folder) {
  std::vector<std::pair<std::string, sources::testing::Content>> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files.emplace_back(std::filesystem::relative(entry.path(), folder).string(),
                         kinds::testing::read_file(entry.path()));
  return sources::testing::make_tree(std::move(files));
}

}  // namespace slipway::render::testing
