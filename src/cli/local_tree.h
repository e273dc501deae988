// A folder that a person names, with what it may reach for around it.
#pragma once

#include <memory>
#include <string>

#include "runtime/world.h"
#include "sources/tree.h"

namespace slipway::cli {

struct LocalTree {
  std::shared_ptr<const sources::Tree> tree;
  std::string inside;  // where in the tree the named folder lies
  std::string root;    // where the tree lies on this machine
};
// A kustomization reaches files above itself (../../base): the tree is the nearest folder above with .git; without one,
// two folders up, as long as they are not huge.
Task<Result<LocalTree>> read_local_tree(World& world, std::string path);

}  // namespace slipway::cli
