// Helm walks by the paths that people see: below a linked folder names go on under the link's own. The system resolves
// them, and ends a circle of links by refusing a path through more than 40; only the message needs to know where a link
// ends, which resolve() finds as Go does.
#include "cli/helm/folder.h"

#include <deque>

#include "base/text.h"
#include "cli/helm/inputs.h"
#include "render/helm/go_json.h"
#include "render/helm/ignore.h"
#include "runtime/heap.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

using Kind = runtime::FileStat::Kind;

// filepath.EvalSymlinks of Go, for an absolute path.
Result<std::string> resolve(runtime::Files& files, const std::string& path) {
  constexpr int kLinksMax = 255;
  std::deque<std::string> ahead;
  auto prepend = [&](std::string_view more) {
    auto parts = base::split(more, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      if (!part->empty() && *part != ".") ahead.emplace_front(*part);
  };
  prepend(path);
  std::string at;
  for (int links = 0; !ahead.empty();) {
    std::string part = std::move(ahead.front());
    ahead.pop_front();
    if (part == "..") {
      at.resize(at.empty() ? 0 : at.rfind('/'));
      continue;
    }
    std::string next = at + "/" + part;
    auto stat = files.stat(next);
    if (!stat) return fail(stat.error().kind(), "{}", in_gos_words(stat.error(), "lstat " + next));
    if (stat->kind == Kind::symlink) {
      if (++links > kLinksMax) return fail(ErrorKind::invalid, "EvalSymlinks: too many links");
      auto target = OR_RETURN(files.read_link(next));
      if (target.starts_with('/')) at.clear();
      prepend(target);
      continue;
    }
    if (stat->kind != Kind::directory && !ahead.empty()) return fail(ErrorKind::invalid, "not a directory");
    at = std::move(next);
  }
  return at.empty() ? "/" : at;
}

class Walk {
 public:
  Walk(runtime::Files& files, const std::string& root, const rh::ChartLimits& limits)
      : files_(files), root_(root), limits_(limits) {}

  ChartFolder run() {
    if (auto done = all(); !done) found_.broken = std::move(done).error();
    return std::move(found_);
  }

 private:
  Result<> all() {
    std::string ignore;
    if (auto text = files_.read(root_ + "/.helmignore", limits_.file_bytes_max)) ignore = std::move(*text);
    rules_ = OR_RETURN(rh::IgnoreRules::parse(ignore));
    return folder("", 0);
  }

  // `inner`: from the chart's root, "" or with a slash at its end.
  Result<> folder(const std::string& inner, int depth) {
    std::string on_disk = root_ + "/" + inner;
    if (depth > 100)
      return fail(ErrorKind::too_large, "{}: folders are nested deeper than 100 levels, or link in a circle", on_disk);
    auto names = files_.list(on_disk);
    if (!names) {
      on_disk.pop_back();
      return fail(names.error().kind(), "{}", in_gos_words(names.error(), "open " + on_disk));
    }
    for (const std::string& name : *names)
      if (name != ".git") OR_RETURN(entry(inner + name, depth));  // no chart's, and large where the chart is a clone
    return {};
  }

  Result<> entry(const std::string& inner, int depth) {
    std::string path = root_ + "/" + inner;
    auto stat = files_.stat(path);
    if (stat.failed_with(ErrorKind::not_found)) return {};  // it went away
    if (!stat) return fail(stat.error().kind(), "{}", in_gos_words(stat.error(), "lstat " + path));
    if (stat->kind == Kind::symlink) {
      auto resolved = resolve(files_, path);
      if (!resolved) return std::move(resolved).error().context("error evaluating symlink " + path);
      stat = files_.stat(*resolved);
      if (!stat) return fail(stat.error().kind(), "{}", in_gos_words(stat.error(), "lstat " + *resolved));
      if (found_.links.size() < limits_.files_max) found_.links.push_back({path, std::move(*resolved)});
    }
    bool directory = stat->kind == Kind::directory;
    if (rules_.ignores(inner, directory)) return {};
    if (directory) return folder(inner + "/", depth + 1);
    return file(inner, path, *stat);
  }

  Result<> file(const std::string& inner, const std::string& path, const runtime::FileStat& stat) {
    if (stat.kind == Kind::other)
      return fail(ErrorKind::invalid, "cannot load irregular file {} as it has file mode type bits set", path);
    if (stat.size > limits_.file_bytes_max)
      return fail(ErrorKind::too_large, "chart file \"{}\" is larger than the maximum file size {}",
                  inner.substr(inner.rfind('/') + 1), limits_.file_bytes_max);
    if (found_.files.size() >= limits_.files_max)
      return fail(ErrorKind::too_large, "the chart holds more than {} files", limits_.files_max);
    runtime::prepare_heap(stat.size);
    auto text = files_.read(path, limits_.file_bytes_max);
    if (!text)
      return fail(text.error().kind(), "error reading {}: {}", inner, in_gos_words(text.error(), "open " + path));
    total_ += text->size();
    if (total_ > limits_.archive_bytes_max)
      return fail(ErrorKind::too_large, "the chart is larger than {} bytes", limits_.archive_bytes_max);
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text->starts_with(byte_order_mark)) text->erase(0, byte_order_mark.size());
    found_.files.push_back({inner, std::make_shared<const std::string>(std::move(*text))});
    return {};
  }

  runtime::Files& files_;
  const std::string& root_;
  const rh::ChartLimits& limits_;
  rh::IgnoreRules rules_;
  ChartFolder found_;
  uint64_t total_ = 0;
};

}  // namespace

Task<ChartFolder> read_chart_folder(World& world, std::string path, rh::ChartLimits limits) {
  // Not on the pool: a command has nothing else to do meanwhile, and starting a thread costs as much as fifty files.
  co_return Walk(world.files(), path, limits).run();
}

std::vector<std::string> ChartFolder::warnings(rh::Compat compat) const {
  std::vector<std::string> out;
  for (const auto& [from, to] : links) {
    if (compat == rh::Compat::helm4)
      out.push_back(
          rh::log_line("INFO", {{"msg", "found symbolic link in path. Contents of linked file included and used"},
                                {"path", from},
                                {"resolved", to}}));
    else
      out.push_back(fmt::format(
          "walk.go:75: found symbolic link in path: {} resolves to {}. Contents of linked file included and used", from,
          to));
  }
  return out;
}

std::shared_ptr<const sources::Tree> ChartFolder::tree() const {
  std::map<std::string, sources::FileEntry> entries;
  for (const rh::ChartFile& file : files)
    entries[file.name] = {sources::FileEntry::Kind::file, file.data, file.data->size()};
  return std::make_shared<const sources::Tree>(std::move(entries));
}

}  // namespace slipway::cli::helm
