// Three processes a new commit: cat-file for the commit, ls-tree for its files, cat-file for those blobs that no tree
// in memory has already. Trees and blobs are read through a repository of our own that is empty but for a pointer to
// the other one's objects: neither the settings of a hostile repository nor those of a partial clone (which make git
// give up at the first blob that is absent) are then in the way. A persistent cat-file would save 2 ms each and have to
// be watched over.
#include "sources/object_store.h"

#include <algorithm>

#include "base/text.h"
#include "sources/unfolded.h"

namespace slipway::sources {
namespace {

constexpr size_t kRecentTrees = 4;
constexpr uint64_t kRecentBytesMax = 4 << 20;  // larger trees live as long as somebody holds them
constexpr Duration kWalkUnasked = 50ms;        // thousands of files take less, once they are in the system's cache
constexpr uint64_t kDirectoriesPerFile = 10;   // Git makes none without a file
constexpr uint64_t kBatchBytes = 32 << 20;     // of blobs asked for at a time

bool is_readable(const TreeLine& line) {
  return line.kind != FileEntry::Kind::submodule && !line.absent;
}

}  // namespace

Task<Result<Commit>> ObjectStore::find_commit(std::string git_dir, std::vector<std::string> names) {
  GitCall call{.args = {"cat-file", "--batch"}, .git_dir = git_dir, .doing = Doing::looking, .output_max = 8 << 20};
  for (const std::string& name : names) call.input += name + "^{commit}\n";
  std::string text = OR_CO_RETURN(co_await git_.run(std::move(call)));
  auto objects = OR_CO_RETURN(parse_batch(text, names.size()));
  Commit commit;
  for (const BatchObject& object : objects) {
    if (object.ambiguous)
      co_return fail(ErrorKind::conflict, "the SHA prefix \"{}\" is ambiguous; give more of it", names.back());
    if (object.type != "commit") continue;
    commit.sha = object.id;
    describe_commit(object.content, commit);
    break;
  }
  co_return std::move(commit);
}

Task<Result<std::shared_ptr<const Tree>>> ObjectStore::tree(std::string objects, std::string sha, std::string path) {
  std::string key = fmt::format("{}\n{}\n{}", objects, sha, path);
  if (auto known = trees_[key].lock()) co_return std::move(known);
  auto tree = OR_CO_RETURN(co_await read_tree(objects, sha, path));
  std::erase_if(trees_, [](const auto& each) { return each.second.expired(); });
  if (auto known = trees_[key].lock()) co_return std::move(known);  // somebody else was faster
  trees_[key] = tree;
  uint64_t bytes = 0;
  for (const std::string& file : tree->files_below("")) bytes += tree->entry(file)->size;
  if (bytes <= kRecentBytesMax) recent_.push_front(tree);
  if (recent_.size() > kRecentTrees) recent_.pop_back();
  co_return std::move(tree);
}

Task<Result<std::shared_ptr<const Tree>>> ObjectStore::read_tree(std::string objects, std::string sha,
                                                                 std::string path) {
  if (!is_object_id(sha)) co_return fail(ErrorKind::bad_request, "\"{}\" is no commit's SHA", sha);
  GitCall reading = OR_CO_RETURN(reading_from(objects, sha));
  std::string text = OR_CO_RETURN(co_await list_files(reading, sha, path));
  auto lines = OR_CO_RETURN(parse_ls_tree(text, limits_.files_max));
  if (lines.empty() && !path.empty()) co_return fail(ErrorKind::not_found, "no directory \"{}\" in the commit", path);

  std::unordered_map<std::string, Bytes> blobs;
  std::vector<std::string> wanted;
  uint64_t total = 0, batch = 0;
  for (const TreeLine& line : lines) {
    if (!is_readable(line) || line.size > limits_.blob_bytes_max) continue;
    total += line.size;
    if (total > limits_.tree_bytes_max)
      co_return fail(ErrorKind::too_large, "the files take more than {} bytes", limits_.tree_bytes_max);
    auto [at, fresh] = blobs.try_emplace(std::string(line.id), known_blob(line.id));
    if (!fresh || at->second) continue;
    wanted.push_back(at->first);
    batch += line.size;
    if (batch < kBatchBytes) continue;
    OR_CO_RETURN(co_await read_blobs(reading, std::move(wanted), &blobs));
    wanted.clear();
    batch = 0;
  }
  if (!wanted.empty()) OR_CO_RETURN(co_await read_blobs(reading, std::move(wanted), &blobs));

  std::map<std::string, FileEntry> files;
  for (TreeLine& line : lines) {
    auto blob = blobs.find(std::string(line.id));
    files.emplace_hint(files.end(), std::move(line.path),
                       FileEntry{line.kind, blob == blobs.end() ? nullptr : blob->second, line.size});
  }
  co_return std::make_shared<const Tree>(std::move(files));
}

// A walk is quick or it is through something huge: then what it would come to is counted beside it, from each tree
// once.
Task<Result<std::string>> ObjectStore::list_files(GitCall reading, std::string sha, std::string path) {
  GitCall call = reading;
  call.args = {"--literal-pathspecs", "ls-tree", "-r", "-z", "-l", "--full-tree", sha};
  if (!path.empty()) call.args.insert(call.args.end(), {"--", path});
  call.output_max = limits_.files_max * 512 + (1 << 20);
  Walk walk(world_.executor());
  TaskGroup doubting(world_.executor());
  walk.task.spawn(walk_all(call, &walk));
  doubting.spawn(doubt(std::move(reading), std::move(sha), std::move(path), &walk));
  co_await walk.task.join();
  co_await doubting.stop();
  if (walk.refused) co_return std::move(*walk.refused);
  if (walk.text.failed_with(ErrorKind::too_large))
    co_return fail(ErrorKind::too_large, "the names of its files alone take more than {} bytes; at most {} files",
                   call.output_max, limits_.files_max);
  co_return std::move(walk.text);
}

Task<void> ObjectStore::walk_all(GitCall call, Walk* walk) {
  walk->text = co_await git_.run(std::move(call));
}

Task<void> ObjectStore::doubt(GitCall reading, std::string sha, std::string path, Walk* walk) {
  auto slept = co_await runtime::sleep(kWalkUnasked);
  if (!slept) co_return;
  Result<> size = co_await check_size(std::move(reading), std::move(sha), std::move(path));
  // Whatever else keeps it from being counted is for the walk to say.
  if (!size.failed_with(ErrorKind::too_large)) co_return;
  walk->refused = std::move(size).error();
  walk->task.cancel();
}

// Two processes, each of which reads every tree once, however often it is named.
Task<Result<>> ObjectStore::check_size(GitCall reading, std::string sha, std::string path) {
  GitCall naming = reading;
  naming.args = {"rev-list",           "--objects",        "--no-object-names",
                 "--filter=blob:none", "--end-of-options", fmt::format("{}:{}", sha, path)};
  std::string ids = OR_CO_RETURN(co_await git_.run(std::move(naming)));
  GitCall content = std::move(reading);
  content.args = {"cat-file", "--batch", "--buffer"};
  content.input = ids;
  std::string text = OR_CO_RETURN(co_await git_.run(std::move(content)));
  auto count = [&]() -> Result<Unfolded> {
    auto objects = OR_RETURN(parse_batch(text, static_cast<size_t>(std::ranges::count(ids, '\n'))));
    return objects.empty() ? Unfolded{} : unfold(objects, objects[0].id);
  };
  Unfolded all = OR_CO_RETURN(co_await world_.on_pool(count));
  if (all.files > limits_.files_max)
    co_return fail(ErrorKind::too_large, "more than {} files: unfolded, its trees hold {}", limits_.files_max,
                   all.files);
  if (all.directories > limits_.files_max * kDirectoriesPerFile)
    co_return fail(ErrorKind::too_large, "more than {} directories: unfolded, its trees hold {}",
                   limits_.files_max * kDirectoriesPerFile, all.directories);
  co_return Result<>();
}

Task<Result<>> ObjectStore::read_blobs(GitCall reading, std::vector<std::string> ids,
                                       std::unordered_map<std::string, Bytes>* into) {
  GitCall call = std::move(reading);
  call.args = {"cat-file", "--batch", "--buffer"};
  call.output_max = kBatchBytes + limits_.blob_bytes_max + ids.size() * 100 + 4096;
  for (const std::string& id : ids) call.input += id + "\n";
  std::string text = OR_CO_RETURN(co_await git_.run(std::move(call)));
  auto objects = OR_CO_RETURN(parse_batch(text, ids.size()));
  for (const BatchObject& object : objects) {
    if (object.type != "blob") continue;  // lost between ls-tree and now: stays without bytes
    auto bytes = std::make_shared<const std::string>(object.content);
    std::string id(object.id);
    remember(id, bytes);
    (*into)[id] = std::move(bytes);
  }
  co_return Result<>();
}

Result<GitCall> ObjectStore::reading_from(const std::string& objects, const std::string& sha) {
  bool long_ids = sha.size() == 64;
  std::string plain = fmt::format("{}/reading{}.git", directory_, long_ids ? "-sha256" : "");
  auto& files = world_.files();
  if (!files.exists(plain + "/HEAD")) {
    OR_RETURN(files.make_directories(plain + "/objects", 0700));
    OR_RETURN(files.make_directories(plain + "/refs", 0700));
    OR_RETURN(files.write_atomically(
        plain + "/config",
        long_ids ? "[core]\nrepositoryFormatVersion = 1\nbare = true\n[extensions]\nobjectFormat = sha256\n"
                 : "[core]\nrepositoryFormatVersion = 0\nbare = true\n"));
    OR_RETURN(files.write_atomically(plain + "/HEAD", "ref: refs/heads/none\n"));
  }
  return GitCall{.git_dir = plain, .place = objects, .env = {"GIT_OBJECT_DIRECTORY=" + objects}};
}

ObjectStore::Bytes ObjectStore::known_blob(std::string_view id) const {
  auto found = blobs_.find(std::string(id));
  return found == blobs_.end() ? nullptr : found->second.lock();
}

void ObjectStore::remember(const std::string& id, const Bytes& bytes) {
  blobs_[id] = bytes;
  if (blobs_.size() < blobs_to_sweep_) return;
  std::erase_if(blobs_, [](const auto& each) { return each.second.expired(); });
  blobs_to_sweep_ = std::max<size_t>(4096, blobs_.size() * 2);
}

}  // namespace slipway::sources
