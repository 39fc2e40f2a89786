"""An app runs in a true task of its own, with a context of its own, before its first wait and after it.

asyncio's timeouts and task groups and anyio's cancel scopes look for the current task and cancel it.
"""

import json
import sys

import pytest

from tests.support.responses import parse
from tests.support.servers import read_to_end

SERVED = "tasks_app"
NEWER = sys.version_info >= (3, 11)

RESULTS = {
    "wait_for_expires": "TimeoutError",
    "wait_for_returns": "returned",
    "wait_for_receive": ["http.request", "TimeoutError"],
    "cancels_itself": "CancelledError",
    "current_task": [True, True, True],
    "move_on_after": True,
    "move_on_after_holds": False,
    "fail_after": "TimeoutError",
    "cancelled_scope": [["http.request"], True],
    "shielded_scope": ["shielded"],
    "anyio_task_group": [0, 1, 2],
    "anyio_task_group_is_cancelled": ["child"],
    "to_thread": "from a thread",
} | ({
    "timeout_expires": ["TimeoutError", 0],
    "timeout_holds": False,
    "timeout_around_receive": "TimeoutError",
    "task_group": [0, 1, 2],
    "task_group_fails": ["ExceptionGroup", 0],
} if NEWER else {})


@pytest.mark.parametrize("when", ["", "?after=1"], ids=["before a wait", "after a wait"])
@pytest.mark.parametrize("name", RESULTS)
def test_it_works_in_an_app(client, name, when):
    assert client.get(f"/{name}{when}").json() == RESULTS[name]


@pytest.mark.parametrize("name", RESULTS)
def test_it_works_in_pipelined_requests(server, name):
    with server.connect() as connection:
        connection.sendall(
            f"GET /{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 3
            + f"GET /{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        responses = parse(read_to_end(connection), *["GET"] * 4)
    assert [json.loads(response.body) for response in responses] == [RESULTS[name]] * 4


def test_loop_is_the_one_asked_for(client, server):
    assert client.get("/loop").json() == server.loop


def test_each_request_has_a_task_of_its_own(client, server):
    with server.connect() as connection:
        connection.sendall(
            b"GET /remembered_tasks HTTP/1.1\r\nHost: a\r\n\r\n" * 5
            + b"GET /remembered_tasks?after=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert [response.body for response in parse(read_to_end(connection), *["GET"] * 6)] == [b"true"] * 6
    for _ in range(5):
        assert client.get("/remembered_tasks").json() is True


GET = b"GET /context HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /context?after=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
BODY = bytes(1_000_000)  # more than is read ahead: reading is resumed from within the app
POST = b"POST /context HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
CHUNKED = b"POST /context HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
    len(BODY), BODY)


@pytest.mark.parametrize(
    "requests", [[GET], [GET] * 40, [POST] * 3, [CHUNKED] * 3, [GET, POST, GET, CHUNKED, GET]],
    ids=["one", "many", "bodies", "chunked bodies", "mixed"])
def test_context_variables_are_not_seen_by_the_next_request(server, requests):
    with server.connect() as connection:
        connection.sendall(b"".join(requests) + LAST)
        responses = parse(read_to_end(connection), *["GET"] * (len(requests) + 1))
    for response in responses:
        assert json.loads(response.body) == ["unset", "set by a request", "set by a request"]
