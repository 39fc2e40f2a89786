"""WebSockets of a real gunicorn: the end of a worker, settings, limits, hooks, the access log."""

import asyncio
import re
import signal
import threading
import time

import pytest
from gunicorn.config import Config as GunicornConfig
from websockets.asyncio.client import connect as connect_in_loop
from websockets.exceptions import ConnectionClosed

from tests.support.asking import fetch, send
from tests.support.dialing import code_of, dial
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.support.stalls import timed, without_stalls
from tests.websocket.client import FIELDS

SOURCE = '''
import os

def say(what):
    os.write(1, f"{what}\\n".encode())

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"{scope['type']} {os.getpid()}".encode()})
    elif scope["type"] == "websocket":
        await receive()
        if scope["path"] == "/no":
            return await send({"type": "websocket.close"})
        if scope["path"] == "/denied":
            await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
            return await send({"type": "websocket.http.response.body", "body": b"not you"})
        await send({"type": "websocket.accept"})
        say(f"accepted {scope['path']}")
        await talk(receive, send)

async def talk(receive, send):
    """An echo, and a farewell."""
    await send({"type": "websocket.send", "text": str(os.getpid())})
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})
    say(f"told {event['code']}")
    await send({"type": "websocket.send", "text": f"the app was told {event['code']}"})
'''
LONG = str(10 * PATIENCE)  # seconds for the end: a test that waits for it fails
RESTART, TOO_BIG = 1012, 1009
MANY = 50
on_each_loop = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


def dial_in_loop(server, path="/"):
    return connect_in_loop(f"ws://127.0.0.1:{server.port}{path}", open_timeout=PATIENCE)


def pid_of(client):
    """Of the worker, which is what comes first."""
    return int(client.recv(PATIENCE))


# --- the end of a worker ---


@on_each_loop
def test_term_tells_the_app_and_then_the_client(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--graceful-timeout", LONG)
    with dial(server) as first, dial(server) as second:
        assert pid_of(first) == pid_of(second) == server.worker()
        server.signal(signal.SIGTERM)
        for client in first, second:
            assert client.recv(PATIENCE) == f"the app was told {RESTART}"
            assert code_of(client) == RESTART
    assert server.wait() == 0
    assert not re.search("ERROR|WARNING", without_stalls(server.output))


DEAF = SOURCE + '''
import asyncio

async def talk(receive, send):
    """Hears nothing and says nothing."""
    await asyncio.Event().wait()
'''


@on_each_loop
@timed
def test_term_ends_a_websocket_whose_app_does_not_listen(gunicorn, loop):
    server = gunicorn(DEAF, "--asgi-loop", loop, "--graceful-timeout", "2")
    with dial(server) as client:
        server.wait_for("^accepted /$")
        server.signal(signal.SIGTERM)
        assert code_of(client) == RESTART
    assert server.wait() == 0
    assert "SIGKILL" not in server.output


def test_term_ends_in_time_when_clients_answer_nothing(gunicorn):
    """Neither the Close nor our end."""
    server = gunicorn(SOURCE, "--graceful-timeout", LONG)
    with server.connect() as mute:
        send(mute, "/", *FIELDS)
        server.wait_for("^accepted /$")
        server.signal(signal.SIGTERM)
        server.wait_for(f"^told {RESTART}$")
        assert server.wait() == 0
        assert RESTART.to_bytes(2, "big") in read_to_end(mute)


@on_each_loop
def test_hup_sends_all_away_and_they_can_connect_again_at_once(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--graceful-timeout", LONG)

    async def client():
        async with dial_in_loop(server) as connection:
            assert int(await connection.recv()) == server.worker()
            came.release()
            assert await connection.recv() == f"the app was told {RESTART}"
            with pytest.raises(ConnectionClosed):
                await connection.recv()
            assert connection.close_code == RESTART
        async with dial_in_loop(server) as connection:
            return int(await connection.recv())

    async def clients():
        nonlocal came
        came = asyncio.Semaphore(0)
        running = [asyncio.ensure_future(client()) for _ in range(MANY)]
        for _ in running:
            await came.acquire()
        server.signal(signal.SIGHUP)
        return await asyncio.gather(*running)

    came = None
    pids = asyncio.run(asyncio.wait_for(clients(), PATIENCE))
    assert pids == MANY * [server.worker(2)]
    server.wait_for("Worker exiting")
    assert "ERROR" not in server.output and "Traceback" not in server.output


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGINT])
def test_quick_end_tells_all_at_once(gunicorn, number):
    server = gunicorn(SOURCE, "--graceful-timeout", LONG)
    with dial(server) as client:
        pid_of(client)
        server.signal(number)
        assert code_of(client) == RESTART
    assert server.wait() == 0


