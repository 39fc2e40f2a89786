"""A Starlette application under gunicorn: responses, uploads, background tasks, lifespan, middleware, mounts.

Disconnects and failures are in test_starlette_failures.py.
"""

import gzip
import hashlib
import json
import threading

import pytest

from tests.support.responses import parse
from tests.support.servers import read_response, read_to_end

SERVED = "starlette_app"
PIECE = bytes(range(256)) * 256
everywhere = pytest.mark.parametrize("prefix", ["", "/pure", "/base"])


@everywhere
def test_plain_text(client, prefix):
    response = client.get(f"{prefix}/plain", params={"name": "Zoë & co"})
    assert (response.status_code, response.text) == (200, "hello Zoë & co")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["server"] == "fastsrv"
    assert response.headers.get("x-middleware", "") == prefix[1:]


@everywhere
def test_json_both_ways(client, prefix):
    response = client.post(f"{prefix}/json", json={"numbers": [1, 2.5, None], "text": "é"})
    assert response.json() == {
        "method": "POST", "path": f"{prefix}/json", "body": {"numbers": [1, 2.5, None], "text": "é"}}


@everywhere
def test_streaming_response_is_chunked(client, prefix):
    response = client.get(f"{prefix}/stream")
    assert response.text == "piece 0\npiece 1\npiece 2\n"
    assert response.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in response.headers


@everywhere
def test_each_piece_of_a_stream_leaves_when_it_is_made(client, server, key, prefix):
    with client.stream("GET", f"{prefix}/stepwise", params={"key": key}) as response:
        pieces = response.iter_text()
        assert next(pieces) == "first\n"
        server.open(key)
        assert "".join(pieces) == "second\n"


def test_stream_of_a_plain_generator(client):
    assert client.get("/threaded_stream").content == PIECE * 16


@everywhere
def test_file_response(client, prefix):
    response = client.get(f"{prefix}/file")
    assert response.content == PIECE * 48
    assert response.headers["content-length"] == str(len(PIECE) * 48)
    assert "etag" in response.headers


def test_file_response_to_a_range_request(client):
    response = client.get("/file", headers={"range": "bytes=70000-70009"})
    assert (response.status_code, response.content) == (206, PIECE[70000 - 65536:][:10])


@everywhere
def test_head_has_the_headers_of_get_and_no_body(client, prefix):
    for path in "plain", "file", "json":
        got, head = client.get(f"{prefix}/{path}"), client.head(f"{prefix}/{path}")
        assert (head.status_code, head.content) == (200, b"")
        for name in "content-type", "etag", "last-modified":
            assert head.headers.get(name) == got.headers.get(name)
    assert client.head(f"{prefix}/file").headers["content-length"] == str(len(PIECE) * 48)


def test_head_of_a_stream(client):
    response = client.head("/stream")
    assert (response.status_code, response.content) == (200, b"")
    assert client.get("/plain").text == "hello world"


def test_empty_response(client):
    response = client.get("/empty")
    assert (response.status_code, response.content) == (204, b"")
    assert "content-length" not in response.headers


def test_redirect_is_followed(client):
    response = client.get("/redirect", follow_redirects=True)
    assert (response.status_code, response.text) == (200, "hello again")
    assert [str(each.url.path) for each in response.history] == ["/redirect"]


def test_redirect_to_the_path_with_a_slash_names_the_host_of_the_request(client, server):
    assert client.get("/outer/inner/where/").headers["location"] == f"{server.url}/outer/inner/where"


def test_unknown_path_and_method(client):
    assert client.get("/nowhere").status_code == 404
    assert client.delete("/plain").status_code == 405


def test_mounts_know_where_they_are(client, server):
    assert client.get("/outer/inner/where").json() == {
        "root_path": "/outer/inner", "path": "/outer/inner/where", "url": f"{server.url}/outer/inner/where"}


