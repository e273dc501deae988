// A clone holds single commits (depth 1) with their trees and all blobs up to the size limit: one round trip a commit.
// Tried and dropped: blob:none and a second fetch of the blobs below one path, which is cheaper for one small path in a
// large repository, but cannot refuse large blobs, since what is asked for by name always comes.
#include "sources/clones.h"

#include "base/text.h"
#include "runtime/digest.h"
#include "runtime/slow_hash.h"

namespace slipway::sources {
namespace {

constexpr size_t kMarksMax = 1000;  // kept in memory
constexpr size_t kPacksMax = 100;   // then the clone starts afresh: nothing else ever removes old commits

bool is_unadvertised(const Error& error) {
  return error.message().find("unadvertised object") != std::string::npos;
}

bool is_nobody(const Location& location, const Credentials& c) {
  return location.username.empty() && location.password.empty() && c.username.empty() && c.password.empty() &&
         c.ssh_private_key.empty() && c.tls_client_certificate.empty();
}

// Who asks, and what: what one was told is not for others, who have no password or another. A digest, in memory only.
std::string reader_of(const Location& location, const Credentials& c) {
  std::string all;
  for (std::string_view part :
       {std::string_view(location.url), std::string_view(location.username), std::string_view(location.password),
        std::string_view(c.username), std::string_view(c.password), std::string_view(c.ssh_private_key),
        std::string_view(c.tls_client_certificate), std::string_view(c.tls_client_key)})
    all += fmt::format("{}\n{}", part.size(), part);
  return runtime::sha256_hex(all);
}

Task<Result<std::string>> slow_hash_of(World* world, std::string secret, std::string salt) {
  co_return co_await world->on_pool([&] { return runtime::slow_hash(secret, salt); });
}

// Beside the commits of a clone: those that a server gave to somebody without any password.
std::string open_mark(const std::string& git_dir, const std::string& sha) {
  return fmt::format("{}/open/{}", git_dir, sha);
}

}  // namespace

Task<Result<Commit>> Clones::resolve(Location location, Credentials credentials, std::string revision) {
  Commit commit;
  if (is_object_id(revision)) {
    commit.sha = base::to_lower(revision);
  } else {
    Text text = OR_CO_RETURN(co_await list_refs_shared(location, credentials));
    std::vector<Ref> refs = parse_ls_remote(*text);
    if (is_tag_range(revision))
      if (std::string tag = newest_tag(refs, revision); !tag.empty())
        commit.sha = find_revision(refs, "refs/tags/" + tag);
    if (commit.sha.empty()) commit.sha = find_revision(refs, revision);
    if (commit.sha.empty() && !refs.empty() && is_id_prefix(revision)) {
      Commit found = OR_CO_RETURN(co_await find_prefix(location, credentials, base::to_lower(revision)));
      commit.sha = found.sha;
    }
    if (commit.sha.empty()) co_return co_await world_.on_pool([&] { return unresolved(refs, revision); });
    let_in(location, credentials, commit.sha);
  }
  std::string git_dir = clone_of(location);
  if (is_let_in(location, credentials, commit.sha) && world_.files().exists(git_dir + "/HEAD")) {
    auto known = co_await objects_.find_commit(git_dir, {commit.sha});
    if (known && known->sha == commit.sha) co_return std::move(known);
  }
  co_return std::move(commit);
}

Task<Result<std::shared_ptr<const Tree>>> Clones::tree(Location location, Credentials credentials, std::string sha,
                                                       std::string path) {
  std::string git_dir = clone_of(location);
  OR_CO_RETURN(co_await ensure(location, credentials, sha, false));
  auto tree = co_await objects_.tree(git_dir + "/objects", sha, path);
  // a clone that was interrupted or started afresh meanwhile: once more, from the beginning
  if (tree.failed_with(ErrorKind::io)) {
    OR_CO_RETURN(co_await ensure(location, credentials, sha, true));
    tree = co_await objects_.tree(git_dir + "/objects", sha, path);
  }
  co_return std::move(tree);
}

Task<Result<std::string>> Clones::ask(GitCall call, Location location, Credentials credentials) {
  call = OR_CO_RETURN(co_await access_.add(std::move(call), location, credentials));
  Asker asker = call.asker;
  auto answer = co_await git_.run(std::move(call));
  if (!answer && is_turned_away(answer.error())) co_await turn_away(location, credentials);
  if (!answer) co_return explain_refusal(std::move(answer).error(), location, credentials, asker);
  co_return std::move(answer);
}

Task<Result<Clones::Text>> Clones::list_refs_shared(Location location, Credentials credentials) {
  std::string key = fmt::format("{}\n{}", age_, reader_of(location, credentials));
  co_return co_await listing_.run(key, [this, location, credentials] { return list_refs(location, credentials); });
}

Task<Result<Clones::Text>> Clones::list_refs(Location location, Credentials credentials) {
  GitCall call{.args = {"ls-remote", "--", location.url}, .doing = Doing::asking};
  auto text = co_await ask(std::move(call), location, credentials);
  if (!text) co_return std::move(text).error();
  co_return std::make_shared<const std::string>(std::move(*text));
}

// One fetch at a time in a clone (git locks its list of shallow commits and gives up when it is locked). All who reach
// a repository share its clone; whom the server did not let in yet asks it first, before they see what others fetched.
Task<Result<>> Clones::ensure(Location location, Credentials credentials, std::string sha, bool again) {
  std::string git_dir = clone_of(location);
  std::string have = fmt::format("{}/refs/slipway/{}", git_dir, sha), reader = reader_of(location, credentials);
  uint64_t age = age_;
  while (again || !world_.files().exists(have)) {
    Fetched fetched = OR_CO_RETURN(co_await fetching_.run(
        git_dir, [this, location, credentials, sha, again] { return fetch_for(location, credentials, sha, again); }));
    if (fetched.sha != sha || fetched.reader != reader || fetched.age < age) continue;  // somebody else's turn
    if (fetched.error) co_return std::move(*fetched.error);
    let_in(location, credentials, sha);
    co_await keep_let_in(location, credentials, sha);
    co_return Result<>();
  }
  if (!is_let_in(location, credentials, sha)) {
    auto told = co_await list_refs_shared(location, credentials);
    // Who had the commit before a restart has it while the server is away, which is asked again the next time.
    bool is_away = told.failed_with(ErrorKind::unavailable) || told.failed_with(ErrorKind::timeout);
    bool had_it = is_away && co_await was_let_in(location, credentials, sha);
    if (had_it) co_return Result<>();
    if (!told) co_return std::move(told).error();
  }
  let_in(location, credentials, sha);
  co_await keep_let_in(location, credentials, sha);
  co_return Result<>();
}

Task<Result<Clones::Fetched>> Clones::fetch_for(Location location, Credentials credentials, std::string sha,
                                                bool again) {
  Fetched fetched{sha, reader_of(location, credentials), age_, std::nullopt};
  auto done = co_await fetch(location, credentials, sha, again);
  if (done.failed_with(ErrorKind::canceled)) co_return std::move(done).error();
  if (!done) fetched.error = std::move(done).error();
  co_return fetched;
}

Task<Result<>> Clones::fetch(Location location, Credentials credentials, std::string sha, bool again) {
  std::string git_dir = clone_of(location);
  OR_CO_RETURN(co_await prepare(git_dir));
  GitCall call{
      .args = {"fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--depth=1",
               "--no-recurse-submodules", fmt::format("--filter=blob:limit={}", limits_.blob_bytes_max + 1)},
      .git_dir = git_dir,
      .doing = Doing::fetching};
  if (again) call.args.push_back("--refetch");
  call.args.insert(call.args.end(), {"origin", fmt::format("+{}:refs/slipway/{}", sha, sha)});
  call.config.emplace_back("remote.origin.url", location.url);
  call.config.emplace_back("remote.origin.promisor", "true");
  auto done = co_await ask(std::move(call), location, credentials);
  if (!done && is_unadvertised(done.error())) {
    auto all = co_await fetch_history(location, credentials, sha);
    if (all || !all.failed_with(ErrorKind::not_found)) co_return std::move(all);
  }
  if (!done) co_return std::move(done).error();
  co_return Result<>();
}

// An older server, or one behind an sshd that lets no GIT_PROTOCOL through, gives away only what its references point
// at: then everything that they reach comes, and the commit is among it or nowhere.
Task<Result<>> Clones::fetch_history(Location location, Credentials credentials, std::string sha) {
  std::string git_dir = clone_of(location);
  GitCall call{.args = {"fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--prune",
                        "--no-recurse-submodules", fmt::format("--filter=blob:limit={}", limits_.blob_bytes_max + 1)},
               .git_dir = git_dir,
               .doing = Doing::fetching};
  if (world_.files().exists(git_dir + "/shallow")) call.args.push_back("--unshallow");
  call.args.insert(call.args.end(), {"origin", "+refs/heads/*:refs/all/heads/*", "+refs/tags/*:refs/all/tags/*"});
  call.config.emplace_back("remote.origin.url", location.url);
  call.config.emplace_back("remote.origin.promisor", "true");
  OR_CO_RETURN(co_await ask(std::move(call), location, credentials));
  auto found = co_await objects_.find_commit(git_dir, {sha});
  if (!found) co_return std::move(found).error();
  if (found->sha != sha) co_return fail(ErrorKind::not_found, "no branch and no tag reaches the commit {}", sha);
  OR_CO_RETURN(co_await git_.run({.args = {"update-ref", "refs/slipway/" + sha, sha}, .git_dir = git_dir}));
  co_return Result<>();
}

// A server does not resolve prefixes. The commits of all branches, without trees and blobs, are small. One fetch at a
// time here too, whose outcome is that of all who waited for it.
Task<Result<Commit>> Clones::find_prefix(Location location, Credentials credentials, std::string prefix) {
  std::string git_dir = clone_of(location) + ".history", reader = reader_of(location, credentials);
  uint64_t age = age_;
  for (;;) {
    Fetched fetched = OR_CO_RETURN(co_await fetching_.run(
        git_dir, [this, location, credentials, git_dir] { return fetch_commits(location, credentials, git_dir); }));
    if (fetched.reader != reader || fetched.age < age) continue;  // by somebody else, or before somebody pushed
    if (fetched.error) co_return std::move(*fetched.error);
    co_return co_await objects_.find_commit(git_dir, {prefix});
  }
}

Task<Result<Clones::Fetched>> Clones::fetch_commits(Location location, Credentials credentials, std::string git_dir) {
  Fetched fetched{"", reader_of(location, credentials), age_, std::nullopt};
  auto ready = co_await prepare(git_dir);
  if (!ready) co_return std::move(ready).error();
  GitCall call{.args = {"fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--prune",
                        "--filter=tree:0", "--no-recurse-submodules", "origin", "+refs/heads/*:refs/heads/*",
                        "+refs/tags/*:refs/tags/*"},
               .git_dir = git_dir,
               .doing = Doing::fetching};
  call.config.emplace_back("remote.origin.url", location.url);
  call.config.emplace_back("remote.origin.promisor", "true");
  auto done = co_await ask(std::move(call), location, credentials);
  if (done.failed_with(ErrorKind::canceled)) co_return std::move(done).error();
  if (!done) fetched.error = std::move(done).error();
  co_return fetched;
}

// A clone into which one may fetch.
Task<Result<>> Clones::prepare(std::string git_dir) {
  OR_CO_RETURN(co_await world_.on_pool([&]() -> Result<> {
    auto packs = world_.files().list(git_dir + "/objects/pack");
    if (packs && packs->size() > kPacksMax * 3) return world_.files().remove_tree(git_dir);
    return {};
  }));
  OR_CO_RETURN(co_await create(git_dir));
  if (asker_ == Asker::server)
    co_await world_.on_pool([&] {
      sweep(git_dir);
      return true;
    });
  co_return Result<>();
}

Task<Result<>> Clones::create(std::string git_dir) {
  if (world_.files().exists(git_dir + "/slipway")) co_return Result<>();
  OR_CO_RETURN(world_.files().remove_tree(git_dir));  // half a clone of an interrupted start
  OR_CO_RETURN(world_.files().make_directories(git_dir, 0700));
  OR_CO_RETURN(co_await git_.run({.args = {"init", "-q", "--bare", "--template=", git_dir}}));
  for (auto [key, value] :
       {std::pair("core.repositoryFormatVersion", "1"), std::pair("extensions.partialClone", "origin")})
    OR_CO_RETURN(co_await git_.run({.args = {"config", key, value}, .git_dir = git_dir}));
  OR_CO_RETURN(world_.files().write_atomically(git_dir + "/slipway", "a clone made by Slipway; may be removed\n"));
  co_return Result<>();
}

// What a fetch left that was killed: a lock that nobody holds refuses every other one, halves of packs fill the disk.
// The server's clones are its own, and one fetch at a time is at work in each; in a person's another slipway may be.
void Clones::sweep(const std::string& git_dir) {
  runtime::Files& files = world_.files();
  for (const char* lock : {"/shallow.lock", "/packed-refs.lock"}) (void)files.remove(git_dir + lock).has_value();
  std::string packs = git_dir + "/objects/pack";
  if (auto names = files.list(packs))
    for (const std::string& name : *names)
      if (name.starts_with("tmp_")) (void)files.remove(packs + "/" + name).has_value();
  sweep_locks_of_refs(git_dir + "/refs");
}

// No name of a reference ends in ".lock".
void Clones::sweep_locks_of_refs(const std::string& directory) {
  runtime::Files& files = world_.files();
  auto names = files.list(directory);
  if (!names) return;  // a reference
  for (const std::string& name : *names) {
    std::string path = directory + "/" + name;
    if (name.ends_with(".lock"))
      (void)files.remove(path).has_value();
    else
      sweep_locks_of_refs(path);
  }
}

// A person's clones are theirs alone.
bool Clones::is_let_in(const Location& location, const Credentials& credentials, const std::string& sha) const {
  if (asker_ == Asker::person || let_in_.has(reader_of(location, credentials), sha)) return true;
  return is_nobody(location, credentials) && world_.files().exists(open_mark(clone_of(location), sha));
}

// After a restart the server is asked again, if it is there. What it gives to all, it need not say again: nothing
// secret tells so.
void Clones::let_in(const Location& location, const Credentials& credentials, const std::string& sha) {
  let_in_.add(reader_of(location, credentials), sha);
  std::string git_dir = clone_of(location), mark = open_mark(git_dir, sha);
  runtime::Files& files = world_.files();
  if (!is_nobody(location, credentials) || !files.exists(git_dir + "/HEAD") || files.exists(mark)) return;
  // Where it cannot be written, the server is asked once more.
  if (files.make_directories(git_dir + "/open", 0700))
    (void)files.open(mark, runtime::OpenMode::create_new, 0600).has_value();
}

// Whom the server lets in no more, has nothing of what it once gave.
Task<void> Clones::turn_away(Location location, Credentials credentials) {
  if (asker_ == Asker::person) co_return;
  let_in_.forget(reader_of(location, credentials));
  runtime::Files& files = world_.files();
  std::string git_dir = clone_of(location), marks = git_dir + "/open";
  if (!is_nobody(location, credentials)) {
    if (!files.exists(git_dir + "/let-in/salt")) co_return;
    auto own = co_await marks_of(location, credentials);
    if (!own) co_return;
    marks = std::move(*own);
  }
  // Where it cannot be written, the next question is refused as this one.
  if (files.exists(marks)) co_await world_.on_pool([&] { return files.remove_tree(marks).has_value(); });
}

// Beside a clone: a folder for each who was let in, named by what cannot be guessed through quickly, with the commits.
// Whoever can read it has the clone as well, and nothing to ask the server with.
Task<Result<std::string>> Clones::marks_of(Location location, Credentials credentials) {
  std::string folder = clone_of(location) + "/let-in", who = reader_of(location, credentials);
  runtime::Files& files = world_.files();
  std::string salt;
  if (auto kept = files.read(folder + "/salt", 4096)) {
    salt = *kept;
  } else {
    if (!kept.failed_with(ErrorKind::not_found)) co_return std::move(kept).error();
    salt = base::hex_encode(world_.random().bytes(16));
    OR_CO_RETURN(co_await world_.on_pool([&]() -> Result<> {  // it waits for the disk
      OR_RETURN(files.make_directories(folder, 0700));
      return files.write_atomically(folder + "/salt", salt);
    }));
  }
  std::string key = fmt::format("{}\n{}\n{}", folder, salt, who);
  if (auto known = marks_.find(key); known != marks_.end()) co_return known->second;
  auto hash = OR_CO_RETURN(co_await marking_.run(
      key, [this, who, salt]() -> Task<Result<std::string>> { return slow_hash_of(&world_, who, salt); }));
  if (marks_.size() >= kMarksMax) marks_.clear();
  co_return marks_[key] = fmt::format("{}/{}", folder, base::hex_encode(hash));
}

// Those without a password have what is open to all.
Task<void> Clones::keep_let_in(Location location, Credentials credentials, std::string sha) {
  if (asker_ == Asker::person || is_nobody(location, credentials)) co_return;
  auto marks = co_await marks_of(location, credentials);
  runtime::Files& files = world_.files();
  if (!marks || files.exists(*marks + "/" + sha)) co_return;
  // Where it cannot be written, the server must be there after a restart.
  if (files.make_directories(*marks, 0700))
    (void)files.open(*marks + "/" + sha, runtime::OpenMode::create_new, 0600).has_value();
}

Task<bool> Clones::was_let_in(Location location, Credentials credentials, std::string sha) {
  if (is_nobody(location, credentials) || !world_.files().exists(clone_of(location) + "/let-in/salt")) co_return false;
  auto marks = co_await marks_of(location, credentials);
  co_return marks.has_value() && world_.files().exists(*marks + "/" + sha);
}

std::string Clones::clone_of(const Location& location) const {
  std::string id = base::hex_encode(runtime::sha256(location.url)).substr(0, 20);
  return fmt::format("{}/clones/{}.git", directory_, id);
}

}  // namespace slipway::sources