@on_each_loop
def test_abort_reports_the_task_of_an_open_websocket(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop)
    with dial(server, "/chat?room=1") as client:
        pid_of(client)
        port = client.socket.getsockname()[1]
        server.signal(signal.SIGABRT, server.worker())
        with pytest.raises(ConnectionClosed):
            client.recv(PATIENCE)
    server.worker(2)
    report = server.output.partition("was aborted")[2]
    assert re.search(r'Task .*:(\n .*)*\n  File ".*served.py", line \d+, in talk\n'
                     r'    while \(event := await receive\(\)\)', report)
    assert re.search(rf"In flight \(OPEN\): WebSocket /chat\?room=1 of 127.0.0.1:{port}\n", report)


# --- settings and limits ---


def test_off(gunicorn):
    server = gunicorn(SOURCE, config='fastsrv_websocket = "off"')
    with server.connect() as connection:
        for _ in range(3):
            send(connection, "/", *FIELDS)
            answer = read_response(connection)
            assert (answer.status, answer.body) == (200, b"http %d" % server.worker())
    for _ in range(3):
        assert fetch(server, "/", *FIELDS).status == 200
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert re.findall(r"\[WARNING\] (.*)", without_stalls(server.output)) == [
        "A client has asked for websocket, which fastsrv_websocket = off has switched off; this is said once"]


def test_max_requests_counts_each_websocket_once(gunicorn):
    server = gunicorn(SOURCE, "--max-requests", "3", "--graceful-timeout", LONG)
    with dial(server) as first, dial(server) as second:
        for client in first, second:
            pid_of(client)
            for number in range(20):
                client.send(str(number))
                assert client.recv(PATIENCE) == str(number)
        assert "max_requests" not in server.output
        assert fetch(server).body == b"http %d" % server.worker()
        server.wait_for("max_requests reached, the worker is to end")
        for client in first, second:
            assert client.recv(PATIENCE) == f"the app was told {RESTART}"
            assert code_of(client) == RESTART
    with dial(server) as client:
        assert pid_of(client) == server.worker(2)


@on_each_loop
def test_worker_connections_counts_them(gunicorn, loop):
    def connect_and_leave():
        with dial(server, "/3") as third:
            pids.append(pid_of(third))

    pids = []
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--worker-connections", "2", "--log-level", "debug")
    with dial(server, "/1") as first, dial(server, "/2") as second:
        pid_of(first), pid_of(second)
        server.wait_for(r"worker_connections \(2\) reached")
        waits = threading.Thread(target=connect_and_leave)
        waits.start()
        for number in range(20):  # the others are served meanwhile
            second.send(str(number))
            assert second.recv(PATIENCE) == str(number)
        assert "accepted /3" not in server.output
        first.close()
        server.wait_for("^accepted /3$")
        waits.join()
    assert pids == [server.worker()]


@pytest.mark.skipif("websocket_max_message_size" not in GunicornConfig().settings, reason="this gunicorn has it not")
def test_message_size(gunicorn):
    server = gunicorn(SOURCE, config="websocket_max_message_size = 1000")
    with dial(server) as client:
        pid_of(client)
        client.send("x" * 1000)
        assert client.recv(PATIENCE) == "x" * 1000
        client.send("x" * 1001)
        assert code_of(client) == TOO_BIG
    server.wait_for(f"^told {TOO_BIG}$")


