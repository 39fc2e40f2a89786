"""Origin: --check-config as root, before a service of another user was started. It had made the log files, which were
root's, so that the service could not open them; and files that were there it had given to root."""

import os
import pwd

import pytest

from tests.support.command_line import run_fastsrv

LOGS = ("--error-logfile", "error.log", "--access-logfile", "access.log")
INI = """
[loggers]
keys=root
[handlers]
keys=file
[formatters]
keys=
[logger_root]
handlers=file
[handler_file]
class=FileHandler
args=("app.log",)
"""


def test_no_log_file_is_left(tmp_path):
    (tmp_path / "error.log").write_text("a line\n")
    (tmp_path / "log.ini").write_text(INI)
    before = {path.name for path in tmp_path.iterdir()} | {"served.py", "gunicorn.conf.py"}
    done = run_fastsrv(tmp_path, "--check-config", *LOGS, "--log-config", "log.ini", "served:app",
                       PYTHONDONTWRITEBYTECODE="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == before
    assert (tmp_path / "error.log").read_text() == "a line\n"


def test_log_file_that_a_start_empties_stays_as_it_is(tmp_path):
    (tmp_path / "app.log").write_text("a line\n")
    (tmp_path / "log.ini").write_text(INI.replace('("app.log",)', '("app.log", "w")'))
    assert run_fastsrv(tmp_path, "--check-config", "--log-config", "log.ini", "served:app").returncode == 0
    assert (tmp_path / "app.log").read_text() == "a line\n"


@pytest.mark.skipif(os.getuid() != 0, reason="root alone gives files away")
def test_log_file_stays_its_owner_s(tmp_path):
    somebody = pwd.getpwnam("games")
    (tmp_path / "error.log").touch()
    os.chown(tmp_path / "error.log", somebody.pw_uid, somebody.pw_gid)
    assert run_fastsrv(tmp_path, "--check-config", *LOGS, "served:app").returncode == 0
    status = (tmp_path / "error.log").stat()
    assert (status.st_uid, status.st_gid) == (somebody.pw_uid, somebody.pw_gid)
