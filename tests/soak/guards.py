#!/usr/bin/env python3
"""tests/soak/guards.py [--lines | ROW...]: switches off what keeps a promise, one guard at a time, and wants the test that holds it to fail.

Each guard is a line of the source that is replaced in this clone (which must have nothing uncommitted; everything is put back), built
in build/dev, and tried. Before, the same tests must pass. Prints a table; exit code 1 when a test did not notice, or cannot be built.
ROW is a part of a row's name; --lines only looks whether each guard's line is there, once. As root all of them; Slipway's clone must not be in use meanwhile."""
import os, re, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Guard:
    def __init__(self, row, off, file, before, after, target, *test, also=None):
        self.row, self.off, self.target, self.test = row, off, target, list(test)
        self.edits = [(ROOT / name, was, becomes) for name, was, becomes in [(file, before, after)] + ([also] if also else [])]


def unit(room, case):
    return (f"{room}_test", str(ROOT / f"build/dev/tests/{room}_test"), f"-tc={case}")


def e2e(file, test):
    return ("slipway", str(ROOT / f"tests/e2e/{file}_test.py"), test)


def moments(case):
    return ("simulation_test", str(ROOT / "build/dev/tests/simulation_test"), f"-tc={case}")


ACKNOWLEDGE = """    for (Commit& early : batch) {
      std::vector<Value> stored;
      for (const Step& step : early.steps) stored.push_back(step.entry.object);
      if (early.done) std::exchange(early.done, nullptr)->resolve(std::move(stored));
    }
"""
EMPTY = ("src/gitops/engine/reconciler.cc", "bool known = desired->loaded() && !desired->commits.empty();", "bool known = true;")
GUARDS = [
    Guard("kill -9 under writes", "an answer before the write is on the disk", "src/store/live_store.cc", "    if (needs_disk(batch)) {\n",
          ACKNOWLEDGE + "    if (needs_disk(batch)) {\n", "slipway", str(ROOT / "tests/soak/kill_loop.py"), "--kills", "25", "--ready-max", "30"),
    Guard("kill -9 under writes", "revisions begin where the last write was, not above what was reserved", "src/store/live_store.cc",
          "  if (given_ + reservation / 2 > reserved_) rows.reserve", "  if (reserved_ == 0) rows.reserve", *unit("store", "many crashes*")),
    Guard("Secrets at rest", "Secrets are stored like everything else", "src/store/keyring.h", "inline bool must_be_sealed(const Key& key) {\n",
          "inline bool must_be_sealed(const Key& key) {\n  if (!key.name.empty()) return false;\n", *e2e("durability", "SecretsOnTheDisk.test_never_in_clear")),
    Guard("disk full", "a write that failed counts as done", "src/store/live_store.cc", "      if (!written) {\n", "      if (false) {\n",
          *e2e("durability", "Disks.test_full")),
    Guard("read-only file system", "a write that failed counts as done", "src/store/live_store.cc", "      if (!written) {\n", "      if (false) {\n",
          *unit("store", "a commit that cannot be written leaves*")),
    Guard("corrupt database page", "no checksum is looked at", "src/store/database.cc", "if (rows.number(6) != checksum(", "if (false && rows.number(6) != checksum(",
          *unit("store", "damaged*")),
    Guard("database or log gone", "nobody looks at the mark", "src/store/database.cc", "  OR_RETURN(files_.mark().check());\n", "",
          *unit("store", "a file that lacks what was acknowledged*")),
    Guard("database or log gone", "the mark is written before the log is on the disk", "src/store/sqlite_files.cc", "    auto done = h.file->sync();\n",
          "    if (h.is_log) h.owner->mark_.synced();\n    auto done = h.file->sync();\n", *unit("store", "many crashes*")),
    Guard("lists asked for at once", "a piece for each between two looks at the sockets", "src/apiserver/turns.cc", "  begin_round();\n  auto woken", "  co_return Result<>();\n  auto woken",
          *unit("apiserver", "many long answers*")),
    Guard("lists asked for at once", "turns pile up", "src/apiserver/turns.cc", "given_ = !next->resolved();", "given_ = false;", *unit("apiserver", "turns do not pile up*")),
    Guard("lists asked for at once", "all are looked up at once", "src/apiserver/resources.cc", "  OR_CO_RETURN(co_await turns_.next(exchange));\n", "",
          *unit("apiserver", "*are made when there is room for them")),
    Guard("answers that nobody reads", "nothing waits for room", "src/runtime/backlog.cc", "  while (full() && !closed_) OR", "  while (false) OR",
          *e2e("hostile", "Hostile.test_answers_that_nobody_reads")),
    Guard("answers that nobody reads", "who reads nothing stays", "src/runtime/backlog.cc", "      if (full()) close_slowest();\n", "",
          *unit("runtime", "when all hold too much*")),
    Guard("answers that nobody reads", "who reads nothing keeps everybody out", "src/runtime/http_server.cc", "    if (oldest == open_.end()) oldest = longest_stuck();\n", "",
          *unit("runtime", "who takes nothing of his answers*")),
    Guard("answers that nobody reads", "an answer is written for ever", "src/runtime/h1_server.cc", "      if (stuck_max)\n", "      if (false)\n",
          *unit("runtime", "an answer that nobody takes*")),
    Guard("a repository that gives no answer", "git is waited for without an end", "src/sources/git.cc", "  set_limits(call.doing, command);\n", "",
          *unit("sources", "each git is killed*")),
    Guard("a repository that gives no answer", "what was killed is waited for", "src/runtime/run_process.cc", "constexpr Duration kEndingMax = 2s;",
          "constexpr Duration kEndingMax = 24h;", *unit("sources", "a git that cannot be killed*")),
    Guard("a repository that gives no answer", "a change does not end the waiting", "src/gitops/engine/revisions.cc", "    asking->cancel();\n", "",
          *unit("gitops", "a local repository that gave no answer*")),
    Guard("a repository that gives no answer", "what a killed fetch left stays", "src/sources/clones.cc", "  if (asker_ == Asker::server)\n", "  if (asker_ == Asker::server && git_dir.empty())\n",
          "sources_test", "ctest", "--test-dir", str(ROOT / "build/dev"), "-R", "^sources$"),  # from the room's folder
    Guard("half an authority", "another one is made", "src/apiserver/pki.cc", "    return refuse(pair.error().str());\n", "    return std::nullopt;\n",
          *unit("apiserver", "an authority that lacks a half*")),
    Guard("certificates that end", "nobody looks while it runs", "src/slipway/wiring/control_plane.cc",
          "    Duration left = apiserver::until_renewal(plane.pki, world.now());\n", "    Duration left = 24h;\n", *unit("slipway", "a process that runs for three years*")),
    Guard("certificates that end", "the listener keeps the old one", "src/slipway/wiring/control_plane.cc", "  OR_RETURN(plane.tls->replace(pki.server));\n", "",
          *unit("slipway", "a process that runs for three years*")),
    Guard("certificates that end", "a clock that is put right is not noticed", "src/slipway/wiring/control_plane.cc",
          "    if (std::chrono::abs(offset() - before) > clock_look_after) break;\n", "", *unit("slipway", "a clock that was days ahead*")),
    Guard("certificates that end", "the key of tokens goes too", "src/apiserver/pki.cc", "std::string damage = damage_of(key);", "std::string damage = \"is old\";",
          *unit("apiserver", "what ends soon is made anew*")),
    Guard("certificates that end", "one that is not valid yet is kept", "src/apiserver/pki.cc", "return facts.not_before <= now && ", "return ",
          *unit("apiserver", "a certificate that is not valid yet*")),
    Guard("bodies without an end", "all are read", "src/apiserver/body.cc", "if (held_ > limits_.all_bytes_max) {", "if (false) {",
          *unit("apiserver", "bodies that never end*")),
    Guard("bodies without an end", "one may drip for ever", "src/apiserver/body.cc", "runtime::with_timeout(limits_.time_max,", "runtime::with_timeout(Duration(24h),",
          *unit("apiserver", "a body that comes a byte a second*")),
    Guard("bodies without an end", "the webhook waits", "src/slipway/wiring/delivery.h", ".time_max = 10s", ".time_max = 1h", *unit("slipway", "push events*")),
    Guard("bodies without an end", "the webhook takes all", "src/slipway/wiring/delivery.h", ".all_bytes_max = 16 << 20", ".all_bytes_max = 1 << 30", *unit("slipway", "push events*")),
    Guard("bodies without an end", "each byte that nobody reads has its second", "src/runtime/h1_server.cc", "with_timeout(linger_time_max, drain())",
          "with_timeout(Duration(1h), drain())", *unit("runtime", "a body that nobody reads*")),
    Guard("very many objects", "all are taken", "src/gitops/compare/targets.cc", "if (all.size() > objects_max) {", "if (false) {",
          *e2e("hostile_git", "HostileRepositories.test_very_many_objects")),
    Guard("no files", "all is read", "src/runtime/files_real.cc", "if (!may_be_passed_on || !is_passed_on(path)) {", "if (false) {", *unit("runtime", "what is no file*")),
    Guard("backups", "a name that can be known", "src/slipway/wiring/backup.cc", 'path + ".partial-" + base::hex_encode(world.random().bytes(8))',
          'path + ".partial-"', *unit("slipway", "a backup is written under a name*")),
    Guard("backups", "what is there is written to", "src/slipway/wiring/backup.cc", "(partial.name, runtime::OpenMode::create_new, 0600)", "(partial.name, runtime::OpenMode::create, 0600)",
          *unit("slipway", "a backup writes into no file*")),
    Guard("backups", "the data directory is taken", "src/slipway/wiring/backup.cc", 'if (path == data || path.starts_with(data + "/"))', "if (false)",
          *e2e("durability", "BackupAndRestore.test_what_is_refused")),
    Guard("backups", "it has a name before it is whole", "src/slipway/wiring/backup.cc", "    if (nameless) {\n      partial.nameless",
          "    if (false) {\n      partial.nameless", *e2e("durability", "BackupAndRestore.test_a_backup_that_is_killed_leaves_nothing"),
          also=("src/slipway/wiring/backup.cc", "} else if (nameless.error().is(ErrorKind::unsupported)) {", "} else if (true) {")),
    Guard("one Slipway a directory", "nothing is locked", "src/runtime/files_real.cc", "::flock(fd.get(), LOCK_EX | LOCK_NB)", "::flock(fd.get(), LOCK_SH | LOCK_NB)",
          *unit("runtime", "a lock is held once*")),
    Guard("one Slipway a directory", "the directory itself is not locked", "src/slipway/wiring/running.cc", "auto directory = world.files().lock(data);",
          'Result<std::unique_ptr<runtime::FileLock>> directory = Error(ErrorKind::unsupported, "");', *e2e("simulated", "Refusals.test_a_lock_that_was_removed_holds")),
    Guard("down ends the holder", "whom the last start named is ended", "src/slipway/wiring/down.cc", "    if (*holder > 0 && *holder != told) {\n",
          "    if (auto named = read_running(world, data)) holder = named->pid;\n    if (*holder > 0 && *holder != told) {\n",
          *e2e("simulated", "Refusals.test_down_ends_who_holds_the_directory_and_nobody_else")),
    Guard("very many faults", "all of an object are told", "src/gitops/compare/targets.cc", "if (told == kProblemsMax) {", "if (false) {",
          *unit("gitops", "of one object ten faults*")),
    Guard("very many faults", "all of an Application are told", "src/gitops/compare/targets.cc", "if (conditions.size() <= kConditionsMax) return;", "return;",
          *unit("gitops", "of an Application a hundred*")),
    Guard("very many faults", "all files are read again", "src/gitops/compare/targets.cc", "budget.reread_bytes -= size;", "", *unit("gitops", "a large file is read again*")),
    Guard("clock jumps", "the node does not look again after a jump", "src/node/agent.cc", "if (jump < 5s && jump > -5s) continue;", "continue;",
          *moments("the clock jumps over a pod's deadline*")),
    Guard("clock jumps", "a back-off of before the jump holds, and the node does not look again", "src/node/pod/decide.h", "now >= at && now < retry_at",
          "now < retry_at", *moments("the clock jumps during a back-off*"), also=("src/node/agent.cc", "if (jump < 5s && jump > -5s) continue;", "continue;")),
    Guard("unreachable for an hour", "what failed once is not tried again", "src/gitops/engine/revisions.cc",
          "Head{commit, world_.steady_now() + retry_delay,", "Head{commit, world_.steady_now() + Duration(24h),", *moments("a repository that is unreachable*")),
    Guard("unreachable for an hour", "what cannot be read is taken for empty", "src/gitops/engine/reconciler.cc", "  if (!usable) {\n    view.state.status",
          "  if (false) {\n    view.state.status", *moments("a repository that is unreachable*"), also=EMPTY),
    Guard("twice within 10 ms", "an answer that was overtaken is kept", "src/gitops/engine/revisions.cc", " && at->second->changes == changes)", ")",
          *moments("two commits within 10 ms*")),
    Guard("force-push", "a moved branch does not make the answer old", "src/gitops/engine/revisions.cc", "  return std::exchange(repository.heads, {});\n",
          "  return repository.heads;\n", *moments("a force-push*")),
    Guard("branch deleted and back", "no branch is taken for an empty one", "src/gitops/engine/reconciler.cc", "  if (!usable) {\n    view.state.status",
          "  if (false) {\n    view.state.status", *moments("a deleted branch*"), also=EMPTY),
    Guard("hostile Git trees", "aliases are expanded without an end", "src/value/yaml.cc", "if (nodes_ > limits_.nodes_max)", "if (false)", *unit("value", "limits")),
    Guard("hostile Git trees", "nesting has no limit", "src/value/yaml.cc", "if (static_cast<int>(frames_.size()) >= limits_.depth_max)", "if (false)",
          *unit("value", "limits")),
    Guard("hostile Git trees", "a file may be as large as it likes", "src/sources/object_store.cc", " && line.size <= limits_.blob_bytes_max;",
          ";", *e2e("hostile_git", "HostileRepositories.test_a_huge_file")),
    Guard("hostile Git trees", "files are not counted", "src/sources/object_text.cc", "if (lines.size() >= files_max)", "if (lines.size() >= 250'000)",
          *e2e("hostile_git", "HostileRepositories.test_very_many_files"),
          also=("src/sources/outline.cc", "return sum.files <= limits_.files_max - taken.files", "return sum.files <= 250'000 - taken.files")),
    Guard("hostile Git trees", "one folder of too many files is in the way of all", "src/sources/outline.cc", "      open(std::move(at));\n", "      leave_out(at);\n",
          *unit("sources", "a folder of too many files stands*")),
    Guard("hostile Git trees", "links may lead out", "src/sources/tree.cc", "if (at.empty()) return fail(ErrorKind::forbidden", "if (at.empty() && false) return fail(ErrorKind::forbidden",
          *e2e("hostile_git", "HostileRepositories.test_a_link_out_of_the_tree")),
    Guard("HTTP: smuggling", "both lengths are taken", "src/runtime/h1_head.cc", 'if (!lengths.empty()) return {400, "both', 'if (false) return {400, "both',
          *e2e("hostile", "Hostile.test_smuggling")),
    Guard("HTTP: oversized", "a body may be as large as it likes", "src/apiserver/body.cc", "if (piece.size() > limits_.bytes_max - body.size())", "if (false)",
          *e2e("hostile", "Hostile.test_too_large")),
    Guard("HTTP: slow-loris", "a head may take an hour", "src/runtime/h1_server.cc", "with_timeout(connection.limits.header_time_max,\n", "with_timeout(Duration(1h),\n",
          *e2e("hostile", "Hostile.test_slow_loris")),
    Guard("HTTP: rapid reset", "what is taken back begins", "src/runtime/h2_server.cc", "if (stream->closed) continue;", "", *unit("runtime", "a request that its client takes back*")),
    Guard("HTTP: rapid reset", "all of one client begin at once", "src/runtime/h2_server.cc", "if (heads_.empty()) break;", "continue;", *unit("runtime", "many requests of one client*")),
    Guard("HTTP: rapid reset", "a round of the loop has no end in time", "src/runtime/loop.cc", "if (steady_now() >= end) return;", "", *unit("runtime", "much work that takes long*")),
    # Of resets, pings and settings nghttp2 counts for itself; of these only we do.
    Guard("HTTP: floods of frames", "nobody counts", "src/runtime/h2_session.cc", "return side_ == Side::client || glitches_.take(executor_.steady_now());",
          "return true;", *e2e("hostile", "Hostile.test_priority_flood")),
    Guard("DNS queries that unfold", "names unfold without an end", "src/network/dns/message.cc", "if (unfolded_ > unfolded_bytes_max)", "if (false)",
          *unit("network", "names that point to names*")),
    Guard("DNS queries that unfold", "the header decides nothing", "src/network/dns/server.cc", "bytes > query_bytes_max || ", "",
          *unit("network", "what is no question*")),
    Guard("DNS queries that unfold", "all wait for others", "src/network/dns/server.cc", "if (forwarded_ >= forwarded_max)", "if (false)",
          *unit("network", "a crowd that asks*")),
    Guard("rules flushed, addresses taken", "nobody looks for the table", "src/network/network.cc", "if (there || !loaded_) co_return", "if (there || true) co_return",
          *unit("network", "what others take*")),
    Guard("rules flushed, addresses taken", "nobody looks for the addresses", "src/network/network.cc", "if (!is_set_up(wanted_machine(), now)) {", "if (false) {",
          *unit("network", "what others take*")),
    Guard("a remote cluster that is away", "a list that is there counts as an answer", "src/cluster/cache.cc", "      if (heard) {\n", "      if (true) {\n",
          *unit("cluster", "a server that is away*")),
    Guard("a remote cluster that is away", "an answer may stop in the middle", "src/cluster/remote/remote.cc", "co_await body->read_all(bytes_max, silence_max)",
          "co_await body->read_all(bytes_max)", *unit("cluster", "a server that stops*")),
    Guard("pods placed at once", "what is being bound is not counted", "src/workloads/scheduler/scheduler.cc", "if (assumed_.empty()) return pods;", "if (true) return pods;",
          *unit("workloads", "of pods that wait*")),
    Guard("idle connections", "the newest makes room", "src/runtime/http_server.cc", "at->idle_since() < oldest->idle_since()", "at->idle_since() > oldest->idle_since()",
          *e2e("hostile", "Hostile.test_the_oldest_idle_connection_makes_room")),
]


