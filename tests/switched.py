"""Judges mutants from one build: `tests/mutants` puts each behind a switch, and the tests run once for each.

What cannot be judged so is left to cargo-mutants, which builds once for each.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

SWITCH = "LIFT_MUTANT"
PACKAGE = "lift"
# No test takes nearly as long; a loop without an end is one that was noticed.
LEAST_SECONDS = 20
FAILED = re.compile(r"^test (\S+) \.\.\. FAILED", re.MULTILINE)
# Compares the text of one of the files that are rewritten here.
SKIPPED = "config::path::tests::routes_and_prefixes_are_judged_by_the_same_rules"
# What the compiler says of another type that an `impl Trait` would be.
ANOTHER_TYPE = {"E0271", "E0308"}


class Build:
    """The program with all mutants in it."""

    def __init__(self, state, mutants):
        self.mutants = mutants
        self.tree = (state / "switched").resolve()
        self.target = (state / "switched-target").resolve()
        flags = os.environ.get("RUSTFLAGS", "") + " --cap-lints=allow"
        self.environment = {**os.environ, "RUSTFLAGS": flags, "CARGO_TARGET_DIR": str(self.target)}
        # By their numbers: those that do not compile, and those that others keep from compiling.
        self.unviable, self.left = set(), set()
        self.programs, self.seconds = {}, {}

    def cargo(self, *command):
        command = ["cargo", *command, "--package", PACKAGE, "--profile", "mutants", "--message-format", "json"]
        process = subprocess.run(
            command, cwd=self.tree, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return process.returncode == 0, [json.loads(line) for line in process.stdout.splitlines()]

    def write(self):
        """The tree with the mutants that may compile; gives where they are."""
        shutil.rmtree(self.tree, ignore_errors=True)
        files = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, text=True, stdout=subprocess.PIPE,
        ).stdout
        for file in filter(os.path.isfile, files.split("\0")):
            to = self.tree / file
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, to)
        out = self.unviable | self.left
        listed = [None if number in out else mutant for number, mutant in enumerate(self.mutants, 1)]
        command = ["cargo", "run", "--quiet", "--manifest-path", "tests/mutants/Cargo.toml", "--", str(self.tree)]
        environment = {**os.environ, "CARGO_TARGET_DIR": str(self.target)}
        report = subprocess.run(
            command, check=True, env=environment, text=True, input=json.dumps(listed), stdout=subprocess.PIPE
        ).stdout
        return json.loads(report)["places"]

    def leave_out(self, places, message):
        """What an error of the compiler is about: the mutant that it stands in, else those that are next to it."""
        found = False
        for span in message["spans"]:
            if not span["is_primary"]:
                continue
            begin, end = span["byte_start"], span["byte_end"]
            here = places.get(span["file_name"], [])
            within = {number for first, last, number in here if first <= begin and end <= last}
            near = {number for first, last, number in here if first < end and begin < last}
            if not near:
                before = [number for _, last, number in here if last <= begin]
                behind = [number for first, _, number in here if first >= end]
                near = {*before[-1:], *behind[:1]}
            code = (message["code"] or {}).get("code")
            unsure = {number for number in within if code in ANOTHER_TYPE and self.returns_impl(number)}
            self.unviable |= within - unsure
            self.left |= unsure if within else near
            found |= bool(within or near)
        return found

    def returns_impl(self, number):
        """Whether it is in a function that returns `impl Trait`: which of its values is of the wrong type is not said then."""
        function = self.mutants[number - 1]["function"] or {}
        return "impl " in function.get("return_type", "")

    def build(self):
        """Leaves mutants out until the rest compiles."""
        while True:
            places = self.write()
            compiles, messages = self.cargo("check", "--lib")
            if compiles:
                break
            errors = [message["message"] for message in messages if message["reason"] == "compiler-message"]
            errors = [error for error in errors if error["level"] == "error"]
            if not any([self.leave_out(places, error) for error in errors]):
                raise RuntimeError("it does not compile, and no mutant is to blame:\n" + errors[0]["rendered"])
        compiles, messages = self.cargo("test", "--no-run", "--tests")
        if not compiles:
            raise RuntimeError("the tests do not compile")
        for message in messages:
            if message["reason"] == "compiler-artifact" and message["executable"]:
                is_lib = "lib" in message["target"]["kind"]
                self.programs["lib" if is_lib else message["target"]["name"]] = message["executable"]
        return sorted({number for file in places.values() for _, _, number in file})

    def run(self, name, number, only=()):
        """Whether the tests of one program pass, or why not."""
        environment = {**self.environment, SWITCH: str(number), "RUSTC_BOOTSTRAP": "1", "RUST_BACKTRACE": "0"}
        environment["CARGO_MANIFEST_DIR"] = str(self.tree / PACKAGE)
        environment["CARGO_TARGET_TMPDIR"] = str(self.target / "tmp")
        command = [self.programs[name], "-Z", "unstable-options", "--fail-fast", "--skip", SKIPPED, *only]
        process = subprocess.Popen(
            command, cwd=self.tree / PACKAGE, env=environment, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        try:
            output, _ = process.communicate(timeout=max(LEAST_SECONDS, 4 * self.seconds.get(name, 60)))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return "timeout", ""
        return ("missed" if process.returncode == 0 else "caught"), output

    def measure(self):
        """The tests without a mutant: how long they take, and that they pass."""
        for name in self.programs:
            begin = time.monotonic()
            verdict, output = self.run(name, 0)
            if verdict != "missed":
                raise RuntimeError(f"the tests `{name}` fail without a mutant: {FAILED.findall(output)}")
            self.seconds[name] = time.monotonic() - begin

    def judge(self, number):
        folder = self.mutants[number - 1]["file"].split("/")[2].removesuffix(".rs")
        rest = sorted(self.programs, key=lambda name: (name != "lib", self.seconds[name]))
        # The tests beside the code, first.
        for name, only in [("lib", [f"{folder}::"]), *((name, []) for name in rest)]:
            verdict, output = self.run(name, number, only)
            # A test that fails now and then notices nothing: it has to fail again.
            if verdict == "caught" and FAILED.search(output):
                verdict, _ = self.run(name, number, ["--exact", FAILED.search(output)[1]])
                if verdict == "missed":
                    print(f"passes when it is run again: {FAILED.search(output)[1]}", flush=True)
                    verdict, _ = self.run(name, number, only)
            if verdict != "missed":
                return verdict
        return "missed"


def judge(state, mutants, jobs, until):
    """The verdicts that there are by then, by the names of the mutants."""
    build = Build(state, mutants)
    numbers = build.build()
    build.measure()
    print(f"{len(numbers)} mutants in one build, {len(build.unviable)} that do not compile", flush=True)
    verdicts = {mutants[number - 1]["name"]: "unviable" for number in build.unviable}
    lock, count = threading.Lock(), collections.Counter()

    def one(number):
        if time.monotonic() > until:
            return
        verdict = build.judge(number)
        with lock:
            verdicts[mutants[number - 1]["name"]] = verdict
            count[verdict] += 1
            if verdict != "caught":
                print(f"{verdict}: {mutants[number - 1]['name']}", flush=True)
            elif count["caught"] % 100 == 0:
                print(f"{count.total()} of {len(numbers)} judged", flush=True)

    with concurrent.futures.ThreadPoolExecutor(jobs) as workers:
        list(workers.map(one, numbers))
    return verdicts
