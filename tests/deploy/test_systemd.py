"""The units: systemd finds no fault with them, and what the service starts serves the socket that it is handed."""

import http.client
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from tests.deploy.served import CONFIG, SOURCE, told_by
from tests.support.deployed import taken
from tests.support.servers import PATIENCE, ROOT, Gunicorn


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"needs {program}")


@needs("systemd-analyze")
def test_units_are_as_systemd_wants_them(tmp_path):
    (tmp_path / "app.socket").write_text(taken("systemd/app.socket"))
    (tmp_path / "app.service").write_text(
        taken("systemd/app.service", ("/srv/app/venv/bin/gunicorn", shutil.which("true"))))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "app.socket", tmp_path / "app.service"],
        capture_output=True, text=True)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@needs("systemd-socket-activate")
def test_service_serves_the_socket(tmp_path):
    """Its command, behind systemd's own stand-in for what the socket's unit does."""
    (tmp_path / "app.py").write_text(SOURCE)
    unit = taken("systemd/app.service", ("/srv/app/venv/bin/gunicorn", f"{sys.executable} -m gunicorn"),
                 ("/srv/app", tmp_path))
    path = re.search(r"^ListenStream=(.*)$", taken("systemd/app.socket", ("/run", tmp_path)), re.MULTILINE)[1]
    server = Gunicorn(tmp_path, "app:app", config=CONFIG)
    home = "HOME=/dev/null/none"  # of ProtectHome and ProtectSystem, which nobody can write to
    env = (f"PYTHONPATH={tmp_path}:{ROOT}", "WEB_CONCURRENCY=2", "FASTSRV_ADMIN_BIND=off", home)
    server.command = ["systemd-socket-activate", "-l", path, *(word for each in env for word in ("-E", each)),
                      *re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1].split()]
    with server:
        server.wait_for("Listening on")
        with closing(http.client.HTTPConnection("localhost")) as client:
            client.sock = socket.socket(socket.AF_UNIX)
            client.sock.settimeout(PATIENCE)
            client.sock.connect(path)
            assert told_by(client, **{"X-Forwarded-For": "192.0.2.9"})["client"] == "192.0.2.9"
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert "[ERROR]" not in server.output
