// Three processes a new commit: cat-file for the commit, ls-tree for its files, cat-file for those blobs that no tree
// in memory has already. Trees and blobs are read through a repository of our own that is empty but for a pointer to
// the other one's objects: neither the settings of a hostile repository nor those of a partial clone (which make git
// give up at the first blob that is absent) are then in the way. A persistent cat-file would save 2 ms each and have to
// be watched over.
#include "sources/object_store.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::sources {
namespace {

constexpr size_t kRecentTrees = 4;
constexpr uint64_t kRecentBytesMax = 4 << 20;  // larger trees live as long as somebody holds them
constexpr Duration kWalkUnasked = 50ms;        // thousands of files take less, once they are in the system's cache
constexpr uint64_t kBatchBytes = 32 << 20;     // of blobs asked for at a time
constexpr uint64_t kTreesBytesMax = 48 << 20;  // of trees that are counted; longer ones hold more than may be

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
  for (const auto& [file, entry] : tree->files()) bytes += entry.size;
  if (bytes <= kRecentBytesMax) recent_.push_front(tree);
  if (recent_.size() > kRecentTrees) recent_.pop_back();
  co_return std::move(tree);
}

Task<Result<std::shared_ptr<const Tree>>> ObjectStore::read_tree(std::string objects, std::string sha,
                                                                 std::string path) {
  if (!is_object_id(sha)) co_return fail(ErrorKind::bad_request, "\"{}\" is no commit's SHA", sha);
  GitCall reading = OR_CO_RETURN(reading_from(objects, sha));
  Outline listed = OR_CO_RETURN(co_await list_files(reading, sha, path));
  std::vector<TreeLine>& lines = listed.lines;
  if (lines.empty() && listed.left_out.empty() && !path.empty())
    co_return fail(ErrorKind::not_found, "no directory \"{}\" in the commit", path);
  uint64_t largest = largest_held(lines);

  std::unordered_map<std::string, Bytes> blobs;
  std::vector<std::string> wanted;
  uint64_t batch = 0;
  for (const TreeLine& line : lines) {
    if (!may_be_held(line)) continue;
    if (line.size > largest) {
      listed.left_out.emplace(line.path, LeftOut{too_much(line)});
      continue;
    }
    auto [at, fresh] = blobs.try_emplace(line.id, known_blob(line.id));
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
    auto blob = blobs.find(line.id);
    files.emplace_hint(files.end(), std::move(line.path),
                       FileEntry{line.kind, blob == blobs.end() ? nullptr : blob->second, line.size});
  }
  co_return std::make_shared<const Tree>(std::move(files), std::move(listed.left_out));
}

bool ObjectStore::may_be_held(const TreeLine& line) const {
  return line.kind != FileEntry::Kind::submodule && !line.absent && line.size <= limits_.blob_bytes_max;
}

// The size up to which files are held, so that all that are take no more than they may: manifests are small.
uint64_t ObjectStore::largest_held(const std::vector<TreeLine>& lines) const {
  std::vector<uint64_t> sizes;
  uint64_t total = 0;
  for (const TreeLine& line : lines) {
    if (!may_be_held(line)) continue;
    sizes.push_back(line.size);
    total += line.size;
  }
  if (total <= limits_.tree_bytes_max) return limits_.blob_bytes_max;
  std::ranges::sort(sizes);
  total = 0;
  uint64_t largest = 0;
  for (auto size = sizes.begin(); size != sizes.end();) {
    auto next = std::ranges::upper_bound(size, sizes.end(), *size);
    total += *size * static_cast<uint64_t>(next - size);
    if (total > limits_.tree_bytes_max) break;
    largest = *size;
    size = next;
  }
  return largest;
}

Error ObjectStore::too_much(const TreeLine& line) const {
  return fail(
      ErrorKind::too_large,
      "\"{}\" ({} bytes) was left out: the files of the commit take more than {} bytes together, and its smallest "
      "are read",
      line.path, line.size, limits_.tree_bytes_max);
}

