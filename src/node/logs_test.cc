#include "node/logs.h"

#include "node/testing/pod_contract.h"
#include "node/testing/real_containers.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::node;
using namespace slipway::node::testing;

namespace {

const char* const kLog =
    "2026-05-01T10:00:00.000000001Z stdout F one\n"
    "2026-05-01T10:00:01.5Z stderr F two\n"
    "2026-05-01T10:00:02Z stdout P thr\n"
    "2026-05-01T10:00:02Z stdout F ee\n"
    "not a line of CRI's\n"
    "2026-05-01T10:00:03Z stdout F \n"
    "2026-05-01T10:00:04Z stdout F four\n";

void check(LogRequest request, std::string_view expected) {
  sim::SimWorld world(1);
  REQUIRE(world.files().make_directories("/log"));
  REQUIRE(world.files().write_atomically("/log/0.log", kLog));
  PodBench::Collected sink;
  auto read = world.run(read_log(world, "/log/0.log", request, sink, [] { return false; }));
  REQUIRE(read);
  CHECK(sink.text == expected);
}

LogRequest with(std::function<void(LogRequest&)> change) {
  LogRequest r;
  change(r);
  return r;
}

}  // namespace

TEST_CASE("logs: what kubectl asks for") {
  check({}, "one\ntwo\nthree\n\nfour\n");
  check(with([](auto& r) { r.with_stderr = false; }), "one\nthree\n\nfour\n");
  check(with([](auto& r) { r.with_stdout = false; }), "two\n");
  check(with([](auto& r) { r.tail_lines = 2; }), "\nfour\n");
  check(with([](auto& r) { r.tail_lines = 0; }), "");
  check(with([](auto& r) { r.tail_lines = 100; }), "one\ntwo\nthree\n\nfour\n");
  check(with([](auto& r) { r.limit_bytes = 6; }), "one\ntw");
  check(with([](auto& r) { r.since_time = base::parse_rfc3339("2026-05-01T10:00:02Z"); }), "three\n\nfour\n");
  check(with([](auto& r) {
          r.timestamps = true;
          r.tail_lines = 1;
        }),
        "2026-05-01T10:00:04Z four\n");
  check(with([](auto& r) {
          r.timestamps = true;
          r.with_stderr = false;
          r.limit_bytes = 71;
        }),
        "2026-05-01T10:00:00.000000001Z one\n2026-05-01T10:00:02Z three\n2026-05-0");
}

namespace {

void check_rotated(std::string_view now, std::optional<int64_t> tail, std::string_view expected) {
  sim::SimWorld world(1);
  REQUIRE(world.files().make_directories("/log"));
  auto line = [](std::string_view text) { return fmt::format("2026-05-01T10:00:00Z stdout F {}\n", text); };
  REQUIRE(world.files().write_atomically("/log/0.log.20260501-090000", line("oldest")));
  REQUIRE(world.files().write_atomically("/log/0.log.20260501-100000", line("a") + line("b") + line("c")));
  REQUIRE(world.files().write_atomically("/log/0.log.20260501-110000.gz", "packed\n"));
  REQUIRE(world.files().write_atomically("/log/10.log.20260501-120000", line("another run")));
  std::string text;
  for (std::string_view word : base::split(now, ' ')) text += word.empty() ? "" : line(word);
  if (now != "missing") REQUIRE(world.files().write_atomically("/log/0.log", text));
  PodBench::Collected sink;
  LogRequest request;
  request.tail_lines = tail;
  REQUIRE(world.run(read_log(world, "/log/0.log", request, sink, [] { return false; })));
  CHECK(base::replace_all(sink.text, "\n", " ") == expected);
}

}  // namespace

TEST_CASE("logs: a rotation hides nothing that was just there") {
  check_rotated("", {}, "a b c ");
  check_rotated("", 2, "b c ");
  check_rotated("", 0, "");
  check_rotated("d e", {}, "a b c d e ");
  check_rotated("d e", 1, "e ");
  check_rotated("d e", 2, "d e ");
  check_rotated("d e", 3, "c d e ");
  check_rotated("d e", 100, "a b c d e ");
  check_rotated("missing", 1, "c ");
}

namespace {

// A container's log, written and rotated as the test says, and somebody who follows it at the pace of its gate.
struct Followed {
  struct SlowSink final : LogSink {
    std::string text;
    bool open = true;
    runtime::Signal opened;
    Task<Result<>> write(std::string bytes) override {
      while (!open) OR_CO_RETURN(co_await opened.wait());
      text += bytes;
      co_return Result<>();
    }
  };

