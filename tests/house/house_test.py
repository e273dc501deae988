#!/usr/bin/env python3
"""Holds the house: who may include whom, what every room must have, what no file may say.

house_test.py CHECK   with CHECK one of self, layers, readmes, architecture, format, paths, guards.
Each check returns a list of complaints; each complaint names the file, what is wrong and the nearest fix.
`self` runs the checks on small wrong trees, so that a check that stopped seeing anything does not pass for good news.
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Tree:
    """The sources as the checks see them: rooms, their order, what they use."""

    def __init__(self, root):
        self.root = root
        text = self.read("src/CMakeLists.txt")
        listed = re.search(r"foreach\(room IN ITEMS\s+([^)]*)\)", text)
        if not listed:
            raise SystemExit("src/CMakeLists.txt: expected 'foreach(room IN ITEMS ...)', the order of the rooms")
        self.order = listed.group(1).split()
        self.rooms = []
        for folder, folders, files in os.walk(os.path.join(root, "src")):
            folders.sort()
            name = os.path.relpath(folder, os.path.join(root, "src"))
            if "CMakeLists.txt" in files and name != ".":
                if "slipway_room(" in self.read(f"src/{name}/CMakeLists.txt") or name in self.order:
                    self.rooms.append(name)
        self.rooms.sort(key=lambda room: (self.place(room), room))

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def place(self, room):
        """Position in the list; a room inside a listed room stands where that one stands. -1: not listed."""
        while room:
            if room in self.order:
                return self.order.index(room)
            room = os.path.dirname(room)
        return -1

    def room_of(self, path):
        """The innermost room holding src/PATH, or None."""
        folder = os.path.dirname(path)
        while folder:
            if folder in self.rooms:
                return folder
            folder = os.path.dirname(folder)
        return None

    def uses(self, room, keyword="USES"):
        """The rooms named after USES (or TEST_USES) in the room's slipway_room(...)."""
        text = re.sub(r"#.*", "", self.read(f"src/{room}/CMakeLists.txt"))
        call = re.search(r"slipway_room\(\s*(\S+)([^)]*)\)", text)
        words = call.group(2).split() if call else []
        found, taking = [], False
        for word in words:
            if word in ("USES", "LINK", "TEST_USES"):
                taking = word == keyword
            elif taking:
                found.append(word)
        return found

    def reachable(self, room):
        seen, todo = set(), [room]
        while todo:
            for used in self.uses(todo.pop()):
                if used not in seen and used in self.rooms:
                    seen.add(used)
                    todo.append(used)
        return seen

    def sources(self):
        """(path under src/, line number, how it is included, what) for every #include of every source."""
        for folder, folders, files in os.walk(os.path.join(self.root, "src")):
            folders[:] = sorted(f for f in folders if f != "testdata")
            for file in sorted(files):
                if file.endswith((".cc", ".h")):
                    path = os.path.relpath(os.path.join(folder, file), os.path.join(self.root, "src"))
                    for number, line in enumerate(self.read(f"src/{path}").splitlines(), 1):
                        include = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
                        if include:
                            yield path, number, include.group(1), include.group(2)


def is_test(path):
    """Code that only test programs are made of: x_test.cc, a contract suite x_contract.h, a room's testing/ folder."""
    return bool(re.search(r"(_test|_fuzz|_contract|_fake)\.(cc|h)$|(^|/)testing/", path))


def layers(tree):
    complaints = []
    edges = {}
    for room in tree.rooms:
        if tree.place(room) < 0:
            complaints.append(f"src/{room}: not in the list of rooms in src/CMakeLists.txt; add it where it may look upwards")
        for used in tree.uses(room):
            if used not in tree.rooms:
                complaints.append(f"src/{room}/CMakeLists.txt: USES {used}, which is not a room")
            elif tree.place(used) > tree.place(room):
                complaints.append(f"src/{room}/CMakeLists.txt: USES {used}, which stands below it; turn the call around or hand in an interface")
    reach = {room: tree.reachable(room) for room in tree.rooms}
    for path, number, how, what in tree.sources():
        here, at = tree.room_of(path), f"src/{path}:{number}"
        if here is None:
            complaints.append(f"src/{path}: belongs to no room; give its folder a CMakeLists.txt with slipway_room(...)")
            continue
        if re.match(r"sys/epoll|boost/asio|boost/beast", what) and here != "runtime" and not here.startswith("runtime/"):
            complaints.append(f"{at}: includes <{what}>; only src/runtime knows the event loop, use its Task and streams")
        there = tree.room_of(what) if how == '"' else None
        if how == '"' and "/" not in what and os.path.exists(os.path.join(tree.root, "src", os.path.dirname(path), what)):
            complaints.append(f'{at}: "{what}"; write the path from src/: "{os.path.dirname(path)}/{what}"')
        if there is None or there == here:
            continue
        edges.setdefault(here, {}).setdefault(there, at)
        if tree.place(there) > tree.place(here):
            complaints.append(f"{at}: {here} includes {what}, but {there} stands below it in src/CMakeLists.txt")
        elif there not in reach[here] and not (is_test(path) and there in tree.uses(here, "TEST_USES")):
            complaints.append(f"{at}: {here} includes {what}, but USES in src/{here}/CMakeLists.txt does not lead to {there}; add it")
        if (there == "sim" or there.startswith("sim/")) and not is_test(path):
            complaints.append(f"{at}: product code includes {what}; sim is for tests alone")
    for cycle in cycles(edges):
        places = ", ".join(edges[a][b] for a, b in zip(cycle, cycle[1:]))
        complaints.append(f"rooms include one another in a circle: {' -> '.join(cycle)} ({places})")
    return complaints