// A walk is quick or it is through something huge: then what it would come to is counted beside it, from each tree
// once.
Task<Result<Outline>> ObjectStore::list_files(GitCall reading, std::string sha, std::string path) {
  GitCall call = reading;
  call.args = {"--literal-pathspecs", "ls-tree", "-r", "-z", "-l", "--full-tree", sha};
  if (!path.empty()) call.args.insert(call.args.end(), {"--", path});
  call.output_max = limits_.files_max * 512 + (1 << 20);
  Walk walk(world_.executor());
  TaskGroup doubting(world_.executor());
  walk.task.spawn(walk_all(call, &walk));
  doubting.spawn(doubt(reading, sha, path, &walk));
  co_await walk.task.join();
  co_await doubting.stop();
  if (walk.outline) co_return co_await with_sizes(std::move(reading), std::move(*walk.outline));
  Result<Outline> all = Error(ErrorKind::canceled, "canceled");
  if (walk.text) {
    auto lines = parse_ls_tree(*walk.text, limits_.files_max);
    if (lines) co_return Outline{std::move(*lines), {}};
    all = std::move(lines).error();
  } else {
    all = std::move(walk.text).error();
  }
  if (!all.failed_with(ErrorKind::too_large)) co_return all;
  auto outline = OR_CO_RETURN(co_await outline_of(reading, std::move(sha), std::move(path)));
  if (!outline) co_return all;
  co_return co_await with_sizes(std::move(reading), std::move(*outline));
}

Task<void> ObjectStore::walk_all(GitCall call, Walk* walk) {
  walk->text = co_await git_.run(std::move(call));
}

Task<void> ObjectStore::doubt(GitCall reading, std::string sha, std::string path, Walk* walk) {
  auto slept = co_await runtime::sleep(kWalkUnasked);
  if (!slept) co_return;
  auto outline = co_await outline_of(std::move(reading), std::move(sha), std::move(path));
  // Whatever keeps it from being counted is for the walk to say.
  if (!outline || !*outline) co_return;
  walk->outline = std::move(**outline);
  walk->task.cancel();
}

// Three processes, each of which reads every tree once, however often it is named.
Task<Result<std::optional<Outline>>> ObjectStore::outline_of(GitCall reading, std::string sha, std::string path) {
  GitCall naming = reading;
  naming.args = {"rev-list",           "--objects",        "--no-object-names",
                 "--filter=blob:none", "--end-of-options", fmt::format("{}:{}", sha, path)};
  std::string ids = OR_CO_RETURN(co_await git_.run(std::move(naming)));
  std::string_view root = std::string_view(ids).substr(0, ids.find('\n'));
  GitCall sizing = reading;
  sizing.args = {"cat-file", "--batch-check", "--buffer"};
  sizing.input = ids;
  std::string sizes_text = OR_CO_RETURN(co_await git_.run(std::move(sizing)));
  auto asked = static_cast<size_t>(std::ranges::count(ids, '\n'));
  auto sizes = OR_CO_RETURN(parse_sizes(sizes_text, asked));
  std::ranges::stable_sort(sizes, {}, &ObjectSize::size);
  Trees trees;
  GitCall content = std::move(reading);
  content.args = {"cat-file", "--batch", "--buffer"};
  uint64_t bytes = 0;
  size_t read = 0;
  for (const ObjectSize& tree : sizes) {
    if ((bytes += tree.size) > kTreesBytesMax) {
      trees.too_long.push_back(tree.id);
    } else {
      content.input += fmt::format("{}\n", tree.id);
      ++read;
    }
  }
  content.output_max = kTreesBytesMax + read * 100;
  std::string text = OR_CO_RETURN(co_await git_.run(std::move(content)));
  trees.read = OR_CO_RETURN(parse_batch(text, read));
  co_return co_await world_.on_pool([&] { return outline(trees, root, path, limits_); });
}

// Blobs that are in memory are known already.
Task<Result<Outline>> ObjectStore::with_sizes(GitCall reading, Outline outline) {
  std::unordered_map<std::string_view, std::optional<uint64_t>> sizes;
  GitCall call = std::move(reading);
  call.args = {"cat-file", "--batch-check", "--buffer"};
  size_t asked = 0;
  for (const TreeLine& line : outline.lines) {
    if (line.kind == FileEntry::Kind::submodule) continue;
    auto [at, fresh] = sizes.try_emplace(line.id);
    if (!fresh) continue;
    if (Bytes known = known_blob(line.id)) {
      at->second = known->size();
      continue;
    }
    call.input += line.id + "\n";
    ++asked;
  }
  std::string text;
  if (asked) text = OR_CO_RETURN(co_await git_.run(std::move(call)));
  for (const ObjectSize& blob : OR_CO_RETURN(parse_sizes(text, asked)))
    if (blob.type == "blob") sizes[blob.id] = blob.size;
  for (TreeLine& line : outline.lines) {
    auto known = sizes.find(line.id);
    line.absent = known == sizes.end() || !known->second;
    line.size = line.absent ? 0 : *known->second;
  }
  co_return outline;
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
