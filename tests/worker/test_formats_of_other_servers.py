"""docs/FROM_UVICORN.md, "Formats of the access log": granian and hypercorn, each run by itself, write by their atoms
what fastsrv writes by those beside them."""

import re
import socket
import sys
import time

import pytest

from tests.support.asking import ask
from tests.support.proxies import GLANCE, held_port
from tests.support.servers import PATIENCE, ROOT, Gunicorn

APP = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in "startup", "shutdown":
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"hello"})
"""
GRANIAN = ("granian", "--interface", "asgi", "--port", "{port}", "--access-log", "--access-log-fmt")
HYPERCORN = ("hypercorn", "--bind", "127.0.0.1:{port}", "--access-logfile", "-", "--access-logformat")
FASTSRV = ("gunicorn", "-k", "fastsrv.Worker", "--no-control-socket", "--bind", "127.0.0.1:{port}",
           "--access-logfile", "-", "--access-logformat")
OF_THE_MOMENT = {"%(time)s", "%(dt_ms).3f"}


def pairs(name):
    """Of the server's table: its atoms, each with those here; where there are any."""
    section = (ROOT / "docs/FROM_UVICORN.md").read_text().partition("\n## Formats of the access log\n")[2]
    table = section.partition(f"| {name} | here |\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.*?)`.* \| `(.*?)`.*\|$", table, re.MULTILINE)
    return [(theirs, here) for theirs, here in rows if theirs not in OF_THE_MOMENT]


def told(folder, command, atoms):
    """What the server writes of a request by each of the atoms."""
    server = Gunicorn(folder, "")
    with held_port() as port:
        server.command = [sys.executable, "-m", *(word.format(port=port) for word in command),
                          f"ATOMS {'|'.join(atoms)} END", "served:app"]
        with server, connected(port) as connection:
            assert ask(connection, "/path?query", "User-Agent: me").status == 200
            values = server.wait_for("ATOMS (.*) END$")[1].replace(str(connection.getsockname()[1]), "PORT")
    return values.split("|")


def connected(port):
    """A connection, once somebody listens there."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(GLANCE)


@pytest.mark.parametrize(("name", "command"), [("granian", GRANIAN), ("hypercorn", HYPERCORN)])
def test_atoms_say_the_same(tmp_path, name, command):
    (tmp_path / "served.py").write_text(APP)
    found = pairs(name)
    assert len(found) >= 7
    theirs, ours = (told(tmp_path, *each) for each in zip((command, FASTSRV), zip(*found, strict=True), strict=True))
    if name == "hypercorn":
        ours = [value.replace("HTTP/1.1", "1.1") for value in ours]
    assert dict(zip(found, theirs, strict=True)) == dict(zip(found, ours, strict=True))
    assert "-" not in ours
