"""Where gunicorn's logger writes to, with this worker: syslog, statsd, what logging's own configuration says. What is
written is in tests/worker/test_access_log.py."""

import json
import re
import signal
import socket

import pytest

from tests.support.asking import ask, fetch
from tests.support.servers import PATIENCE
from tests.worker.served import SOURCE

LOCAL3 = 19 * 8  # RFC 5424, 6.2.1: the facility, in front of the severity
INFO = 6


class Sink(socket.socket):
    """What comes as datagrams."""

    def __init__(self):
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.bind(("127.0.0.1", 0))
        self.settimeout(PATIENCE)
        self.address = f"127.0.0.1:{self.getsockname()[1]}"

    def wait_for(self, pattern):
        while not re.search(pattern, text := self.recv(65536).decode()):
            pass
        return text

    def rest(self):
        """All that has come."""
        self.setblocking(False)
        lines = []
        try:
            while True:
                lines.append(self.recv(65536).decode())
        except BlockingIOError:
            return lines


def test_syslog_and_statsd_are_told_under_the_names_given(gunicorn):
    with Sink() as syslog, Sink() as statsd:
        server = gunicorn(
            SOURCE, "--log-syslog", "--log-syslog-to", f"udp://{syslog.address}", "--log-syslog-facility", "local3",
            "--log-syslog-prefix", "shop", "--statsd-host", statsd.address, "--statsd-prefix", "eu",
            "--dogstatsd-tags", "tier:front", "--enable-backlog-metric")
        assert fetch(server).status == 200
        syslog.wait_for(rf'^<{LOCAL3 + INFO}>gunicorn\.shop\.error: \[{server.process.pid}\] Listening at: ')
        syslog.wait_for(rf'^<{LOCAL3 + INFO}>gunicorn\.shop\.access: \[{server.worker()}\] 127\.0\.0\.1 .* 200 ')
        statsd.wait_for(r"^eu\.gunicorn\.requests:1\|c\|@1\.0\|#tier:front$")
        server.signal(signal.SIGSTOP, server.worker())
        try:
            with server.connect(), server.connect():
                statsd.wait_for(r"^eu\.gunicorn\.backlog:2\|h\|#tier:front$")
        finally:
            server.signal(signal.SIGCONT, server.worker())


def test_syslog_is_told_by_the_name_of_the_app_and_of_no_request(gunicorn):
    with Sink() as syslog:
        server = gunicorn(
            SOURCE, "--log-syslog", "--log-syslog-to", f"udp://{syslog.address}",
            "--disable-redirect-access-to-syslog")
        assert fetch(server).status == 200
        server.signal(signal.SIGTERM)
        server.wait()
        lines = syslog.rest()
        assert any("gunicorn.served.app.error: " in line for line in lines)
        assert not any("access" in line for line in lines)


INI = """
[loggers]
keys = root, error, access
[handlers]
keys = file
[formatters]
keys = plain
[logger_root]
handlers =
[logger_error]
qualname = gunicorn.error
level = INFO
propagate = 0
handlers = file
[logger_access]
qualname = gunicorn.access
level = INFO
propagate = 0
handlers = file
[handler_file]
class = FileHandler
args = ("all.log",)
formatter = plain
[formatter_plain]
format = %(name)s says %(message)s
"""
AS_JSON = {
    "version": 1, "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(name)s says %(message)s"}},
    "handlers": {"file": {"class": "logging.FileHandler", "filename": "all.log", "formatter": "plain"}},
    "root": {"handlers": []},
    "loggers": {
        name: {"level": "INFO", "propagate": False, "handlers": ["file"]}
        for name in ("gunicorn.error", "gunicorn.access")
    },
}


@pytest.mark.parametrize(("option", "text"), [("--log-config", INI), ("--log-config-json", json.dumps(AS_JSON))])
def test_configuration_of_logging_says_where_lines_go(gunicorn, tmp_path, option, text):
    (tmp_path / "logging.txt").write_text(text)
    server = gunicorn(SOURCE, option, "logging.txt", bind=f"unix:{tmp_path}/socket",
                      config="def when_ready(server): print('it listens', flush=True)")
    server.wait_for("^it listens$")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(f"{tmp_path}/socket")
        worker = ask(connection).body.decode()
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    lines = (tmp_path / "all.log").read_text().splitlines()
    assert f"gunicorn.error says Booting worker with pid: {worker}" in lines
    assert any(line.startswith("gunicorn.access says ") and '"GET / HTTP/1.1" 200 ' in line for line in lines)
