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

from tests.deploy import sandbox
from tests.deploy.served import CONFIG, SOURCE, told_by
from tests.support.deployed import taken
from tests.support.servers import PATIENCE, ROOT, Gunicorn


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"needs {program}")


@needs("systemd-analyze")
def test_units_are_as_systemd_wants_them(tmp_path):
    (tmp_path / "app.socket").write_text(taken("systemd/app.socket"))
    (tmp_path / "app.service").write_text(
        taken("systemd/app.service", (r"/srv/app/venv/bin/\w+", shutil.which("true"))))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "app.socket", tmp_path / "app.service"],
        capture_output=True, text=True)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def unit_in(folder):
    """The service's, with its files in `folder`, and Python of these tests."""
    return taken("systemd/app.service", ("/srv/app/venv/bin/gunicorn", f"{sys.executable} -m gunicorn"),
                 ("/srv/app/venv/bin/python", sys.executable), ("/srv/app", folder))


def commands(name, unit):
    """The words of each: ExecStart, ExecReload."""
    return [line.split() for line in re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)]


@pytest.fixture
def service(tmp_path):
    """service(**env) -> (Gunicorn, path): what the unit starts, with the system calls that it allows, behind systemd's
    own stand-in for what the socket's unit does; and where that socket is."""
    (tmp_path / "app.py").write_text(SOURCE)
    unit = tmp_path / "app.service"
    unit.write_text(unit_in(tmp_path))
    path = re.search(r"^ListenStream=(.*)$", taken("systemd/app.socket", ("/run", tmp_path)), re.MULTILINE)[1]

    def prepare(**env):
        server = Gunicorn(tmp_path, "app:app", config=CONFIG)
        env = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "WEB_CONCURRENCY": "2", "FASTSRV_ADMIN_BIND": "off",
               "HOME": "/dev/null/none",  # of ProtectHome and ProtectSystem, which nobody can write to
               **env}
        server.command = [
            "systemd-socket-activate", "-l", path,
            *(word for name, value in env.items() for word in ("-E", f"{name}={value}")),
            sys.executable, sandbox.__file__, unit,
            *commands("ExecStart", unit.read_text())[0]]
        return server, path

    return prepare


def told_at(path):
    """What the app was told of a request at a UNIX socket."""
    with closing(http.client.HTTPConnection("localhost")) as client:
        client.sock = socket.socket(socket.AF_UNIX)
        client.sock.settimeout(PATIENCE)
        client.sock.connect(path)
        return told_by(client, **{"X-Forwarded-For": "192.0.2.9"})


@needs("systemd-socket-activate")
def test_service_serves_the_socket(service):
    server, path = service()
    with server:
        server.wait_for("Listening on")
        assert told_at(path)["client"] == "192.0.2.9"
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert "[ERROR]" not in server.output


@needs("systemd-socket-activate")
def test_service_may_log_to_files(service, tmp_path):
    """In LogsDirectory; gunicorn chowns each log file, which the filter forbids."""
    name = re.search(r"^LogsDirectory=(\w+)$", taken("systemd/app.service"), re.MULTILINE)[1]
    logs = tmp_path / "log" / name
    logs.mkdir(parents=True)
    access, error = logs / "access.log", logs / "error.log"
    server, path = service(GUNICORN_CMD_ARGS=f"--access-logfile {access} --error-logfile {error}")
    with server:
        server.wait_for("Listening on")
        assert told_at(path)["client"] == "192.0.2.9"
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    assert '"client":"192.0.2.9"' in access.read_text().replace(" ", "")
    assert "Shutting down" in error.read_text()


def test_reload_asks_first(service, tmp_path):
    """systemd sends HUP only if the command before it has succeeded."""
    server, _ = service()
    asked, hup = commands("ExecReload", unit_in(tmp_path))
    assert hup == ["/bin/kill", "-s", "HUP", "$MAINPID"]

    def ask():
        command = [sys.executable, sandbox.__file__, tmp_path / "app.service", *asked]
        return subprocess.run(command, cwd=tmp_path, env=server.environ, capture_output=True, text=True)

    assert ask().returncode == 0
    (tmp_path / "gunicorn.conf.py").write_text(CONFIG + "keepalive = 'long'\n")
    refused = ask()
    assert refused.returncode == 1 and "Invalid value for keepalive: long" in refused.stderr
    (tmp_path / "gunicorn.conf.py").write_text(CONFIG)
    (tmp_path / "app.py").write_text("app = undefined")
    assert ask().returncode != 0
