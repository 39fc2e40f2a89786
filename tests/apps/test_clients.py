"""Clients of different make: raw sockets read by h11, http.client, urllib, and httpx with many requests at once.

curl has a file of its own.
"""

import asyncio
import contextlib
import hashlib
import http.client
import json
import urllib.error
import urllib.request

import httpx
import pytest

from tests.support.responses import parse
from tests.support.servers import PATIENCE, read_to_end

SERVED = "plain_app"
PIECE = bytes(range(256)) * 256
BODIES = {
    "length": b"Hello, world!", "stream": b"Hello, world!", "stream_with_length": b"Hello, world!",
    "large_stream": PIECE * 48, "nothing": b"", "no_content": b"", "not_modified": b"",
    "not_found": b"there is no such thing",
}
CLOSE = {"1.1": b"Connection: close\r\n", "1.0": b""}


def request(method, path, version, fields):
    return f"{method} /{path} HTTP/{version}\r\nHost: a\r\n".encode() + fields + b"\r\n"


# --- h11 ---

@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("path", BODIES)
def test_response_is_what_h11_expects(server, path, version, method):
    with server.connect() as connection:
        connection.sendall(request(method, path, version, CLOSE[version]))
        (response,) = parse(read_to_end(connection), method)
    assert response.body == (b"" if method == "HEAD" else BODIES[path])
    assert not response.keep_alive


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", BODIES)
def test_responses_on_one_connection_are_what_h11_expects(server, path, method):
    with server.connect() as connection:
        connection.sendall(request(method, path, "1.1", b"") * 3 + request(method, path, "1.1", CLOSE["1.1"]))
        responses = parse(read_to_end(connection), *[method] * 4)
    assert [response.keep_alive for response in responses] == [True, True, True, False]
    for response in responses:
        assert response.body == (b"" if method == "HEAD" else BODIES[path])


def test_connection_of_http_1_0_is_kept_if_asked_for_and_possible(server):
    with server.connect() as connection:
        for path in "length", "nothing", "stream":
            connection.sendall(request("GET", path, "1.0", b"Connection: keep-alive\r\n"))
        responses = parse(read_to_end(connection), *["GET"] * 3)
    assert [response.body for response in responses] == [b"Hello, world!", b"", b"Hello, world!"]
    assert responses[0].headers[b"connection"] == b"keep-alive"
    assert b"transfer-encoding" not in responses[2].headers  # its end is that of the connection


def test_pipelined_requests_of_all_kinds_are_answered_in_order(server):
    methods, sent, wanted = [], b"", []
    for number in range(40):
        path = [*BODIES, "echo"][number % 9]
        body = b"%d " % number * 1000
        methods.append("POST" if path == "echo" else "GET")
        if path == "echo" and number % 2:
            fields = b"Transfer-Encoding: chunked\r\n"
            sent += request("POST", path, "1.1", fields) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif path == "echo":
            sent += request("POST", path, "1.1", b"Content-Length: %d\r\n" % len(body)) + body
        else:
            sent += request("GET", path, "1.1", b"")
        wanted.append(body if path == "echo" else BODIES[path])
    with server.connect() as connection:
        connection.sendall(sent + request("GET", "length", "1.1", CLOSE["1.1"]))
        responses = parse(read_to_end(connection), *methods, "GET")
    assert [response.body for response in responses] == [*wanted, BODIES["length"]]


def test_requests_that_come_in_small_pieces_are_answered(server):
    data = (request("POST", "echo", "1.1", b"Content-Length: 5\r\n") + b"12345"
            + request("GET", "stream", "1.1", CLOSE["1.1"]))
    with server.connect() as connection:
        for position in range(len(data)):
            connection.sendall(data[position:position + 1])
        responses = parse(read_to_end(connection), "POST", "GET")
    assert [response.body for response in responses] == [b"12345", b"Hello, world!"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_error_of_the_app_is_what_h11_expects(server, method):
    with server.connect() as connection:
        connection.sendall(request(method, "raises", "1.1", b""))
        (response,) = parse(read_to_end(connection), method)
    assert response.status == 500
    server.wait_for_error("ZeroDivisionError: a bug of the app")


# --- the standard library ---

def test_http_client_keeps_its_connection(server):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, PATIENCE)) as client:
        client.connect()
        used = client.sock
        for method in "GET", "HEAD", "POST":
            for path, body in BODIES.items():
                client.request(method, f"/{path}")
                response = client.getresponse()
                assert response.read() == (b"" if method == "HEAD" else body)
        assert client.sock is used


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_http_client_uploads(server, size):
    body = (PIECE * 50)[:size]
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, PATIENCE)) as client:
        client.connect()
        used = client.sock
        for content, options in (body, {}), (iter([body[:10], body[10:]]), {"encode_chunked": True}):
            headers = {"Transfer-Encoding": "chunked"} if options else {}
            client.request("PUT", "/describe/x%20y?q=%20", content, headers, **options)
            seen = json.loads(client.getresponse().read())
            assert (seen["method"], seen["path"], seen["query"]) == ("PUT", "/describe/x y", "q=%20")
            assert (seen["size"], seen["sha256"]) == (size, hashlib.sha256(body).hexdigest())
        assert client.sock is used


def test_urllib(server):
    with urllib.request.urlopen(f"{server.url}/stream", timeout=PATIENCE) as response:
        assert response.read() == b"Hello, world!"
    with urllib.request.urlopen(f"{server.url}/echo", data=b"a=1", timeout=PATIENCE) as response:
        assert response.read() == b"a=1"
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{server.url}/not_found", timeout=PATIENCE)
    with error.value:
        assert (error.value.code, error.value.read()) == (404, b"there is no such thing")


# --- httpx ---

def test_httpx_with_many_requests_at_once(server):
    async def ask(client, number):
        body = b"%d " % number * 2000
        answers = await asyncio.gather(
            client.post("/echo", content=body), client.get("/length"), client.get("/stream"), client.head("/length"))
        assert [answer.content for answer in answers] == [body, b"Hello, world!", b"Hello, world!", b""]

    async def run():
        limits = httpx.Limits(max_connections=10)
        async with httpx.AsyncClient(
                base_url=server.url, timeout=PATIENCE, verify=False, limits=limits) as client:
            await asyncio.gather(*(ask(client, number) for number in range(50)))

    asyncio.run(run())


def test_httpx_download_and_upload_of_megabytes(client):
    body = PIECE * 80
    assert client.get("/large_stream").content == PIECE * 48
    assert client.post("/echo", content=body).content == body
    assert client.post("/echo", content=iter([PIECE] * 80)).content == body
