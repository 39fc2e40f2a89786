"""python -m tests.fuzz TARGET [libFuzzer's options, or files to check once]: `make fuzz` calls it.

Runs in the sanitizers' runtime that comes with atheris, on modules built by `make fuzz` (BUILD_SANITIZE=1 of setup.py).
"""

import importlib
import os
import shutil
import sys
from hashlib import sha1
from pathlib import Path

import atheris

from tests.fuzz import inputs

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILT = ROOT / "build" / "sanitize" / "lib"
DICTIONARIES = {"websocket": "websocket.dict"}
WORK = ROOT / ".fuzz"  # not in build/, which a change of setup.py empties
RUNTIME = f"{atheris.path()}/asan_with_fuzzer.so"


def restart():
    """In an interpreter that has the runtime, finds the sanitized modules before those in place, and gives every
    object an allocation of its own, whose ends are watched."""
    os.environ.update(
        LD_PRELOAD=RUNTIME, PYTHONPATH=f"{BUILT}:{ROOT}", PYTHONMALLOC="malloc", PYTHONDONTWRITEBYTECODE="1",
        ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=64")  # what the interpreter keeps to its end looks like a leak
    os.execv(sys.executable, [sys.executable, "-P", "-m", "tests.fuzz", *sys.argv[1:]])


def main(target, *arguments):
    module = importlib.import_module(f"tests.fuzz.{target}")
    options = [f"-artifact_prefix={WORK / target}-", "-timeout=20", "-detect_leaks=0", "-print_funcs=0", *arguments]
    if not any(os.path.isfile(argument) for argument in arguments):
        kept, seeds = WORK / target, WORK / f"{target}-seeds"  # `kept` grows from run to run
        shutil.rmtree(seeds, ignore_errors=True)
        for folder in (kept, seeds):
            folder.mkdir(parents=True, exist_ok=True)
        for data in inputs(module):
            (seeds / sha1(data).hexdigest()).write_bytes(data)
        dictionary = HERE / DICTIONARIES.get(target, "http.dict")
        options += [f"-dict={dictionary}", "-max_len=2048", "-print_final_stats=1", str(kept), str(seeds)]
    atheris.Setup([sys.argv[0], *options], module.check)
    atheris.Fuzz()


if __name__ == "__main__":
    if os.environ.get("LD_PRELOAD") != RUNTIME:
        restart()
    main(*sys.argv[1:])
