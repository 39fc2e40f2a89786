"""WebSockets of Starlette, FastAPI, Litestar, Quart and Django Channels under gunicorn, and the client `websockets`.

Each has an application of its own in tests/apps/served, all with the same paths: /echo sends back what comes, and
notes the code of its end; /json wraps what comes; /subprotocol takes the last one that is offered; /closes with 4001;
/rejects before it has accepted; /items/7?verbose=yes tells what it knows of the request; /state tells what the lifespan
has made; /fails when it has accepted. What else one of them has is tested behind that.
"""

import contextlib
import json
import signal
import socket
import struct

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.apps.conftest import Served
from tests.support.servers import PATIENCE, Gunicorn

LARGE = 1 << 20  # bytes
# Channels' consumers in threads call asgiref's async_to_sync: docs/ASGI.md.
ENVIRON = {"PYTHONWARNINGS": "ignore:async_to_sync was passed a non-async-marked callable"}


def served_by(*names, loops=("uvloop", "asyncio")):
    """For each of these frameworks, on each loop."""
    return pytest.mark.parametrize(
        "running", [f"{name}-{loop}" for name in names for loop in loops], indirect=True, scope="module")


ALL = ("starlette", "fastapi", "litestar", "quart", "channels")
by_each = served_by(*ALL)


@pytest.fixture(scope="module")
def running(request, tmp_path_factory):
    name, _, loop = request.param.partition("-")
    module = f"tests.apps.served.websocket_{name}_app:app"
    with Gunicorn(tmp_path_factory.mktemp("served"), module, config=f"asgi_loop = {loop!r}", env=ENVIRON) as gunicorn:
        yield gunicorn, name


@pytest.fixture
def server(running):
    gunicorn, framework = running
    served = Served(gunicorn, None)
    served.framework = framework
    yield served
    served.check_log()


@pytest.fixture
def dial(server):
    """dial(path, **options) -> a connected client."""
    with contextlib.ExitStack() as clients:
        def dial(path, **options):
            options = {"open_timeout": PATIENCE, "close_timeout": PATIENCE, **options}
            return clients.enter_context(connect(f"ws://127.0.0.1:{server.port}{path}", **options))

        yield dial


def receive(client):
    return client.recv(timeout=PATIENCE)


def end_of(client):
    """(code, reason) of the server's Close, which has to come next."""
    with pytest.raises(ConnectionClosed) as closed:
        receive(client)
    return closed.value.rcvd.code, closed.value.rcvd.reason


def denial_of(dial, path, **options):
    with pytest.raises(InvalidStatus) as denied:
        dial(path, **options)
    return denied.value.response


def vanish(client):
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.shutdown(socket.SHUT_RDWR)


# --- what all of them can ---


@by_each
def test_messages_come_back(server, dial, key):
    client = dial(f"/echo?key={key}")
    for message in ("text", "häuser, ☃", b"\x00\xff", "x" * LARGE, bytes(LARGE), ""):
        client.send(message)
        assert receive(client) == message
    client.close()
    server.wait_for_end(key)


@by_each
@pytest.mark.parametrize("code", [1000, 1001, 4000])
def test_app_sees_how_its_client_ends_it(server, dial, key, code):
    client = dial(f"/echo?key={key}")
    client.send("x")
    assert receive(client) == "x"
    client.close(code)
    assert server.note(key) == (None if server.framework == "quart" else code)  # Quart tells no code
    server.wait_for_end(key)


@by_each
def test_app_sees_that_its_client_has_gone(server, dial, key):
    client = dial(f"/echo?key={key}")
    client.send("x")
    assert receive(client) == "x"
    vanish(client)
    assert server.note(key) == (None if server.framework == "quart" else 1006)
    server.wait_for_end(key)


@by_each
def test_json(server, dial):
    client = dial("/json")
    for content in {"a": [1, 2.5, None]}, "é", []:
        client.send(json.dumps(content))
        assert json.loads(receive(client)) == {"got": content}
    client.close()
    assert client.close_code == 1000


@by_each
def test_subprotocol_and_headers_of_the_answer(server, dial):
    client = dial("/subprotocol", subprotocols=["one", "two"])
    assert (client.subprotocol, client.response.headers["x-accepted"]) == ("two", "yes")
    assert json.loads(receive(client)) == ["one", "two"]
    assert end_of(client)[0] == 1000


@by_each
def test_close_with_a_code(server, dial):
    client = dial("/closes")
    assert receive(client) == "last"
    assert end_of(client) == (4001, "enough")


@by_each
def test_reject(server, dial):
    assert denial_of(dial, "/rejects").status_code == 403
    # The worker has taken no harm.
    assert receive(dial("/closes")) == "last"


