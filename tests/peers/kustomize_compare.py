#!/usr/bin/env python3
"""Random kustomizations, built by Slipway and by kustomize 5.8.2: bytes, refusals and warnings must be equal.

  kustomize_compare.py [--count N] [--seed S] [--keep DIR] [--only I] [--record FILE | --recorded FILE]

--record writes down what kustomize answers; --recorded compares with that where there is no kustomize.
Each case is a tree of files made from (seed, number): bases, overlays, components, patches, generators, replacements,
vars, references by name, odd YAML. A case that differs is written to DIR/NUMBER (default: a temporary folder) with both
answers; `--only I` makes and runs that one alone. SLIPWAY names our program, SLIPWAY_PEERS the folder of tests/peers/install.
Exit code: 0 no difference, 1 some, 2 said wrongly, 77 no kustomize to compare with.
"""
import argparse, collections, concurrent.futures, hashlib, json, os, random, re, shutil, subprocess, sys, tempfile

from kustomize.case import Case

project = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Answer(collections.namedtuple("Answer", "code out err")):
    def warnings(self):
        """Deprecations, in order; and vars that nothing used, without the time."""
        out = []
        for line in self.err.decode("utf-8", "replace").split("\n"):
            if line.startswith("# Warning:"):
                out.append(line)
            elif "well-defined vars that were never replaced" in line:
                head, _, names = line[line.index("well-defined"):].partition(": ")
                out.append(head + ": " + ",".join(sorted(names.split(","))))
        return out


def run(command, directory):
    done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    return Answer(done.returncode, done.stdout, done.stderr)


def difference(theirs, ours):
    if theirs.code not in (0, 1):
        return ""  # kustomize itself broke down: no answer to compare with
    if ours.code not in (0, 1) or (ours.code and ours.out):
        return f"ours ended with {ours.code}, {len(ours.out)} bytes of output"
    if bool(theirs.code) != bool(ours.code):
        return "refused by kustomize alone" if theirs.code else "refused by slipway alone"
    if theirs.out != ours.out:
        return "bytes"
    if theirs.code == 0 and theirs.warnings() != ours.warnings():
        return "warnings"
    return ""


def digest(data):
    return hashlib.sha256(data).hexdigest()[:20]


def of_changed_kind(theirs, ours):
    """The one known difference (see tests/peers/README.md): names of generated objects that are neither ConfigMap nor
    Secret any more differ in their hash, and nothing else does."""
    named = [[(re.search(rb"^kind: (.*)$", document, re.M), re.search(rb"^  name: (\S+-)?([a-z0-9]{10})$", document, re.M))
              for document in answer.out.split(b"\n---\n")] for answer in (theirs, ours)]
    out = ours.out
    for (kind, name), (_, own) in zip(*named):
        if kind and name and own and kind[1] not in (b"ConfigMap", b"Secret") and name[1] == own[1]:
            out = out.replace(own[0][7:], name[0][7:])
    return out == theirs.out


def inputs_of(case):
    text = json.dumps({name: content if isinstance(content, str) else content.hex() for name, content in case.files.items()}, sort_keys=True)
    return digest(text.encode("utf-8", "surrogatepass"))


def answers(seed, numbers, program):
    """(number, digest of the files, exit code, digest of the output), case by case."""
    with tempfile.TemporaryDirectory() as root:
        def one(number):
            case, directory = Case(seed, number), os.path.join(root, str(number))
            case.write(directory)
            answer = run(program + ["build", "k"], directory)
            shutil.rmtree(directory)
            return number, inputs_of(case), answer.code, digest(answer.out) if answer.code == 0 else "-"
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            yield from pool.map(one, numbers)


def record(path, seed, count, kustomize):
    with open(path, "w") as f:
        f.write(f"# What kustomize 5.8.2 answers to the cases of seed {seed}: number, files, exit code, output.\n")
        for number, files, code, out in answers(seed, range(count), [kustomize]):
            if code in (0, 1):
                f.write(f"{number} {files} {code} {out}\n")
    return 0


