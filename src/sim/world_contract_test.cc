// What both worlds promise, checked on both: the real one and the simulated one must not differ in what a caller sees.
#include <doctest/doctest.h>
#include <signal.h>

#include "base/text.h"
#include "runtime/testing/in_real_world.h"
#include "sim/testing/seeds.h"

using namespace slipway;
using namespace slipway::runtime;
using slipway::sim::SimWorld;

namespace {

std::string said(const Result<>& r) {
  return r ? "ok" : r.error().str();
}
template <class T>
std::string said(const Result<T>& r) {
  return r ? "ok" : r.error().str();
}

Task<void> files_contract(World* world, std::string d) {
  Files& files = world->files();
  auto expect = [&](std::string got, std::string expected) { CHECK(base::replace_all(got, d, "") == expected); };
  expect(said(files.make_directories(d + "/a/b")), "ok");
  expect(said(files.make_directories(d + "/a/b/")), "ok");
  expect(said(files.write_atomically(d + "/a/f", "12345", 0640)), "ok");
  expect(said(files.write_atomically(d + "/a/f", "123", 0640)), "ok");
  expect(said(files.list(d + "/a")), "ok");
  CHECK(files.list(d + "/a").value() == std::vector<std::string>{"b", "f"});
  CHECK(files.read(d + "/a/f").value() == "123");
  CHECK(files.stat(d + "/a/f")->mode == 0640);
  CHECK(files.stat(d + "/a/f")->size == 3);
  CHECK(files.stat(d + "/a")->kind == FileStat::Kind::directory);
  CHECK(!files.exists(d + "/b"));

  expect(said(files.read(d + "/none")), "open /none: No such file or directory");
  expect(said(files.read(d + "/a/f/x")), "open /a/f/x: Not a directory");
  expect(said(files.read(d + "/a")), "read /a: Is a directory");
  expect(said(files.read(d + "/a/f", 2)), "read /a/f: larger than 2 bytes");
  expect(said(files.open(d + "/none", OpenMode::read)), "open /none: No such file or directory");
  expect(said(files.open(d + "/none", OpenMode::read_write)), "open /none: No such file or directory");
  expect(said(files.open(d + "/none/x", OpenMode::create)), "open /none/x: No such file or directory");
  expect(said(files.open(d + "/a/f", OpenMode::create_new)), "open /a/f: File exists");
  expect(said(files.open(d + "/a", OpenMode::read_write)), "open /a: Is a directory");
  expect(said(files.list(d + "/none")), "list /none: No such file or directory");
  expect(said(files.list(d + "/a/f")), "list /a/f: Not a directory");
  expect(said(files.stat(d + "/none")), "stat /none: No such file or directory");
  expect(said(files.remove(d + "/none")), "remove /none: No such file or directory");
  expect(said(files.remove(d + "/a")), "remove /a: Directory not empty");
  expect(said(files.remove_tree(d + "/none")), "ok");
  {
    auto held = files.open(d + "/a/f", OpenMode::read);
    uint64_t inode = held.value()->inode().value();
    CHECK(files.stat(d + "/a/f")->inode == inode);
    expect(said(files.rename(d + "/a/f", d + "/a/g")), "ok");
    expect(said(files.write_atomically(d + "/a/f", "123", 0640)), "ok");
    CHECK(files.stat(d + "/a/g")->inode == inode);
    CHECK(files.stat(d + "/a/f")->inode != inode);
    expect(said(files.remove(d + "/a/g")), "ok");
    CHECK(held.value()->inode().value() == inode);
  }
  expect(said(files.rename(d + "/none", d + "/x")), "rename /none to /x: No such file or directory");
  expect(said(files.rename(d + "/a/f", d + "/a/b")), "rename /a/f to /a/b: Is a directory");
  expect(said(files.rename(d + "/a/b", d + "/a/f")), "rename /a/b to /a/f: Not a directory");
  expect(said(files.rename(d + "/a", d + "/a/b/c")), "rename /a to /a/b/c: Invalid argument");
  expect(said(files.make_directories(d + "/a/f/x")), "make directory /a/f/x: /a/f is not a directory");
  expect(said(files.sync_directory(d + "/a")), "ok");
  expect(said(files.set_mode(d + "/none", 0600)), "set mode of /none: No such file or directory");

  expect(said(files.symlink("f", d + "/a/link")), "ok");
  expect(said(files.symlink("f", d + "/a/link")), "link /a/link: File exists");
  CHECK(files.read_link(d + "/a/link").value() == "f");
  expect(said(files.read_link(d + "/a/f")), "read link /a/f: Invalid argument");
  CHECK(files.read(d + "/a/link").value() == "123");
  CHECK(files.stat(d + "/a/link")->kind == FileStat::Kind::symlink);
  expect(said(files.remove(d + "/a/link")), "ok");
  CHECK(files.exists(d + "/a/f"));
  expect(said(files.symlink("loop", d + "/loop")), "ok");
  expect(said(files.read(d + "/loop")), "open /loop: Too many levels of symbolic links");

  auto opened = files.open(d + "/data", OpenMode::create);
  File& file = **opened;
  expect(said(file.write_at(5, "abc")), "ok");
  CHECK(file.size().value() == 8);
  char buffer[20];
  CHECK(file.read_at(3, buffer).value() == 5);
  CHECK(std::string(buffer, 5) == std::string("\0\0abc", 5));
  CHECK(file.read_at(8, buffer).value() == 0);
  expect(said(file.truncate(6)), "ok");
  expect(said(file.truncate(7)), "ok");
  CHECK(files.read(d + "/data").value() == std::string("\0\0\0\0\0a\0", 7));
  expect(said(file.sync()), "ok");
  auto reading = files.open(d + "/data", OpenMode::read);
  expect(said((*reading)->write_at(0, "x")), "write /data: Bad file descriptor");
  expect(said(files.remove(d + "/data")), "ok");
  CHECK(file.size().value() == 7);  // open files outlive their names
  expect(said(file.write_at(0, "x")), "ok");

  auto lock = files.lock(d + "/lock");
  CHECK(lock.has_value());
  CHECK(files.lock(d + "/lock").failed_with(ErrorKind::conflict));
  lock->reset();
  CHECK(files.lock(d + "/lock").has_value());
  expect(said(files.remove_tree(d + "/a")), "ok");
  CHECK(!files.exists(d + "/a"));
  co_return;
}

Task<void> keep_changed(PathWatch* watch, std::optional<Result<>>* out) {
  out->emplace(co_await watch->changed());
}

Task<void> watch_contract(World* world, std::string d) {
  Files& files = world->files();
  CHECK(files.make_directories(d + "/refs/heads").has_value());
  auto watch = files.watch({d + "/refs", d + "/packed"});
  auto quiet = co_await with_timeout(20ms, (*watch)->changed());
  CHECK(quiet.failed_with(ErrorKind::timeout));
  for (std::string path : {"/refs/heads/main", "/packed", "/refs/heads/main"}) {
    CHECK(files.write_atomically(d + path, "1").has_value());
    auto changed = co_await with_timeout(2s, (*watch)->changed());
    CHECK(changed.has_value());
    while (changed) changed = co_await with_timeout(20ms, (*watch)->changed());
  }
  CHECK(files.write_atomically(d + "/other", "1").has_value());
  quiet = co_await with_timeout(20ms, (*watch)->changed());
  CHECK(quiet.failed_with(ErrorKind::timeout));
  Scope& scope = co_await current_scope();
  TaskGroup group(scope);
  std::optional<Result<>> dropped;
  group.spawn(keep_changed(watch->get(), &dropped));
  auto slept = co_await sleep(5ms);
  CHECK(slept.has_value());
  watch->reset();
  co_await group.join();
  CHECK(dropped->failed_with(ErrorKind::canceled));
}

Task<void> write_and_end(Stream* stream, std::string bytes) {
  auto written = co_await stream->write(bytes);
  if (written) written = co_await stream->shutdown_write();
  CHECK(written.has_value());
}
template <class T>
Task<void> keep(Task<Result<T>> task, std::optional<Result<T>>* out) {
  out->emplace(co_await task);
}

Task<void> stream_contract(World* world, Address at) {
  auto listener = world->network().listen(at);
  REQUIRE(listener.has_value());
  auto client = co_await world->network().connect((*listener)->local());
  auto server = co_await (*listener)->accept();
  REQUIRE(client.has_value());
  REQUIRE(server.has_value());
  Scope& scope = co_await current_scope();
  TaskGroup group(scope);

  // much, both ways, each with its own end
  std::string much(1 << 20, 'x');
  group.spawn(write_and_end(client->get(), much));
  auto got = co_await read_to_end(**server, 2 << 20);
  CHECK(got->size() == much.size());
  group.spawn(write_and_end(server->get(), "answer"));
  got = co_await read_to_end(**client, 100);
  CHECK(got.value() == "answer");
  co_await group.join();

  // a second pair: cancel, go on, close
  client = co_await world->network().connect((*listener)->local());
  server = co_await (*listener)->accept();
  char buffer[10];
  auto late = co_await with_timeout(5ms, (*client)->read(buffer));
  CHECK(late.failed_with(ErrorKind::timeout));
  auto written = co_await (*server)->write("hello");
  CHECK(written.has_value());
  auto n = co_await (*client)->read(std::span(buffer, 1));
  CHECK(n.value() == 1);
  std::optional<Result<size_t>> waiting;
  group.spawn(keep((*server)->read(buffer), &waiting));
  auto slept = co_await sleep(5ms);
  CHECK(slept.has_value());
  (*server)->close();
  co_await group.join();
  CHECK(waiting->failed_with(ErrorKind::canceled));
  n = co_await (*server)->read(buffer);
  CHECK(n.failed_with(ErrorKind::canceled));
  auto rest = co_await read_to_end(**client, 100);
  CHECK(rest.value() == "ello");  // what was under way arrives, then the end
  Result<> refused;
  for (int i = 0; i < 100 && refused; ++i) {
    slept = co_await sleep(1ms);
    refused = co_await (*client)->write("x");
  }
  CHECK(refused.failed_with(ErrorKind::io));

  std::optional<Result<std::unique_ptr<Stream>>> accepting;
  group.spawn(keep((*listener)->accept(), &accepting));
  slept = co_await sleep(5ms);
  Address local = (*listener)->local();
  (*listener)->close();
  co_await group.join();
  CHECK(accepting->failed_with(ErrorKind::canceled));
  auto nobody = co_await world->network().connect(local);
  CHECK(nobody.failed_with(ErrorKind::unavailable));
  listener = world->network().listen(local);  // free again
  CHECK(listener.has_value());
  auto taken = world->network().listen(local);
  CHECK(taken.failed_with(ErrorKind::already_exists));
}

Task<void> network_contract(World* world, std::string d) {
  co_await stream_contract(world, {"127.0.0.1", 0, {}});
  co_await stream_contract(world, Address::unix_socket(d + "/socket"));
  auto a = world->network().bind_datagram({"127.0.0.1", 0, {}});
  auto b = world->network().bind_datagram({"127.0.0.1", 0, {}});
  auto sent = co_await (*a)->send({"ping", (*b)->local()});
  CHECK(sent.has_value());
  auto got = co_await (*b)->receive();
  CHECK(got->bytes == "ping");
  CHECK(got->peer == (*a)->local());
  auto late = co_await with_timeout(5ms, (*b)->receive());
  CHECK(late.failed_with(ErrorKind::timeout));
}

Task<void> processes_contract(World* world, std::string d) {
  Processes& processes = world->processes();
  auto finished = co_await processes.run({.argv = {"cat"}}, std::string(200000, 'x'));
  CHECK(finished->out.size() == 200000);
  CHECK(finished->status.ok());
  finished = co_await processes.run({.argv = {"cat", "--no-such-option"}}, "");
  CHECK(finished->status.code == 1);
  CHECK(!finished->err.empty());
  auto much = co_await processes.run({.argv = {"cat"}}, std::string(200000, 'x'), 1000);
  CHECK(said(much) == "cat: wrote more than 1000 bytes");
  auto missing = co_await processes.run({.argv = {"no-such-program"}});
  CHECK(said(missing) == "start no-such-program: no such program in PATH");
  CHECK(missing.failed_with(ErrorKind::not_found));

  auto started = processes.start({.argv = {"cat"}});
  Process& cat = **started;
  char buffer[10];
  auto written = co_await cat.in().write("hello");
  CHECK(written.has_value());
  auto n = co_await cat.out().read(buffer);
  CHECK(std::string(buffer, *n) == "hello");
  auto late = co_await with_timeout(5ms, cat.wait());
  CHECK(late.failed_with(ErrorKind::timeout));
  CHECK(processes.alive(cat.pid()));
  CHECK(processes.send_signal(cat.pid(), SIGTERM).has_value());
  auto status = co_await cat.wait();
  CHECK(status->signal == SIGTERM);
  n = co_await cat.out().read(buffer);
  CHECK(n.value() == 0);
  CHECK(!processes.alive(cat.pid()));
  cat.signal(SIGKILL);
  CHECK(processes.send_signal(cat.pid(), SIGKILL).failed_with(ErrorKind::not_found));

  started = processes.start({.argv = {"cat"}});
  written = co_await (*started)->in().shutdown_write();
  CHECK(written.has_value());
  status = co_await (*started)->wait();
  CHECK(status->ok());
  started = processes.start({.argv = {"cat", "--no-such-option"}, .output_file = d + "/log"});
  n = co_await (*started)->out().read(buffer);
  CHECK(n.value() == 0);
  status = co_await (*started)->wait();
  CHECK(status->code == 1);
  CHECK(!world->files().read(d + "/log").value().empty());
}

Task<ExitStatus> play_cat(sim::PlayedProcess& process) {
  if (process.command().argv.size() > 1) {
    auto written = co_await process.err().write("cat: unrecognized option\n");
    co_return ExitStatus{written ? 1 : 2, 0};
  }
  std::string buffer(1000, '\0');
  while (true) {
    auto n = co_await process.in().read(buffer);
    if (!n || *n == 0) co_return ExitStatus{n ? 0 : 1, 0};
    auto written = co_await process.out().write(std::string_view(buffer).substr(0, *n));
    if (!written) co_return ExitStatus{1, 0};
  }
}

void on_both(Task<void> (*contract)(World*, std::string)) {
  SUBCASE("real") {
    static Task<void> (*chosen)(World*, std::string);
    chosen = contract;
    testing::in_real_world([](World& world, std::string d) -> Task<void> { co_await chosen(&world, d); });
  }
  SUBCASE("simulated") {
    sim::testing::for_seeds(10, [&](SimWorld& world) {
      world.programs().on_start("cat", play_cat);
      CHECK(world.files().make_directories("/tmp/x").has_value());
      CHECK(world.run(contract(&world, "/tmp/x")));
    });
  }
}

}  // namespace

TEST_CASE("both worlds: files") {
  on_both(files_contract);
}
TEST_CASE("both worlds: watches") {
  on_both(watch_contract);
}
TEST_CASE("both worlds: network") {
  on_both(network_contract);
}
TEST_CASE("both worlds: processes") {
  on_both(processes_contract);
}
