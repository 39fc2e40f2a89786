"""`root_path` with Starlette and FastAPI, behind proxies that take the prefix off and such that leave it: routes,
files, mounts, links and WebSockets are found, as they are without a prefix."""

import asyncio
import json

import httpx
import pytest

from tests.support.proxies import Haproxy, Nginx
from tests.support.servers import PATIENCE, Gunicorn
from tests.websocket.makes import Websockets

APP = "tests.apps.served.mounted_app:app"
CONFIG = "root_path = '/api'\n"
# What the server sees of a client's /api/..., by what the proxy does.
SEEN = {"taken off": "", "left": "/api"}
by_each = pytest.mark.parametrize("prefix", SEEN.values(), ids=SEEN)


@pytest.fixture(scope="module")
def missing(tmp_path_factory):
    with Gunicorn(tmp_path_factory.mktemp("missing"), APP, config=CONFIG) as gunicorn:
        yield gunicorn


def ask(server, path, host="a"):
    with httpx.Client(verify=False, timeout=PATIENCE) as client:
        return client.get(f"http://127.0.0.1:{server.port}{path}", headers={"Host": host})


def told(response):
    assert response.status_code == 200, response
    return response.json()


@by_each
def test_route_knows_where_it_is(missing, prefix):
    assert told(ask(missing, prefix + "/where")) == {
        "root_path": "/api", "path": "/api/where", "raw_path": prefix + "/where", "url": "http://a/api/where",
        "for": "http://a/api/where"}


@by_each
@pytest.mark.parametrize("path", ["/files/a.txt", "/fastapi/files/a.txt"])
def test_files_are_found(missing, prefix, path):
    assert ask(missing, prefix + path).text == "of a file"


@by_each
def test_mounts_of_fastapi(missing, prefix):
    assert told(ask(missing, prefix + "/fastapi/sub/own")) == {
        "root_path": "/api/fastapi/sub", "path": "/api/fastapi/sub/own"}
    assert told(ask(missing, prefix + "/fastapi/items/7")) == {"number": 7, "url": "http://a/api/fastapi/items/7"}


@by_each
def test_fastapi_at_the_top(missing, prefix):
    assert told(ask(missing, prefix + "/items/7", "fastapi"))["url"] == "http://fastapi/api/items/7"
    assert told(ask(missing, prefix + "/sub/own", "fastapi"))["path"] == "/api/sub/own"
    assert ask(missing, prefix + "/files/a.txt", "fastapi").text == "of a file"
    assert told(ask(missing, prefix + "/openapi.json", "fastapi"))["servers"] == [{"url": "/api"}]
    assert "'/api/openapi.json'" in ask(missing, prefix + "/docs", "fastapi").text


@by_each
def test_redirect_to_the_path_with_a_slash(missing, prefix):
    assert ask(missing, prefix + "/where/").headers["location"] == "http://a/api/where"


@by_each
def test_websocket(missing, prefix):
    async def conversation():
        async with Websockets(f"ws://127.0.0.1:{missing.port}{prefix}/talk") as peer:
            return json.loads(await peer.receive())

    assert asyncio.run(conversation()) == ["/api", "/api/talk"]


def test_path_that_has_the_prefix_in_itself_is_for_a_setting(gunicorn_of):
    """Behind a proxy that takes /api off /api/api/where."""
    assert told(ask(gunicorn_of("missing"), "/api/where"))["path"] == "/api/where"
    assert told(ask(gunicorn_of("always"), "/api/where"))["path"] == "/api/api/where"
    assert told(ask(gunicorn_of("never"), "/api/where"))["path"] == "/api/where"
    assert told(ask(gunicorn_of("never"), "/where"))["path"] == "/where"


@pytest.fixture
def gunicorn_of(tmp_path):
    """gunicorn_of(mode of fastsrv_add_root_path) -> Gunicorn"""
    running = []

    def start(mode):
        folder = tmp_path / f"{mode}-{len(running)}"
        folder.mkdir()
        running.append(Gunicorn(folder, APP, config=CONFIG + f"fastsrv_add_root_path = {mode!r}\n").__enter__())
        return running[-1]

    yield start
    for each in running:
        each.__exit__()


@pytest.mark.parametrize("slash", ["", "/"], ids=["left", "taken off"])
def test_nginx_in_front(missing, tmp_path, slash):
    """Its proxy_pass takes off what its location has, if it ends with a slash."""
    proxy = Nginx(tmp_path, f"127.0.0.1:{missing.port}")
    proxy.config = proxy.config.replace("location / {", "location /api/ {").replace(
        "proxy_pass http://backends;", f"proxy_pass http://backends{slash}; proxy_set_header Host $http_host;")
    with proxy:
        assert ask(proxy, "/api/files/a.txt").text == "of a file"
        assert told(ask(proxy, "/api/where"))["for"] == "http://a/api/where"


def test_proxy_that_says_what_it_has_taken_off(tmp_path):
    config = "fastsrv_forwarded_fields = 'x-forwarded'\n"
    with Gunicorn(tmp_path, APP, config=config) as server:
        proxy = Haproxy(tmp_path, f"127.0.0.1:{server.port}", more="")
        proxy.config = proxy.config.replace("    http-request set-header X-Forwarded-Proto http unless", """
    http-request replace-path /out(/.*) \\1
    http-request set-header X-Forwarded-Prefix /out
    http-request set-header X-Forwarded-Host shown.example
    http-request set-header X-Forwarded-Port 8080
    http-request set-header X-Forwarded-Proto http unless""")
        with proxy:
            assert ask(proxy, "/out/files/a.txt").text == "of a file"
            assert told(ask(proxy, "/out/where")) == {
                "root_path": "/out", "path": "/out/where", "raw_path": "/where",
                "url": "http://shown.example:8080/out/where", "for": "http://shown.example:8080/out/where"}
        assert told(ask(server, "/where"))["for"] == "http://a/where"
