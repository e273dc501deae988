// git as a program that does what it wants, on fake time: it never answers, answers slowly, or cannot even be killed.
#include "sources/git.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::sources;
using runtime::ExitStatus;
using sim::PlayedProcess;

namespace {

Task<ExitStatus> silent(PlayedProcess& process) {
  auto slept = co_await runtime::sleep(24h);
  co_return ExitStatus{slept ? 0 : 1, 0};
}
// In a call to a file system: no signal reaches it before that answers, after an hour.
Task<ExitStatus> stuck(PlayedProcess& process) {
  runtime::Scope beyond(process.world().executor());
  auto slept = co_await runtime::sleep(1h).in(beyond);
  co_return ExitStatus{slept ? 0 : 1, 0};
}
// A word every `pause`, `words` times.
template <int pause_s, int words>
Task<ExitStatus> slow(PlayedProcess& process) {
  for (int i = 0; i < words; ++i) {
    auto slept = co_await runtime::sleep(std::chrono::seconds(pause_s));
    if (!slept) co_return ExitStatus{1, 0};
    auto written = co_await process.err().write("Receiving objects\r");
    if (!written) co_return ExitStatus{1, 0};
  }
  co_return ExitStatus{0, 0};
}

std::string outcome(sim::SimWorld& world, Git& git, GitCall call) {
  auto before = world.elapsed();
  auto done = world.run(git.run(std::move(call)));
  auto took = std::chrono::duration_cast<std::chrono::seconds>(world.elapsed() - before).count();
  return fmt::format("{} s: {}", took, done ? "well" : done.error().str());
}

}  // namespace

TEST_CASE("each git is killed at the limit of what it does") {
  sim::SimWorld world(1);
  Git git(world, {});
  auto& programs = world.programs();
  programs.on_start("git", silent);
  CHECK(outcome(world, git, {.args = {"cat-file", "--batch"}, .git_dir = "/r/.git", .input = "HEAD\n"}) ==
        "20 s: git cat-file gave no answer for 20 s");
  CHECK(outcome(world, git, {.args = {"--literal-pathspecs", "ls-tree"}, .git_dir = "/r/.git"}) ==
        "20 s: git ls-tree gave no answer for 20 s");
  CHECK(outcome(world, git, {.args = {"cat-file"}, .git_dir = "/r/.git", .input = "HEAD\n", .doing = Doing::looking}) ==
        "20 s: git cat-file gave no answer for 20 s");
  CHECK(outcome(world, git, {.args = {"ls-remote"}, .doing = Doing::asking}) ==
        "60 s: git ls-remote gave no answer for 60 s");
  CHECK(outcome(world, git, {.args = {"fetch"}, .git_dir = "/c", .doing = Doing::fetching}) ==
        "60 s: git fetch gave no answer for 60 s");
  CHECK(programs.running() == 0);

  programs.on_start("git", slow<10, 5>);
  CHECK(outcome(world, git, {.args = {"ls-tree"}, .git_dir = "/r/.git"}) == "50 s: well");
  programs.on_start("git", slow<10, 100>);
  CHECK(outcome(world, git, {.args = {"ls-tree"}, .git_dir = "/r/.git"}) ==
        "120 s: git ls-tree took longer than 120 s");
  CHECK(outcome(world, git, {.args = {"rev-parse"}, .git_dir = "/r/.git", .doing = Doing::looking}) ==
        "20 s: git rev-parse took longer than 20 s");
  programs.on_start("git", slow<50, 10>);
  CHECK(outcome(world, git, {.args = {"fetch"}, .git_dir = "/c", .doing = Doing::fetching}) == "500 s: well");
  programs.on_start("git", slow<50, 100>);
  CHECK(outcome(world, git, {.args = {"fetch"}, .git_dir = "/c", .doing = Doing::fetching}) ==
        "600 s: git fetch took longer than 600 s");
  CHECK(programs.running() == 0);
}

TEST_CASE("a git that cannot be killed is left, and its place is not asked again before it ends") {
  sim::SimWorld world(1);
  Git git(world, {});
  auto& programs = world.programs();
  programs.on_start("git", stuck);
  CHECK(
      outcome(world, git, {.args = {"rev-parse"}, .git_dir = "/nfs/r/.git"}) ==
      "22 s: git rev-parse gave no answer for 20 s, and does not end when it is killed: the file system that it waits "
      "for does not answer");
  CHECK(programs.running() == 1);
  programs.on_command("git", [](const runtime::Command&, const std::string&) { return runtime::Finished{}; });
  CHECK(outcome(world, git, {.args = {"rev-parse"}, .git_dir = "/nfs/r/.git"}) ==
        "0 s: a git that was killed still waits for the file system of /nfs/r/.git; it is asked again when that one "
        "ends");
  CHECK(outcome(world, git, {.args = {"rev-parse"}, .git_dir = "/disk/r/.git"}) == "0 s: well");
  CHECK(programs.running() == 1);
  world.run_for(1h);
  CHECK(programs.running() == 0);
  CHECK(outcome(world, git, {.args = {"rev-parse"}, .git_dir = "/nfs/r/.git"}) == "0 s: well");
}

TEST_CASE("what a git says that was ended from outside, or says too much") {
  sim::SimWorld world(1);
  Git git(world, {});
  world.programs().on_command("git", [](const runtime::Command&, const std::string&) {
    return runtime::Finished{{0, 9}, "half an answer", ""};
  });
  CHECK(outcome(world, git, {.args = {"cat-file"}}) == "0 s: git cat-file was ended by signal 9");
  world.programs().on_command("git", [](const runtime::Command&, const std::string&) {
    return runtime::Finished{{0, 0}, std::string(5000, 'x'), ""};
  });
  CHECK(outcome(world, git, {.args = {"cat-file"}, .output_max = 1000}) ==
        "0 s: git cat-file wrote more than 1000 bytes");
  world.programs().on_command(
      "git", [](const runtime::Command&, const std::string&) { return runtime::Finished{{137, 0}, "", ""}; });
  CHECK(outcome(world, git, {.args = {"cat-file"}}) == "0 s: git cat-file failed without a word (exit code 137)");
  CHECK(git_error("Receiving objects:  10% (1/10)\rReceiving objects:  20% (2/10)\rfatal: early EOF\n").str() ==
        "early EOF");
}
