"""Found in review: USR1 opened the files of all loggers anew but those of the root logger, to which most applications'
lines go where a logconfig names a file: behind logrotate they went on into the old one."""

import signal

from tests.support.asking import ask

TURNS = 1000  # requests, after which a test has failed
SOURCE = """
import logging

async def app(scope, receive, send):
    if scope["type"] == "http":
        logging.getLogger("app").warning("said at %s", scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})
"""
CONFIG = """
logconfig_dict = {
    "version": 1, "disable_existing_loggers": False,
    "handlers": {
        "console": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"},
        "file": {"class": "logging.FileHandler", "filename": "app.log"},
    },
    "root": {"level": "INFO", "handlers": ["file"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["console"], "propagate": False},
        "gunicorn.access": {"level": "CRITICAL", "handlers": ["console"], "propagate": False},
    },
}
"""


def test_lines_of_the_app_go_into_the_new_file(gunicorn, tmp_path):
    server = gunicorn(SOURCE, config=CONFIG)
    with server.connect() as connection:
        ask(connection, "/before")
        (tmp_path / "app.log").rename(tmp_path / "app.log.1")
        server.signal(signal.SIGUSR1, server.worker())
        for turn in range(TURNS):
            ask(connection, f"/{turn}")
            if (tmp_path / "app.log").exists():
                break
        ask(connection, "/behind")
    assert "said at /before\n" in (tmp_path / "app.log.1").read_text()
    assert "said at /behind\n" in (tmp_path / "app.log").read_text()
    assert "said at /behind\n" not in (tmp_path / "app.log.1").read_text()
