#include "sources/local_repository.h"

#include "base/text.h"

namespace slipway::sources {
namespace {

std::string against(const std::string& directory, std::string_view path) {
  return path.starts_with('/') ? std::string(path) : fmt::format("{}/{}", directory, path);
}

bool is_git_dir(runtime::Files& files, const std::string& path) {
  return files.exists(path + "/HEAD") && (files.exists(path + "/objects") || files.exists(path + "/commondir"));
}

// The .git of a work tree: a directory, or a file that says where.
Result<std::string> git_dir_of(runtime::Files& files, const std::string& path) {
  std::string dot_git = path + "/.git";
  auto stat = OR_RETURN(files.stat(dot_git));
  if (stat.kind != runtime::FileStat::Kind::file) return dot_git;
  std::string text = OR_RETURN(files.read(dot_git, 4096));
  std::string_view line = base::trim(text);
  if (!line.starts_with("gitdir:")) return fail(ErrorKind::bad_request, "{}: expected \"gitdir: PATH\"", dot_git);
  return against(path, base::trim(line.substr(7)));
}

}  // namespace

Result<LocalRepository> find_local_repository(runtime::Files& files, std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  std::string git_dir;
  if (auto inside = git_dir_of(files, path))
    git_dir = *inside;
  else if (!inside.failed_with(ErrorKind::not_found))
    return std::move(inside).error();
  else if (is_git_dir(files, path))
    git_dir = path;
  else if (is_git_dir(files, path + ".git"))
    git_dir = path + ".git";
  if (git_dir.empty() || !is_git_dir(files, git_dir)) {
    for (std::string above = path; above.find('/') != above.npos;) {
      above.resize(above.rfind('/'));
      if (!above.empty() && files.exists(above + "/.git"))
        return fail(ErrorKind::not_found,
                    "no Git repository at {}; it lies in the repository {} (name that one, and the path in it)", path,
                    above);
    }
    return fail(ErrorKind::not_found, "no Git repository at {}", path);
  }
  std::string common_dir = git_dir;
  if (auto text = files.read(git_dir + "/commondir", 4096)) common_dir = against(git_dir, base::trim(*text));
  return LocalRepository{git_dir, common_dir};
}

std::vector<std::string> LocalRepository::watched() const {
  std::vector<std::string> paths = {git_dir + "/HEAD"};
  for (const char* name : {"/refs", "/packed-refs", "/reftable"}) paths.push_back(common_dir + name);
  // not refs, but git reads nothing without them: when one that was broken is whole again, it is time to look
  for (const char* name : {"/config", "/shallow", "/objects/info/alternates"}) paths.push_back(common_dir + name);
  return paths;
}

}  // namespace slipway::sources
