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
  // Outside of a repository: two folders up, where a base beside an overlay lies, else one, else the folder alone. What
  // is too large to read is passed over.
  std::vector<std::string> roots{root};
  if (root == whole && !world.files().exists(whole + "/.git")) {
    auto one = std::filesystem::path(whole).parent_path(), two = one.parent_path();
    roots = {two.string(), one.string(), whole};
    std::erase_if(roots, [](const std::string& up) { return up.size() <= 1; });
  } else if (root != whole) {
    roots.push_back(whole);
  }
  Result<std::shared_ptr<const sources::Tree>> tree = fail(ErrorKind::not_found, "there is no {}", path);
  for (const std::string& up : roots) {
    root = up;
    tree = co_await sources::read_directory(world, root);
    if (tree) break;
  }
  if (!tree) co_return std::move(tree).error();
  co_return LocalTree{std::move(*tree), whole == root ? "" : whole.substr(root.size() + 1), root};
}

}  // namespace slipway::cli
