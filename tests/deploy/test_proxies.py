"""nginx.conf and haproxy.cfg before a real gunicorn: who the client is, WebSocket, limits, the log."""

import json
import re
from bisect import bisect_left
from contextlib import ExitStack, closing

import httpx
import pytest
from websockets.sync.client import connect

from benchmarks.processes import held_port
from tests.deploy.served import CLIENT, CONFIG, SOURCE, asking, secure, told_by
from tests.support.deployed import DeployedHaproxy, DeployedNginx
from tests.support.tls import client_context

VERSIONS = {"HTTP/1.1": {"http1": True}, "HTTP/2": {"http1": False, "http2": True}}


def check_that_it_refuses_first(proxy, server):
    """Whatever is too long: it is nearer to the client. What it lets pass by either version of HTTP is served."""
    def is_served(length, versions, path):
        with asking(proxy.port, **versions) as client:
            try:
                long = "a" * length
                return client.get(f"/{long}" if path else "/", headers={} if path else {"x-long": long}).is_success
            except httpx.RemoteProtocolError:
                return False

    for versions in VERSIONS.values():
        for path in True, False:
            lengths = range(8000, 17000)  # the first is served, the last is not
            longest = bisect_left(lengths, True, key=lambda length: not is_served(length, versions, path))
            assert 0 < longest < len(lengths)
    with asking(proxy.port) as client:
        client.get("/last")
    server.wait_for(r'^{.*"target":"/last"')
    assert not re.search(r"^.*(refused|\"status\":4(14|31)).*$", server.output, re.MULTILINE)


@pytest.mark.parametrize("way", ["unix", "tcp"])
def test_nginx(gunicorn, tmp_path, way):
    """With the line of its upstream for systemd's socket, or with the other one."""
    bind = f"unix:{tmp_path}/app.sock" if way == "unix" else "127.0.0.1:0"
    server = gunicorn(SOURCE, "--workers", "2", bind=bind, config=CONFIG, env={"FASTSRV_ADMIN_BIND": "off"})
    server.wait_for("the service is up")
    backend = bind if way == "unix" else f"127.0.0.1:{server.port}"
    with DeployedNginx(tmp_path, backend) as proxy:
        with closing(secure(proxy.port)) as client:
            told = told_by(client, Host="app.example", **{"X-Forwarded-For": "192.0.2.9"})
            assert (told["scheme"], told["client"], told["host"]) == ("https", CLIENT, "app.example")
            assert re.fullmatch("[0-9a-f]{32}", told["x-request-id"])
            client.request("POST", "/", body=b"x" * (10 * 1024 * 1024 + 1))
            assert client.getresponse().status == 413
        check_that_it_refuses_first(proxy, server)
        with connect(f"wss://localhost:{proxy.port}", ssl=client_context(),
                     source_address=(CLIENT, 0)) as client:
            assert json.loads(client.recv()) == ["wss", CLIENT]
    line = json.loads(server.wait_for(r'^{.*"GET.*$')[0])
    assert (line["status"], line["client"]) == (200, CLIENT)


def test_haproxy(gunicorn, tmp_path):
    """One of its two machines; the other one is down."""
    with ExitStack() as stack:
        ports, admins = ([stack.enter_context(held_port()) for _ in range(2)] for _ in range(2))
        server = gunicorn(SOURCE, "--proxy-protocol", "v2", bind=f"127.0.0.1:{ports[0]}", config=CONFIG,
                          env={"FASTSRV_ADMIN_BIND": f"127.0.0.1:{admins[0]}"})
        server.wait_for("the service is up")
        proxy = stack.enter_context(DeployedHaproxy(tmp_path, *zip(ports, admins, strict=True)))
        with closing(secure(proxy.port)) as client:
            told = told_by(client, **{"X-Forwarded-For": "192.0.2.9"})
            assert (told["scheme"], told["client"]) == ("https", CLIENT)
        check_that_it_refuses_first(proxy, server)
