"""Django's ASGI handler under gunicorn: views of both kinds, uploads, cookies, failures, clients that go."""

import hashlib
import threading
from pathlib import Path

import pytest

SERVED = "django_app"
PIECE = bytes(range(256)) * 256


def test_async_view(client):
    response = client.get("/async_view", params={"name": "Zoë"})
    assert (response.text, response.headers["content-length"]) == ("async Zoë", "10")


def test_sync_view_runs_in_a_thread_and_knows_the_request(client, server):
    assert client.put("/sync_view?a=%20b", headers={"user-agent": "test"}).json() == {
        "main": False, "method": "PUT", "host": f"127.0.0.1:{server.port}", "agent": "test",
        "path": "/sync_view?a=%20b", "client": "127.0.0.1"}


def test_head(client):
    response = client.head("/large")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == str(len(PIECE) * 48)


def test_streaming_response(client):
    response = client.get("/stream")
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.text == "".join(f"{number}\n" for number in range(100))


def test_large_response(client):
    assert client.get("/large").content == PIECE * 48


def test_file_response(client, server):
    path = Path(__file__).parent / "served/django_app.py"
    response = client.get("/file")
    assert response.content == path.read_bytes()
    assert response.headers["content-length"] == str(path.stat().st_size)
    server.wait_for_error("Warning: StreamingHttpResponse must consume synchronous iterators")  # Django's advice


@pytest.mark.parametrize("size", [10, 4_000_000])
def test_file_upload(client, size):
    content = (PIECE * 70)[:size]
    response = client.post("/upload", files={"file": ("naïve.bin", content)}, data={"note": "für dich"})
    assert response.json() == {
        "name": "naïve.bin", "size": size, "sha256": hashlib.sha256(content).hexdigest(), "note": "für dich"}


def test_form(client):
    assert client.post("/form", data={"a": ["1", "zwei & drei"], "ü": "é"}).json() == {
        "a": ["1", "zwei & drei"], "ü": ["é"]}


def test_cookies_both_ways(client):
    client.cookies.update({"mine": "yes", "other": "no"})
    response = client.get("/cookies")
    assert response.json() == {"mine": "yes", "other": "no"}
    assert [field.split(";")[0] for field in response.headers.get_list("set-cookie")] == [
        "first=1", r'second="two words\073 and more"', 'third=""']


def test_redirect(client):
    assert client.get("/redirect", follow_redirects=True).text == "async again"


def test_unknown_path(client):
    assert client.get("/nowhere").status_code == 404


@pytest.mark.parametrize("view", ["async_raises", "sync_raises"])
def test_raising_view_is_a_500_and_the_connection_goes_on(client, view):
    assert client.get(f"/{view}").status_code == 500
    assert client.get("/async_view").text == "async "


def test_many_clients_at_once(client):
    answers = []

    def ask(path):
        answers.append(client.get(path, headers={"user-agent": "test"}).status_code)

    threads = [threading.Thread(target=ask, args=(path,)) for path in ["/async_view", "/sync_view"] * 10]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 20


def test_async_view_that_waits_goes_on(client, server, key):
    server.open(key)
    assert client.get("/waits", params={"key": key}).text == "went on"


def test_client_that_goes_cancels_an_async_view_without_an_error(server, key):
    with server.connect() as connection:
        connection.sendall(b"GET /waits?key=%s HTTP/1.1\r\nHost: a\r\n\r\n" % key.encode())
        server.note(f"{key}-started")
    assert server.note(key) == "cancelled"
    server.wait_for_end(key)


def test_client_that_goes_within_a_stream_ends_it_without_an_error(server, key):
    with server.connect() as connection:
        connection.sendall(b"GET /endless?key=%s HTTP/1.1\r\nHost: a\r\n\r\n" % key.encode())
        assert connection.recv(1000)
    server.wait_for_end(key)


def test_client_that_goes_within_its_upload_is_no_error(server, key):
    with server.connect() as connection:
        connection.sendall(b"POST /upload?key=%s HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab" % key.encode())
    server.wait_for_end(key)
