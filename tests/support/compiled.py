"""Compiled parts of the tests: to enter a state, or to be a protocol, takes Cython."""

import importlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def compiled(name):
    """The module tests/support/<name>.pyx, compiled into build/ when it or what it builds on has changed; each of the
    processes that run tests beside each other has its own."""
    folder = ROOT / "build" / "tests" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / "tests" / "support" / f"{name}.pyx", folder)
    command = [sys.executable, "-m", "Cython.Build.Cythonize", "--inplace", "--quiet", "-3"]
    done = subprocess.run([*command, folder / f"{name}.pyx"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
