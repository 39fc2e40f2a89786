"""The admin address of a real gunicorn: where it listens, who is told of it, and who has it behind whom."""

import contextlib
import os
import re
import signal
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.processes import held_port
from fastsrv.admin.address import Address
from tests.support.asking import fetch
from tests.support.servers import PATIENCE
from tests.worker.admin import wait_until_ready


def test_busy_address_is_refused_at_the_start(started):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        address = f"127.0.0.1:{busy.getsockname()[1]}"
        server, _ = started(env={"FASTSRV_ADMIN_BIND": address})
        assert server.wait() == 1
        assert f"fastsrv_admin_bind = '{address}' cannot be listened on: Address already in use" in server.output


def test_public_address_is_warned_about_once(started):
    server, _ = started("--workers", "2", env={"FASTSRV_ADMIN_BIND": "0.0.0.0:0"})
    wait_until_ready(server, 2)
    assert server.output.count("whoever reaches it can read it") == 1


def test_unix_socket_is_there_for_as_long_as_gunicorn(started, tmp_path):
    path = tmp_path / "admin"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))  # of an arbiter that was killed
    server, admin = started(env={"FASTSRV_ADMIN_BIND": f"unix:{path}"}, path=path)
    wait_until_ready(server)
    assert admin.status("/readyz") == 200 and path.stat().st_mode & 0o777 == 0o660
    server.signal(signal.SIGKILL, server.worker())
    wait_until_ready(server, 2)
    assert admin.status("/readyz") == 200
    server.signal(signal.SIGTERM)
    assert server.wait() == 0 and not path.exists()


def test_reload_keeps_the_address_and_says_so(started, tmp_path):
    server, admin = started("--workers", "2", env={}, config="fastsrv_admin_bind = '127.0.0.1:0'")
    wait_until_ready(server, 2)
    (tmp_path / "gunicorn.conf.py").write_text("fastsrv_admin_bind = 'off'")
    server.signal(signal.SIGHUP)
    wait_until_ready(server, 4)
    for pid in server.worker(1), server.worker(2):
        server.wait_for(rf"Worker exiting \(pid: {pid}\)")
    assert admin.status("/readyz") == 200
    assert server.output.count("fastsrv_admin_bind is 'off' now, and stays '127.0.0.1:0'") == 1


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_new_arbiter_has_the_address_when_the_old_one_ends(started, tmp_path, kind):
    path = tmp_path / "admin" if kind == "unix" else None
    with held_port() as port:
        address = f"127.0.0.1:{port}" if path is None else f"unix:{path}"
        server, admin = started(env={"FASTSRV_ADMIN_BIND": address}, path=path, module=("fastsrv",))
        wait_until_ready(server)
        old = server.worker()
        server.signal(signal.SIGUSR2)
        wait_until_ready(server, 2)
        new = server.worker(2)
        assert [worker["pid"] for worker in admin.json()["workers"]] == [old]
        assert server.output.count("is still the old arbiter's; it is tried again each second") == 1
        arbiter = int(re.search(r"\[(\d+)\] \[WARNING\] fastsrv_admin_bind", server.output)[1])
        try:
            server.signal(signal.SIGTERM)
            assert server.process.wait(PATIENCE) == 0
            server.wait_for("Admin address: ", 2)
            assert [worker["pid"] for worker in admin.json()["workers"]] == [new]
        finally:
            os.kill(arbiter, signal.SIGTERM)
        server.reader.join(PATIENCE)
    assert path is None or not path.exists()


@pytest.mark.parametrize("timeout", ["30", "0"])
def test_new_arbiter_has_the_address_when_the_old_one_was_killed(started, tmp_path, timeout):
    """The old one leaves the file of its UNIX socket behind. It is the arbiter who removes it and binds, as workers may
    not be allowed to."""
    path = tmp_path / "admin"
    server, admin = started(
        "--timeout", timeout, env={"FASTSRV_ADMIN_BIND": f"unix:{path}"}, path=path, module=("fastsrv",))
    wait_until_ready(server)
    server.signal(signal.SIGUSR2)
    wait_until_ready(server, 2)
    arbiter = int(re.search(r"\[(\d+)\] \[WARNING\] fastsrv_admin_bind", server.output)[1])
    try:
        server.signal(signal.SIGKILL)
        assert int(server.wait_for(r"\[(\d+)\] \[INFO\] Admin address: ", 2)[1]) == arbiter
        assert [worker["pid"] for worker in admin.json()["workers"]] == [server.worker(2)]
        assert "Traceback" not in server.output
    finally:
        os.kill(arbiter, signal.SIGTERM)


def test_child_that_the_app_forks_keeps_nothing(started, blocks):
    server, admin = started()
    port, child = admin.port, int(fetch(server, "/fork").body)
    try:
        server.signal(signal.SIGKILL)
        server.wait_for("The arbiter has gone")
        server.process.wait(PATIENCE)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:  # until the worker, too, has ended
            with socket.socket() as other, contextlib.suppress(OSError):
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind(("127.0.0.1", port))
                other.listen()
                return
        raise AssertionError("the child still has the address")
    finally:
        os.kill(child, signal.SIGKILL)


def test_address_that_cannot_be_had_is_told_once_by_its_error(tmp_path):
    told = []
    log = SimpleNamespace(info=lambda *said: told.append(said), warning=lambda text, *said: told.append(text % said))
    it = Address(f"unix:{tmp_path}/folder/admin", (os.getuid(), os.getgid()))
    for _ in range(3):
        it.try_again(log)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/admin").write_text("")
    for _ in range(3):
        it.try_again(log)
    assert [text.partition("cannot be listened on: ")[2].partition(";")[0] for text in told] == [
        "No such file or directory", "there is a file, which is no socket"]
    (tmp_path / "folder/admin").unlink()
    it.try_again(log)
    it.try_again(log)
    with it.socket:
        assert it.is_bound() and told[2:] == [("Admin address: %s", it)]


@pytest.mark.parametrize("make", [Path.write_bytes, lambda path, _: path.mkdir()], ids=["file", "folder"])
def test_what_is_no_socket_is_told_and_left(tmp_path, make):
    make(tmp_path / "admin", b"")
    it = Address(f"unix:{tmp_path}/admin", (0, 0))
    with it.socket, pytest.raises(FileExistsError, match=r"there is a (file|folder), which is no socket"):
        it.bind()
    assert (tmp_path / "admin").exists()


@pytest.mark.parametrize("host", ["*", ""])
def test_every_address_of_the_host(host):
    it = Address(f"{host}:0", (0, 0))
    with it.socket:
        it.bind()
        assert it.socket.getsockname()[0] == "0.0.0.0" and it.is_public()
