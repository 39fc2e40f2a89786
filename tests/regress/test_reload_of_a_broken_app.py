"""Origin: a comparison of `--reload` with other servers'. A NameError or an ImportError while the app was loaded ended
gunicorn, where a SyntaxError showed a page and waited for the file to be mended."""

import itertools
import os

import pytest

from tests.support.asking import fetch

GOOD = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"mended"})
"""
FAILS_TO_START = """
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
"""


def change(server, path, text):
    """gunicorn looks at the files once a second, and for the first time when the worker may be serving already."""
    path.write_text(text)
    for stamp in itertools.count(2_000_000_000):
        os.utime(path, (stamp, stamp))
        if server.waits_for(f"Worker reloading: .*{path.name} modified", 1, seconds=1.5):
            return


@pytest.mark.parametrize(("source", "shown"), [
    ("app = undefined", "NameError"),
    ("import helper\nfrom helper import app", "ImportError"),
    ("import no_such_module", "ModuleNotFoundError"),
    ("", "Failed to find attribute 'app' in 'served'"),
    ("def app(environ, start_response): pass", "takes two arguments, as a WSGI application does"),
    ("import sys\nsys.exit('no key')", "no key"),
    (FAILS_TO_START, "no database"),
], ids=["NameError", "ImportError", "no module", "no app", "WSGI", "exit", "start-up"])
def test_page_shows_what_is_wrong_until_it_is_mended(gunicorn, tmp_path, source, shown):
    (tmp_path / "helper.py").write_text("")
    server = gunicorn(source, "--reload", "--reload-engine", "poll")
    response = fetch(server)
    assert response.status == 500 and shown in response.body.decode()
    change(server, tmp_path / "served.py", GOOD)
    server.worker(2)
    assert fetch(server).body == b"mended"


def test_file_that_is_broken_itself_is_watched(gunicorn, tmp_path):
    """A module whose import has failed is none that the reloader knows of."""
    (tmp_path / "helper.py").write_text("app = undefined")
    server = gunicorn("from helper import app", "--reload", "--reload-engine", "poll")
    assert b"helper.py" in fetch(server).body
    change(server, tmp_path / "helper.py", GOOD)
    server.worker(2)
    assert fetch(server).body == b"mended"