def lines_not_found():
    return [f"{path.relative_to(ROOT)}: {path.read_text().count(was) if path.exists() else 0} times what the guard of {guard.row!r} is, expected once: {was.strip()!r}"
            for guard in GUARDS for path, was, _ in guard.edits if not path.exists() or path.read_text().count(was) != 1]


def run(command, folder, log, seconds=900):
    with open(log, "w") as out:
        try:
            return subprocess.run(command, cwd=folder, stdout=out, stderr=out, timeout=seconds, env={**os.environ, "SLIPWAY": str(ROOT / "build/dev/slipway")}).returncode
        except subprocess.TimeoutExpired:
            return "timeout"


def build(*targets):
    return subprocess.run([*os.environ.get("BUILD", "cmake --build build/dev --target").split(), *targets], cwd=ROOT, capture_output=True, text=True)


def verdict(guard, log):
    status = run(guard.test, ROOT, log)
    said = Path(log).read_text(errors="replace")
    if re.search(r"\(skipped=|\.\.\. skipped|test cases: +0 ", said):
        return "skipped"
    return "green" if status == 0 else "red"


def main():
    if sys.argv[1:] == ["--lines"]:
        missing = lines_not_found()
        print("\n".join(missing) or f"{len(GUARDS)} guards, each with its line")
        return 1 if missing else 0
    chosen = [g for g in GUARDS if not sys.argv[1:] or any(word in g.row for word in sys.argv[1:])]
    if subprocess.run(["git", "status", "--porcelain", "-uno"], cwd=ROOT, capture_output=True, text=True).stdout:
        sys.exit("guards: this clone has uncommitted changes")
    log, rows, bad = ROOT / "build/guards.log", [], 0
    built = build(*sorted({g.target for g in chosen}))
    if built.returncode:
        sys.exit(built.stdout[-3000:] + built.stderr)
    with_guard = {}
    for guard in chosen:
        key = tuple(guard.test)
        if key not in with_guard:
            with_guard[key] = verdict(guard, log)
            print(f"guards: {with_guard[key]}: {' '.join(Path(w).name if w.startswith('/') else w for w in guard.test)}", file=sys.stderr, flush=True)
    for guard in chosen:
        texts, begun = {path: path.read_text() for path, _, _ in guard.edits}, time.monotonic()
        if strange := [path.name for path, was, _ in guard.edits if texts[path].count(was) != 1]:
            result = f"not one such line in {strange[0]}"
        elif with_guard[tuple(guard.test)] != "green":
            result = f"{with_guard[tuple(guard.test)]} with the guard"
        else:
            try:
                for path, was, becomes in guard.edits:
                    path.write_text(path.read_text().replace(was, becomes))
                built = build(guard.target)
                result = "does not build:\n" + built.stdout[-2000:] if built.returncode else verdict(guard, log)
            finally:
                for path, text in texts.items():
                    path.write_text(text)
        bad += result != "red"
        rows.append((guard.row, guard.off, " ".join(Path(w).name if w.startswith("/") else w for w in guard.test), result))
        print(f"guards: {result} after {time.monotonic() - begun:.0f} s: {guard.row}: {guard.off}", file=sys.stderr, flush=True)
    build(*sorted({g.target for g in chosen}))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(f"{len(rows)} guards, {len(rows) - bad} tests turned red without them")
    return 1 if bad or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