  Followed() { REQUIRE(world.files().make_directories("/log")); }
  // Lines "N\n" up to and without `end`.
  void write_to(int end) {
    auto file = world.files().open("/log/0.log", runtime::OpenMode::create);
    REQUIRE(file);
    std::string text;
    for (; next < end; ++next) text += fmt::format("2026-05-01T10:00:00Z stdout F {}\n", next);
    REQUIRE((*file)->write_at((*file)->size().value(), text));
    world.run_for(2s);
  }
  void rename(const char* time) {
    REQUIRE(world.files().rename("/log/0.log", fmt::format("/log/0.log.{}", time)));
    world.run_for(2s);
  }
  void pause(bool on) {
    sink.open = !on;
    if (!on) sink.opened.notify();
    world.run_for(2s);
  }
  static Task<void> read(Followed* f) {
    LogRequest request;
    request.follow = true;
    auto read = co_await read_log(f->world, "/log/0.log", request, f->sink, [f] { return f->running; });
    f->ended = read.has_value();
  }
  void check(int first_lost, int end_lost) {
    std::string expected;
    for (int i = 0; i < next; ++i) expected += i >= first_lost && i < end_lost ? "" : fmt::format("{}\n", i);
    CHECK(sink.text == expected);
  }

  sim::SimWorld world{1};
  SlowSink sink;
  int next = 0;
  bool running = true, ended = false;
  TaskGroup group{world.executor()};
};

void check_follower(bool ends_behind) {
  Followed f;
  f.group.spawn(Followed::read(&f));
  f.write_to(10);
  f.check(0, 0);
  // One rotation behind, and the new file is longer than what was read of the old one.
  f.pause(true);
  f.write_to(20);
  f.rename("20260501-100000");
  f.write_to(20000);
  f.pause(false);
  f.check(0, 0);
  // Three behind.
  f.pause(true);
  f.write_to(20010);
  f.rename("20260501-100010");
  f.write_to(20030);
  f.rename("20260501-100020");
  f.write_to(20060);
  f.rename("20260501-100030");
  f.write_to(20100);
  if (ends_behind) f.running = false;
  f.pause(false);
  f.check(0, 0);
  CHECK(f.ended == ends_behind);
  // Between the two steps of a rotation the renamed file is still written to.
  if (!ends_behind) {
    f.rename("20260501-100040");
    auto renamed = f.world.files().open("/log/0.log.20260501-100040", runtime::OpenMode::read_write);
    REQUIRE((*renamed)->write_at((*renamed)->size().value(), "2026-05-01T10:00:00Z stdout F 20100\n"));
    ++f.next;
    f.world.run_for(2s);
    f.check(0, 0);
    f.write_to(20110);
    f.check(0, 0);
    f.running = false;
    f.world.run_for(2s);
    CHECK(f.ended);
  }
  f.world.run(f.group.join());
}

}  // namespace

TEST_CASE("logs: a follower that is behind loses nothing that is still there") {
  check_follower(false);
  check_follower(true);
}

TEST_CASE("logs: a follower whose next file is gone goes on with the oldest") {
  Followed f;
  f.group.spawn(Followed::read(&f));
  f.write_to(10);
  f.pause(true);
  f.write_to(20);  // one piece of this waits in the sink, read to its end
  f.rename("20260501-100000");
  f.write_to(500);
  f.rename("20260501-100010");
  f.write_to(900);
  f.rename("20260501-100020");
  f.write_to(1000);
  REQUIRE(f.world.files().remove("/log/0.log.20260501-100000"));
  REQUIRE(f.world.files().remove("/log/0.log.20260501-100010"));
  f.pause(false);
  f.check(20, 500);
  f.running = false;
  f.world.run_for(2s);
  CHECK(f.ended);
  f.world.run(f.group.join());
}

