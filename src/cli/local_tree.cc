#include "cli/local_tree.h"

#include <filesystem>

#include "base/text.h"
#include "cli/paths.h"
#include "sources/repositories.h"

namespace slipway::cli {

Task<Result<LocalTree>> read_local_tree(World& world, std::string path) {
  std::string whole = absolute_path(path);
  if (!world.files().exists(whole)) co_return fail(ErrorKind::not_found, "there is no {}", path);
  std::string root = whole;
  for (std::string up = whole; up.size() > 1; up = up.substr(0, std::max<size_t>(1, up.rfind('/')))) {
    if (world.files().exists(up + "/.git")) {
      root = up;
      break;
    }
  }
  if (root == whole && !world.files().exists(whole + "/.git")) {
    auto parent = std::filesystem::path(whole).parent_path().parent_path().string();
    if (parent.size() > 1) root = parent;
  }
  auto tree = co_await sources::read_directory(world, root);
  if (!tree && root != whole) {
    root = whole;
    tree = co_await sources::read_directory(world, root);
  }
  if (!tree) co_return std::move(tree).error();
  co_return LocalTree{std::move(*tree), whole == root ? "" : whole.substr(root.size() + 1)};
}

}  // namespace slipway::cli