def compare_with_recording(path, slipway):
    lines = open(path).read().split("\n")
    seed = re.search(r"seed (\S+):", lines[0])[1]
    known = {int(line.split()[2].rstrip(":")) for line in lines if line.startswith("# known")}
    expected = {int(n): (files, int(code), out) for n, files, code, out in (line.split() for line in lines if line and not line.startswith("#"))}
    same = strange = different = 0
    for number, files, code, out in answers(seed, sorted(expected), [slipway, "kustomize"]):
        if files != expected[number][0]:
            strange += 1  # this Python draws other numbers
        elif (code, out) == expected[number][1:]:
            same += 1
            if number in known:
                different += 1
                print(f"{number} is as recorded now: take it off the list of known differences")
        elif number in known:
            print(f"{number}: differs, as known")
        else:
            different += 1
            print(f"{number}: expected {expected[number][1:]}, got {(code, out)}; see: kustomize_compare.py --seed {seed} --only {number}")
    print(f"{same} as recorded, {different} different, {strange} not drawn alike here")
    if same + different == 0:
        print("SKIPPED: this Python draws other cases than those that were recorded")
        return 77
    return 1 if different else 0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=3000)
    options.add_argument("--seed", default=None)
    options.add_argument("--keep")
    options.add_argument("--only", type=int)
    options.add_argument("--from", dest="first", type=int, default=0)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--record")
    options.add_argument("--recorded")
    said = options.parse_args()
    slipway = os.environ.get("SLIPWAY", os.path.join(project, "build/dev/slipway"))
    peers = os.environ.get("SLIPWAY_PEERS", os.path.expanduser("~/.cache/slipway/peers"))
    kustomize = os.path.join(peers, "bin/kustomize")
    if said.recorded:
        return compare_with_recording(said.recorded, slipway)
    if not os.path.exists(kustomize):
        print(f"SKIPPED: no {kustomize} to compare with (see tests/peers/install)")
        return 77
    if not os.path.exists(slipway):
        print(f"no {slipway}: build it, or name it in SLIPWAY", file=sys.stderr)
        return 2
    if said.record:
        return record(said.record, said.seed or "1", said.count, kustomize)
    seed = said.seed or str(random.SystemRandom().randrange(10**9))
    keep = said.keep or tempfile.mkdtemp(prefix="kustomize-compare-")
    os.makedirs(keep, exist_ok=True)
    print(f"seed {seed}; {'case ' + str(said.only) if said.only is not None else str(said.count) + ' cases'}; differences go to {keep}", flush=True)

    def compare(number):
        directory = os.path.join(keep, str(number))
        shutil.rmtree(directory, ignore_errors=True)
        Case(seed, number).write(directory)
        theirs = run([kustomize, "build", "k"], directory)
        ours = run([slipway, "kustomize", "build", "k"], directory)
        why = difference(theirs, ours)
        if why == "bytes" and of_changed_kind(theirs, ours):
            why = "known"
        if why or said.only is not None:
            for name, answer in (("theirs", theirs), ("ours", ours)):
                with open(os.path.join(directory, name), "wb") as f:
                    f.write(answer.out if answer.code == 0 else answer.err)
        else:
            shutil.rmtree(directory)
        return number, why, theirs, ours

    numbers = [said.only] if said.only is not None else range(said.first, said.first + said.count)
    counts, shown = collections.Counter(), collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(said.jobs) as pool:
        for number, why, theirs, ours in pool.map(compare, numbers):
            counts["built" if theirs.code == 0 else "refused" if theirs.code == 1 else "broken"] += 1
            if why == "known":
                counts["known"] += 1
                print(f"{number}: the hash of a changed kind, as known", flush=True)
            if why in ("", "known"):
                continue
            counts["different"] += 1
            shown[why] += 1
            if shown[why] <= 40:
                detail = ""
                if "refused" in why:
                    detail = (theirs if theirs.code else ours).err.decode("utf-8", "replace").strip().split("\n")[-1][-220:]
                print(f"{number}: {why} {detail}", flush=True)
    print(f"{counts['built']} built, {counts['refused']} refused, {counts['broken']} where kustomize panics, {counts['different']} different, {counts['known']} as known; seed {seed}")
    if not said.keep and not counts["different"] and said.only is None:
        shutil.rmtree(keep, ignore_errors=True)
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
