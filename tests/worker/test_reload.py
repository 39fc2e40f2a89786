"""--reload: a changed file is picked up, a broken one is shown instead of served."""

import itertools
import os

from tests.support.asking import fetch

APP = """
ANSWER = b"{answer}"

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in "startup", "shutdown":
            await receive()
            await send({{"type": f"lifespan.{{phase}}.complete"}})
    else:
        await send({{"type": "http.response.start", "status": 200, "headers": []}})
        await send({{"type": "http.response.body", "body": ANSWER}})
"""
# What gunicorn calls poll, under a name of its own, by which it can be told from the default.
ENGINE = """
from gunicorn.reloader import Reloader, reloader_engines

class Own(Reloader):
    pass

reloader_engines["own"] = Own
reload_engine = "own"

def post_worker_init(worker): print("changes are told by", type(worker.reloader).__name__, flush=True)
"""


def test_reload_serves_a_changed_file_and_shows_a_broken_one(gunicorn, tmp_path):
    (tmp_path / "prices.csv").write_text("")
    server = gunicorn(APP.format(answer="one"), "--reload", "--asgi-lifespan", "on", "--reload-extra-file",
                      "prices.csv", config=ENGINE)
    server.wait_for("^changes are told by Own$")
    stamps = itertools.count(2_000_000_000)

    def change(text, number, name="served.py"):
        path = tmp_path / name
        path.write_text(text)
        # gunicorn looks once a second, and for the first time when the worker may be serving already.
        for stamp in stamps:
            os.utime(path, (stamp, stamp))
            if server.waits_for("Worker reloading: ", number, seconds=1.5):
                break
        server.wait_for(f"Worker reloading: .*{name} modified")
        server.worker(number + 1)

    assert fetch(server).body == b"one"
    change(APP.format(answer="two"), 1)
    assert fetch(server).body == b"two"
    change("def app(:\n", 2)
    response = fetch(server)
    assert response.status == 500
    assert b"served.py" in response.body and b"SyntaxError" in response.body
    change(APP.format(answer="three"), 3)
    assert fetch(server).body == b"three"
    change("1", 4, "prices.csv")
