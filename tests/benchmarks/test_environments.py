"""What is told about interpreters, servers, the machine and the checkout; and what is not installed."""

import sys
from pathlib import Path

import pytest

from benchmarks import environments
from benchmarks.environments import Peers
from benchmarks.processes import Failed
from benchmarks.servers import SERVERS, SYSTEM, Server

TOLD = {
    "python": "3.13.0", "implementation": "CPython", "compiler": "GCC 12.2.0",
    "prefix": "/opt", "configured": "'--prefix=/opt' '--enable-optimizations' '--with-lto' 'CFLAGS=-O3 -g'",
    "versions": {"uvicorn": "0.54.0", "granian": "2.8.7", "uvloop": "0.23.0", "starlette": "1.10.0"},
}


def test_interpreter_tells_how_it_was_built():
    assert environments.interpreter(TOLD) == (
        "CPython 3.13.0, GCC 12.2.0, built with --enable-optimizations --with-lto")
    assert environments.interpreter(TOLD | {"configured": "'--enable-shared'"}) == (
        "CPython 3.13.0, GCC 12.2.0, built with --enable-shared, without --enable-optimizations")
    assert environments.interpreter(TOLD | {"configured": ""}) == (
        "CPython 3.13.0, GCC 12.2.0, built without --enable-optimizations")


def test_interpreter_of_the_distribution_is_told_as_such():
    """Debian's is optimized, and has no word of it among its options."""
    told = TOLD | {"prefix": "/usr", "configured": "'--prefix=/usr' '--enable-ipv6'"}
    assert environments.interpreter(told) == "CPython 3.13.0, GCC 12.2.0, the distribution's build"


def test_versions_are_those_of_what_a_server_is_made_of():
    assert environments.versions(SERVERS["uvicorn"], TOLD) == {
        "python": "3.13.0", "uvicorn": "0.54.0", "uvloop": "0.23.0", "starlette": "1.10.0"}
    assert environments.versions(SERVERS["granian"], TOLD) == {
        "python": "3.13.0", "granian": "2.8.7", "uvloop": "0.23.0", "starlette": "1.10.0"}


def test_versions_within_an_interpreter_are_told_as_a_server_tells_them():
    told = environments.versions_within(sys.executable)
    assert told["python"] == sys.version.split()[0]
    assert told["versions"].keys() >= {"gunicorn", "uvloop"}


def test_interpreter_that_does_not_run_is_told():
    with pytest.raises(Failed, match="false does not run"):
        environments.versions_within("false")


def test_own_programs_are_those_of_this_interpreter():
    assert environments.programs(SERVERS["fastsrv"], None) == {
        "python": sys.executable, "bin": Path(sys.executable).parent}


def test_given_environment_is_used_as_it_is(tmp_path):
    peers = Peers(tmp_path)
    assert environments.programs(SERVERS["uvicorn"], peers) == {
        "python": tmp_path / "bin" / "python", "bin": tmp_path / "bin"}
    assert list(tmp_path.iterdir()) == []


def test_missing_program_is_told_with_the_package_to_install():
    server = Server("no-such-program", "", "{bin}/no-such-program", environment=SYSTEM, requirements=("its-package",))
    with pytest.raises(Failed, match="no-such-program is needed: apt-get install its-package"):
        environments.programs(server, None)


def test_machine_is_described():
    machine = environments.machine()
    assert machine["cpu"] and machine["kernel"] and machine["system"]
    assert machine["cores"] >= 1 and machine["memory"] > 2**20
