#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/text.h"
#include "runtime/testing/in_real_world.h"

using namespace slipway;
using namespace slipway::runtime;
using testing::in_real_world;

namespace {

Task<void> keep(Task<Result<>> task, std::optional<Result<>>* out) {
  out->emplace(co_await task);
}

Task<bool> changes(PathWatch* watch) {
  auto changed = co_await with_timeout(2s, watch->changed());
  co_return changed.has_value();
}

// Until nothing more is reported: one change may be several events.
Task<void> settle(PathWatch* watch) {
  while (true) {
    auto changed = co_await with_timeout(20ms, watch->changed());
    if (!changed) co_return;
  }
}

}  // namespace

TEST_CASE("write_atomically replaces the whole file and leaves nothing beside it") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Files& files = world.files();
    std::string path = directory + "/state";
    CHECK(files.write_atomically(path, "one", 0640).has_value());
    CHECK(files.write_atomically(path, "two").has_value());
    CHECK(files.read(path).value() == "two");
    CHECK(files.stat(path)->mode == 0600);
    CHECK(files.list(directory).value() == std::vector<std::string>{"state"});
    CHECK(files.write_atomically(directory + "/no/such", "x").failed_with(ErrorKind::not_found));
    CHECK(files.read(path, 2).failed_with(ErrorKind::too_large));
    CHECK(files.read("/proc/self/stat").value().size() > 10);  // says size 0
    co_return;
  });
}

TEST_CASE("files: open modes, reading past the end, truncating") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Files& files = world.files();
    std::string path = directory + "/f";
    CHECK(files.open(path, OpenMode::read_write).failed_with(ErrorKind::not_found));
    auto file = files.open(path, OpenMode::create_new).value().release();
    std::unique_ptr<File> keep_file(file);
    CHECK(files.open(path, OpenMode::create_new).failed_with(ErrorKind::already_exists));
    CHECK(file->write_at(3, "abc").has_value());
    CHECK(file->sync().has_value());
    CHECK(file->size().value() == 6);
    char buffer[10];
    CHECK(file->read_at(2, buffer).value() == 4);
    CHECK(std::string(buffer, 4) == std::string("\0abc", 4));
    CHECK(file->read_at(6, buffer).value() == 0);
    CHECK(file->truncate(1).has_value());
    CHECK(file->size().value() == 1);
    auto missing = files.open(directory + "/none", OpenMode::read);
    CHECK(missing.error().str() == fmt::format("open {}/none: No such file or directory", directory));
    co_return;
  });
}

TEST_CASE("a file without a name is nowhere until it gets one, and replaces nothing") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Files& files = world.files();
    auto file = files.open_nameless(directory);
    if (file.failed_with(ErrorKind::unsupported)) {
      MESSAGE("skipped: this file system has none");
      co_return;
    }
    REQUIRE(file.has_value());
    CHECK((*file)->write_at(0, "all of it").has_value());
    CHECK(files.list(directory)->empty());
    CHECK(files.read((*file)->alias()).value() == "all of it");
    CHECK(files.write_atomically(directory + "/there", "before").has_value());
    CHECK((*file)->name(directory + "/there").failed_with(ErrorKind::already_exists));
    CHECK((*file)->name(directory + "/new").has_value());
    CHECK(files.read(directory + "/there").value() == "before");
    CHECK(files.read(directory + "/new").value() == "all of it");
    CHECK(files.stat(directory + "/new")->mode == 0600);
    CHECK(files.open_nameless(directory + "/nowhere").failed_with(ErrorKind::not_found));
  });
}