@pytest.mark.skipif("websocket_max_message_size" not in GunicornConfig().settings, reason="this gunicorn has it not")
def test_what_inflates_to_far_more_than_came_is_refused_whatever_the_message_size(gunicorn):
    server = gunicorn(SOURCE, config="websocket_max_message_size = 0")
    with dial(server) as client:
        pid_of(client)
        client.send(b"x" * (8 << 20))  # some kilobytes, compressed
        assert code_of(client) == TOO_BIG
    server.wait_for(f"^told {TOO_BIG}$")


# --- what is told of them ---


@on_each_loop
def test_access_log_has_a_line_when_it_is_over_with_the_time_of_the_connection(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--access-logfile", "-", "--access-logformat",
                      "ACCESS %(r)s %(s)s %(D)s %(m)s %({wsgi.url_scheme}e)s", config="worker_connections = 100")
    began = time.monotonic()
    with dial(server, "/a?b=c") as client:
        accepted = time.monotonic()
        pid_of(client)
        while (least := time.monotonic() - accepted) < 0.05:
            client.send("again")
            client.recv(PATIENCE)
        assert "ACCESS" not in server.output
    line = server.wait_for(r"^ACCESS GET /a\?b=c HTTP/1.1 101 (\d+) GET ws$")
    assert least <= int(line[1]) / 1e6 <= time.monotonic() - began
    assert fetch(server).status == 200
    server.wait_for("^ACCESS GET / HTTP/1.1 200 ")
    assert server.output.count("ACCESS") == 2


COUNTED = " ".join(f"{name}=%({{websocket.{name}}}e)s" for name in (
    "messages_received", "bytes_received", "messages_sent", "bytes_sent", "close_code"))


def test_access_log_has_what_was_said_and_how_it_ended(gunicorn):
    """Of a WebSocket; of another request there is nothing to say."""
    server = gunicorn(SOURCE, "--access-logfile", "-", "--access-logformat", f"ACCESS %(r)s {COUNTED} %(B)s")
    with dial(server, "/counted") as client:
        own = len(str(pid_of(client)))
        for message in "häuser", b"1234":
            client.send(message)
            assert client.recv(PATIENCE) == message
        client.close(4001, "enough")
    server.wait_for(
        r"^ACCESS GET /counted HTTP/1.1 messages_received=2 bytes_received=11 messages_sent=3 "
        rf"bytes_sent={own + 11} close_code=4001 {own + 11}$")
    for path, status, body in ("/no", 403, b""), ("/denied", 401, b"not you"):
        answer = fetch(server, path, *FIELDS)
        assert (answer.status, answer.body) == (status, body)
        server.wait_for(rf"^ACCESS GET {path} HTTP/1.1 messages_received=0 bytes_received=0 messages_sent=0 "
                        rf"bytes_sent=0 close_code=- {len(body)}$")
    assert fetch(server).status == 200
    server.wait_for("^ACCESS GET / HTTP/1.1 messages_received=- bytes_received=- messages_sent=- "
                    r"bytes_sent=- close_code=- \d+$")


HOOKS = """
def pre_request(worker, req):
    print("before", req.method, req.path, worker.nr, flush=True)

def post_request(worker, req, environ, resp):
    code = environ.get("websocket.close_code")
    print("after", req.method, req.path, environ["wsgi.url_scheme"], resp.status, code, flush=True)
"""


def test_hooks_are_called_once_each(gunicorn):
    server = gunicorn(SOURCE, config=HOOKS)
    with dial(server, "/1") as client:
        pid_of(client)
        server.wait_for("^before GET /1 1$")
        for _ in range(3):
            client.send("x")
            client.recv(PATIENCE)
        assert "after GET" not in server.output
    server.wait_for("^after GET /1 ws 101 Switching Protocols 1000$")
    fetch(server, "/2")
    server.wait_for("^after GET /2 http 200 OK None$")
    assert server.output.count("before GET") == server.output.count("after GET") == 2