def cycles(edges):
    """Each circle once, as room names with the first repeated at the end."""
    found, done = [], set()

    def walk(room, trail):
        if room in trail:
            found.append(trail[trail.index(room):] + [room])
            return
        if room in done:
            return
        for next_room in sorted(edges.get(room, ())):
            walk(next_room, trail + [room])
        done.add(room)

    for room in sorted(edges):
        walk(room, [])
    return found


def readmes(tree):
    complaints = []
    for room in tree.rooms:
        path = f"src/{room}/README.md"
        if not os.path.exists(os.path.join(tree.root, path)):
            complaints.append(f"{path}: missing; one screen: what the room is for, what it never does, three types to read first, how to test it alone")
        elif len(tree.read(path).split()) < 20:
            complaints.append(f"{path}: says nothing yet; one screen is expected")
    return complaints


def architecture(tree):
    """ARCHITECTURE.md has a row `| \\`room\\` | sentence | rooms it uses |` for each room, and no other."""
    if not os.path.exists(os.path.join(tree.root, "ARCHITECTURE.md")):
        return ["ARCHITECTURE.md: missing"]
    complaints, seen = [], {}
    for number, line in enumerate(tree.read("ARCHITECTURE.md").splitlines(), 1):
        row = re.match(r"\|\s*`([a-z0-9_/]+?)/?`\s*\|(.*)\|(.*)\|\s*$", line)
        if row:
            seen[row.group(1)] = (number, row.group(2).strip(), set(re.findall(r"[a-z0-9_]+(?:/[a-z0-9_]+)*", row.group(3))))
    for room in tree.rooms:
        uses = ", ".join(tree.uses(room)) or "-"
        if room not in seen:
            complaints.append(f"ARCHITECTURE.md: no row for the room src/{room}; add: | `{room}` | what it is, one sentence | {uses} |")
        else:
            number, sentence, sees = seen[room]
            if len(sentence.split()) < 3:
                complaints.append(f"ARCHITECTURE.md:{number}: `{room}` needs a sentence")
            if sees != set(tree.uses(room)):
                complaints.append(f"ARCHITECTURE.md:{number}: `{room}` sees {', '.join(sorted(sees)) or '-'}, its CMakeLists.txt says USES {uses}")
    for room, (number, _, _) in seen.items():
        if room not in tree.rooms:
            complaints.append(f"ARCHITECTURE.md:{number}: `{room}` is not a room; rooms are the folders of src/ with slipway_room(...)")
    return complaints


def format(tree):
    run = subprocess.run([os.path.join(tree.root, "script/format"), "--check"], stderr=subprocess.PIPE, text=True)
    if run.returncode == 0:
        return []
    files = sorted(set(re.findall(r"^([^:\n]+):\d+:\d+: ", run.stderr, re.M)))
    return [f"{file}: not formatted; run script/format" for file in files] or [run.stderr.strip()]


def paths(tree):
    """No path of the machine that the project was written on."""
    spelled = ["/" + "home/[a-z]", "/" + "Users/[A-Za-z]", "/" + "work/(main|trees|shared|tools)"]
    if tree.root.count("/") > 1:  # a clone at /src says nothing about where it was written
        spelled.append(re.escape(tree.root) + r"(/|\b)")
    listed = subprocess.run(["git", "-C", tree.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], stdout=subprocess.PIPE, check=True)
    complaints = []
    for path in filter(None, listed.stdout.decode().split("\0")):
        full = os.path.join(tree.root, path)
        if os.path.islink(full) or not os.path.isfile(full):
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            for pattern in spelled:
                place = re.search(pattern, line)
                if place:
                    complaints.append(f"{path}:{number}: a path of one machine, {place.group(0)!r}; make it relative to the project")
    return complaints


