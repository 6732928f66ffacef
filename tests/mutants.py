"""Judges what cargo-mutants finds in the files that `.cargo/mutants.toml` names, and compares the survivors with `tests/mutants.md`.

Most are judged from one build (`switched.py`), the rest by cargo-mutants, one build each.

Results are kept in target/mutants. A mutant that was caught is judged again when its file has changed; one that
survived also when anything else of lift has. So a run that is cut short is taken up by the next one.
"""

import collections
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import switched

STATE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "mutants"
RESULTS = STATE / "results.json"
OUT = STATE / "mutants.out"
TABLE = pathlib.Path("tests/mutants.md")
LISTS = ["caught", "missed", "timeout", "unviable"]
PLACE = re.compile(r":\d+:\d+: ")
CARGO = [sys.argv[1], "mutants"]
MINUTES = int(os.environ.get("LIFT_MUTANTS_MINUTES", "60"))
UNTIL = time.monotonic() + MINUTES * 60
JOBS = int(sys.argv[sys.argv.index("--jobs") + 1]) if "--jobs" in sys.argv else 1
# What can change the verdict of a mutant, beside its own file.
SOURCES = ["lift", "lift-macros", "Cargo.lock", "Cargo.toml", ".cargo/mutants.toml"]


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def digest(paths):
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.encode() + b"\0" + pathlib.Path(path).read_bytes())
    return whole.hexdigest()


def stamps(mutants):
    tracked = output("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *SOURCES).split("\0")
    everything = digest(sorted(path for path in tracked if os.path.isfile(path)))
    files = {file: digest([file]) for file in {mutant["file"] for mutant in mutants}}
    return everything, {mutant["name"]: files[mutant["file"]] for mutant in mutants}


def kept(everything, file_of):
    """The results of earlier runs that still hold, by the mutant's name: the verdict and what it was judged with."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, result in list(results.items()):
        changed = result["file"] != file_of.get(name, result["file"])
        if changed or (result["verdict"] in ("missed", "timeout") and result["everything"] != everything):
            del results[name]
    return results


def judge(results):
    """One run of cargo-mutants over what has no result yet, for as long as it may take."""
    OUT.mkdir(parents=True, exist_ok=True)
    # What `--iterate` leaves out.
    for name in LISTS:
        (OUT / f"{name}.txt").unlink(missing_ok=True)
    (OUT / "previously_caught.txt").write_text("".join(f"{name}\n" for name in results))
    command = [*CARGO, "--iterate", "--output", str(STATE), "--colors", "never", *sys.argv[2:]]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        status = process.wait(max(UNTIL - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        print(f"stopped after {MINUTES} minutes (LIFT_MUTANTS_MINUTES changes that)", flush=True)
        process.send_signal(signal.SIGINT)
        process.wait()
        return True
    # 2 and 3: some were missed, some ran into the time limit.
    return status in (0, 2, 3)


def judge_at_once(mutants, results, everything, file_of):
    """Those that have no result yet, as far as one build can hold them."""
    rest = [mutant for mutant in mutants if mutant["name"] not in results]
    try:
        verdicts = switched.judge(STATE, rest, JOBS, UNTIL)
    except RuntimeError as error:
        print(f"each mutant is built alone, because {error}", flush=True)
        return
    for name, verdict in verdicts.items():
        results[name] = {"verdict": verdict, "file": file_of[name], "everything": everything}


def collect(results, everything, file_of):
    for verdict in LISTS:
        path = OUT / f"{verdict}.txt"
        for name in path.read_text().splitlines() if path.exists() else []:
            if name in file_of:
                results[name] = {"verdict": verdict, "file": file_of[name], "everything": everything}
    RESULTS.write_text(json.dumps(results, indent=0, sort_keys=True))


def module(name):
    return "/".join(name.split("/")[2:4 if name.startswith("lift/src/health/") else 3]).split(".rs")[0]


def summary(names, results):
    rows = collections.defaultdict(collections.Counter)
    for name in names:
        verdict = results[name]["verdict"] if name in results else "open"
        for row in (module(name), "all"):
            rows[row][verdict] += 1
    columns = [*LISTS, "open"]
    print("\n| module | mutants |", " | ".join(columns), "| survived of those judged and viable |")
    print("|---" * (len(columns) + 3) + "|")
    for row, counts in sorted(rows.items(), key=lambda row: (row[0] == "all", row[0])):
        viable = counts["caught"] + counts["missed"] + counts["timeout"]
        share = f"{100 * counts['missed'] / viable:.1f} %" if viable else ""
        print(f"| {row} | {counts.total()} |", " | ".join(str(counts[column]) for column in columns), f"| {share} |")


def of_table():
    """The rows `| file | mutant | reason |`: a mutant by its file and its description, since lines move."""
    rows = re.findall(r"^\| `(lift/\S+)` \| `(.+?)` \| (.+) \|$", TABLE.read_text(), re.MULTILINE)
    return collections.Counter(f"{file}: {mutant}" for file, mutant, _ in rows)


def compare(names, results):
    known = of_table()
    unknown = []
    for name in names:
        if name in results and results[name]["verdict"] == "missed":
            short = PLACE.sub(": ", name, count=1)
            if known[short]:
                known[short] -= 1
            else:
                unknown.append(name)
    still_open = {PLACE.sub(": ", name, count=1) for name in names if name not in results}
    # Of a selection, only what is in it.
    judged = {PLACE.sub(": ", name, count=1) for name in names} if "--re" in sys.argv else known.keys()
    for entry in sorted(((+known).keys() & judged) - still_open):
        print(f"{TABLE} names a mutant that does not survive: {entry}")
    for name in unknown:
        print(f"survived, and {TABLE} has no reason for it: {name}")
    if any(name not in results for name in names):
        print("not all of them are judged: run this again, it goes on from here")
    return not unknown


def main():
    mutants = json.loads(output(*CARGO, "--list", "--json", *sys.argv[2:]))
    names = [mutant["name"] for mutant in mutants]
    everything, file_of = stamps(mutants)
    STATE.mkdir(parents=True, exist_ok=True)
    results = kept(everything, file_of)
    if any(name not in results for name in names):
        judge_at_once(mutants, results, everything, file_of)
    finished = all(name in results for name in names) or judge(results)
    collect(results, everything, file_of)
    summary(names, results)
    good = compare(names, results)
    sys.exit(0 if good and finished else 1)


main()