@everywhere
def test_background_task_ends_after_the_answer(client, server, key, prefix):
    assert client.get(f"{prefix}/background", params={"key": key}).text == "answered"
    # The task is still at work, and does not hold the connection.
    assert client.get(f"{prefix}/plain").text == "hello world"
    server.open(key)
    assert server.note(key) == "done"


def test_background_task_goes_on_when_the_client_has_gone(server, key):
    with server.connect() as connection:
        connection.sendall(b"GET /background?key=%s HTTP/1.1\r\nHost: a\r\n\r\n" % key.encode())
        assert b"answered" in connection.recv(4096)
    server.open(key)
    assert server.note(key) == "done"


@everywhere
def test_large_chunked_upload_as_a_stream(client, prefix):
    def pieces():
        for number in range(200):
            yield PIECE[number:]

    body = b"".join(pieces())
    response = client.post(f"{prefix}/upload", content=pieces())
    assert response.request.headers["transfer-encoding"] == "chunked"
    assert response.json() == {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


@everywhere
def test_large_upload_with_a_length(client, prefix):
    body = PIECE * 200
    assert client.post(f"{prefix}/upload", content=body).json()["sha256"] == hashlib.sha256(body).hexdigest()


def test_upload_of_nothing(client):
    assert client.post("/upload").json()["size"] == 0


def test_gzip_middleware(client):
    response = client.get("/gzip/file", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.content == PIECE * 48
    with client.stream("GET", "/gzip/threaded_stream", headers={"accept-encoding": "gzip"}) as response:
        assert gzip.decompress(b"".join(response.iter_raw())) == PIECE * 16
    assert "content-encoding" not in client.get("/gzip/file", headers={"accept-encoding": "identity"}).headers


def test_lifespan_state_is_shared_and_a_requests_own_is_not(client, key):
    first = client.get("/state", params={"key": key}).json()
    second = client.get("/state", params={"key": key}).json()
    assert first["greeting"] == "from the lifespan"
    assert second["count"] == first["count"] + 1
    assert client.get("/peeks_at_state").json() is False


def test_connection_is_reused(server, client):
    ports = set()
    for _ in range(5):
        with client.stream("GET", "/plain") as response:
            ports.add(response.extensions["network_stream"].get_extra_info("client_addr")[1])
            response.read()
    assert len(ports) == 1


def test_many_clients_at_once(client):
    answers = {}

    def ask(name):
        answers[name] = client.get("/plain", params={"name": name}).text

    threads = [threading.Thread(target=ask, args=(f"number {n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {f"number {n}": f"hello number {n}" for n in range(20)}


@everywhere
def test_pipelined_requests_are_answered_in_order(server, prefix):
    paths = [f"{prefix}/plain?name={number}" for number in range(20)] + [f"{prefix}/stream", f"{prefix}/empty"]
    requests = [f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths]
    requests[-1] = requests[-1].replace(b"Host", b"Connection: close\r\nHost")
    with server.connect() as connection:
        connection.sendall(b"".join(requests))
        responses = parse(read_to_end(connection), *["GET"] * len(requests))
    assert [response.body for response in responses] == [
        *(b"hello %d" % number for number in range(20)), b"piece 0\npiece 1\npiece 2\n", b""]


@everywhere
def test_client_is_told_to_go_on_when_its_body_is_read(server, prefix):
    with server.connect() as connection:
        connection.sendall(
            f"POST {prefix}/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n".encode())
        assert read_response(connection).status == 100
        connection.sendall(b"12345")
        assert json.loads(read_response(connection).body)["size"] == 5


def test_root_path_is_before_that_of_the_mounts(gunicorn):
    server = gunicorn("from tests.apps.served.starlette_app import app", config="root_path = '/api'")
    with server.connect() as connection:
        connection.sendall(b"GET /api/outer/inner/where HTTP/1.1\r\nHost: a\r\n\r\n")
        assert json.loads(read_response(connection).body) == {
            "root_path": "/api/outer/inner", "path": "/api/outer/inner/where",
            "url": "http://a/api/outer/inner/where"}
