"""Names each tracked `.rs` file that no target includes; a step of `tests/run`.

Follows `mod`, `#[path]`, `include!` and `include_str!` from the root of each target, whatever features and platform they ask for.
"""

import glob
import json
import os
import re
import subprocess
import sys

MODULE = re.compile(r"^\s*((?:#\[[^\]]*\]\s*)*)(?:pub(?:\([^)]*\))?\s+)?mod (?:r#)?(\w+);", re.MULTILINE)
PATH = re.compile(r'#\[(cfg_attr\(\w+, )?path = "([^"]+)"\)?\]')
INCLUDE = re.compile(r'^[^/\n]*\binclude(?:_str)?!\(\s*"([^"]+)"', re.MULTILINE)
# Trybuild is told its cases by globs.
CASES = re.compile(r'(?:pass|compile_fail)\("([^"]+)"\)')
WORKSPACES = ["Cargo.toml", "tests/fuzz/Cargo.toml", "tests/mutants/Cargo.toml"]


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def roots():
    for manifest in WORKSPACES:
        metadata = output("cargo", "metadata", "--no-deps", "--format-version", "1", "--manifest-path", manifest)
        for package in json.loads(metadata)["packages"]:
            for target in package["targets"]:
                yield os.path.relpath(target["src_path"])


def included_by(path, is_root):
    folder, name = os.path.split(path)
    children = folder if is_root or name == "mod.rs" else os.path.join(folder, name.removesuffix(".rs"))
    with open(path) as source:
        text = source.read()
    for attributes, module in MODULE.findall(text):
        elsewhere = PATH.search(attributes)
        if elsewhere:
            yield os.path.join(folder, elsewhere[2])
        if not elsewhere or elsewhere[1]:
            yield from (os.path.join(children, tail) for tail in (f"{module}.rs", os.path.join(module, "mod.rs")))
    yield from (os.path.join(folder, included) for included in INCLUDE.findall(text))
    if "trybuild" in text:
        yield from (case for pattern in CASES.findall(text) for case in glob.glob(os.path.join(folder, pattern)))


def reached():
    found = set()
    waiting = [(root, True) for root in roots()]
    while waiting:
        path, is_root = waiting.pop()
        path = os.path.normpath(path)
        if path not in found and os.path.exists(path):
            found.add(path)
            waiting.extend((child, False) for child in included_by(path, is_root))
    return found


tracked = {path for path in output("git", "ls-files", "-z", "*.rs").split("\0") if os.path.exists(path)}
forgotten = sorted(tracked - reached())
for path in forgotten:
    print(f"{path}: nothing includes this file: write a `mod` for it, or delete it")
print(f"{len(tracked)} files, {len(forgotten)} of them in no target")
sys.exit(1 if forgotten else 0)
