"""A FastAPI application under gunicorn: models, streams, uploads, background tasks, dependencies, threads."""

import hashlib
import socket
import threading

import pytest

SERVED = "fastapi_app"
CONFIG = "asgi_disconnect_grace_period = 1"


def test_json_route_with_a_model(client):
    response = client.post("/items/7?verbose=yes", json={"name": "café", "price": 2, "tags": ["a", "b"]})
    assert response.json() == {
        "number": 7, "item": {"name": "café", "price": 2.0, "tags": ["a", "b"]}, "verbose": True}


def test_invalid_body_is_a_422_and_the_connection_goes_on(client):
    response = client.post("/items/7", json={"name": "no price"})
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["body", "price"])
    assert client.post("/items/8", json={"name": "x", "price": 1}).status_code == 200


def test_body_that_is_no_json(client):
    response = client.post("/items/7", content=b"{", headers={"content-type": "application/json"})
    assert response.status_code == 422


def test_documentation_is_served(client):
    assert client.get("/openapi.json").json()["paths"].keys() >= {"/items/{number}", "/upload"}
    assert client.get("/docs").status_code == 200


def test_streaming_response(client):
    with client.stream("GET", "/stream") as response:
        assert "".join(response.iter_text()) == "".join(f"{number}\n" for number in range(100))


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_file_upload(client, size):
    content = (bytes(range(256)) * (size // 256 + 1))[:size]
    response = client.post(
        "/upload", files={"file": ("naïve.bin", content, "application/x-test")}, data={"note": "für dich"})
    assert response.json() == {
        "filename": "naïve.bin", "type": "application/x-test", "size": size, "note": "für dich",
        "sha256": hashlib.sha256(content).hexdigest()}


def test_file_upload_in_chunks(client):
    content = bytes(3_000_000)
    request = client.build_request("POST", "/upload", files={"file": ("a", content)}, data={"note": "n"})
    body = request.read()
    pieces = (body[start:start + 100_000] for start in range(0, len(body), 100_000))
    response = client.post("/upload", content=pieces, headers={"content-type": request.headers["content-type"]})
    assert response.request.headers["transfer-encoding"] == "chunked"
    assert response.json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_background_task_ends_after_the_answer(client, server, key):
    assert client.post("/background", params={"key": key}).json() == "answered"
    assert client.get("/state").json() == "from the lifespan"
    server.open(key)
    assert server.note(key) == "done"


def test_lifespan_state(client):
    assert client.get("/state").json() == "from the lifespan"


def test_plain_routes_and_dependencies_run_in_threads(client):
    main, dependency, route = client.get("/threads").json()
    assert main not in (dependency, route)


def test_to_thread_from_an_async_route(client):
    main, other = client.get("/to_thread").json()
    assert main != other


def test_many_plain_routes_at_once(client):
    answers = []

    def ask():
        answers.append(client.get("/threads").status_code)

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 30


def test_dependency_with_yield_is_closed(client, server, key):
    assert client.get("/resource", params={"key": key}).json() == "resource"
    assert server.note(key + "-closed") == "in order"


def test_dependency_with_yield_sees_the_exception_of_its_route(client, server, key):
    assert client.get("/resource", params={"key": key, "fails": True}).status_code == 500
    assert server.note(key + "-closed") == "after an error"
    server.wait_for_error(r"^ZeroDivisionError: a bug of the app$")
    assert client.get("/state").status_code == 200


def test_dependency_with_yield_is_closed_when_the_client_goes(client, server, key):
    with server.connect() as connection:
        connection.sendall(b"GET /sleeps?key=%s HTTP/1.1\r\nHost: a\r\n\r\n" % key.encode())
        server.note(key + "-started")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    server.note(key + "-given-back")
    server.wait_for_end(key)
    assert client.get("/state").json() == "from the lifespan"


def test_exception_in_a_dependency(client, server):
    response = client.get("/forbidden")
    assert (response.status_code, response.json()) == (403, {"detail": "not for you"})
    response = client.get("/broken")
    assert (response.status_code, response.text) == (500, "Internal Server Error")
    server.wait_for_error(r"^ZeroDivisionError: a bug of a dependency$")
    assert client.get("/state").status_code == 200


def test_event_stream_ends_when_its_client_goes(client, server, key):
    with client.stream("GET", "/events", params={"key": key}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert next(response.iter_lines()) == "event: first"
        server.open(key)
    assert server.note(key) == "ended"
    server.wait_for_end(key)


def test_client_that_goes_within_its_upload_is_no_error(server, key):
    with server.connect() as connection:
        connection.sendall(
            b"POST /upload?key=%s HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n" % key.encode())
    server.wait_for_end(key)
