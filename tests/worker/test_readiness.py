"""When a service is ready, and when it is not any more: the log, systemd, and the delay of a stop."""

import signal
import socket
import struct
import time

import pytest

from tests.support.asking import ask
from tests.support.servers import PATIENCE
from tests.worker.gate import GATED, Gate
from tests.worker.served import SOURCE

CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


@pytest.fixture
def systemd(tmp_path):
    """The socket of systemd's, as sd_notify(3) has it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as it:
        it.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        it.bind(str(tmp_path / "notify"))
        it.settimeout(PATIENCE)
        yield it


def heard(systemd):
    """The message, and the pid of who has sent it."""
    data, [(_, _, credentials)], _, _ = systemd.recvmsg(1000, socket.CMSG_SPACE(CREDENTIALS.size))
    return data.decode().splitlines()[0], CREDENTIALS.unpack(credentials)[0]


@pytest.mark.parametrize("timeout", ["30", "0"])
def test_systemd_hears_from_the_arbiter_when_a_worker_is_ready(gunicorn, tmp_path, systemd, timeout):
    gate = Gate(tmp_path)
    server = gunicorn(GATED, "--workers", "2", "--timeout", timeout, env={"NOTIFY_SOCKET": systemd.getsockname()})
    server.worker(2)
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(1000)
    systemd.settimeout(PATIENCE)
    gate.let()
    assert heard(systemd) == ("READY=1", server.process.pid)
    gate.let()
    server.wait_for("Ready after", 2)
    server.signal(signal.SIGHUP)
    server.worker(4)
    gate.let(2)
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):  # it is said once
        systemd.recv(1000)


def test_applications_find_the_variable_of_systemd(gunicorn, systemd):
    path = systemd.getsockname()
    server = gunicorn(f"import os\nassert os.environ['NOTIFY_SOCKET'] == {path!r}\n{SOURCE}",
                      env={"NOTIFY_SOCKET": path})
    server.wait_for("Ready after")


def test_log_says_when_a_worker_and_the_service_are_ready(gunicorn):
    server = gunicorn(SOURCE, "--workers", "2")
    server.wait_for(r"Ready after \d+\.\d\d s: fastsrv \S+, gunicorn \S+, uvloop \S+, CPython \S+$", 2)
    assert server.output.count("The first worker is ready: the service is up") == 1


DELAY = 5.0  # seconds: longer than a busy machine may keep a client from connecting


def test_worker_serves_on_when_the_service_stops(gunicorn):
    server = gunicorn(SOURCE, "--graceful-timeout", "16", config=f"fastsrv_shutdown_delay = {DELAY}")
    with server.connect() as connection:
        ask(connection)
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        server.wait_for("Handling signal: term")
        with server.connect() as late:  # a balancer does not know yet
            assert ask(late).status == 200
        while ask(connection).headers.get("connection") is None:
            pass
        assert time.monotonic() - began > DELAY / 2
    assert server.wait() == 0


def test_delay_is_for_a_stop_alone(gunicorn):
    """Neither at a HUP, nor at INT."""
    server = gunicorn(SOURCE, "--graceful-timeout", "60", config="fastsrv_shutdown_delay = 40")
    server.wait_for("Ready after")
    server.signal(signal.SIGHUP)
    server.wait_for(rf"Worker exiting \(pid: {server.worker()}\)")
    server.wait_for("Ready after", 2)
    server.signal(signal.SIGINT)
    assert server.wait() == 0


def test_delay_that_leaves_no_time_is_refused(gunicorn):
    server = gunicorn(SOURCE, env={"FASTSRV_SHUTDOWN_DELAY": "30"})
    assert server.wait() == 1
    server.wait_for("fastsrv_shutdown_delay must be less than 22 seconds with graceful_timeout = 30")
    assert "Booting" not in server.output
