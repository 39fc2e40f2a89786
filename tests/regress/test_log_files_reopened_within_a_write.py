"""Origin: logrotate, thirty times under load. USR1 reopened the log files within the signal handler, which may
interrupt a write to one of them: "reentrant call" was raised there, and the files behind it in the row kept the rotated
one open."""

import os

import pytest

from tests.support.asking import ask

TURNS = 1000  # requests, after which a test has failed

SOURCE = """
import io
import logging
import os
import signal

class File(io.FileIO):
    armed = False

    def write(self, data):
        if File.armed:
            File.armed = False
            os.kill(os.getpid(), signal.SIGUSR1)  # the signal that comes in the middle of a write
        return super().write(data)

class Handler(logging.FileHandler):
    def _open(self):
        return io.TextIOWrapper(io.BufferedWriter(File(self.baseFilename, "a")))

def logger_of(name):
    logger = logging.getLogger(name)
    logger.addHandler(Handler(name + ".log"))
    logger.setLevel("INFO")
    return logger

loggers = [logger_of("first"), logger_of("second")]

async def app(scope, receive, send):
    if scope["type"] == "http":
        File.armed = scope["path"] == "/rotated"
        for logger in loggers:
            logger.info(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})
"""


def read(path):
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_every_file_is_reopened(gunicorn, tmp_path, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--access-logfile", str(tmp_path / "access.log"))
    names = ["first", "second", "access"]
    with server.connect() as connection:
        for number in range(5):
            ask(connection, "/before")
            for name in names:
                (tmp_path / f"{name}.log").rename(tmp_path / f"{name}.{number}")
            ask(connection, "/rotated")
            for _ in range(TURNS):  # the loop reopens them when it has a turn
                ask(connection, "/behind")
                if all("/behind" in read(tmp_path / f"{name}.log") for name in names):
                    break
            else:
                raise AssertionError("a file was not reopened")
    pid = server.worker()
    open_files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")
                  if os.path.exists(f"/proc/{pid}/fd/{fd}")]
    assert sorted(file for file in open_files if str(tmp_path) in file) == sorted(
        str(tmp_path / f"{name}.log") for name in names)
    assert "reentrant" not in server.output
