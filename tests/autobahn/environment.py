"""Where Autobahn|Testsuite is installed: it runs on CPython 2.7 only, and has a virtual environment of its own.

Called by __main__.py; runs no case.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.support.servers import ROOT

WORK = ROOT / "build" / "autobahn"
HOME = ROOT / ".venv-autobahn"  # outlasts what is built
PYTHON = HOME / "bin" / "python"
MAKER = "virtualenv==20.15.1"  # 20.22 and later make no environments for 2.7
# Versions that build on 2.7 and go together. A call of pip each, in this order: a setup.py needs what is before it.
PACKAGES = (
    ("incremental==16.10.1", "pyOpenSSL==19.1.0", "cryptography==3.3.2"),
    ("Twisted==19.10.0",),
    ("autobahntestsuite==25.10.1",),
)
INSTALLED = HOME / "installed.txt"  # says that all of it is there, and what
WANTED = "\n".join((MAKER, *(" ".join(names) for names in PACKAGES))) + "\n"
LAST_WORDS = 20  # lines of a program that has failed
NO_PYTHON = """\
Autobahn|Testsuite runs on CPython 2.7 only, and there is none here: neither python2.7 or python2 on the PATH, nor one
of pyenv's. `pyenv install 2.7.18` builds one (it need not be activated); then `make autobahn` again."""
QUIET = ("--disable-pip-version-check", "--no-python-version-warning")


def prepare(ends):
    """The path of wstest, installed if it is missing. ends: by when, as time.monotonic() has it. Exits with a word on
    what to do where that cannot be done."""
    if not INSTALLED.exists() or INSTALLED.read_text() != WANTED:
        old = find_python()
        if old is None:
            sys.exit(NO_PYTHON)
        print(f"Autobahn|Testsuite is installed into {HOME.relative_to(ROOT)}: about a minute", flush=True)
        make(old, ends)
    return HOME / "bin" / "wstest"


def find_python():
    """The path of a CPython 2.7, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for python in (shutil.which("python2.7"), shutil.which("python2"), *pyenv.glob("versions/2.7.*/bin/python2.7")):
        # pyenv has a python2.7 on the PATH that fails where another version is the chosen one
        if python is not None and version_of(python).startswith("2.7."):
            return python
    return None


def version_of(python):
    """'2.7.18'; '' of what does not run."""
    code = "import platform; print(platform.python_version())"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=environ())
    return done.stdout.strip()


def make(old, ends):
    tools = WORK / "tools"
    for folder in (HOME, tools):
        shutil.rmtree(folder, ignore_errors=True)
    call(ends, sys.executable, "-m", "pip", QUIET[0], "install", "-q", "--target", tools, MAKER)
    call(ends, sys.executable, "-m", "virtualenv", "-q", "-p", old, HOME, PYTHONPATH=str(tools))
    for names in PACKAGES:
        call(ends, PYTHON, "-m", "pip", *QUIET, "install", "-q", "--no-build-isolation", *names)
    INSTALLED.write_text(WANTED)


def call(ends, *words, **variables):
    try:
        done = subprocess.run(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**environ(), **variables},
            timeout=max(ends - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        sys.exit(f"the time is over within: {' '.join(map(str, words))}")
    if done.returncode != 0:
        print(*done.stdout.splitlines()[-LAST_WORDS:], sep="\n")
        sys.exit(f"this has failed: {' '.join(map(str, words))}")


def environ():
    """Ours, without what an interpreter obeys: it is meant for another version."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
