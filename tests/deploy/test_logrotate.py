"""deploy/logrotate, run by logrotate: a service that logs to files goes on in new ones, and no line is lost."""

import grp
import os
import pwd
import shutil
import subprocess
import time

import pytest

from tests.deploy.served import CONFIG, SOURCE
from tests.support.asking import ask
from tests.support.deployed import taken
from tests.support.servers import PATIENCE


@pytest.mark.skipif(shutil.which("logrotate") is None, reason="needs logrotate")
def test_lines_go_to_the_new_files(gunicorn, tmp_path):
    logs = tmp_path / "log"
    logs.mkdir(mode=0o755)
    access, error = logs / "access.log", logs / "error.log"
    server = gunicorn(SOURCE, "--access-logfile", str(access), "--error-logfile", str(error), "--workers", "2",
                      config=CONFIG + """
def when_ready(server):
    print("Listening at: http://127.0.0.1:%d" % server.LISTENERS[0].getsockname()[1], flush=True)
""", env={"FASTSRV_ADMIN_BIND": "off"})
    sent = []

    def send(connection):
        sent.append(f"/{len(sent)}")
        assert ask(connection, sent[-1]).status == 200

    rules = tmp_path / "rules"
    owner = f"{pwd.getpwuid(os.getuid()).pw_name} {grp.getgrgid(os.getgid()).gr_name}"
    rules.write_text(taken(
        "logrotate", ("/var/log/app", logs), ("app app", owner),
        (r"systemctl kill --signal=USR1 --kill-who=main app\.service", f"kill -s USR1 {server.process.pid}")))
    rules.chmod(0o644)
    with server.connect() as connection:
        send(connection)
        send(connection)  # what came before it is in the log now: an empty one would stay where it is
        subprocess.run(["logrotate", "--force", "--state", tmp_path / "state", rules], check=True)
        end = time.monotonic() + PATIENCE
        while not access.read_text():  # a worker opens the files anew when its loop has a turn
            assert time.monotonic() < end
            send(connection)
        send(connection)
        send(connection)
    assert access.stat().st_mode & 0o777 == error.stat().st_mode & 0o777 == 0o640
    assert f'"target":"{sent[-2]}"' in access.read_text()
    told = (logs / "access.log.1").read_text() + access.read_text()
    assert [path for path in sent[:-1] if told.count(f'"target":"{path}"') != 1] == []