TEST_CASE("what is no file is refused at once, except what a shell passes on") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Files& files = world.files();
    std::string pipe = directory + "/pipe", link = directory + "/link", bound = directory + "/socket";
    CHECK(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(files.symlink(pipe, link).has_value());
    auto listener = world.network().listen(Address::parse("unix:" + bound).value());
    CHECK(listener.has_value());
    for (auto [path, what] : {std::pair{pipe, "a pipe"},
                              {link, "a pipe"},
                              {bound, "not a file"},
                              {"/dev/zero", "a device"},
                              {directory, "directory"}}) {
      auto read = files.read(path);
      CHECK_MESSAGE((!read && read.error().str().contains(path) && read.error().str().contains(what)), path);
      auto opened = files.open(path, OpenMode::read);
      CHECK_MESSAGE((!opened && opened.error().str().contains(what)), path);
    }
    CHECK_FALSE(files.open(pipe, OpenMode::read_write).has_value());
    CHECK_FALSE(files.open(pipe, OpenMode::create).has_value());
    CHECK(files.read("/dev/null").value() == "");

    // `<(…)`: what is written slowly comes whole.
    int ends[2];
    CHECK(::pipe(ends) == 0);
    std::thread writer([end = ends[1]] {
      for (int i = 0; i < 3; ++i) {
        CHECK(::write(end, "some", 4) == 4);
        std::this_thread::sleep_for(10ms);
      }
      ::close(end);
    });
    CHECK(files.read(fmt::format("/dev/fd/{}", ends[0])).value() == "somesomesome");
    writer.join();
    auto opened = files.open(fmt::format("/dev/fd/{}", ends[0]), OpenMode::read);  // nothing that could be read twice
    CHECK((!opened && opened.error().str().contains("a pipe")));
    ::close(ends[0]);
    co_return;
  });
}

TEST_CASE("remove_tree removes links, not what they point at") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Files& files = world.files();
    CHECK(files.make_directories(directory + "/keep").has_value());
    CHECK(files.write_atomically(directory + "/keep/file", "x").has_value());
    CHECK(files.make_directories(directory + "/tree/a/b").has_value());
    CHECK(files.make_directories(directory + "/tree/a/b").has_value());
    CHECK(files.write_atomically(directory + "/tree/a/f", "x").has_value());
    CHECK(files.symlink(directory + "/keep", directory + "/tree/a/link").has_value());
    CHECK(files.read_link(directory + "/tree/a/link").value() == directory + "/keep");
    CHECK(files.stat(directory + "/tree/a/link")->kind == FileStat::Kind::symlink);
    CHECK(files.make_directories(directory + "/tree/a/f/x").failed_with(ErrorKind::already_exists));
    CHECK(files.make_directories(directory + "/tree/a/f").failed_with(ErrorKind::already_exists));
    CHECK(files.remove(directory + "/tree").failed_with(ErrorKind::io));  // not empty
    CHECK(files.remove_tree(directory + "/tree").has_value());
    CHECK(files.remove_tree(directory + "/tree").has_value());
    CHECK(!files.exists(directory + "/tree"));
    CHECK(files.read(directory + "/keep/file").value() == "x");
    CHECK(files.rename(directory + "/keep", directory + "/moved").has_value());
    CHECK(files.exists(directory + "/moved/file"));
    CHECK(files.remove(directory + "/moved").failed_with(ErrorKind::io));
    co_return;
  });
}

TEST_CASE("remove_tree stops where something is mounted") {
  if (::geteuid() != 0 || ::access("/bin/mount", X_OK) != 0 || ::access("/usr/bin/unshare", X_OK) != 0) {
    MESSAGE("skipped: needs root, mount and unshare");
    return;
  }
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Files& files = world.files();
    CHECK(files.make_directories(directory + "/tree/volume").has_value());
    CHECK(files.make_directories(directory + "/data").has_value());
    CHECK(files.write_atomically(directory + "/data/precious", "x").has_value());
    auto mounted =
        co_await world.processes().run({.argv = {"mount", "--bind", directory + "/data", directory + "/tree/volume"}});
    if (!mounted || !mounted->status.ok()) {
      MESSAGE("skipped: mounting is not allowed here");
      co_return;
    }
    auto removed = files.remove_tree(directory + "/tree");
    auto removed_itself = files.remove_tree(directory + "/tree/volume");
    auto unmounted = co_await world.processes().run({.argv = {"umount", directory + "/tree/volume"}});
    CHECK(unmounted->status.ok());
    CHECK(removed.failed_with(ErrorKind::conflict));
    CHECK(removed_itself.failed_with(ErrorKind::conflict));
    CHECK(files.read(directory + "/data/precious").value() == "x");
    CHECK(files.remove_tree(directory + "/tree").has_value());
  });
}

TEST_CASE("a lock is held once, and says by whom") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto first = world.files().lock(directory + "/lock");
    CHECK(first.has_value());
    auto second = world.files().lock(directory + "/lock");
    REQUIRE(second.failed_with(ErrorKind::conflict));
    CHECK(second.error().str().find(fmt::format("process {} holds it", ::getpid())) != std::string::npos);
    CHECK(world.files().lock_holder(directory + "/lock") == ::getpid());
    first->reset();
    CHECK(world.files().lock_holder(directory + "/lock") == 0);
    CHECK(world.files().lock(directory + "/lock").has_value());
    auto whole = world.files().lock(directory);
    CHECK(whole.has_value());
    CHECK(world.files().lock(directory).failed_with(ErrorKind::conflict));
    CHECK(world.files().lock_holder(directory) == ::getpid());
    co_return;
  });
}

