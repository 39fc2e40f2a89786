"""Builds wheels for others' Linux machines, into dist/, with one compiler for all: zig, which PyPI has as ziglang.

`python -m tools.wheels PYTHON...`, as `make wheels` calls it: of each of these CPythons, a wheel for each of WHEELS.
auditwheel checks them, and those that run on this machine are installed into an empty environment, where they answer a
request. For each of COMPILED all modules are compiled and linked, and that is all. The headers are those of this
machine's CPython, its pyconfig.h included: for Linux that is the same but for what extension modules do not ask; for
macOS it is not, which is why there is no wheel.
"""

import os
import platform
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import ziglang

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build/wheels"
ZIG = Path(ziglang.__file__).with_name("zig")
# zig's name for the target: what auditwheel has to find. glibc 2.17 is what manylinux2014 means.
WHEELS = {
    "x86_64-linux-gnu.2.17": "manylinux2014_x86_64",
    "aarch64-linux-gnu.2.17": "manylinux2014_aarch64",
    "x86_64-linux-musl": "musllinux_1_2_x86_64",
    "aarch64-linux-musl": "musllinux_1_2_aarch64",
}
COMPILED = ("x86_64-macos", "aarch64-macos")
TARGETS = os.environ.get("TARGETS", "").split() or [*WHEELS, *COMPILED]


def main(pythons):
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    for path in pythons:
        python, tag = prepare(path)
        for target in TARGETS:
            print(f"\n=== {tag}, {target}", flush=True)
            modules = build(python, tag, target)
            if target in WHEELS:
                wheel = pack(python, tag, target, modules)
                if runs_here(target):
                    try_out(path, wheel)


def prepare(path):
    """An environment of that interpreter which builds, and its tag in the modules' names: cpython-313. Those without
    headers end the program."""
    ask = "import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_path('include'))"
    tag, include = subprocess.check_output([path, "-c", ask], text=True).split()
    if not Path(include, "Python.h").exists():
        sys.exit(f"{path} has no headers: no {include}/Python.h")
    python = BUILD / f"environment-{tag}/bin/python"
    if not python.exists():
        run(path, "-m", "venv", python.parents[1])
    run(python, "-m", "pip", "install", "-q", "--upgrade", "pip>=25.1")
    run(python, "-m", "pip", "install", "-q", "--group", "build")
    return python, tag


def build(python, tag, target):
    """Compiles and links all modules. Returns the paths of what was built."""
    run(python, "setup.py", "--quiet", "build", "--build-base", BUILD / target, env=environment(tag, target))
    modules = [*(BUILD / target).glob(f"lib*-{tag}/fastsrv_ext/**/*.so")]
    count = len([*ROOT.glob("fastsrv_ext/**/*.pyx")])
    if len(modules) != count:
        sys.exit(f"{len(modules)} modules were built for {target}, of {count}")
    print(f"{count} modules were compiled and linked", flush=True)
    return modules


def environment(tag, target):
    """What setuptools has to be told to build for another machine than this."""
    machine, system, *libc = target.split("-")
    compiler = f"{ZIG} cc -target {target}"
    if system == "macos":
        suffix, host = "darwin", f"macosx-13.0-{machine}"
        shared = "-shared -undefined dynamic_lookup"  # zig crashes on a -bundle
    else:
        suffix, host = f"{machine}-linux-{libc[0].partition('.')[0]}", f"linux-{machine}"
        shared = "-shared -s"  # without symbols for a debugger
    return os.environ | {
        "CC": compiler,
        "CFLAGS": "-w",  # clang warns of what Cython generates
        "LDSHARED": f"{compiler} {shared}",
        "SETUPTOOLS_EXT_SUFFIX": f".{tag}-{suffix}.so",
        "_PYTHON_HOST_PLATFORM": host,
        "PYTHONWARNINGS": "ignore",  # setuptools would rather be called by build, which knows one machine
        "ZIG_GLOBAL_CACHE_DIR": str(BUILD / "zig"),
    }


def pack(python, tag, target, modules):
    """The wheel of what was built, in dist/, by the name that auditwheel has given it. Returns its path."""
    machine = target.partition("-")[0]
    if "musl" in target:  # zig links with libc.so, whose name is another one where musl is installed
        run("patchelf", "--replace-needed", "libc.so", f"libc.musl-{machine}.so.1", *modules)
    raw = BUILD / target / "raw"
    shutil.rmtree(raw, ignore_errors=True)
    run(python, "setup.py", "--quiet", "build", "--build-base", BUILD / target, "bdist_wheel", "--skip-build",
        "--dist-dir", raw, env=environment(tag, target))
    (wheel,) = raw.iterdir()
    run("auditwheel", "repair", "--wheel-dir", ROOT / "dist", wheel)
    wheels = [*(ROOT / "dist").glob(f"*-{tag.replace('cpython-', 'cp')}-*{WHEELS[target]}*.whl")]
    if len(wheels) != 1:
        sys.exit(f"auditwheel has not found that {wheel.name} is one for {WHEELS[target]}")
    return wheels[0]


def runs_here(target):
    return target.startswith(f"{platform.machine()}-linux-gnu") and platform.libc_ver()[0] == "glibc"


def try_out(path, wheel):
    """Installs the wheel where nothing is compiled, serves an example with it, and asks for it."""
    empty = BUILD / "empty"
    run(path, "-m", "venv", "--clear", empty)
    run(empty / "bin/python", "-m", "pip", "install", "-q", "--only-binary=:all:", wheel)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = subprocess.Popen(
            [empty / "bin/gunicorn", "-k", "fastsrv.Worker", "-b", f"fd://{listening.fileno()}",
             "--log-level", "warning", "--chdir", ROOT / "examples", "hello:app"],
            cwd=empty, pass_fds=[listening.fileno()])
        try:
            with socket.create_connection(listening.getsockname(), timeout=120) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = client.makefile("rb").read()
        finally:
            server.terminate()
            server.wait()
    if not answer.startswith(b"HTTP/1.1 200 "):
        sys.exit(f"{wheel.name} answers {answer!r}")
    print(f"{wheel.name} is installed without a compiler, and answers: {answer.splitlines()[-1].decode()}", flush=True)


def run(*command, **options):
    subprocess.run([str(word) for word in command], cwd=ROOT, check=True, **options)


if __name__ == "__main__":
    main(sys.argv[1:])
