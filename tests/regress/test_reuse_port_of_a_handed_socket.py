"""Found by a review: reuse_port beside sockets that are handed over. gunicorn does not take systemd's then, so that
clients waited in a queue that nobody served; and of fd:// all workers had the same one, which each of them shut for the
others while it started, and when it ended."""

import socket
import sys

from tests.support.command_line import APP, run_fastsrv
from tests.support.servers import Gunicorn

AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)  # the first one of sd_listen_fds(3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_one_of_systemd_stops_the_start(tmp_path):
    (tmp_path / "served.py").write_text(APP)
    server = Gunicorn(tmp_path, "served:app", "--reuse-port")
    with socket.create_server(("127.0.0.1", 0)) as given:
        server.command = [sys.executable, "-c", AS_SYSTEMD, str(given.fileno()), *server.command]
        server.pass_fds = [given.fileno()]
        with server:
            assert server.wait() == 1
    assert "reuse_port cannot be used with a socket of systemd's (LISTEN_FDS)" in server.output
    assert "Booting worker" not in server.output and "Traceback" not in server.output


def test_one_of_a_descriptor_stops_the_start(tmp_path):
    done = run_fastsrv(tmp_path, "--check-config", "--reuse-port", "--bind", "fd://0", "served:app")
    assert (done.returncode, done.stdout) == (1, "")
    assert "reuse_port cannot be used with an inherited socket (bind)" in done.stderr
