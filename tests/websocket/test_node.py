"""The package ws, which most servers and clients on Node use, as a client on real sockets: node_client.js.

Installed by npm into build/node; left out where node, npm or the registry is missing.
"""

import fcntl
import json
import os
import queue
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.servers import PATIENCE, ROOT
from tests.support.tls import CERTIFICATE, server_context

HOME = ROOT / "build" / "node"
WS = "ws@8"
INSTALLATION = 60  # seconds
CLIENT = Path(__file__).with_name("node_client.js")


@pytest.fixture(scope="module")
def node():
    """node(*arguments) -> what the client has printed, as JSON."""
    for program in "node", "npm":
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not (HOME / "node_modules" / "ws").exists():
            install()

    def run(*arguments):
        done = subprocess.run(
            ["node", CLIENT, *arguments], env={**os.environ, "NODE_PATH": str(HOME / "node_modules")},
            capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return json.loads(done.stdout)

    return run


def install():
    env = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}  # as conftest.py has it
    try:
        done = subprocess.run(
            ["npm", "install", "--prefix", HOME, "--no-audit", "--no-fund", "--fetch-retries", "0", WS], env=env,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=INSTALLATION)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm has not installed {WS} in {INSTALLATION} seconds")
    if done.returncode != 0:
        why, *_ = [*done.stdout.splitlines(), ""]
        pytest.skip(f"npm cannot install {WS}: {why}")


class App:
    """/echo, /closes, /denies. `scopes` and `ends` of those that echo."""

    def __init__(self):
        self.scopes, self.ends = queue.Queue(), queue.Queue()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await getattr(self, scope["path"][1:])(scope, receive, send)

    async def echo(self, scope, receive, send):
        self.scopes.put(scope)
        await send({
            "type": "websocket.accept", "headers": [(b"x-answer", b"yes")],
            "subprotocol": "two" if scope["subprotocols"] else None})
        while (event := await receive())["type"] == "websocket.receive":
            await send({**event, "type": "websocket.send"})
        self.ends.put((event["code"], event["reason"]))

    async def closes(self, scope, receive, send):
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4001, "reason": "☃"})

    async def denies(self, scope, receive, send):
        await send({"type": "websocket.http.response.start", "status": 401, "headers": [
            (b"www-authenticate", b"Basic")]})
        await send({"type": "websocket.http.response.body", "body": b"not you"})


@pytest.mark.parametrize("tls", [False, True])
def test_ws_on_node(serve, node, tls):
    app = App()
    server = serve(app, tls=server_context() if tls else None)
    told = node(*((f"wss://localhost:{server.port}", CERTIFICATE) if tls else (f"ws://127.0.0.1:{server.port}",)))
    for way in "plain", "deflate":
        seen = told[way]
        assert seen.pop("extensions").partition(";")[0] == ("permessage-deflate" if way == "deflate" else "")
        assert seen == {
            "differ": [], "pong": "what a ping carries", "protocol": "two", "answer": "yes", "end": [3001, ""]}
        assert (b"x-question", b"what?") in app.scopes.get(timeout=PATIENCE)["headers"]
        assert app.ends.get(timeout=PATIENCE) == (3001, "é")
    assert told["closed"] == [4001, "☃"]
    assert told["denied"] == {"status": 401, "header": "Basic", "body": "not you"}
    assert told["vanishes"] == [1006, ""] and app.ends.get(timeout=PATIENCE) == (1006, "")
