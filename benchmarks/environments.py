"""Where servers are installed, and what is told about them, the machine and the checkout. Called by measure.py and
__main__.py; starts no server."""

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import Failed
from benchmarks.servers import OWN, PEERS

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "benchmarks"
CERTIFICATE = ROOT / "tests" / "support" / "localhost.pem"
FRAMEWORKS = ("starlette", "fastapi")  # the peers serve apps of these
OPTIMIZED = "--enable-optimizations"  # of CPython's ./configure: compiled by a profile of what runs often
INSTALLED = "installed.txt"  # in the peers' environment: what pip was asked for, a line each
TELL_VERSIONS = """
import asyncio
from benchmarks import apps

async def send(event):
    if "body" in event:
        print(event["body"].decode())

asyncio.run(apps.versions({"type": "http"}, None, send))
"""


class Peers:
    """The virtual environment of the other servers, with the interpreter that runs this.

    folder: one that is there and is used as it is; None: the suite's own, made and filled as far as needed.
    """

    def __init__(self, folder=None):
        self.is_ours = folder is None
        self.folder = BUILD / f"peers-{platform.python_version()}" if self.is_ours else Path(folder).absolute()
        self.python = self.folder / "bin" / "python"

    def install(self, server):
        """See that `server` is installed. Raises Failed with pip's last words."""
        if not self.is_ours:
            return
        if not self.python.exists():
            self.call(sys.executable, "-m", "venv", str(self.folder))
        stamp = self.folder / INSTALLED
        wanted = " ".join(FRAMEWORKS + server.requirements)
        if not stamp.exists() or wanted not in stamp.read_text().splitlines():
            self.call(self.python, "-m", "pip", "--disable-pip-version-check", "install", "-q", *wanted.split())
            with stamp.open("a") as file:
                file.write(wanted + "\n")

    def call(self, *words):
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed("; ".join((done.stderr or done.stdout).strip().splitlines()[-3:]))


def programs(server, peers):
    """The values of {python} and {bin} for `server`'s command. Raises Failed where a program is missing."""
    if server.environment == PEERS:
        peers.install(server)
        return {"python": peers.python, "bin": peers.python.parent}
    if server.environment == OWN:
        return {"python": sys.executable, "bin": Path(sys.executable).parent}
    program = find_program(server.name)
    if program is None:
        raise Failed(f"{server.name} is needed: apt-get install {' '.join(server.requirements)}")
    return {"bin": program.parent}


def find_program(name):
    """The path of a program, also where a user's PATH leaves out the folders of system programs; None: nowhere."""
    folders = [os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"]
    found = shutil.which(name, path=os.pathsep.join(folders))
    return found and Path(found)


def interpreter(told):
    """One line about an interpreter, from what the app `versions` told; how it was optimized is always said."""
    name = f"{told['implementation']} {told['python']}, {told['compiler']}"
    if told["prefix"] == "/usr":  # Debian's, for one, is optimized, and does not tell
        return f"{name}, the distribution's build"
    options = [option for option in shlex.split(told["configured"]) if option.startswith(("--enable", "--with"))]
    built = [f"with {' '.join(options)}"] if options else []
    if OPTIMIZED not in options:
        built.append(f"without {OPTIMIZED}")
    return f"{name}, built {', '.join(built)}"


def versions(server, told):
    """Versions by distribution, of those that `server` is made of and of the frameworks."""
    names = (*distributions(server), *FRAMEWORKS)
    return {"python": told["python"], **{name: told["versions"][name] for name in names if name in told["versions"]}}


def distributions(server):
    """What `server` is made of; an extra has the name of its distribution."""
    return [name for requirement in server.requirements for name in re.findall(r"[\w-]+", requirement)]


def versions_within(python):
    """What the app `versions` tells in the interpreter `python`; for the floors, which have no apps."""
    done = subprocess.run([python, "-c", TELL_VERSIONS], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{python} does not run: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


def nginx_version():
    done = subprocess.run([find_program("nginx"), "-v"], capture_output=True, text=True)
    return done.stderr.strip().rpartition("/")[2]


def machine():
    """What a result says of the machine; memory in bytes."""
    models = [line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
    }


def checkout():
    """(commit, dirty): what is checked out, and whether tracked files differ from it. (None, False) outside of git."""
    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return None, False


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