namespace {

// Reads of the file between two turns of the loop, at most, and in all: what others have to wait for.
struct Reads {
  int here = 0, most = 0, all = 0;
};
Task<void> take_turns(Reads* reads) {
  while (co_await runtime::yield_now()) {
    reads->most = std::max(reads->most, reads->here);
    reads->here = 0;
  }
}

Reads reads_of(LogRequest request, std::string_view expected) {
  sim::SimWorld world(1);
  REQUIRE(world.files().make_directories("/log"));
  WallTime time = *base::parse_rfc3339("2026-05-01T10:00:00Z");
  std::string text;
  for (int i = 0; i < 100000; ++i, time += 1s)
    text += fmt::format("{} stdout F {:050}\n", base::format_rfc3339(time), i);
  REQUIRE(world.files().write_atomically("/log/0.log", text));
  Reads reads;
  world.disk().faults.decide = [&](std::string_view what, std::string_view) -> std::optional<Error> {
    if (what == "read") ++reads.here, ++reads.all;
    return {};
  };
  PodBench::Collected sink;
  TaskGroup group(world.executor());
  group.spawn(take_turns(&reads));
  REQUIRE(world.run(read_log(world, "/log/0.log", request, sink, [] { return false; })));
  world.run(group.stop());
  CHECK(sink.text == expected);
  return reads;
}

}  // namespace

TEST_CASE("logs: who wants little of a large log keeps nobody waiting") {
  auto never = base::parse_rfc3339("2040-01-01T00:00:00Z"), near_end = base::parse_rfc3339("2026-05-02T13:46:38Z");
  Reads none = reads_of(with([&](auto& r) { r.since_time = never; }), "");
  CHECK(none.all < 20);  // of 130 pieces
  Reads last = reads_of(with([&](auto& r) { r.since_time = near_end; }), fmt::format("{:050}\n{:050}\n", 99998, 99999));
  CHECK(last.all < 20);
  Reads wrong_stream = reads_of(with([](auto& r) { r.with_stdout = false; }), "");
  CHECK(wrong_stream.all > 100);
  CHECK(wrong_stream.most <= 2);
  Reads tail = reads_of(with([](auto& r) {
                          r.tail_lines = 1'000'000;
                          r.limit_bytes = 3;
                        }),
                        "000");
  CHECK(tail.all > 100);
  CHECK(tail.most <= 2);
}

TEST_CASE("logs: rotation keeps the newest files") {
  sim::SimWorld world(1);
  auto& files = world.files();
  REQUIRE(files.make_directories("/log"));
  int reopened = 0;
  std::function<Task<Result<>>()> reopen = [&]() -> Task<Result<>> {
    return [](int* count) -> Task<Result<>> {
      ++*count;
      co_return Result<>();
    }(&reopened);
  };
  for (int i = 0; i < 8; ++i) {
    REQUIRE(files.write_atomically("/log/0.log", std::string(100, 'x')));
    REQUIRE(world.run(rotate_log(world, "/log/0.log", reopen, 100, 3)));
    world.run_for(2s);
  }
  CHECK(reopened == 8);
  CHECK(files.list("/log")->size() == 2);  // and the one that containerd opens anew
  REQUIRE(files.write_atomically("/log/0.log", std::string(99, 'x')));
  REQUIRE(world.run(rotate_log(world, "/log/0.log", reopen, 100, 3)));
  CHECK(reopened == 8);
}

namespace {

// A rotation whose reopen ends with an error, before or after containerd has done it; then the next look.
void check_interrupted(bool carried_out, std::string_view expected) {
  sim::SimWorld world(1);
  auto& files = world.files();
  REQUIRE(files.make_directories("/log"));
  REQUIRE(files.write_atomically("/log/0.log", std::string(100, 'x')));
  int asked = 0;
  bool answers = false;
  std::function<Task<Result<>>()> reopen = [&] {
    return [](runtime::Files* disk, int* count, bool opens, bool well) -> Task<Result<>> {
      ++*count;
      if (opens) CHECK(disk->open("/log/0.log", runtime::OpenMode::create)->get()->write_at(0, "new"));
      co_return well ? Result<>() : Result<>(Error(ErrorKind::timeout, "timed out"));
    }(&files, &asked, carried_out || answers, answers);
  };
  CHECK(world.run(rotate_log(world, "/log/0.log", reopen, 100, 3)).failed_with(ErrorKind::timeout));
  CHECK(files.read("/log/0.log").value_or("missing") == expected);
  // We were killed before we could rename it back: the container writes into the file aside.
  if (!carried_out) REQUIRE(files.rename("/log/0.log", "/log/0.log.20260501-090000"));
  answers = true;
  REQUIRE(world.run(rotate_log(world, "/log/0.log", reopen, 100, 3)));
  CHECK(asked == (carried_out ? 1 : 2));
  CHECK(files.read("/log/0.log").value_or("missing") == "new");
}

}  // namespace

TEST_CASE("logs: a rotation that was interrupted is ended, and hides nothing") {
  check_interrupted(false, std::string(100, 'x'));
  check_interrupted(true, "new");
}