@by_each
def test_path_query_and_cookies(server, dial):
    client = dial("/items/7?verbose=yes", additional_headers={"Cookie": "a=b"})
    assert json.loads(receive(client)) == {
        "number": 7, "verbose": "yes", "url": f"ws://127.0.0.1:{server.port}/items/7?verbose=yes", "cookie": "b"}
    assert end_of(client)[0] == 1000


@served_by("starlette", "fastapi", "litestar", "quart")
def test_state_of_the_lifespan(server, dial):
    assert receive(dial("/state")) == "from the lifespan"


@by_each
def test_app_that_fails(server, dial):
    """Litestar and Quart close it themselves; Litestar logs it in debug mode only."""
    code, _ = end_of(dial("/fails"))
    assert code == {"litestar": 4500, "quart": 1000}.get(server.framework, 1011)
    if server.framework != "litestar":
        server.wait_for_error("ZeroDivisionError: a bug of the app")


@by_each
def test_many_clients_at_once(server, dial, key):
    clients = [dial(f"/echo?key={key}-{number}") for number in range(20)]
    for number, client in enumerate(clients):
        client.send(str(number))
    assert [receive(client) for client in clients] == [str(number) for number in range(20)]


@served_by("starlette", "fastapi", "litestar", "quart")
@pytest.mark.parametrize("leave", ["close", "vanish"])
def test_end_that_the_app_does_not_catch_is_no_error(server, dial, key, leave):
    client = dial(f"/unguarded?key={key}")
    client.send("x")
    assert receive(client) == "x"
    client.close() if leave == "close" else vanish(client)
    server.wait_for_end(key)


@served_by(*ALL, loops=["uvloop"])
def test_clients_are_sent_away_when_the_worker_is_replaced(server, dial):
    clients = [dial(path) for path in ("/json", "/json", "/json")]
    for client in clients:
        client.send("1")
        assert json.loads(receive(client)) == {"got": 1}
    server.gunicorn.signal(signal.SIGHUP)
    for client in clients:
        assert end_of(client)[0] == 1012
    server.gunicorn.wait_for("Worker exiting")
    assert receive(dial("/closes")) == "last"


# --- what some of them have ---


@served_by("starlette", "fastapi", "quart")
def test_denial_with_an_answer(server, dial):
    answer = denial_of(dial, "/denies")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Basic")
    assert json.loads(answer.body) == {"detail": "not you"}


@served_by("starlette", "fastapi")
def test_denial_by_an_exception(server, dial):
    answer = denial_of(dial, "/denies_by_exception")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Basic")
    assert b"not you" in answer.body


@served_by("starlette", "fastapi", "litestar")
def test_close_by_an_exception(server, dial):
    assert end_of(dial("/closes_by_exception")) == (1008, "by an exception")


@by_each
def test_unknown_path(server, dial, key):
    status = denial_of(dial, f"/nowhere?key={key}").status_code
    server.wait_for_end(key)
    if server.framework == "channels":  # its router raises
        server.wait_for_error("No route found for path 'nowhere'")
    assert status == {"channels": 500, "quart": 404}.get(server.framework, 403)


@served_by("starlette")
def test_endpoint_is_told_of_the_end(server, dial, key):
    client = dial(f"/endpoint?key={key}")
    client.send(b"123")
    assert receive(client) == b"321"
    client.close(3000)
    assert server.note(key) == 3000
    server.wait_for_end(key)


@served_by("starlette")
def test_behind_base_http_middleware(server, dial, key):
    client = dial(f"/base/echo?key={key}")
    client.send("x")
    assert receive(client) == "x"
    client.close()
    assert server.note(key) == 1000


@served_by("fastapi")
def test_dependencies(server, dial, key):
    assert denial_of(dial, f"/depends?key={key}").status_code == 403
    client = dial(f"/depends?token=mine&key={key}")
    assert receive(client) == "mine resource"
    client.close()
    assert server.note(key) == "given back"


@served_by("litestar")
def test_listener(server, dial, key):
    client = dial(f"/listener?key={key}")
    for number in range(3):
        client.send(json.dumps({"number": number}))
        assert json.loads(receive(client)) == {"got": {"number": number}}
    client.close()
    assert server.note(key) == "gone"


@served_by("channels")
def test_consumer_in_threads(server, dial, key):
    client = dial(f"/threads?key={key}")
    for message in "text", b"bytes":
        client.send(message)
        assert receive(client) == message
    client.close(3000)
    assert server.note(key) == 3000


@served_by("channels")
def test_group(server, dial):
    clients = [dial("/room") for _ in range(3)]
    for client in clients:
        client.send("hello")
        assert [receive(each) for each in clients] == ["hello"] * 3
    clients.pop().close()
    clients[0].send("still there?")
    assert [receive(each) for each in clients] == ["still there?"] * 2