def guards(tree):
    """What the soak switches off is still spelled as it says there."""
    run = subprocess.run([sys.executable, os.path.join(tree.root, "tests/soak/guards.py"), "--lines"], stdout=subprocess.PIPE, text=True)
    return [f"{line}; tests/soak/guards.py names it" for line in run.stdout.splitlines()] or ["tests/soak/guards.py: says nothing"] if run.returncode else []


def self_check(_):
    """Small trees with one thing wrong each: every check must see it, and nothing in the tree that is right."""
    right = {
        "src/CMakeLists.txt": "foreach(room IN ITEMS base runtime sim value)\nendforeach()\n",
        "src/base/CMakeLists.txt": "slipway_room(base LINK fmt::fmt)",
        "src/base/README.md": "word " * 30,
        "src/base/a.h": "",
        "src/runtime/CMakeLists.txt": "slipway_room(runtime USES base)",
        "src/runtime/README.md": "word " * 30,
        "src/runtime/r.cc": '#include <sys/epoll.h>\n#include "base/a.h"\n',
        "src/sim/CMakeLists.txt": "slipway_room(sim USES base runtime)",
        "src/sim/README.md": "word " * 30,
        "src/sim/s.h": "",
        "src/value/CMakeLists.txt": "slipway_room(value USES base TEST_USES sim)",
        "src/value/README.md": "word " * 30,
        "src/value/v_test.cc": '#include "sim/s.h"\n',
        "ARCHITECTURE.md": "| `base` | what it is | - |\n| `runtime` | what it is | base |\n| `sim` | what it is | base, runtime |\n| `value` | what it is | base |\n",
    }
    wrong = [
        (layers, "src/base/b.cc", '#include "runtime/r.h"\n', "stands below"),
        (layers, "src/value/b.cc", "#include <sys/epoll.h>\n", "event loop"),
        (layers, "src/value/b.cc", '#include "sim/s.h"\n', "for tests alone"),
        (layers, "src/value/b.cc", '#include "sim/s.h"\n', "does not lead to"),
        (layers, "src/base/CMakeLists.txt", "slipway_room(base USES value)", "stands below it"),
        (layers, "src/base/b.cc", '#include "a.h"\n', "write the path from src/"),
        (layers, "src/runtime/CMakeLists.txt", "slipway_room(runtime)", "does not lead to"),
        (layers, "src/loose/CMakeLists.txt", "slipway_room(loose)", "not in the list"),
        (readmes, "src/base/README.md", None, "missing"),
        (readmes, "src/base/README.md", "todo", "says nothing"),
        (architecture, "ARCHITECTURE.md", None, "missing"),
        (architecture, "ARCHITECTURE.md", right["ARCHITECTURE.md"] + "| `ghost` | what it is | - |\n", "not a room"),
        (architecture, "ARCHITECTURE.md", right["ARCHITECTURE.md"].split("\n", 1)[1], "no row"),
        (architecture, "src/runtime/CMakeLists.txt", "slipway_room(runtime USES base LINK x)\n", None),
        (architecture, "src/value/CMakeLists.txt", "slipway_room(value USES base runtime)\n", "says USES"),
        (paths, "src/base/a.h", "// /" + "home/me/x\n", "one machine"),
        (guards, "tests/soak/guards.py", Tree(ROOT).read("tests/soak/guards.py"), "expected once"),
    ]
    complaints = []
    for check, path, content, expected in [(c, None, None, None) for c in (layers, readmes, architecture, paths)] + wrong:
        with tempfile.TemporaryDirectory() as root:
            files = dict(right)
            if path:
                files[path] = content
            for name, text in files.items():
                if text is not None:
                    os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                    with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                        file.write(text)
            subprocess.run(["git", "init", "-q", root], check=True)
            got = check(Tree(root))
            if expected is None and got:
                complaints.append(f"{check.__name__} on a right tree complained: {got}")
            if expected is not None and not any(expected in line for line in got):
                complaints.append(f"{check.__name__} with {path} = {content!r}: expected a complaint with {expected!r}, got {got}")
    circle = cycles({"a": {"b": "x"}, "b": {"c": "y"}, "c": {"a": "z"}})
    if circle != [["a", "b", "c", "a"]]:
        complaints.append(f"cycles: expected a -> b -> c -> a, got {circle}")
    return complaints


CHECKS = {"self": self_check, "layers": layers, "readmes": readmes, "architecture": architecture, "format": format, "paths": paths, "guards": guards}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in CHECKS:
        raise SystemExit(__doc__)
    complaints = CHECKS[sys.argv[1]](Tree(ROOT))
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)