namespace {

Task<void> follow(PodBench* b, LogRequest request, PodBench::Collected* sink, bool* ended) {
  auto read = co_await b->agent->logs(request, *sink);
  *ended = read.has_value();
}

Task<void> logs_of_real_containers(RealNode& node) {
  PodBench& b = *node.bench;
  co_await b.create(R"({apiVersion: v1, kind: Pod, metadata: {name: say, namespace: default}, spec: {nodeName: n1,
    containers: [{name: say, image: IMAGE, command: [sh, -c,
      "echo first; echo oops >&2; trap 'exit 3' USR1; trap 'echo bye; exit 0' TERM; i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done"]}]}})");
  if (!co_await b.becomes("say", "ready")) co_return;
  (void)co_await runtime::sleep(500ms);
  std::string text = co_await b.log("say");
  CHECK_MESSAGE(text.find("oops\n") != std::string::npos, text);
  std::string out = co_await b.log("say", with([](auto& r) { r.with_stderr = false; }));
  CHECK_MESSAGE(out.starts_with("first\nline 1\nline 2\n"), out);
  std::string tail = co_await b.log("say", with([](auto& r) { r.tail_lines = 1; }));
  CHECK_MESSAGE((tail.starts_with("line ") && std::ranges::count(tail, '\n') == 1), tail);
  std::string errors = co_await b.log("say", with([](auto& r) { r.with_stdout = false; }));
  CHECK(errors == "oops\n");
  std::string stamped = co_await b.log("say", with([](auto& r) {
                                         r.timestamps = true;
                                         r.limit_bytes = 60;
                                       }));
  CHECK_MESSAGE(base::parse_rfc3339(stamped.substr(0, stamped.find(' '))).has_value(), stamped);
  (void)co_await runtime::sleep(1500ms);
  std::string recent = co_await b.log("say", with([](auto& r) { r.since_s = 1; }));
  CHECK_MESSAGE((recent.find("line") != std::string::npos && recent.find("line 1\n") == std::string::npos), recent);
  std::string none = co_await b.log("say", with([](auto& r) { r.previous = true; }));
  CHECK(none == "error: previous terminated container \"say\" in pod \"say\" not found");

  // Follow across a rotation, until the container has ended.
  PodBench::Collected sink;
  bool ended = false;
  TaskGroup group(node.world.executor());
  group.spawn(follow(&b, with([](auto& r) {
    r.ns = "default";
    r.pod = r.container = "say";
    r.follow = true;
    r.tail_lines = 0;
  }),
                     &sink, &ended));
  (void)co_await runtime::sleep(400ms);
  auto list = co_await b.runtime.list_containers({{kLabelPodName, "say"}});
  auto status = co_await b.runtime.container_status(list.value()[0].id);
  std::string path = status->log_path;
  std::function<Task<Result<>>()> reopen = [&b, id = status->id] { return b.runtime.reopen_log(id); };
  auto rotated = co_await rotate_log(node.world, path, reopen, 1);
  CHECK_MESSAGE(rotated.has_value(), (rotated ? std::string() : rotated.error().str()));
  (void)co_await runtime::sleep(600ms);
  auto files = node.world.files().list(path.substr(0, path.rfind('/')));
  CHECK((files && files->size() == 2));
  co_await b.crash("say");
  for (int i = 0; i < 200 && !ended; ++i) (void)co_await runtime::sleep(20ms);
  CHECK(ended);
  co_await group.stop();
  int expected = 0;  // every line once, in order
  for (std::string_view line : base::split_lines(sink.text)) {
    auto number = line.starts_with("line ") ? base::parse_int(line.substr(5)) : std::nullopt;
    if (!number) continue;
    if (expected) CHECK_MESSAGE(*number == expected, sink.text);
    expected = static_cast<int>(*number) + 1;
  }
  CHECK(expected > 8);

  if (!co_await b.pod_becomes("say", "restarted", [](const Value& p) {
        return PodBench::status_of(p, "say")["restartCount"].as_int() == 1 && PodBench::state_of(p, "say") == "ready";
      }))
    co_return;
  std::string before = co_await b.log("say", with([](auto& r) { r.previous = true; }));
  CHECK_MESSAGE(before.find(fmt::format("line {}\n", expected - 1)) != std::string::npos, before);
  co_await b.remove("say");
  co_await b.is_gone("say");
  CHECK(!node.world.files().exists(path));
}

}  // namespace

TEST_CASE("logs of real containers") {
  with_containers([](RealNode& node) -> Task<void> { co_await logs_of_real_containers(node); });
}