TEST_CASE("a watch tells of files, new directories below, replaced and missing files") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Files& files = world.files();
    CHECK(files.make_directories(directory + "/refs/heads").has_value());
    auto watching = files.watch({directory + "/refs", directory + "/packed", directory + "/later/deep"});
    REQUIRE(watching.has_value());
    PathWatch* watch = watching->get();

    CHECK(files.write_atomically(directory + "/unrelated", "x").has_value());
    auto quiet = co_await with_timeout(20ms, watch->changed());
    CHECK(quiet.failed_with(ErrorKind::timeout));

    CHECK(files.write_atomically(directory + "/refs/heads/main", "1").has_value());
    bool told = co_await changes(watch);
    CHECK(told);
    co_await settle(watch);
    CHECK(files.make_directories(directory + "/refs/heads/feature/x").has_value());
    told = co_await changes(watch);
    CHECK(told);
    co_await settle(watch);
    CHECK(files.write_atomically(directory + "/refs/heads/feature/x/branch", "1").has_value());
    told = co_await changes(watch);
    CHECK(told);
    co_await settle(watch);
    for (int i = 0; i < 2; ++i) {  // appears, then is replaced
      CHECK(files.write_atomically(directory + "/packed", "1").has_value());
      told = co_await changes(watch);
      CHECK(told);
      co_await settle(watch);
    }
    CHECK(files.make_directories(directory + "/later").has_value());
    co_await settle(watch);
    CHECK(files.write_atomically(directory + "/later/deep", "1").has_value());
    told = co_await changes(watch);
    CHECK(told);
    co_await settle(watch);
    CHECK(files.remove_tree(directory + "/refs").has_value());
    told = co_await changes(watch);
    CHECK(told);
    co_await settle(watch);
    CHECK(files.make_directories(directory + "/refs/tags").has_value());
    co_await settle(watch);
    CHECK(files.write_atomically(directory + "/refs/tags/v1", "1").has_value());
    told = co_await changes(watch);
    CHECK(told);
  });
}

TEST_CASE("a watch tells when the way to a file is moved away, and when it is back") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Files& files = world.files();
    CHECK(files.make_directories(directory + "/repo/.git/refs").has_value());
    auto watching = files.watch({directory + "/repo/.git/HEAD", directory + "/repo/.git/refs"});
    REQUIRE(watching.has_value());
    PathWatch* watch = watching->get();
    for (int i = 0; i < 2; ++i) {
      CHECK(files.rename(directory + "/repo", directory + "/away").has_value());
      bool told = co_await changes(watch);
      CHECK(told);
      co_await settle(watch);
      CHECK(files.rename(directory + "/away", directory + "/repo").has_value());
      told = co_await changes(watch);
      CHECK(told);
      co_await settle(watch);
      CHECK(files.write_atomically(directory + "/repo/.git/HEAD", "1").has_value());
      told = co_await changes(watch);
      CHECK(told);
      co_await settle(watch);
    }
    CHECK(files.remove_tree(directory + "/repo").has_value());
    bool told = co_await changes(watch);
    CHECK(told);
    co_await settle(watch);
    CHECK(files.make_directories(directory + "/repo/.git/refs").has_value());
    co_await settle(watch);
    CHECK(files.write_atomically(directory + "/repo/.git/HEAD", "1").has_value());
    told = co_await changes(watch);
    CHECK(told);
  });
}

TEST_CASE("a watch can be canceled, and dropped while somebody waits") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto watch = world.files().watch({directory}).value().release();
    Scope& scope = co_await current_scope();
    TaskGroup group(scope);
    std::optional<Result<>> first, second;
    group.spawn(keep(watch->changed(), &first));
    auto slept = co_await sleep(1ms);
    group.cancel();
    co_await group.join();
    CHECK(first->failed_with(ErrorKind::canceled));
    TaskGroup other(scope);
    other.spawn(keep(watch->changed(), &second));
    slept = co_await sleep(1ms);
    delete watch;
    co_await other.join();
    CHECK(second->failed_with(ErrorKind::canceled));
    CHECK(slept.has_value());
  });
}
