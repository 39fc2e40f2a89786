"""What deploy/ has is what people copy: each file is taken as it is, but for addresses and names, and used."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import closing

import pytest
from websockets.sync.client import connect

from tests.support.deployed import DEPLOY, DeployedHaproxy, DeployedNginx, taken
from tests.support.proxies import free_port
from tests.support.servers import PATIENCE, ROOT, Gunicorn
from tests.support.tls import client_context

CONFIG = (DEPLOY / "gunicorn.conf.py").read_text()
SOURCE = """
import json

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": json.dumps([scope["scheme"], scope["client"][0]])})
        await receive()
    else:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        told = json.dumps({"scheme": scope["scheme"], "client": scope["client"][0], **headers})
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told))]})
        await send({"type": "http.response.body", "body": told.encode()})
"""


def secure(port):
    return http.client.HTTPSConnection("localhost", port, timeout=PATIENCE, context=client_context())


def told_by(connection, path="/", **fields):
    connection.request("GET", path, headers=fields)
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, body
    return json.loads(body)


def test_nginx(gunicorn, tmp_path):
    server = gunicorn(SOURCE, "--workers", "2", "--bind", f"unix:{tmp_path}/app.sock", config=CONFIG,
                      env={"FASTSRV_ADMIN_BIND": "off", "FORWARDED_ALLOW_IPS": "192.0.2.1"})  # the client is no proxy
    server.wait_for("the service is up")
    with DeployedNginx(tmp_path, f"unix:{tmp_path}/app.sock") as proxy:
        with closing(secure(proxy.port)) as client:
            told = told_by(client, Host="app.example", **{"X-Forwarded-For": "192.0.2.9"})
            assert (told["scheme"], told["client"], told["host"]) == ("https", "127.0.0.1", "app.example")
            assert re.fullmatch("[0-9a-f]{32}", told["x-request-id"])
            client.request("POST", "/", body=b"x" * (10 * 1024 * 1024 + 1))
            assert client.getresponse().status == 413
        with connect(f"wss://localhost:{proxy.port}", ssl=client_context(), proxy=None) as client:
            assert json.loads(client.recv()) == ["wss", "127.0.0.1"]
    line = json.loads(re.search(r'^{.*"GET.*$', server.output, re.MULTILINE)[0])
    assert line["status"] == 200


def test_haproxy(tmp_path):
    """One of its two machines; the other one is down."""
    ports, admins = [free_port(), free_port()], [free_port(), free_port()]
    (tmp_path / "served.py").write_text(SOURCE)
    server = Gunicorn(
        tmp_path, "served:app", "--proxy-protocol", "v2", "--keep-alive", "75", bind=f"127.0.0.1:{ports[0]}",
        env={"FASTSRV_ADMIN_BIND": f"127.0.0.1:{admins[0]}"})
    with server:
        server.wait_for("Ready after")
        with DeployedHaproxy(tmp_path, *zip(ports, admins, strict=True)) as proxy:
            with closing(secure(proxy.port)) as client:
                told = told_by(client, **{"X-Forwarded-For": "192.0.2.9"})
                assert (told["scheme"], told["client"]) == ("https", "127.0.0.1")


def test_units_of_systemd_are_as_it_wants_them(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    (tmp_path / "app.socket").write_text(taken("systemd/app.socket"))
    (tmp_path / "app.service").write_text(
        taken("systemd/app.service", ("/srv/app/venv/bin/gunicorn", shutil.which("true"))))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "app.socket", tmp_path / "app.service"],
        capture_output=True, text=True)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_socket_of_systemd_is_served(tmp_path):
    if shutil.which("systemd-socket-activate") is None:
        pytest.skip("needs systemd-socket-activate")
    (tmp_path / "served.py").write_text(SOURCE)
    port = free_port()
    server = Gunicorn(tmp_path, "served:app", "--workers", "2", config=CONFIG, env={"FASTSRV_ADMIN_BIND": "off"})
    bind = server.command.index("--bind")
    server.command = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "-E", f"PYTHONPATH={tmp_path}:{ROOT}",
                      *server.command[:bind], *server.command[bind + 2:]]
    with server:
        server.wait_for("Listening on")
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as client:
            assert told_by(client)["client"] == "127.0.0.1"
        server.signal(signal.SIGTERM)
        server.wait()


def test_command_of_the_image_is_one_that_can_be_started(tmp_path):
    words = json.loads(re.search(r"^CMD (.*)$", taken("Dockerfile"), re.MULTILINE)[1])
    assert words[0] == "gunicorn"
    (tmp_path / "app.py").write_text(SOURCE)
    (tmp_path / "gunicorn.conf.py").write_text(CONFIG)
    found = subprocess.run(
        [sys.executable, "-m", "fastsrv", "--check-config", *words[1:]], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "FASTSRV_ADMIN_BIND": f"127.0.0.1:{free_port()}"})
    assert "can be served with these settings" in found.stdout, found.stderr


def test_manifests_are_what_kubernetes_takes():
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    yaml = pytest.importorskip("yaml")
    manifests = list(yaml.safe_load_all(taken("kubernetes/app.yaml")))
    for manifest in manifests:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    pod = manifests[0]["spec"]["template"]["spec"]
    env = {each["name"]: each["value"] for each in pod["containers"][0]["env"]}
    graceful = float(re.search(r"--graceful-timeout (\d+)", env["GUNICORN_CMD_ARGS"])[1])
    assert pod["terminationGracePeriodSeconds"] > float(env["FASTSRV_SHUTDOWN_DELAY"]) + graceful


def test_documents_of_deploy_name_each_file():
    text = (ROOT / "docs/DEPLOY.md").read_text()
    for file in DEPLOY.rglob("*"):
        if file.is_file():
            assert f"deploy/{file.relative_to(DEPLOY).as_posix()}" in text, file
